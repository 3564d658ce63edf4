"""What travels: bodies, ids, batches, and whose order is kept."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.webhook.conftest import URL, track

from wharfinger import ConfigurationError, PayloadError, Status
from wharfinger_webhook.messages import Message, batch_id, message_id, to_json


def _ids(paper):
    return [request.headers["webhook-id"] for request in paper.requests]


async def test_the_body_is_the_whole_event_unless_the_mapping_says_otherwise(connect, paper):
    async with connect() as connection:
        (receipt,) = await connection.deliver([track()])
    assert receipt.outcomes["hook"].status is Status.DELIVERED
    assert receipt.outcomes["hook"].request_id == "m-1"
    assert (paper.request.method, str(paper.request.url)) == ("POST", URL)
    assert paper.request.headers["content-type"] == "application/json"
    assert orjson.loads(paper.request.content) == track()


async def test_a_mapping_makes_the_body_with_all_of_its_language(connect, paper):
    body = {
        "text": {"@template": "{{event}} for {{properties.total}}"},
        "who": {"@path": "$.userId"},
        "kind": "order",
    }
    async with connect(fields={"body": body}) as connection:
        await connection.deliver([track(5)])
    assert orjson.loads(paper.request.content) == {
        "text": "Order for 5",
        "who": "u-7",
        "kind": "order",
    }


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [({}, "text/plain; charset=utf-8"), ({"content_type": "application/xml"}, "application/xml")],
)
async def test_a_text_is_sent_as_it_is(connect, paper, chosen, sent):
    fields = {"text": {"@template": "<order total='{{properties.total}}'/>"}, **chosen}
    async with connect(fields=fields) as connection:
        await connection.deliver([track(3)])
    assert paper.request.content == b"<order total='3'/>"
    assert paper.request.headers["content-type"] == sent


@pytest.mark.parametrize("content_type", ["a/b\r\nX-A: 1", " a/b", "ä", {"@path": "$.event"}])
def test_a_content_type_is_a_fixed_line(connect, content_type):
    with pytest.raises(ConfigurationError, match="Content Type"):
        connect(fields={"content_type": content_type})


@pytest.mark.parametrize(
    ("form", "content_type", "read"),
    [
        ("array", "application/json", orjson.loads),
        (
            "json-lines",
            "application/x-ndjson",
            lambda body: [orjson.loads(line) for line in body.splitlines()],
        ),
    ],
)
async def test_a_batch_is_an_array_or_one_line_per_event(connect, paper, form, content_type, read):
    async with connect("send-batch", fields={"format": form}) as connection:
        await connection.deliver([track(number) for number in range(7)])
    assert paper.request.headers["content-type"] == content_type
    assert read(paper.request.content) == [track(number) for number in range(7)]


@pytest.mark.parametrize(
    ("fields", "batch", "sizes"),
    [
        ({}, None, [100, 100, 50]),
        ({"batch_size": 120}, None, [100, 100, 50]),
        ({"batch_size": 90}, None, [90, 90, 70]),
        ({}, {"rows": 200}, [200, 50]),
        ({}, {"bytes": 1200}, None),
    ],
)
async def test_a_batch_is_as_large_as_the_mapping_says(connect, paper, fields, batch, sizes):
    async with connect("send-batch", fields=fields, batch=batch) as connection:
        await connection.deliver([track(number) for number in range(250)])
    found = [len(orjson.loads(request.content)) for request in paper.requests]
    assert sum(found) == 250
    assert sizes is None or found == sizes
    if sizes is None:
        assert len(found) > 20
        assert all(len(request.content) <= 1400 for request in paper.requests)


def test_one_event_per_request_cannot_be_batched_and_says_which_action_can(connect):
    with pytest.raises(ConfigurationError, match="Send Batch sends many"):
        connect(batch={"rows": 5})


@pytest.mark.parametrize("action", ["send-event", "send-batch"])
async def test_the_id_is_the_same_however_often_it_is_tried(connect, paper, action):
    paper.answers += [httpx.Response(500), httpx.ReadTimeout("lost")]
    async with connect(action) as connection:
        (receipt,) = await connection.deliver([track()])
    assert receipt.outcomes["hook"].status is Status.DELIVERED
    assert receipt.outcomes["hook"].attempts == 3
    assert len(set(_ids(paper))) == 1


async def test_an_event_without_an_id_gets_one_of_its_body(connect, paper):
    one, other = ({**track(n), "messageId": None} for n in (1, 2))
    async with connect() as connection:
        await connection.deliver([one, other, one])
    first, second, third = _ids(paper)
    assert first == third != second
    assert {len(first), len(second)} == {44}


async def test_an_id_that_could_break_out_of_its_header_is_hashed(connect, paper):
    async with connect() as connection:
        await connection.deliver([track(messageId="m\r\nX-Evil: 1"), track(messageId="a.b")])
    assert all(name.startswith("msg_") and len(name) == 44 for name in _ids(paper))
    assert not [request for request in paper.requests if "x-evil" in request.headers]


async def test_events_of_one_person_arrive_in_their_order(connect, paper):
    events = [track(n, userId=f"u-{n % 3}") for n in range(60)]
    async with connect() as connection:
        await connection.deliver(events)
    by_user: dict[str, list[int]] = {}
    for request in paper.requests:
        event = orjson.loads(request.content)
        by_user.setdefault(event["userId"], []).append(event["properties"]["total"])
    assert sorted(by_user) == ["u-0", "u-1", "u-2"]
    assert all(a < b for numbers in by_user.values() for a, b in pairwise(numbers))


async def test_at_most_once_is_what_the_connection_says_once_it_is_open(connect):
    connection = connect(fields={"delivery": "at-most-once"})
    assert connection.effects["hook"] == "idempotent"
    async with connection:
        assert connection.effects["hook"] == "once"
    async with connect() as connection:
        assert connection.effects["hook"] == "idempotent"


async def test_a_preview_shows_every_request_without_an_open_connection(connect):
    preview = await connect("send-batch", fields={"batch_size": 2}).preview(
        [track(1), track(2), track(3)]
    )
    assert [request.events for request in preview.requests] == [(0, 1), (2,)]


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _json, max_size=4))
def test_whatever_an_event_holds_is_sent_as_json_on_one_line(body):
    sent = to_json(body)
    assert b"\n" not in sent
    assert json.loads(sent) == body


def test_numbers_and_characters_that_other_encoders_refuse_are_sent_all_the_same():
    assert (
        to_json({"n": 2**70, "half": "\ud800"}) == b'{"n":1180591620717411303424,"half":"\\ud800"}'
    )


@pytest.mark.parametrize("value", [{"a": {1, 2}}, {"a": object()}])
def test_what_json_cannot_say_is_rejected_by_its_label(value):
    with pytest.raises(PayloadError, match="Body cannot be written as JSON"):
        to_json(value)


@given(st.text() | st.none(), st.binary(max_size=20))
def test_an_id_is_always_fit_for_a_header_and_a_signature(given_id: Any, body):
    name = message_id(given_id, body)
    assert name.isascii()
    assert name.replace("_", "").replace("-", "").isalnum() or set(name) <= {"_", "-"}
    assert name == message_id(given_id, body)


@given(st.lists(st.tuples(st.text("ab_", max_size=3), st.binary(max_size=3)), max_size=4))
def test_the_id_of_a_batch_tells_batches_apart(pairs):
    def named(parts):
        return batch_id(
            Message(id=name, body=body, content_type="", order_key=None) for name, body in parts
        )

    assert named(pairs) == named(list(pairs))
    assert named(pairs) != named([*pairs, ("", b"")])
    shifted = [(name + "a", body[1:]) for name, body in pairs]
    assert (named(shifted) == named(pairs)) == (shifted == pairs)
