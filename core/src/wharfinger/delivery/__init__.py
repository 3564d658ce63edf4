"""Taking payloads to a vendor: lanes and batches, the tenant's governor, retry, the HTTP client.

This room knows no vendor.
"""
