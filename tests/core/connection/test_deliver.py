from __future__ import annotations

import asyncio

import attrs
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import wharfinger
from wharfinger import Status


def _statuses(receipts, mapping="notes"):
    return [receipt.outcomes[mapping].status for receipt in receipts]


async def test_events_reach_the_vendor_in_one_batch_per_board(connect, vendor, track):
    async with connect() as connection:
        receipts = await connection.deliver([track(board="a"), track(board="b"), track(board="a")])
    assert _statuses(receipts) == [Status.DELIVERED] * 3
    assert sorted(
        (r.url.path, len(b)) for r, b in zip(vendor.requests, vendor.bodies, strict=True)
    ) == [
        ("/boards/a/notes", 2),
        ("/boards/b/notes", 1),
    ]
    assert vendor.requests[0].headers["authorization"] == "Bearer key-0123456789"


async def test_an_event_the_trigger_does_not_match_is_filtered_and_not_sent(connect, vendor):
    async with connect() as connection:
        [receipt] = await connection.deliver([{"type": "page"}])
    assert receipt.outcomes["notes"].status is Status.FILTERED
    assert vendor.requests == []


@pytest.mark.parametrize("event", [None, 5, "text", [], [{"type": "track"}], True])
async def test_what_is_no_event_is_rejected_and_the_others_go_on(connect, track, event):
    async with connect() as connection:
        receipts = await connection.deliver([track(), event, track()])
    assert _statuses(receipts) == [Status.DELIVERED, Status.REJECTED, Status.DELIVERED]
    assert receipts[1].outcomes["notes"].code == "event-invalid"


async def test_a_missing_required_field_is_named_by_its_label(connect, vendor, track):
    async with connect() as connection:
        [receipt] = await connection.deliver([track(board=None)])
    outcome = receipt.outcomes["notes"]
    assert (outcome.status, outcome.code) == (Status.REJECTED, "payload-invalid")
    assert outcome.message.startswith("Board ")
    assert outcome.message.endswith(" from $.properties.board, where this event has nothing.")
    assert vendor.requests == []


async def test_rows_that_differ_get_outcomes_of_their_own(connect, vendor, track):
    vendor.script = [httpx.Response(200, json={"rejected": [1]})]
    async with connect() as connection:
        receipts = await connection.deliver([track(user="u")] * 3)
    assert _statuses(receipts) == [Status.DELIVERED, Status.REJECTED, Status.DELIVERED]


async def test_a_throttled_batch_is_sent_again_and_says_how_often(connect, vendor, track):
    vendor.script = [httpx.Response(429, headers={"retry-after": "2"}), httpx.Response(503)]
    async with connect() as connection:
        [receipt] = await connection.deliver([track()])
    assert receipt.outcomes["notes"].status is Status.DELIVERED
    assert receipt.outcomes["notes"].attempts == 3


async def test_when_attempts_are_used_up_the_host_gets_the_event_back(connect, vendor, track):
    vendor.script = [httpx.Response(429, headers={"retry-after": "7"})] * 3
    async with connect() as connection:
        [receipt] = await connection.deliver([track()])
    outcome = receipt.outcomes["notes"]
    assert (outcome.status, outcome.retry_after_s, outcome.attempts) == (Status.RETRY, 7.0, 3)


async def test_a_wait_longer_than_the_policy_allows_is_left_to_the_host(connect, vendor, track):
    vendor.script = [httpx.Response(429, headers={"retry-after": "3600"})]
    async with connect() as connection:
        [receipt] = await connection.deliver([track()])
    outcome = receipt.outcomes["notes"]
    assert (outcome.status, outcome.retry_after_s, outcome.attempts) == (Status.RETRY, 3600.0, 1)


async def test_a_long_wait_asked_of_one_board_spares_the_others_a_request(connect, vendor, track):
    vendor.script = [httpx.Response(429, headers={"retry-after": "3600"})] * 99
    events = [track(user="u", board=f"b{i}") for i in range(50)]
    async with connect() as connection:
        receipts = await connection.deliver(events)
    assert set(_statuses(receipts)) == {Status.RETRY}
    assert len(vendor.requests) <= 4  # those that were under way side by side


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (httpx.ReadTimeout("slow"), "timed-out"),
        (httpx.RemoteProtocolError("gone"), "connection-lost"),
        (httpx.ReadError("gone"), "connection-lost"),
    ],
)
async def test_a_lost_reply_is_repeated_where_twice_is_harmless(
    connect, vendor, track, failure, code
):
    vendor.script = [failure]
    async with connect() as connection:
        [receipt] = await connection.deliver([track()])
    assert (receipt.outcomes["notes"].status, len(vendor.requests)) == (Status.DELIVERED, 2)

    vendor.script = [failure] * 3
    async with connect() as connection:
        [receipt] = await connection.deliver([track()])
    assert (receipt.outcomes["notes"].status, receipt.outcomes["notes"].code) == (
        Status.RETRY,
        code,
    )


RING = {"bell": {"action": "ring-bell", "trigger": 'type = "track"'}}


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("gone")])
async def test_a_lost_reply_is_unknown_and_never_repeated_where_twice_is_not_once(
    connect, vendor, track, failure
):
    vendor.script = [failure]
    async with connect(mappings=RING) as connection:
        [receipt] = await connection.deliver([track()])
    assert receipt.outcomes["bell"].status is Status.UNKNOWN
    assert len(vendor.requests) == 1


async def test_a_refused_connection_is_repeated_even_then_because_nothing_was_sent(
    connect, vendor, track
):
    vendor.script = [httpx.ConnectError("refused")]
    async with connect(mappings=RING) as connection:
        [receipt] = await connection.deliver([track()])
    assert (receipt.outcomes["bell"].status, len(vendor.requests)) == (Status.DELIVERED, 2)


async def test_refused_credentials_stop_everything_at_once(connect, vendor, track):
    vendor.script = [httpx.Response(401)] * 99
    async with connect() as connection:
        receipts = await connection.deliver([track(user=f"u{i}") for i in range(80)])
    assert set(_statuses(receipts)) == {Status.HALTED}
    assert len(vendor.requests) <= 2  # one per lane that had already begun


async def test_a_halted_board_does_not_stop_the_others(connect, vendor, track):
    def answer(request):
        return httpx.Response(403 if "closed" in request.url.path else 200, json={})

    vendor.script = [answer] * 99
    events = [track(user="u", board=board) for board in ["closed", "open"] * 15]
    async with connect() as connection:
        receipts = await connection.deliver(events)
    assert _statuses(receipts) == [Status.HALTED, Status.DELIVERED] * 15
    assert sum("closed" in request.url.path for request in vendor.requests) == 1


async def test_a_plugin_that_miscounts_outcomes_is_found_out(connect, vendor, track):
    vendor.script = [httpx.Response(418)]
    async with connect() as connection:
        receipts = await connection.deliver([track(user="u"), track(user="u")])
    assert {r.outcomes["notes"].code for r in receipts} == {"action-failed"}
    assert "gave 3 outcomes for 2 payloads" in receipts[0].outcomes["notes"].message


async def test_a_plugin_that_crashes_loses_nothing(connect, vendor, track, caplog):
    vendor.script = [ZeroDivisionError("bug")]
    async with connect() as connection:
        [receipt] = await connection.deliver([track()])
    assert receipt.outcomes["notes"].status is Status.REJECTED
    assert "ZeroDivisionError" in receipt.outcomes["notes"].message
    assert "unforeseen" in caplog.text


async def test_a_batch_key_that_nothing_can_be_grouped_by_fails_its_own_event_only(
    plugins, config, vendor, track, monkeypatch
):
    action = plugins.action("acme", "send-note")
    key_of = action.batch_key
    odd = attrs.evolve(action, batch_key=lambda n: [n.board] if n.board == "odd" else key_of(n))
    monkeypatch.setitem(plugins._registry.actions["acme"], "send-note", odd)
    async with plugins.connect(config, transport=httpx.MockTransport(vendor)) as connection:
        receipts = await connection.deliver([track(board="odd"), track()])
    assert _statuses(receipts) == [Status.REJECTED, Status.DELIVERED]


async def test_what_an_action_forms_of_a_payload_takes_its_place(
    plugins, config, vendor, track, monkeypatch
):
    def formed(note):
        if note.board == "odd":
            raise wharfinger.RejectedError("This board takes none.", code="odd-board")
        return attrs.evolve(note, board=note.board.lower(), text=f"Formed: {note.text}")

    action = attrs.evolve(plugins.action("acme", "send-note"), form=formed)
    monkeypatch.setitem(plugins._registry.actions["acme"], "send-note", action)
    async with plugins.connect(config, transport=httpx.MockTransport(vendor)) as connection:
        events = [track(board="A"), track(board="odd"), track(board="a")]
        receipts = await connection.deliver(events)
        preview = await connection.preview(events)
    assert _statuses(receipts) == [Status.DELIVERED, Status.REJECTED, Status.DELIVERED]
    assert receipts[1].outcomes["notes"].code == "odd-board"
    assert [request.url.path for request in vendor.requests] == ["/boards/a/notes"]
    assert [note["text"][:8] for note in vendor.bodies[0]] == ["Formed: "] * 2
    assert [request.events for request in preview.requests] == [(0, 2)]


async def test_a_vendor_that_echoes_the_key_does_not_put_it_into_an_outcome(connect, vendor, track):
    vendor.script = [httpx.Response(400, text="bad key key-0123456789 given")]
    async with connect() as connection:
        [receipt] = await connection.deliver([track()])
    assert receipt.outcomes["notes"].vendor_message == "bad key *** given"
    assert "key-0123456789" not in repr(connection) + repr(connection.settings) + repr(receipt)


async def test_a_payload_too_large_for_any_request_is_rejected(connect, vendor, track):
    async with connect() as connection:
        receipts = await connection.deliver([track(event="x" * 2_000), track()])
    assert receipts[0].outcomes["notes"].code == "payload-too-large"
    assert receipts[1].outcomes["notes"].status is Status.DELIVERED


async def test_a_connection_that_is_not_open_says_so(connect, track):
    connection = connect()
    with pytest.raises(wharfinger.NotOpenError, match="async with"):
        await connection.deliver([track()])
    async with connection:
        pass
    with pytest.raises(wharfinger.NotOpenError):
        await connection.test()


async def test_a_cancelled_delivery_stops(connect, vendor, track):
    reached = asyncio.Event()

    async def hang(_request):
        reached.set()
        await asyncio.Event().wait()

    connection = connect()
    connection._account.transport = httpx.MockTransport(hang)
    async with connection:
        task = asyncio.create_task(connection.deliver([track()]))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_credentials_are_tested(connect, vendor):
    async with connect() as connection:
        assert [finding.level for finding in await connection.test()] == ["ok"]
        vendor.script = [httpx.ConnectError("refused")]
        [finding] = await connection.test()
    assert (finding.level, finding.subject) == ("error", "Credentials")
    assert "could not be reached" in finding.message


async def test_a_preview_shows_the_requests_and_sends_nothing(connect, vendor, track):
    connection = connect()
    preview = await connection.preview([track(), {"type": "page"}, track(), track(board=None)])
    [request] = preview.requests
    assert (request.method, request.url) == ("POST", "https://api.acme.example/boards/main/notes")
    assert request.body == b'[{"author":"u1","text":"Hello"},{"author":"u1","text":"Hello"}]'
    assert (request.mapping, request.action, request.events) == ("notes", "send-note", (0, 2))
    assert [
        receipt.outcomes["notes"].status if receipt.outcomes else None
        for receipt in preview.receipts
    ] == [None, Status.FILTERED, None, Status.REJECTED]
    assert vendor.requests == []


OPENINGS = ["nothing", "warning", "error", "halted", "retry", "credentials", "bug", "made"]


def _opened_as(connection, openings):
    """Let the action of each mapping find something, raise, or make another action of itself."""
    mappings = dict(connection.mappings)

    async def crash(session, batch):
        raise ZeroDivisionError("a fault of the action that was made")

    async def look(_session, outline):
        what = openings[outline.mapping]
        if what in ("warning", "error"):
            found = wharfinger.Finding(level=what, subject="Board", message="It is odd.")
            return wharfinger.Opening(findings=[found])
        if what in RAISED:
            raise RAISED[what]
        action = mappings[outline.mapping].action
        made = attrs.evolve(action, perform=crash, batch_key=None, order_key=None)
        return wharfinger.Opening(action=made if what == "made" else None)

    for name, mapping in mappings.items():
        mappings[name] = attrs.evolve(mapping, action=attrs.evolve(mapping.action, open=look))
    connection.mappings = mappings
    return connection


RAISED = {
    "halted": wharfinger.HaltedError("No board.", code="no-board"),
    "retry": wharfinger.RetryError("Later.", code="unavailable"),
    "credentials": wharfinger.CredentialsError("The API Key was refused."),
    "bug": ValueError("a fault of the plugin"),
}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    events=st.lists(
        st.one_of(
            st.fixed_dictionaries(
                {
                    "type": st.sampled_from(["track", "page"]),
                    "userId": st.sampled_from(["a", "b", "c", "", None]),
                    "properties": st.fixed_dictionaries(
                        {"board": st.sampled_from(["x", "y", None])}
                    ),
                }
            ),
            st.none(),
        ),
        max_size=30,
    ),
    replies=st.lists(st.sampled_from([200, 400, 403, 418, 429, 500, "timeout", "refused"])),
    openings=st.fixed_dictionaries(dict.fromkeys(["notes", "bell"], st.sampled_from(OPENINGS))),
)
async def test_every_event_has_exactly_one_outcome_per_mapping(
    connect, vendor, events, replies, openings
):
    def scripted(reply):
        if reply == "timeout":
            return httpx.ReadTimeout("slow")
        return httpx.ConnectError("no") if reply == "refused" else httpx.Response(reply, json={})

    vendor.script, vendor.requests = [scripted(reply) for reply in replies], []
    notes = {
        "action": "note",
        "fields": {"board": {"@path": "$.properties.board"}},
        "batch": {"rows": 2},
    }
    async with _opened_as(connect(mappings={"notes": notes, **RING}), openings) as connection:
        receipts = await connection.deliver(events)
    assert len(receipts) == len(events)
    everything = "credentials" in openings.values()
    for receipt in receipts:
        assert list(receipt.outcomes) == ["notes", "bell"]
        for name, outcome in receipt.outcomes.items():
            assert isinstance(outcome, wharfinger.Outcome)
            if everything or openings[name] in ("error", "halted"):
                assert outcome.status in (Status.HALTED, Status.FILTERED, Status.REJECTED)
                assert outcome.attempts == 0
    if everything:
        assert vendor.requests == []
