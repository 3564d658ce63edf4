"""Taking payloads to a vendor: lanes and batches, the rate governor, retry, and the HTTP client.

This room knows no vendor.
"""
