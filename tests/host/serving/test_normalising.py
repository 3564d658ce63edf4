"""What an event lacks is added, and its time is corrected by the clock of its sender."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.serving.normalising import TYPES, Arrival, normalised
from wharfinger_host.serving.refusing import EventRefused

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
ARRIVAL = Arrival(received_at=NOW)
EVENT = {"type": "page", "userId": "u-1"}

whole_ms = st.integers(-(10**12), 10**12).map(lambda ms: dt.timedelta(milliseconds=ms))
offsets = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: dt.timezone(dt.timedelta(minutes=minutes))
)
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def made(event: Any, kind: str | None = None, **more: Any) -> dict[str, Any]:
    arrival = Arrival(received_at=NOW, **more)
    found, raw = normalised(event, kind, arrival)
    assert orjson.loads(raw) == found
    return found


def text(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def time_of(event: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(event["timestamp"])


@given(happened=whole_ms, waited=whole_ms, wrong=whole_ms, zone=offsets)
def test_however_wrong_the_clock_of_the_sender_the_time_is_the_same(
    happened: dt.timedelta, waited: dt.timedelta, wrong: dt.timedelta, zone: dt.timezone
) -> None:
    base = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)

    def at(skew: dt.timedelta, place: dt.tzinfo) -> dt.datetime:
        event = {**EVENT, "timestamp": text((base + happened + skew).astimezone(place))}
        return time_of(made(event, sent_at=text(base + happened + waited + skew)))

    assert at(wrong, zone) == at(dt.timedelta(0), dt.UTC) == NOW - waited


@given(happened=whole_ms)
def test_a_sender_whose_clock_is_right_is_believed(happened: dt.timedelta) -> None:
    event = {**EVENT, "timestamp": text(NOW + happened)}
    assert time_of(made(event, sent_at=text(NOW))) == NOW + happened


@given(happened=whole_ms, sent=json)
def test_an_import_keeps_the_time_it_gives(happened: dt.timedelta, sent: Any) -> None:
    event = {**EVENT, "timestamp": text(NOW + happened)}
    assert time_of(made(event, sent_at=sent, as_given=True)) == NOW + happened


@given(event=st.dictionaries(st.text(), json), more=json, sent=json)
def test_whatever_is_in_an_event_stays_and_what_every_event_needs_is_there(
    event: dict[str, Any], more: Any, sent: Any
) -> None:
    given_event = {**event, **EVENT, "timestamp": more, "messageId": sent}
    found = made(given_event, sent_at=sent, context=more, integrations=more, event_bytes=10**6)
    assert found.keys() >= {"type", "messageId", "receivedAt", "originalTimestamp", "timestamp"}
    assert found["receivedAt"] == "2026-03-01T12:00:00.000Z"
    assert isinstance(found["messageId"], str)
    assert found["messageId"]
    time_of(found)
    ours = {"timestamp", "messageId", "writeKey", "context", "integrations", "receivedAt"}
    ours |= {"originalTimestamp", "sentAt"}
    assert {k: v for k, v in given_event.items() if k not in ours} == {
        k: v for k, v in found.items() if k not in ours
    }


@given(event=json, kind=st.sampled_from((None, *TYPES)), sent=json)
def test_anything_is_an_event_or_refused_with_a_reason(
    event: Any, kind: str | None, sent: Any
) -> None:
    refused = None
    try:
        made(event, kind, sent_at=sent)
    except EventRefused as no:
        refused = no
    assert refused is None or (refused.code and refused.message.endswith("."))


@given(context=st.dictionaries(st.text(), json, max_size=3), own=st.dictionaries(st.text(), json))
def test_the_event_has_the_last_word_on_its_context(
    context: dict[str, Any], own: dict[str, Any]
) -> None:
    found = made({**EVENT, "context": own}, context=context, event_bytes=10**6)
    assert found["context"] == {**context, **own}


@pytest.mark.parametrize("own", [{}, {"context": None}])
def test_an_event_without_context_has_that_of_the_batch(own: dict[str, Any]) -> None:
    found = made({**EVENT, **own}, context={"app": "shop"}, integrations={"All": True})
    assert (found["context"], found["integrations"]) == ({"app": "shop"}, {"All": True})


@pytest.mark.parametrize("context", [None, [], "x", 3, {}])
def test_a_context_that_is_none_adds_nothing(context: Any) -> None:
    assert "context" not in made(EVENT, context=context)
    assert made({**EVENT, "context": "odd"}, context={"a": 1})["context"] == "odd"


@pytest.mark.parametrize(
    ("said", "sent", "becomes"),
    [
        ({}, "2026-03-01T11:59:00Z", "2026-03-01T12:00:00.000Z"),
        ({"timestamp": "2026-03-01T10:00:00"}, None, "2026-03-01T10:00:00.000Z"),
        ({"timestamp": "2026-03-01T11:00:00+01:00"}, None, "2026-03-01T10:00:00.000Z"),
        ({"timestamp": "2026-03-01T10:00:00.123456789Z"}, None, "2026-03-01T10:00:00.123Z"),
        ({"timestamp": "yesterday"}, "2026-03-01T11:59:00Z", "2026-03-01T12:00:00.000Z"),
        ({"timestamp": 1772366400}, None, "2026-03-01T12:00:00.000Z"),
        ({"timestamp": "2026-03-01T10:00:00Z"}, "soon", "2026-03-01T10:00:00.000Z"),
        ({"timestamp": "0001-01-01T00:00:00Z"}, "9999-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, None, "2026-03-01T12:00:00.000Z"),
        (
            {"originalTimestamp": "2026-03-01T09:00:00Z", "timestamp": "2026-03-01T08:00:00Z"},
            "2026-03-01T10:00:00Z",
            "2026-03-01T11:00:00.000Z",
        ),
        (
            {"timestamp": "2026-03-01T09:00:00Z", "sentAt": "2026-03-01T09:30:00Z"},
            "2026-03-01T10:00:00Z",
            "2026-03-01T11:30:00.000Z",
        ),
    ],
)
def test_times_that_are_odd_lead_to_a_time_all_the_same(
    said: dict[str, Any], sent: Any, becomes: str
) -> None:
    found = made({**EVENT, **said}, sent_at=sent)
    assert found["timestamp"] == becomes
    given_time = said.get("originalTimestamp") or said.get("timestamp")
    assert found["originalTimestamp"] == (given_time or "2026-03-01T12:00:00.000Z")


@pytest.mark.parametrize("name", [None, "", 0.5, True, [], {}])
def test_an_event_without_a_name_gets_one_of_its_own(name: Any) -> None:
    names = {made({**EVENT, "messageId": name})["messageId"] for _ in range(3)}
    assert len(names) == 3
    assert all(uuid.UUID(each) for each in names)


def test_a_name_that_is_a_number_becomes_text() -> None:
    assert made({**EVENT, "messageId": 17})["messageId"] == "17"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ([], "not-an-object"),
        ({"userId": "u"}, "type-unknown"),
        ({"type": ["track"], "userId": "u"}, "type-unknown"),
        ({"type": "identify"}, "nobody-named"),
        ({"type": "identify", "userId": "", "anonymousId": None}, "nobody-named"),
        ({"type": "identify", "userId": {"a": 1}}, "nobody-named"),
        ({"type": "track", "previousId": "p", "event": "A"}, "nobody-named"),
        ({"type": "track", "userId": "u"}, "event-unnamed"),
        ({"type": "track", "userId": "u", "event": ""}, "event-unnamed"),
        ({**EVENT, "properties": {"text": "x" * 40_000}}, "event-too-large"),
    ],
)
def test_what_is_no_event_is_refused(event: Any, code: str) -> None:
    with pytest.raises(EventRefused) as refused:
        normalised(event, None, ARRIVAL)
    assert refused.value.code == code


@pytest.mark.parametrize("event", [{"userId": 0}, {"anonymousId": "a"}, {"previousId": "p"}])
def test_an_alias_may_say_who_it_is_about_in_three_ways(event: dict[str, Any]) -> None:
    assert made({**event, "type": "alias"})["type"] == "alias"


def test_an_event_as_large_as_an_sdk_sends_has_room_for_what_is_added() -> None:
    event = {**EVENT, "timestamp": "2026-03-01T10:00:00Z", "properties": {"text": ""}}
    event["properties"] = {"text": "x" * (32 * 1024 - len(orjson.dumps(event)))}
    assert len(orjson.dumps(event)) == 32 * 1024
    made(event, sent_at="2026-03-01T10:00:00Z")
