"""The four actions, one file each, and how each of them travels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import wharfinger
from wharfinger_sfmc.actions import (
    create_contact,
    send_api_event,
    send_contact_to_data_extension,
    send_event_to_data_extension,
)

__all__ = ["ACTIONS", "BATCHING"]

ACTIONS: Final = (
    create_contact.ACTION,
    send_api_event.ACTION,
    send_event_to_data_extension.ACTION,
    send_contact_to_data_extension.ACTION,
)
BATCHING: Final[Mapping[str, wharfinger.BatchPolicy | wharfinger.Unbatched]] = {
    create_contact.ACTION.slug: create_contact.BATCHING,
    send_api_event.ACTION.slug: send_api_event.BATCHING,
    send_event_to_data_extension.ACTION.slug: send_event_to_data_extension.BATCHING,
    send_contact_to_data_extension.ACTION.slug: send_contact_to_data_extension.BATCHING,
}
