"""One event of a request, as it goes into the inbox.

What is added and corrected is what Segment documents ("Spec: Common Fields", "HTTP API Source").
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Final

import attrs
import orjson

from wharfinger_host.serving.limits import MOST_LEVELS, is_deeper
from wharfinger_host.serving.refusing import EventRefused

__all__ = ["TYPES", "Arrival", "normalised"]

TYPES: Final = ("track", "identify", "page", "screen", "group", "alias")
_ADDED_BYTES: Final = 1024


@attrs.frozen(kw_only=True)
class Arrival:
    """What the events of one request have in common.

    Attributes:
        received_at: When it arrived.
        sent_at: When its sender says that it was sent, by the sender's clock.
        context: What the batch says of all its events.
        integrations: The same.
        as_given: Whether times are taken as they are: an import of old events.
        event_bytes: Most bytes of one event.
    """

    received_at: dt.datetime
    sent_at: Any = None
    context: Any = None
    integrations: Any = None
    as_given: bool = False
    event_bytes: int = 32 * 1024


def normalised(event: Any, kind: str | None, arrival: Arrival) -> tuple[dict[str, Any], bytes]:
    """Return an event with everything that it lacks, and the same as JSON.

    Args:
        event: As it was sent. It is not changed.
        kind: Its type as the path says it; None where the event says it.
        arrival: Of the request.

    Raises:
        EventRefused: It is no event, or larger than one may be.
    """
    if not isinstance(event, dict):
        raise EventRefused("not-an-object", "An event must be a JSON object.")
    made = {**event, "type": kind or event.get("type")}
    _check(made)
    made.pop("writeKey", None)  # a secret has no place in the inbox
    made["messageId"] = _name_of(event)
    for key, common in (("context", arrival.context), ("integrations", arrival.integrations)):
        if common and isinstance(common, dict) and isinstance(made.get(key) or {}, dict):
            made[key] = {**common, **(made.get(key) or {})}
    _set_times(made, event, arrival)
    raw = _as_json(made)
    if len(raw) > arrival.event_bytes + _ADDED_BYTES:
        message = f"The event is larger than {arrival.event_bytes:,} bytes. Send less with it."
        raise EventRefused("event-too-large", message)
    if is_deeper(made, raw, MOST_LEVELS):
        raise _too_deep()
    return made, raw


def _check(event: Mapping[str, Any]) -> None:
    if event["type"] not in TYPES:
        message = f"The type of an event must be one of {', '.join(TYPES)}."
        raise EventRefused("type-unknown", message)
    if not any(_says(event, key) for key in ("userId", "anonymousId")) and not (
        event["type"] == "alias" and _says(event, "previousId")
    ):
        message = "An event needs a userId or an anonymousId."
        raise EventRefused("nobody-named", message)
    if event["type"] == "track" and not _says(event, "event"):
        raise EventRefused("event-unnamed", 'A track event needs its name, in "event".')


def _says(event: Mapping[str, Any], key: str) -> bool:
    value = event.get(key)
    return value not in (None, "") and not isinstance(value, (dict, list))


def _name_of(event: Mapping[str, Any]) -> str:
    name = event.get("messageId")
    if isinstance(name, int) and not isinstance(name, bool):
        return str(name)
    return name if isinstance(name, str) and name else str(uuid.uuid4())


def _set_times(made: dict[str, Any], event: Mapping[str, Any], arrival: Arrival) -> None:
    """Correct the time of an event by what the clock of its sender is wrong."""
    received_at = _text(arrival.received_at)
    said = event.get("originalTimestamp") or event.get("timestamp")
    made["receivedAt"] = received_at
    made["originalTimestamp"] = said or received_at
    if sent := event.get("sentAt") or arrival.sent_at:
        made["sentAt"] = sent
    happened = _moment(said)
    if happened is None:
        made["timestamp"] = received_at
    elif arrival.as_given or (sent_at := _moment(sent)) is None:
        made["timestamp"] = _text(happened)
    else:
        try:
            made["timestamp"] = _text(arrival.received_at - (sent_at - happened))
        except OverflowError:
            made["timestamp"] = _text(happened)


def _moment(value: Any) -> dt.datetime | None:
    """Return the time that a text says; one without a zone is of UTC."""
    if not isinstance(value, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(value)
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _text(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _as_json(event: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(event)
    except orjson.JSONEncodeError:  # the only thing it cannot do with what was JSON
        raise _too_deep() from None


def _too_deep() -> EventRefused:
    message = f"The event is nested deeper than {MOST_LEVELS} levels. Send it flatter."
    return EventRefused("event-too-deep", message)
