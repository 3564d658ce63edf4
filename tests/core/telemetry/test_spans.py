from __future__ import annotations

import asyncio

import httpx
import opentelemetry.trace
import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import SpanKind, StatusCode

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def _id(span):
    return span.get_span_context().span_id


def _children(heard, parent):
    return [s for s in heard.spans() if s.parent and s.parent.span_id == _id(parent)]


async def _flow(connection, events):
    async with connection.flow() as flow:
        for event in events:
            await flow.put(event)
        await flow.drain()
        return [settled async for settled in flow]


@pytest.fixture(params=["deliver", "flow"])
def send(request):
    """Deliver events at once, or one by one."""

    async def send(connection, events):
        async with connection:
            if request.param == "deliver":
                await connection.deliver(events)
            else:
                await _flow(connection, events)

    return send


async def test_one_event_is_a_tree_from_its_trigger_to_its_request(heard, connect, track, send):
    await send(connect(), [track()])
    event = heard.span("event")
    assert event.parent is None
    assert event.kind is SpanKind.CONSUMER
    assert sorted(s.name for s in _children(heard, event)) == ["batch", "mapping", "trigger"]
    (request,) = _children(heard, heard.span("batch"))
    assert request.name == "POST /boards/…/notes"
    assert request.kind is SpanKind.CLIENT
    assert {s.get_span_context().trace_id for s in heard.spans()} == {
        event.get_span_context().trace_id
    }
    assert dict(event.attributes) == {
        "wharfinger.connection": "test",
        "wharfinger.destination": "acme",
        "wharfinger.event.type": "track",
        "wharfinger.outcome.status": "delivered",
        "wharfinger.outcome.code": "delivered",
        "http.response.status_code": 200,
    }
    assert dict(request.attributes) == {
        "wharfinger.connection": "test",
        "wharfinger.destination": "acme",
        "http.request.method": "POST",
        "url.template": "/boards/…/notes",
        "server.address": "api.acme.example",
        "http.response.status_code": 200,
    }
    (outcome,) = event.events
    assert (outcome.name, outcome.attributes["wharfinger.mapping"]) == ("outcome", "notes")
    assert {s.status.status_code for s in heard.spans()} == {StatusCode.UNSET}


async def test_a_batch_is_linked_with_all_its_events_and_they_with_it(heard, connect, track, send):
    await send(connect(), [track(user=f"u{n}") for n in range(3)] + [{"type": "page"}])
    events = {
        _id(s) for s in heard.spans("event") if s.attributes["wharfinger.event.type"] != "page"
    }
    batches = heard.spans("batch")
    assert sum(b.attributes["messaging.batch.message_count"] for b in batches) == 3
    linked = [link.context.span_id for b in batches for link in b.links]
    assert sorted(linked) == sorted(events)
    back = {
        _id(s): [link.context.span_id for link in s.links] for s in heard.spans("event") if s.links
    }
    assert {link.context.span_id: [_id(b)] for b in batches for link in b.links} == back


async def test_an_event_that_carries_a_trace_goes_on_with_it(heard, connect, track, send):
    event = {**track(), "context": {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "a=b"}}
    await send(connect(), [event])
    span = heard.span("event")
    assert f"{span.get_span_context().trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == SPAN
    assert span.get_span_context().trace_state.get("a") == "b"


@pytest.mark.parametrize(
    "context",
    [
        {"traceparent": f"00-{'0' * 32}-{SPAN}-01"},
        {"traceparent": "nonsense"},
        {"traceparent": 5},
        "context",
        None,
    ],
)
async def test_a_trace_that_is_none_begins_a_new_one(heard, connect, track, send, context):
    await send(connect(), [{**track(), "context": context}])
    assert heard.span("event").parent is None


async def test_an_event_without_a_trace_belongs_to_what_the_host_does(heard, connect, track, send):
    tracer = opentelemetry.trace.get_tracer_provider().get_tracer("host")
    with tracer.start_as_current_span("consume") as host:
        await send(connect(), [track()])
    assert heard.span("event").parent.span_id == _id(host)


async def test_a_parent_that_is_not_sampled_leaves_no_span_behind(heard, connect, track, send):
    event = {**track(), "context": {"traceparent": f"00-{TRACE}-{SPAN}-00"}}
    await send(connect(), [event])
    assert heard.spans() == []


@pytest.mark.parametrize("sampler", [ALWAYS_OFF, TraceIdRatioBased(0), ParentBased(ALWAYS_OFF)])
async def test_a_host_that_samples_nothing_gets_no_span(
    listen, connect, track, send, sampler: Sampler
):
    heard = listen(sampler)
    await send(connect(), [track()])
    assert heard.spans() == []
    assert heard.points("wharfinger.outcomes") != []


async def test_a_batch_shows_up_where_any_of_its_events_is_sampled(heard, connect, track, send):
    off = {"context": {"traceparent": f"00-{TRACE}-{SPAN}-00"}}
    await send(connect(), [{**track(), **off}, track(), {**track(), **off}])
    (event,) = heard.spans("event")
    batch = heard.span("batch")
    assert [link.context.span_id for link in batch.links] == [_id(event)]
    assert batch.parent.span_id == _id(event)
    assert batch.attributes["messaging.batch.message_count"] == 3


async def test_an_event_that_no_trigger_takes_ends_with_its_trigger(heard, connect, send):
    await send(connect(), [{"type": "page"}])
    assert sorted(s.name for s in heard.spans()) == ["event", "trigger"]
    assert heard.span("trigger").attributes["wharfinger.trigger.matched"] is False
    event = heard.span("event")
    assert event.attributes["wharfinger.outcome.status"] == "filtered"
    assert event.status.status_code is StatusCode.UNSET


async def test_an_event_that_cannot_be_mapped_fails_in_its_mapping(heard, connect, track, send):
    await send(connect(), [track(board=None)])
    assert sorted(s.name for s in heard.spans()) == ["event", "mapping", "trigger"]
    assert heard.span("mapping").attributes["error.type"] == "payload-invalid"
    assert heard.span("mapping").status.status_code is StatusCode.ERROR
    event = heard.span("event")
    assert event.attributes["wharfinger.outcome.status"] == "rejected"
    assert event.status.description == "payload-invalid"


@pytest.mark.parametrize("event", [None, 5, "text", []])
async def test_what_is_no_event_has_a_span_as_well(heard, connect, send, event):
    await send(connect(), [event])
    assert heard.span("event").attributes["wharfinger.outcome.code"] == "event-invalid"
    assert heard.span("event").attributes["wharfinger.event.type"] == "other"


async def test_a_throttled_batch_shows_its_pause_and_each_try(heard, connect, vendor, track, send):
    vendor.script = [httpx.Response(429, headers={"retry-after": "2"}), httpx.Response(503)]
    await send(connect(), [track()])
    batch = heard.span("batch")
    assert [(e.name, dict(e.attributes)) for e in batch.events] == [
        ("pause", {"wharfinger.pause_s": 2.0}),
        ("retry", {"wharfinger.attempts": 2, "messaging.batch.message_count": 1}),
        ("retry", {"wharfinger.attempts": 3, "messaging.batch.message_count": 1}),
    ]
    requests = sorted(_children(heard, batch), key=lambda span: span.start_time)
    assert [
        (
            r.attributes["http.response.status_code"],
            r.attributes.get("http.request.resend_count"),
            r.attributes.get("error.type"),
            r.status.status_code,
        )
        for r in requests
    ] == [
        (429, None, "429", StatusCode.ERROR),
        (503, 1, "503", StatusCode.ERROR),
        (200, 2, None, StatusCode.UNSET),
    ]
    assert batch.attributes["wharfinger.attempts"] == 3
    assert batch.attributes["wharfinger.outcome.status.delivered"] == 1


async def test_a_batch_with_a_refused_row_says_what_became_of_all(
    heard, connect, vendor, track, send
):
    vendor.script = [httpx.Response(200, json={"rejected": [1]})]
    await send(connect(), [track(user="u")] * 3)
    batch = heard.span("batch")
    assert batch.attributes["wharfinger.outcome.status.delivered"] == 2
    assert batch.attributes["wharfinger.outcome.status.rejected"] == 1
    assert batch.status.description == "refused"
    ends = sorted(s.attributes["wharfinger.outcome.status"] for s in heard.spans("event"))
    assert ends == ["delivered", "delivered", "rejected"]


async def test_a_request_without_a_reply_says_what_broke(heard, connect, vendor, track, send):
    vendor.script = [httpx.ConnectError("to ada@shop.example")] * 3
    await send(connect(), [track()])
    requests = heard.spans("POST /boards/…/notes")
    assert [r.attributes["error.type"] for r in requests] == ["ConnectError"] * 3
    assert all("http.response.status_code" not in r.attributes for r in requests)
    assert heard.span("event").attributes["wharfinger.outcome.code"] == "unreachable"
    assert "ada@" not in heard.everything()


async def test_an_event_under_two_mappings_ends_with_the_worse_outcome(
    heard, connect, config, track, send
):
    bell = {
        "action": "ring-bell",
        "trigger": 'type = "track"',
        "fields": {"author": {"@path": "$.no"}},
    }
    await send(connect(mappings={**config["mappings"], "bell": bell}), [track()])
    event = heard.span("event")
    assert event.attributes["wharfinger.outcome.status"] == "rejected"
    assert {e.attributes["wharfinger.mapping"] for e in event.events} == {"notes", "bell"}
    assert len(heard.spans("trigger")) == 2


async def test_what_a_connection_asks_for_outside_of_batches_has_a_span_of_its_own(heard, connect):
    async with connect() as connection:
        await connection.test()
    assert heard.span("GET /me").parent is None


async def test_a_preview_leaves_no_span(heard, connect, track):
    async with connect() as connection:
        await connection.preview([track()])
        await connection.explain(track())
    assert heard.spans() == []


async def test_a_flow_that_is_stopped_ends_the_spans_of_what_it_gives_up(
    heard, connect, vendor, track
):
    sent = asyncio.Event()

    async def hang(_request):
        sent.set()
        await asyncio.Event().wait()

    vendor.script = [hang]
    async with connect() as connection:
        flow = connection.flow()
        async with flow:
            await flow.put(track())
            flow.end()
            await sent.wait()
            await flow.stop()
    assert "wharfinger.outcome.status" not in heard.span("event").attributes
    (request,) = _children(heard, heard.span("batch"))
    assert request.attributes["error.type"] == "CancelledError"
    assert heard.points("wharfinger.events.waiting")[0][1] == 0


async def test_without_an_sdk_a_connection_is_as_if_telemetry_were_not_there(connect, track):
    async with connect() as connection:
        assert connection._account.telemetry is None
        flow = connection.flow()
        assert type(flow._unsettled).__name__ == "Unsettled"
        assert flow._mappings is connection._opened.mappings


async def test_metrics_alone_make_no_spans(listen, connect, track, send):
    heard = listen(traces=False)
    await send(connect(), [track()])
    assert heard.spans() == []
    assert [value for _, value in heard.points("wharfinger.outcomes")] == [1]


async def test_a_provider_that_fails_is_logged_and_events_are_delivered(
    connect, track, monkeypatch, caplog
):
    def fail():
        raise RuntimeError("no provider today")

    monkeypatch.setattr(opentelemetry.trace, "get_tracer_provider", fail)
    async with connect() as connection:
        [receipt] = await connection.deliver([track()])
    assert receipt.outcomes["notes"].status == "delivered"
    assert "the connection test is not recorded" in caplog.text
