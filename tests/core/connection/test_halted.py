"""What has halted costs nearly nothing: no payload is made of an event that cannot be sent."""

from __future__ import annotations

import asyncio

import attrs
import httpx
import pytest
from tests.core.connection.taking import rest_of

import wharfinger
from wharfinger import Opening, Status


@attrs.define
class Encoder:
    """Takes note of the payloads that were made."""

    made: list[str] = attrs.field(factory=list)

    def __call__(self, crate):
        self.made.append(crate.label)
        return b""


@pytest.fixture
def encoder():
    return Encoder()


def _error_for(finding, *shelves):
    async def open_(_session, outline):
        found = finding(code="shelf-full")
        return Opening(findings=[found] if outline.constants["shelf"] in shelves else [])

    return open_


def _statuses(receipts, mapping="a"):
    return [receipt.outcomes[mapping].status for receipt in receipts]


async def _flown(connection, events):
    async with connection.flow() as flow:
        for event in events:
            await flow.put(event)
        await flow.drain()
        return [settled.receipt for settled in await rest_of(flow)]


@pytest.mark.parametrize("way", ["deliver", "flow"])
async def test_an_event_of_a_halted_mapping_is_not_mapped_and_a_filtered_one_stays_filtered(
    harbour, track, finding, encoder, way
):
    open_ = _error_for(finding, "a")
    events = [track(), {"type": "page"}, track(), "no event"]
    async with harbour("a", open=open_, encode=encoder) as connection:
        if way == "deliver":
            receipts = await connection.deliver(events)
        else:
            receipts = await _flown(connection, events)
    assert _statuses(receipts) == ["halted", "filtered", "halted", "rejected"]
    outcome = receipts[0].outcomes["a"]
    assert (outcome.code, outcome.message, outcome.attempts) == (
        "shelf-full",
        "The shelf is full.",
        0,
    )
    assert encoder.made == []


async def test_a_mapping_beside_a_halted_one_goes_on(harbour, track, finding, encoder):
    open_ = _error_for(finding, "a")
    async with harbour("a", "b", open=open_, encode=encoder) as connection:
        receipts = await _flown(connection, [track()] * 3)
        assert connection.flow().halt is None
    assert _statuses(receipts, "a") == ["halted"] * 3
    assert _statuses(receipts, "b") == ["delivered"] * 3
    assert len(encoder.made) == 3


async def test_credentials_that_are_refused_on_the_way_stop_the_mapping_of_what_comes_after(
    harbour, vendor, track, encoder
):
    vendor.script = [httpx.Response(401)]
    async with harbour("a", "b", encode=encoder) as connection, connection.flow() as flow:
        before = flow.halt
        await flow.put(track(), mappings=["a"])
        assert (await anext(flow)).receipt.outcomes["a"].attempts == 1
        halt = flow.halt
        assert before is None
        assert halt is not None
        assert (halt.status, halt.attempts) == (Status.HALTED, 0)
        encoder.made.clear()
        await flow.put(track())
        receipt = (await anext(flow)).receipt
        assert receipt.outcomes == dict.fromkeys("ab", halt)
    assert encoder.made == []


async def test_a_flow_is_halted_where_every_mapping_is(harbour, track, finding):
    async with harbour("a", "b", open=_error_for(finding, "a", "b")) as connection:
        halt = connection.flow().halt
    assert halt is not None
    assert halt.code == "shelf-full"


async def test_a_flow_without_mappings_is_not_halted(harbour):
    async with harbour() as connection:
        assert connection.flow().halt is None


async def test_a_halted_mapping_says_so_even_of_an_event_that_it_could_not_map(harbour, finding):
    # Once it is put right, the event is rejected: what is wrong with it may be the mapping.
    wrong = {"type": "track", "event": {"no": "text"}}
    async with harbour("a", open=_error_for(finding, "a")) as connection:
        [halted] = await connection.deliver([wrong])
        [explained] = (await connection.explain(wrong)).mappings
    async with harbour("a") as connection:
        [rejected] = await connection.deliver([wrong])
    assert _statuses([halted, rejected]) == ["halted", "rejected"]
    assert explained.outcome is not None
    assert explained.outcome.status is Status.REJECTED  # a person who asks is told


async def test_what_was_halted_is_sent_in_order_once_the_connection_is_mended(ship, yard, parcel):
    connection = ship(rows=2)
    events = [parcel(number, owner="ann") for number in range(7)]
    yard.answer = lambda _: wharfinger.Outcome.of(wharfinger.HaltedError("No.", code="closed"))
    async with connection:
        halted = await _ship_all(connection, events)
    assert {outcome.status for outcome in halted.values()} == {Status.HALTED}
    assert len(yard.batches) == 1  # one was tried
    yard.answer = lambda _: wharfinger.Outcome.delivered()
    async with connection:
        delivered = await _ship_all(connection, events)
    assert {outcome.status for outcome in delivered.values()} == {Status.DELIVERED}
    assert yard.stored == list(range(7))


async def _ship_all(connection, events):
    async with connection.flow() as flow:
        for event in events:
            await flow.put(event, event["number"])
            await asyncio.sleep(0)
        await flow.drain()
        return {s.token: s.receipt.outcomes["ship"] for s in await rest_of(flow)}


async def test_where_nothing_else_is_delivered_halted_events_come_back_at_a_pace(
    ship, yard, parcel, turns, clock
):
    yard.answer = lambda _: wharfinger.Outcome.of(wharfinger.HaltedError("No.", code="closed"))
    async with ship(rows=1) as connection, connection.flow(unsent_per_s=10.0) as flow:
        await flow.put(parcel(0))
        await turns()
        for number in range(1, 11):
            await flow.put(parcel(number))
        waiting = asyncio.create_task(flow.put(parcel(11)))
        await turns()
        assert not waiting.done()
        clock.advance(1)
        await waiting
        await flow.drain()
        assert len(await rest_of(flow)) == 12


async def test_what_another_place_delivers_lets_halted_events_come_back_sooner(
    ship, yard, parcel, turns
):
    yard.answer = lambda number: (
        wharfinger.Outcome.of(wharfinger.HaltedError("No.", code="closed"))
        if number < 100
        else wharfinger.Outcome.delivered()
    )
    async with ship(rows=1) as connection, connection.flow(unsent_per_s=10.0) as flow:
        await flow.put(parcel(0))
        await turns()
        for number in range(1, 10):
            await flow.put(parcel(number))
            await flow.put(parcel(100 + number, "b"))
            await turns()
        for number in range(10, 20):
            await flow.put(parcel(number))
        await flow.drain()
    assert yard.batches[0] == ("a", [0])
    assert {place for place, _ in yard.batches[1:]} == {"b"}


async def test_a_flow_from_which_nothing_may_come_back_cannot_be_made(ship):
    async with ship() as connection:
        with pytest.raises(ValueError, match="allowed to come back"):
            connection.flow(unsent_per_s=0)
