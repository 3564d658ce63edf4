"""What travels: bodies and their ids."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any, Final

import attrs
import orjson

import wharfinger

__all__ = ["JSON", "LINES", "TEXT", "Message", "batch_id", "message_id", "to_json"]

JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
TEXT: Final = "text/plain; charset=utf-8"

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


@attrs.frozen(kw_only=True)
class Message:
    """One event on its way.

    Attributes:
        id: The value of ``webhook-id`` where it travels alone.
        body: What is sent, or its part of what is sent.
        content_type: Of the body.
        order_key: Events of one key arrive in their order; None where order is free.
        format: How bodies are joined that travel together.
    """

    id: str
    body: bytes
    content_type: str
    order_key: str | None
    format: str = ""


def to_json(value: Any) -> bytes:
    """Encode a body.

    Raises:
        wharfinger.PayloadError: JSON cannot say it.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        pass  # integers beyond 64 bits and halves of characters, which JSON can say all the same
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        message = f"Body cannot be written as JSON ({type(error).__name__}). Map other values."
        raise wharfinger.PayloadError([wharfinger.Problem(("body",), message)]) from None


def message_id(given: str | None, body: bytes) -> str:
    """Return an id that is the same whenever the same event is sent, and fit for a header.

    Args:
        given: What the mapping took for it. One that holds more than letters, digits, ``_`` and
            ``-`` is hashed: a full stop would end it where the signature is read.
        body: Stands in for an event that has no id.
    """
    if given and _PLAIN_ID.fullmatch(given):
        return given
    named = given.encode("utf-8", "surrogatepass") if given else body
    return f"msg_{hashlib.sha256(named).hexdigest()[:40]}"


def batch_id(messages: Iterable[Message]) -> str:
    """Return the id of messages that travel together: the same for the same ones."""
    digest = hashlib.sha256()
    for message in messages:
        digest.update(b"%d %s%d " % (len(message.id), message.id.encode(), len(message.body)))
        digest.update(message.body)
    return f"batch_{digest.hexdigest()[:40]}"
