"""What a flow asks its host before anything is sent: to note it, and whether it may be."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tests.core.connection.taking import rest_of

import wharfinger
from wharfinger import Outcome, Status

RETRY = Outcome(status=Status.RETRY, code="unavailable")


class Book:
    """A journal that notes what it was told, or cannot."""

    def __init__(self, yard, failure=None):
        self.lines = []
        self.yard = yard
        self.failure = failure

    async def sending(self, mapping, tokens):
        await asyncio.sleep(0)
        if self.failure:
            raise self.failure
        self.lines.append((mapping, tokens, list(self.yard.by["launch"][0])))


ONCE_AND_OFTEN = {
    "often": {"action": "ship", "fields": {"place": "often"}},
    "once": {"action": "launch"},
}


async def test_the_journal_is_told_before_anything_is_sent_that_must_not_happen_twice(
    ship, yard, parcel
):
    book = Book(yard)
    connection = ship(mappings=ONCE_AND_OFTEN)
    async with connection, connection.flow(journal=book) as flow:
        await flow.put(parcel(1), "m-1")
    assert book.lines == [("once", ["m-1"], [])]
    assert sorted(yard.batches) == [("a", [1]), ("often", [1])]


async def test_nothing_is_sent_while_the_host_is_not_ready_whatever_its_effect(ship, yard, parcel):
    asked, may_go = asyncio.Event(), asyncio.Event()
    book = Book(yard)

    async def ready(tokens):
        assert tokens == ["m-1"]
        asked.set()
        await may_go.wait()
        return True

    connection = ship(mappings=ONCE_AND_OFTEN)
    async with connection, connection.flow(journal=book, ready=ready) as flow:
        await flow.put(parcel(1), "m-1")
        await asked.wait()
        flow.end()
        for _ in range(20):
            await asyncio.sleep(0)
        assert (yard.batches, book.lines) == ([], [])
        may_go.set()
    assert sorted(yard.batches) == [("a", [1]), ("often", [1])]


async def test_what_the_host_does_not_want_sent_comes_back(ship, yard, parcel):
    book = Book(yard)

    async def ready(tokens):
        return "m-1" not in tokens

    connection = ship(mappings=ONCE_AND_OFTEN)
    async with connection, connection.flow(journal=book, ready=ready) as flow:
        await flow.put(parcel(1), "m-1")
        await flow.drain()
        [settled] = await rest_of(flow)
    for outcome in settled.receipt.outcomes.values():
        assert (outcome.status, outcome.code, outcome.attempts) == (Status.RETRY, "held-back", 0)
    assert (yard.batches, book.lines) == ([], [])


@pytest.mark.parametrize("turns_away", [False, OSError("the inbox is gone")])
async def test_what_is_tried_again_is_not_sent_once_the_host_wants_nothing_sent(
    harbour, turns_away
):
    sent, wants = [], True

    def vendor(request):
        nonlocal wants
        sent.append(request.url.path)
        wants = False
        return httpx.Response(503)

    async def stow(session, batch):
        response = await session.request("POST", "https://api.acme.example/stow")
        raise wharfinger.RetryError("Come again.", code=str(response.status_code))

    async def ready(_tokens):
        if not wants and isinstance(turns_away, OSError):
            raise turns_away
        return wants

    connection = harbour("a", perform=stow, transport=httpx.MockTransport(vendor))
    async with connection, connection.flow(ready=ready) as flow:
        await flow.put({"type": "track"})
        await flow.drain()
        [settled] = await rest_of(flow)
    outcome = settled.receipt.outcomes["a"]
    assert (outcome.status, outcome.code, outcome.attempts) == (Status.RETRY, "held-back", 1)
    assert sent == ["/stow"]


async def test_what_waits_for_the_host_at_the_deadline_was_never_sent(ship, yard, parcel):
    async def never(_tokens):
        await asyncio.Event().wait()

    async with ship() as connection, connection.flow(ready=never) as flow:
        await flow.put(parcel(1))
        assert not await flow.drain(0)
    assert yard.batches == []


async def test_what_the_journal_cannot_take_is_not_sent(ship, yard, parcel, caplog):
    book = Book(yard, OSError("the disk is full"))
    connection = ship(mappings=ONCE_AND_OFTEN)
    async with connection, connection.flow(journal=book) as flow:
        await flow.put(parcel(1))
        await flow.drain()
        [settled] = await rest_of(flow)
    outcome = settled.receipt.outcomes["once"]
    assert (outcome.status, outcome.code, outcome.attempts) == (Status.RETRY, "not-recorded", 0)
    assert settled.receipt.outcomes["often"].status is Status.DELIVERED
    assert yard.batches == [("often", [1])]
    assert "the disk is full" in caplog.text
