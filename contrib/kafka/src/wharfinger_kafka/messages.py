"""From a message to an event, and back; the context of a trace is in headers and in the event.

A header ``traceparent`` (W3C Trace Context) becomes ``context.traceparent`` of the event, where the
host's telemetry looks for it, unless the event says one of its own; and the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import orjson
from confluent_kafka import Message

from wharfinger_host.engines.contract import DeadLetter, Fetched, LaneEvent
from wharfinger_kafka.address import ORDER_KEY, Address

__all__ = [
    "BY_KEY",
    "Outgoing",
    "Read",
    "letter",
    "letter_of",
    "outgoing",
    "read",
    "without_value",
]

BY_KEY: Final = -1
_OURS: Final = "wharfinger-"
_ID: Final = "wharfinger-id"
_LANE: Final = "wharfinger-lane"
_REASON: Final = "wharfinger-reason"
_TRACE: Final = ("traceparent", "tracestate")


@attrs.frozen
class Read:
    """What a message holds.

    Attributes:
        event: The event.
        problem: Why it is none that can be delivered, for people, or ``""``.
    """

    event: LaneEvent
    problem: str = ""


@attrs.frozen(kw_only=True)
class Outgoing:
    """A message that is to be published.

    Attributes:
        topic: Where to.
        partition: Which one; `BY_KEY` leaves it to the key.
        event: What it holds.
        headers: What else is to be known of it.
    """

    topic: str
    partition: int
    event: LaneEvent
    headers: list[tuple[str, str | bytes | None]]


def read(message: Message, address: Address) -> Read:
    """Return the event that a message holds.

    Args:
        message: Of anybody.
        address: Says whom an event is about.
    """
    headers = _headers(message)
    raw = _bytes(message.value())
    # Of a topic that was made anew, too, whose offsets begin once more.
    time_ms = message.timestamp()[1]
    place = f"{message.topic()}-{message.partition()}-{message.offset()}-{time_ms}"
    named = _text(headers.get(_ID, b"")) or place
    key = message.key()
    contact = _text(_bytes(key)) if key is not None and not address.order_key else ""
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        said = "It has no value." if message.value() is None else "It is no JSON object."
        return Read(LaneEvent(named, contact, raw), said)
    own = content.get("messageId")
    if _ID not in headers and isinstance(own, str) and own:
        named = own
    if not contact:
        contact = _contact(content, address.order_key or ORDER_KEY)
    return Read(LaneEvent(named, contact, _with_trace(content, raw, headers)))


def outgoing(event: LaneEvent, topic: str, partition: int, **headers: str) -> Outgoing:
    """Return an event as a message.

    Args:
        event: The event.
        topic: Where to.
        partition: Which one; `BY_KEY` leaves it to whom the event is about.
        headers: What else is to be known of it, by the names of headers without their prefix.
    """
    said: list[tuple[str, str | bytes | None]] = []
    if event.id:
        said.append((_ID, _encoded(event.id)))
    said += [(f"{_OURS}{name}", _encoded(value)) for name, value in headers.items()]
    said += _trace_of(event.raw)
    return Outgoing(topic=topic, partition=partition, event=event, headers=said)


def letter(fetched: Fetched, message: Message, topic: str, lane: int, reason: str) -> Outgoing:
    """Return a dead letter as a message, with the headers of the message that it was.

    Args:
        fetched: The event.
        message: What it was.
        topic: Where to.
        lane: Where it was.
        reason: Why, for people.
    """
    made = outgoing(
        fetched.event,
        topic,
        0,
        lane=str(lane),
        reason=reason,
        source=str(message.topic()),
        offset=str(fetched.place),
    )
    ours = {name for name, _ in made.headers}
    theirs = [
        (name, value)
        for name, value in _said(message)
        if name not in ours and not name.startswith(_OURS)
    ]
    return attrs.evolve(made, headers=[*theirs, *made.headers])


def without_value(letter: Outgoing, source: Message) -> Outgoing:
    """Return a dead letter that says where its event is, because that is too large for it.

    Args:
        letter: With the event.
        source: The message that it was.
    """
    raw = letter.event.raw
    said = (
        f"It is too large for the topic of dead letters ({len(raw):,} bytes) and is left at offset "
        f"{source.offset()} of partition {source.partition()} of {source.topic()}."
    )
    headers = [
        (name, _bytes(value) + b" " + said.encode() if name == _REASON else value)
        for name, value in letter.headers
    ]
    return attrs.evolve(letter, event=attrs.evolve(letter.event, raw=b""), headers=headers)


def letter_of(message: Message) -> DeadLetter:
    """Return the dead letter that a message of a topic of dead letters holds."""
    headers = _headers(message)
    lane = _text(headers.get(_LANE, b""))
    key = message.key()
    event = LaneEvent(
        _text(headers.get(_ID, b"")), _text(_bytes(key or b"")), _bytes(message.value())
    )
    number = int(lane) if lane.isascii() and lane.isdigit() else -1
    return DeadLetter(event, number, _text(headers.get(_REASON, b"")))


def _headers(message: Message) -> dict[str, bytes]:
    return {name: _bytes(value) for name, value in _said(message)}


def _said(message: Message) -> list[tuple[str, Any]]:
    said: Any = message.headers() or []
    return [(str(name), value) for name, value in said]


def _contact(event: Mapping[str, Any], paths: Sequence[str]) -> str:
    for path in paths:
        value: Any = event
        for step in path.removeprefix("$.").split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value not in (None, "") and not isinstance(value, (dict, list)):
            return str(value)
    return ""


def _with_trace(content: dict[str, Any], raw: bytes, headers: Mapping[str, bytes]) -> bytes:
    context = content.get("context", {})
    found = {name: _text(headers[name]) for name in _TRACE if name in headers}
    if "traceparent" not in found or not isinstance(context, dict) or "traceparent" in context:
        return raw
    return orjson.dumps({**content, "context": {**context, **found}})


def _trace_of(raw: bytes) -> list[tuple[str, bytes]]:
    if b'"traceparent"' not in raw:
        return []
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return []
    context = content.get("context") if isinstance(content, dict) else None
    if not isinstance(context, dict) or not isinstance(context.get("traceparent"), str):
        return []
    return [
        (name, _encoded(value)) for name in _TRACE if isinstance(value := context.get(name), str)
    ]


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value or "").encode()


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return value.hex()  # of a key that is a number, or of another form


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
