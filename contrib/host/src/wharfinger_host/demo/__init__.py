"""A tour with nothing but this machine: a simulated tenant, sample events, and what became of them.

This is the one room of the host that knows Salesforce Marketing Cloud.
"""
