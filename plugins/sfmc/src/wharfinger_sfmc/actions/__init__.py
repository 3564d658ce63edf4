"""The actions, one file each, and how each of them travels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import wharfinger
from wharfinger_sfmc.actions import (
    create_contact,
    send_api_event,
    send_api_events_in_batches,
    send_contact_to_data_extension,
    send_event_to_data_extension,
    send_rows_asynchronously,
)

__all__ = ["ACTIONS", "batching"]

_Policy = wharfinger.BatchPolicy | wharfinger.Unbatched

ACTIONS: Final = (
    create_contact.ACTION,
    send_api_event.ACTION,
    send_api_events_in_batches.ACTION,
    send_event_to_data_extension.ACTION,
    send_contact_to_data_extension.ACTION,
    send_rows_asynchronously.ACTION,
)
_FIXED: Final[Mapping[str, _Policy]] = {
    create_contact.ACTION.slug: create_contact.BATCHING,
    send_api_event.ACTION.slug: send_api_event.BATCHING,
    send_api_events_in_batches.ACTION.slug: send_api_events_in_batches.BATCHING,
    send_rows_asynchronously.ACTION.slug: send_rows_asynchronously.BATCHING,
}
_CHOSEN: Final[Mapping[str, Callable[[Mapping[str, Any]], _Policy]]] = {
    send_event_to_data_extension.ACTION.slug: send_event_to_data_extension.batching,
    send_contact_to_data_extension.ACTION.slug: send_contact_to_data_extension.batching,
}


def batching(action: wharfinger.Action, options: Mapping[str, Any]) -> _Policy | None:
    """Say how one of this plugin's actions travels; None for any other action.

    Args:
        action: The action in question.
        options: What a mapping chose, by field name.
    """
    if choose := _CHOSEN.get(action.slug):
        return choose(options)
    return _FIXED.get(action.slug)
