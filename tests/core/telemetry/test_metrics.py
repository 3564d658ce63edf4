from __future__ import annotations

import httpx

import wharfinger
from wharfinger.telemetry.recording import OTHER

NOTES = {
    "wharfinger.connection": "test",
    "wharfinger.destination": "acme",
    "wharfinger.mapping": "notes",
}
ACCOUNT = {key: NOTES[key] for key in ("wharfinger.connection", "wharfinger.destination")}


def _by(points, *names):
    return {tuple(facts.get(name) for name in names): value for facts, value in points}


async def test_outcomes_are_counted_by_mapping_status_and_code(heard, connect, vendor, track):
    vendor.script = [httpx.Response(200, json={"rejected": [1]})]
    async with connect() as connection:
        await connection.deliver(
            [track(user="u"), track(user="u"), {"type": "page"}, track(board=None)]
        )
    points = heard.points("wharfinger.outcomes")
    assert all(facts.items() >= NOTES.items() for facts, _ in points)
    assert _by(points, "wharfinger.outcome.status", "wharfinger.outcome.code") == {
        ("delivered", "delivered"): 1,
        ("rejected", "refused"): 1,
        ("rejected", "payload-invalid"): 1,
        ("filtered", "not-triggered"): 1,
    }


async def test_batches_are_counted_with_their_rows(heard, connect, track):
    async with connect() as connection:
        await connection.deliver([track(user="u")] * 12)
    assert heard.points("wharfinger.batch.rows") == [(NOTES, (2, 12))]
    [(facts, (count, _))] = heard.points("wharfinger.batch.duration")
    assert (facts, count) == (NOTES, 2)


async def test_requests_are_timed_by_endpoint_and_status(heard, connect, vendor, track):
    vendor.script = [httpx.Response(503), httpx.ReadError("gone")]
    async with connect() as connection:
        await connection.deliver([track()])
        await connection.test()
    points = heard.points("http.client.request.duration")
    names = "url.template", "http.response.status_code", "error.type"
    assert {key: count for key, (count, _) in _by(points, *names).items()} == {
        ("/boards/…/notes", 503, "503"): 1,
        ("/boards/…/notes", None, "ReadError"): 1,
        ("/boards/…/notes", 200, None): 1,
        ("/me", 200, None): 1,
    }
    assert {facts["http.request.method"] for facts, _ in points} == {"POST", "GET"}


async def test_retries_and_pauses_are_counted(heard, connect, vendor, track):
    vendor.script = [httpx.Response(429, headers={"retry-after": "2"}), httpx.Response(503)]
    async with connect() as connection:
        await connection.deliver([track()])
    assert heard.points("wharfinger.retries") == [(NOTES, 2)]
    assert heard.points("wharfinger.pauses") == [(ACCOUNT, 1)]


async def test_events_wait_from_when_they_are_put_until_they_are_settled(heard, connect, track):
    async with connect() as connection, connection.flow() as flow:
        await flow.put(track())
        await flow.put(track(user="u2"))
        assert heard.points("wharfinger.events.waiting") == [(ACCOUNT, 2)]
        await flow.drain()
        assert heard.points("wharfinger.events.waiting") == [(ACCOUNT, 0)]


async def test_an_event_that_goes_through_no_mapping_does_not_wait(heard, connect, track):
    async with connect() as connection, connection.flow() as flow:
        await flow.put(track(), mappings=())
        assert heard.points("wharfinger.events.waiting") == [(ACCOUNT, 0)]
    assert heard.span("event").attributes["wharfinger.event.type"] == "track"


async def test_two_connections_count_side_by_side(heard, connect, config, plugins, track):
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
    other = plugins.connect(config, name="other", transport=transport)
    async with connect() as connection, other:
        await connection.deliver([track()])
        await other.deliver([track(), track()])
    points = heard.points("wharfinger.outcomes")
    assert _by(points, "wharfinger.connection") == {("test",): 1, ("other",): 2}


async def test_a_vendor_with_ever_new_codes_does_not_make_ever_new_series(heard, connect):
    async with connect() as connection:
        telemetry = connection._account.telemetry
        for number in range(300):
            outcome = wharfinger.Outcome(status=wharfinger.Status.REJECTED, code=f"code-{number}")
            telemetry.count("notes", [outcome])
    points = heard.points("wharfinger.outcomes")
    assert len(points) == 201
    assert _by(points, "wharfinger.outcome.code")[OTHER,] == 100


async def test_a_vendor_with_ever_new_paths_does_not_make_ever_new_series(heard, connect):
    async with connect() as connection:
        for number in range(600):
            with connection._account.telemetry.request("GET", f"/{number}", "acme.example", None):
                pass
    assert len(heard.points("http.client.request.duration")) == 501
