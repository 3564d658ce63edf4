"""Salesforce Marketing Cloud as a destination: its name, its hosts, its limits."""

from __future__ import annotations

from typing import Final

import wharfinger

__all__ = ["DESTINATION", "MAX_BODY_BYTES", "MAX_ROWS", "SLUG"]

SLUG: Final = "salesforce-marketing-cloud"

MAX_BODY_BYTES: Final = 5_000_000
"""Most bytes of one synchronous rowset ("API Limits and Guidelines")."""
MAX_ROWS: Final = 50
"""Most rows of one synchronous rowset that Salesforce advises ("API Limits and Guidelines")."""

DESTINATION: Final = wharfinger.Destination(
    slug=SLUG,
    title="Salesforce Marketing Cloud",
    hosts=(
        "*.auth.marketingcloudapis.com",
        "*.rest.marketingcloudapis.com",
        "*.soap.marketingcloudapis.com",
    ),
    documentation="https://developer.salesforce.com/docs/marketing/marketing-cloud/overview",
    limits=wharfinger.Limits(mappings=50, request_bytes=MAX_BODY_BYTES, parallel_requests=4),
    # Business units of one tenant share its hosts, and what those bear. Host names ignore case.
    tenant=lambda settings: settings.subdomain.lower(),
)
