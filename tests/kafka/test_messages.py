"""Messages of anybody become events, and events become messages again."""

from __future__ import annotations

import orjson
import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.engines.contract import Fetched, LaneEvent
from wharfinger_kafka.address import Address
from wharfinger_kafka.messages import (
    BY_KEY,
    _bytes,
    letter,
    letter_of,
    outgoing,
    read,
    without_value,
)

ADDRESS = Address.of("kafka://one/events")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def message(value, *, key=None, headers=None):
    return Message(
        topic="events", partition=2, offset=7, key=key, value=value, headers=headers or []
    )


@given(NAMES.filter(bool), NAMES.filter(bool), st.dictionaries(NAMES, st.integers(0, 9)))
def test_what_is_published_is_read_as_it_was(name, contact, content):
    event = LaneEvent(name, contact, orjson.dumps(content))
    sent = outgoing(event, "events", BY_KEY)
    found = read(message(event.raw, key=contact.encode(), headers=sent.headers), ADDRESS)
    assert (found.event, found.problem) == (event, "")


@pytest.mark.parametrize(
    ("value", "key", "name", "contact"),
    [
        (b'{"messageId":"m","userId":"u"}', None, "m", "u"),
        (b'{"messageId":"m","userId":"u"}', b"k", "m", "k"),
        (b'{"anonymousId":"a","userId":""}', None, "events-2-7-0", "a"),
        (b'{"userId":{"x":1}}', None, "events-2-7-0", ""),
        (b'{"userId":17}', b"", "events-2-7-0", "17"),
        (b'{"messageId":5}', b"\xff\x00", "events-2-7-0", "ff00"),
    ],
)
def test_events_of_others_are_told_apart_by_what_they_say_or_where_they_are(
    value, key, name, contact
):
    event = read(message(value, key=key), ADDRESS).event
    assert (event.id, event.contact, event.raw) == (name, contact, value)


def test_whom_an_event_is_about_may_be_said_by_the_url():
    address = Address.of("kafka://one/events?order_key=$.context.account,$.userId")
    for value, contact in (
        (b'{"userId":"u","context":{"account":"a"}}', "a"),
        (b'{"userId":"u","context":5}', "u"),
        (b'{"other":1}', ""),
    ):
        assert read(message(value, key=b"k"), address).event.contact == contact


def test_a_trace_goes_from_headers_into_the_event_and_from_there_into_headers():
    headers = [("traceparent", TRACE.encode()), ("tracestate", b"a=1"), ("other", b"x")]
    event = read(message(b'{"context":{"ip":"1"},"n":1}', headers=headers), ADDRESS).event
    context = {"ip": "1", "traceparent": TRACE, "tracestate": "a=1"}
    assert orjson.loads(event.raw) == {"context": context, "n": 1}
    sent = dict(outgoing(event, "events", BY_KEY).headers)
    assert (sent["traceparent"], sent["tracestate"]) == (TRACE.encode(), b"a=1")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"context":{"traceparent":"mine"}}',
        b'{"context":"text"}',
    ],
)
def test_an_event_keeps_what_it_says_itself(raw):
    headers = [("traceparent", TRACE.encode())]
    assert read(message(raw, headers=headers), ADDRESS).event.raw == raw


@pytest.mark.parametrize(
    "raw", [b'"traceparent"', b'{"traceparent"', b'{"context":{"traceparent":5}}', b"{}"]
)
def test_an_event_without_a_trace_is_published_without_one(raw):
    sent = outgoing(LaneEvent("m", "u", raw), "events", BY_KEY)
    assert [name for name, _ in sent.headers] == ["wharfinger-id"]


def test_a_dead_letter_says_where_it_was_and_why():
    event = LaneEvent("m", "u", b"{}")
    sent = outgoing(event, "dead", 0, lane="3", reason="Wörter")
    letter = letter_of(message(b"{}", key=b"u", headers=sent.headers))
    assert (letter.event, letter.lane, letter.reason) == (event, 3, "Wörter")


def test_a_dead_letter_of_somebody_else_is_shown_all_the_same():
    letter = letter_of(message(None))
    assert (letter.event, letter.lane, letter.reason) == (LaneEvent("", "", b""), -1, "")


def test_the_same_place_in_a_topic_that_was_made_anew_is_another_event():
    first, second = (
        Message(topic="events", partition=2, offset=7, value=b"{}", timestamp=(1, time_ms))
        for time_ms in (1_700_000_000_000, 1_800_000_000_000)
    )
    assert read(first, ADDRESS).event.id != read(second, ADDRESS).event.id


def test_a_dead_letter_keeps_the_headers_of_what_it_was():
    headers = [("traceparent", TRACE.encode()), ("source", b"crm"), ("wharfinger-reason", b"old")]
    source = message(b"no json", headers=headers)
    made = letter(Fetched(read(source, ADDRESS).event, 7), source, "dead", 2, "It is none.")
    assert dict(made.headers) == {
        "traceparent": TRACE.encode(),
        "source": b"crm",
        "wharfinger-id": b"events-2-7-0",
        "wharfinger-lane": b"2",
        "wharfinger-reason": b"It is none.",
        "wharfinger-source": b"events",
        "wharfinger-offset": b"7",
    }
    assert len(made.headers) == 7


def test_a_dead_letter_without_its_value_says_where_that_is():
    source = message(b"x" * 3_000)
    made = letter(Fetched(read(source, ADDRESS).event, 7), source, "dead", 2, "It is none.")
    small = without_value(made, source)
    said = _bytes(dict(small.headers)["wharfinger-reason"])
    assert small.event.raw == b""
    assert said.startswith(b"It is none. It is too large")
    assert b"(3,000 bytes)" in said
    assert b"at offset 7 of partition 2 of events" in said
