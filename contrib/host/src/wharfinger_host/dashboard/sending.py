"""Taking in an event that a person writes on a page, as if a source had sent it."""

from __future__ import annotations

import secrets
import uuid
from typing import Any, Final

from wharfinger import Secret
from wharfinger_host.serving.intake import Intake
from wharfinger_host.sources import Source

__all__ = ["send"]

_NAME: Final = "dashboard"
_OF_AN_EARLIER_ARRIVAL: Final = ("receivedAt", "sentAt", "originalTimestamp", "writeKey")


async def send(intake: Intake, event: dict[str, Any]) -> str:
    """Put an event into the inbox, and return its message id.

    It gets one of its own, and loses what an earlier arrival left on it: an event that was looked
    at would otherwise be dropped as a duplicate of itself.

    Args:
        intake: Takes it in, with the checks and corrections of every event.
        event: As it was written.

    Raises:
        RequestRefused: It is not in the inbox.
    """
    made = {name: value for name, value in event.items() if name not in _OF_AN_EARLIER_ARRIVAL}
    message_id = f"{_NAME}-{uuid.uuid4()}"
    # Nobody knows the key, so nobody else can send under this name.
    source = Source(name=_NAME, write_key=Secret(secrets.token_hex()))
    await intake.take_one(source, {**made, "messageId": message_id}, "")
    return message_id
