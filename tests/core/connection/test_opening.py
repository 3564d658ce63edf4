"""A connection opens: its actions look at what they need, and the rest follows from that."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import httpx
import pytest

import wharfinger
from wharfinger import Effect, Finding, Opening, Status

ME = "https://api.acme.example/me"

Untyped: Any = Opening
"""What a plugin whose types nobody checks makes of it."""


def _opens(result: Any = None, calls: list[str] | None = None) -> Any:
    """Return an `open` that gives, or raises, the same for every mapping."""

    async def open_(session, outline):
        if calls is not None:
            calls.append(outline.mapping)
        if isinstance(result, BaseException):
            raise result
        return result(outline) if callable(result) else result or Opening()

    return open_


def _codes(receipt):
    return {name: (o.status, o.code) for name, o in receipt.outcomes.items()}


async def test_an_action_is_asked_once_per_mapping_and_never_for_an_event(harbour, track):
    calls: list[str] = []
    async with harbour("a", "b", open=_opens(calls=calls)) as connection:
        assert sorted(calls) == ["a", "b"]
        for _ in range(3):
            await connection.deliver([track(), track()])
        await connection.preview([track()])
        await connection.diagnose()
    assert sorted(calls) == ["a", "b"]


async def test_what_a_mapping_says_of_sending_twice_counts_while_it_is_open(harbour):
    made: Any = None

    async def ask_for_once(session, outline):
        action = attrs.evolve(made.mappings["a"].action, effect=Effect.ONCE)
        return Opening(action=action if outline.mapping == "a" else None)

    made = harbour("a", "b", open=ask_for_once)
    declared = made.mappings["a"].action.effect
    assert declared is not Effect.ONCE
    assert made.effects == {"a": declared, "b": declared}
    async with made as connection:
        assert connection.effects == {"a": Effect.ONCE, "b": declared}
    assert made.effects == {"a": declared, "b": declared}


async def test_an_error_halts_its_mapping_with_code_message_and_fix_and_spares_the_others(
    harbour, vendor, track, finding
):
    def look(outline):
        error = finding(code="shelf-full", fix="Empty it.")
        return Opening(findings=[error] if outline.constants["shelf"] == "a" else [])

    async with harbour("a", "b", open=_opens(look)) as connection:
        receipts = await connection.deliver([track(), {"type": "page"}, track()])
    assert connection.findings == (finding(code="shelf-full", fix="Empty it.", mapping="a"),)
    halted = receipts[0].outcomes["a"]
    assert (halted.status, halted.code) == (Status.HALTED, "shelf-full")
    assert (halted.message, halted.attempts) == ("The shelf is full. Empty it.", 0)
    assert [r.outcomes["a"].status for r in receipts] == ["halted", "filtered", "halted"]
    assert [r.outcomes["b"].status for r in receipts] == ["delivered", "filtered", "delivered"]
    assert {request.url.path for request in vendor.requests} == {"/stow"}
    assert vendor.bodies == [["b"], ["b"]]


async def test_several_errors_are_told_together_and_one_without_a_code_gets_one(
    harbour, track, finding
):
    errors = [finding(), finding(message="It is wet."), finding("warning", "It is far.")]
    async with harbour("a", open=_opens(Opening(findings=errors))) as connection:
        [receipt] = await connection.deliver([track()])
    assert receipt.outcomes["a"].code == "mapping-not-ready"
    assert receipt.outcomes["a"].message == "The shelf is full. It is wet."


async def test_a_warning_is_told_and_halts_nothing(harbour, track, finding):
    opening = Opening(findings=[finding("warning"), finding("warning"), finding("ok")])
    async with harbour("a", open=_opens(opening)) as connection:
        [receipt] = await connection.deliver([track()])
    assert receipt.outcomes["a"].status is Status.DELIVERED
    assert [found.level for found in connection.findings] == ["warning", "ok"]


async def test_a_halt_ends_when_the_connection_is_opened_again(harbour, track, finding):
    shelf = [finding()]
    connection = harbour("a", open=_opens(lambda _: Opening(findings=list(shelf))))
    statuses = []
    for _ in range(2):
        async with connection:
            [receipt] = await connection.deliver([track()])
        statuses.append(receipt.outcomes["a"].status)
        shelf.clear()
    assert statuses == [Status.HALTED, Status.DELIVERED]
    assert connection.findings == ()


async def test_an_opening_makes_an_action_for_its_mapping_alone(harbour, vendor, track):
    async def ring(session, batch):
        await session.request("POST", "https://api.acme.example/ring")
        return [wharfinger.Outcome.delivered()] * len(batch)

    def look(outline):
        made = attrs.evolve(connection.mappings["a"].action, perform=ring, effect=Effect.ONCE)
        return Opening(action=made if outline.mapping == "a" else None)

    connection = harbour("a", "b", open=_opens(look))
    vendor.script = [httpx.ReadTimeout("slow")]
    async with connection:
        [receipt] = await connection.deliver([track()])
    assert _codes(receipt) == {"a": ("unknown", "timed-out"), "b": ("delivered", "delivered")}
    assert [request.url.path for request in vendor.requests] == ["/ring", "/stow"]
    vendor.requests.clear()
    preview = await connection.preview([track()])
    assert [request.url[-5:] for request in preview.requests] == ["/stow", "/stow"]


@pytest.mark.parametrize(
    ("error", "level", "status"),
    [
        (wharfinger.HaltedError("No.", code="no-access"), "error", Status.HALTED),
        (wharfinger.HostNotAllowedError("No.", code="no-access"), "error", Status.HALTED),
        (wharfinger.RetryError("Later.", code="unavailable"), "warning", Status.DELIVERED),
        (wharfinger.ThrottledError("Later.", code="slow"), "warning", Status.DELIVERED),
        (wharfinger.UnknownError("Who knows.", code="odd"), "warning", Status.DELIVERED),
        (wharfinger.RejectedError("No.", code="refused"), "warning", Status.DELIVERED),
    ],
)
async def test_what_an_opening_raises_is_a_finding(harbour, track, error, level, status):
    async with harbour("a", open=_opens(error)) as connection:
        [receipt] = await connection.deliver([track()])
    [found] = connection.findings
    assert (found.level, found.mapping, found.code) == (level, "a", error.code)
    assert found.message == error.message
    assert receipt.outcomes["a"].status is status


@pytest.mark.parametrize(
    "given",
    [
        ZeroDivisionError("bug"),
        ExceptionGroup("several", [ValueError("bug")]),
        lambda _: None,
        lambda _: [],
        lambda _: Untyped(findings=None),
        lambda _: Untyped(findings=["a text"]),
        lambda _: Untyped(action="ring"),
    ],
)
async def test_a_faulty_opening_is_logged_and_the_mapping_goes_on(harbour, track, caplog, given):
    async with harbour("a", open=_opens(given)) as connection:
        [receipt] = await connection.deliver([track()])
    [found] = connection.findings
    assert (found.level, found.mapping) == ("warning", "a")
    assert "The check itself failed" in found.message
    assert "the action stow failed to look at a" in caplog.text
    assert receipt.outcomes["a"].status is Status.DELIVERED


@attrs.define(kw_only=True)
class _OtherCrate:
    shelf: str = wharfinger.field(label="Shelf")


@pytest.mark.parametrize("change", [{"payload": _OtherCrate}, {"slug": "ring-bell"}])
async def test_an_opened_action_cannot_become_another_one(harbour, track, caplog, change):
    def look(_outline):
        return Opening(action=attrs.evolve(made.mappings["a"].action, **change))

    made: wharfinger.Connection = harbour("a", open=_opens(look))
    async with made as connection:
        [receipt] = await connection.deliver([track()])
    assert f"must keep the {next(iter(change))} it had" in caplog.text
    assert receipt.outcomes["a"].status is Status.DELIVERED


@pytest.mark.parametrize("wrong", [{"message": ["x"]}, {"fix": None}, {"level": "Error"}])
def test_a_finding_that_nobody_could_show_cannot_be_made(wrong):
    with pytest.raises((TypeError, ValueError)):
        Finding(**{"level": "ok", "subject": "Shelf", "message": "", **wrong})


async def test_refused_credentials_are_told_once_and_halt_everything(harbour, vendor, track):
    async def look(session, outline):
        await session.request("GET", ME)
        raise wharfinger.CredentialsError("The API Key was refused.", http_status=401)

    bell = {"bell": {"action": "ring-bell", "trigger": 'type = "track"'}}
    async with harbour("a", "b", mappings=bell, open=look) as connection:
        [receipt, page] = await connection.deliver([track(), {"type": "page"}])
    [found] = connection.findings
    assert (found.subject, found.mapping, found.level) == ("Credentials", "", "error")
    assert set(_codes(receipt).values()) == {("halted", "credentials-refused")}
    assert set(_codes(page).values()) == {("filtered", "not-triggered")}
    assert {request.url.path for request in vendor.requests} == {"/me"}


async def test_refused_credentials_end_the_openings_that_are_still_under_way(harbour):
    ended = []

    async def look(session, outline):
        if outline.mapping == "b":
            raise wharfinger.CredentialsError("The API Key was refused.")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(outline.mapping)

    async with harbour("a", "b", "c", open=look) as connection:
        assert [found.subject for found in connection.findings] == ["Credentials"]
    assert sorted(ended) == ["a", "c"]


async def test_an_opening_that_hangs_is_given_up_with_a_warning(harbour, track):
    async def look(session, outline):
        if outline.mapping == "a":
            await asyncio.Event().wait()
        return Opening()

    async with harbour("a", "b", open=look, retry={"timeout_s": 0.01}) as connection:
        [receipt] = await connection.deliver([track()])
    [found] = connection.findings
    assert (found.level, found.mapping) == ("warning", "a")
    assert "took too long" in found.message
    assert set(_codes(receipt).values()) == {("delivered", "delivered")}


async def test_an_opening_that_is_cancelled_leaves_nothing_open(harbour, track):
    reached, ended = asyncio.Event(), []

    async def look(session, outline):
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(outline.mapping)

    connection = harbour("a", "b", open=look)
    task = asyncio.create_task(connection.__aenter__())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == ["a", "b"]
    with pytest.raises(wharfinger.NotOpenError):
        await connection.deliver([track()])


async def test_nothing_is_delivered_before_every_mapping_has_been_looked_at(harbour, track):
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def look(session, outline):
        reached.set()
        await go_on.wait()
        return Opening()

    connection = harbour("a", open=look)
    opening = asyncio.create_task(connection.__aenter__())
    await reached.wait()
    with pytest.raises(wharfinger.NotOpenError):
        await connection.deliver([track()])
    go_on.set()
    await opening
    assert len(await connection.deliver([track()])) == 1
    await connection.__aexit__(None, None, None)


async def test_a_connection_is_not_opened_twice_and_stays_open(harbour, track):
    async with harbour("a") as connection:
        with pytest.raises(RuntimeError, match="is open already"):
            async with connection:
                pytest.fail("it was opened a second time")
        [receipt] = await connection.deliver([track()])
    assert receipt.outcomes["a"].status is Status.DELIVERED


def test_a_connection_is_opened_again_in_another_event_loop(harbour, track):
    async def answer(request):
        await asyncio.sleep(0)  # more requests than may be under way wait for each other
        return httpx.Response(200)

    connection = harbour("a", transport=httpx.MockTransport(answer))

    async def deliver():
        async with connection:
            rounds = await asyncio.gather(*(connection.deliver([track()]) for _ in range(20)))
        return {receipt.outcomes["a"].status for [receipt] in rounds}

    assert [asyncio.run(deliver()) for _ in range(2)] == [{Status.DELIVERED}] * 2


async def test_a_pause_that_the_vendor_asked_for_outlives_a_closed_connection(harbour, track):
    connection = harbour("a")
    async with connection:
        connection._governor.pause(3600)
    async with connection:
        [receipt] = await connection.deliver([track()])
    assert _codes(receipt) == {"a": ("retry", "paused")}


async def test_a_preview_of_an_open_connection_sends_nothing_where_it_is_halted(
    harbour, vendor, track, finding
):
    def look(outline):
        return Opening(findings=[finding()] if outline.mapping == "a" else [])

    async with harbour("a", "b", open=_opens(look)) as connection:
        preview = await connection.preview([track()])
        explained = {m.mapping: m for m in (await connection.explain(track())).mappings}
    assert [request.mapping for request in preview.requests] == ["b"]
    assert _codes(preview.receipts[0]) == {"a": ("halted", "mapping-not-ready")}
    assert explained["a"].outcome == preview.receipts[0].outcomes["a"]
    assert (explained["a"].request, explained["b"].outcome) == (None, None)
    assert explained["b"].request.body == b'["b"]'
    assert vendor.requests == []


async def test_a_preview_of_an_open_connection_knows_what_that_one_knows(harbour, vendor, track):
    class Map:
        def __init__(self):
            self.shelves = []

    seen = []

    async def look(session, outline):
        session.shared(Map).shelves.append(outline.constants["shelf"])
        return Opening()

    async def perform(session, batch):
        seen.append((session.previewing, list(session.shared(Map).shelves)))
        return [wharfinger.Outcome.delivered()] * len(batch)

    connection = harbour("a", open=look, perform=perform)
    async with connection:
        await connection.preview([track()])
        await connection.deliver([track()])
    await connection.preview([track()])
    assert seen == [(True, ["a"]), (False, ["a"]), (True, [])]


async def test_a_preview_does_not_wait_for_an_account_that_asked_for_a_pause(
    harbour, vendor, track
):
    async with harbour("a") as connection:
        connection._governor.pause(3600)
        preview = await connection.preview([track()])
    assert [request.mapping for request in preview.requests] == ["a"]


async def test_a_diagnosis_tells_what_the_opening_found_and_hands_outlines_to_the_checks(
    harbour, finding
):
    async with harbour("a", open=_opens(Opening(findings=[finding()]))) as connection:
        found = await connection.diagnose()
    assert [each.subject for each in found] == ["API Key", "Shelf"]
