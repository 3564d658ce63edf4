"""Which permission of the API integration each scope is, and what to tick in Setup for it.

Scopes are the words of a token's reply; the pairs follow Salesforce's list of REST API permission
ids and scopes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["IN_SETUP", "JOURNEYS", "NEEDED", "READ_ROWS", "WRITE_CONTACTS", "WRITE_ROWS", "words"]

IN_SETUP: Final = "Setup, Platform Tools, Apps, Installed Packages, your package, API Integration"
"""Where permissions are ticked."""

_WORDS: Final = {
    "data_extensions_read": '"Data Extensions: Read"',
    "data_extensions_write": '"Data Extensions: Write"',
    "journeys_read": '"Journeys: Read"',
    "list_and_subscribers_read": '"List and Subscribers: Read"',
    "list_and_subscribers_write": '"List and Subscribers: Write"',
}

READ_ROWS: Final = ("data_extensions_read",)
WRITE_ROWS: Final = ("data_extensions_write",)
WRITE_CONTACTS: Final = ("list_and_subscribers_write",)
JOURNEYS: Final = ("journeys_read", "list_and_subscribers_read")

NEEDED: Final = {
    "create-contact": WRITE_CONTACTS,
    "send-api-event": JOURNEYS,
    "send-api-events-in-batches": JOURNEYS,
    "send-event-to-data-extension": WRITE_ROWS,
    "send-contact-to-data-extension": WRITE_ROWS,
    "send-rows-asynchronously": (*WRITE_ROWS, *READ_ROWS),
}
"""The scopes without which an action cannot work, by its slug."""


def words(scopes: Iterable[str]) -> str:
    """Return what to tick, in the words of Setup: ``"Journeys: Read" and "..."``."""
    ticks = [_WORDS.get(scope, f'"{scope}"') for scope in scopes]
    if len(ticks) > 1:
        return f"{', '.join(ticks[:-1])} and {ticks[-1]}"
    return "".join(ticks)
