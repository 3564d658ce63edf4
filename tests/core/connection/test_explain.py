from __future__ import annotations

import json
from typing import Any

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wharfinger
from wharfinger.delivery.lanes import Item
from wharfinger.mapping.explain import replay

FIELDS = {
    "board": {"@path": "$.properties.board"},
    "text": {"@template": "{{event}} by {{userId}}"},
    "batch_size": 3,
}


async def _explained(connection, event) -> Any:
    [mapping] = (await connection.explain(event)).mappings
    return mapping


async def test_an_explanation_shows_trigger_steps_fields_and_request(connect, vendor, track):
    connection = connect(mappings={"notes": {"action": "send-note", "fields": FIELDS}})
    found = await _explained(connection, track(board=7))
    assert (found.mapping, found.action, found.outcome) == ("notes", "send-note", None)
    assert found.trigger.takes
    assert [(name, step.name, step.detail) for name, step in found.steps.inputs] == [
        ("board", "@path", "$.properties.board"),
        ("text", "@template", "{{$.event}} by {{$.userId}}"),
        ("author", "@path", "$.userId"),
    ]
    board = found.fields[0]
    assert (board.reading, board.given, board.value) == (wharfinger.Reading.COERCED, 7, "7")
    assert found.payload == {"board": "7", "author": "u1", "text": "Hello by u1"}
    assert found.request.url == "https://api.acme.example/boards/7/notes"
    assert "def payload_of(event)" in found.source
    assert vendor.requests == []


async def test_a_trigger_that_does_not_match_ends_the_explanation(connect):
    found = await _explained(connect(), {"type": "page"})
    assert not found.trigger.takes
    assert (found.steps, found.fields, found.request) == (None, (), None)
    assert found.outcome.status is wharfinger.Status.FILTERED


async def test_a_field_that_is_refused_says_why(connect, track):
    found = await _explained(connect(), track(board=None))
    board = found.fields[0]
    assert board.reading is wharfinger.Reading.REFUSED
    assert board.problem in found.outcome.message
    assert found.request is None


async def test_what_is_no_event_is_explained_as_that(connect):
    found = await _explained(connect(), ["no", "event"])
    assert (found.trigger, found.outcome.code) == (None, "event-invalid")


VALUES = st.none() | st.booleans() | st.integers() | st.sampled_from(["", " ", "x", "main"])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    event=st.fixed_dictionaries(
        {"type": st.sampled_from(["track", "page"])},
        optional={
            "userId": VALUES,
            "event": VALUES,
            "properties": VALUES | st.fixed_dictionaries({"board": VALUES}),
        },
    )
)
async def test_computed_again_from_its_explanation_the_payload_is_the_same(connect, event):
    connection = connect(mappings={"notes": {"action": "send-note", "fields": FIELDS}})
    found = await _explained(connection, event)
    prepared = connection.mappings["notes"].prepare(0, event)
    json.dumps(found.as_json())
    if not isinstance(prepared, Item):
        assert found.outcome == prepared
        return
    payload_class = connection.mappings["notes"].action.payload
    assert wharfinger.structure(payload_class, replay(found.steps)) == prepared.payload
    steered = {"batching", "batch_size"}
    travels = {k: v for k, v in attrs.asdict(prepared.payload).items() if k not in steered}
    assert {"text": None, **found.payload} == travels
    assert found.request.body == b"[" + prepared.body + b"]"
