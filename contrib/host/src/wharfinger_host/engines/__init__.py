"""Engines: what keeps events in lanes for several workers, and hands each lane to one of them.

`wharfinger_host.engines.contract` says what an engine does, `finding` finds one by its URL,
`holding` shares the lanes out between workers, and `conformance` proves an engine by failing it.
"""
