"""The webhook as a destination: its name, its limits, and its host, which the settings name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import httpx

import wharfinger
from wharfinger_webhook.settings import WebhookSettings

__all__ = ["DESTINATION", "SLUG"]

SLUG: Final = "webhook"


def _hosts_of(settings: WebhookSettings) -> Iterable[str]:
    """Name the one host that requests may go to; the settings have said that it may be one."""
    url = httpx.URL(settings.url)
    host = url.host.rstrip(".")
    return [host if url.scheme == "https" else f"http://{host}"]


def _tenant(settings: WebhookSettings) -> str:
    """An endpoint that asks for a pause means every connection to it."""
    return settings.url


DESTINATION: Final = wharfinger.Destination(
    slug=SLUG,
    title="Webhook",
    hosts_of=_hosts_of,
    limits=wharfinger.Limits(request_bytes=5_000_000, parallel_requests=4),
    tenant=_tenant,
)
