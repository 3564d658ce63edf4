"""What several workers share of one tenant: its budget, its pauses and its access tokens.

A store of a third party implements `Store` of the module ``contract`` and is found by its entry
point in the group ``wharfinger.stores``.
"""
