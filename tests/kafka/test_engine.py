"""The contract, held against mock brokers."""

from __future__ import annotations

import asyncio

import pytest
from tests.leasing import fall_silent, fetched, lane_of, leave, opened

from wharfinger_host.engines.contract import (
    EngineDownError,
    EngineError,
    LaneEvent,
    LaneLostError,
)
from wharfinger_kafka import open_engine

pytestmark = pytest.mark.xdist_group("kafka")

LANES = 4


def events(count, contact="u-1"):
    return [LaneEvent(f"e{n}", contact, b'{"n":%d}' % n) for n in range(count)]


@pytest.fixture
def put(produce):
    """Publish events into a lane, as this engine would."""

    def put(count, lane=0):
        for each in events(count):
            produce(each.raw, lane=lane, key=each.contact, headers={"wharfinger-id": each.id})

    return put


async def test_what_is_published_is_in_the_lane_of_its_key_and_waits_for_each_connection(engine):
    await engine.publish([*events(30), *events(30, "u-2"), LaneEvent("n", "", b"{}")])
    status = await engine.status(["acme", "zenith"])
    waiting = [lane.waiting for lane in status.lanes]
    assert sum(waiting[:LANES]) == 61
    assert waiting[:LANES] == waiting[LANES:]
    assert status.ok
    for lane in range(LANES):
        lease = await lane_of(engine, lane)
        batch = [each.event for each in await fetched(lease, waiting[lane])]
        for contact in ("u-1", "u-2"):
            about = [event for event in batch if event.contact == contact]
            assert about in ([], events(30, contact))


async def test_events_come_in_their_order_and_once(engine, put):
    put(300)
    lease = await lane_of(engine, 0)
    batch = await fetched(lease, 150)
    await lease.ack(batch)
    batch += await fetched(lease, 150)
    assert [each.event for each in batch] == events(300)
    assert not any(each.again for each in batch)
    assert all(each.at_ms for each in batch)


async def test_each_connection_has_every_event(engine, put):
    put(3)
    for connection in ("acme", "zenith"):
        lease = await lane_of(engine, 0, connection)
        assert [each.event for each in await fetched(lease, 3)] == events(3)


async def test_a_lane_is_worked_on_once_at_a_time(engine):
    lease = await lane_of(engine, 0)
    assert await engine.acquire("acme", 0) is None
    await lease.release()
    assert await lane_of(engine, 0)


async def test_what_is_not_acknowledged_goes_back_to_its_place(engine, other, put):
    put(10)
    lease = await lane_of(engine, 0)
    batch = await fetched(lease, 6)
    await lease.ack(batch[:4])
    await leave(engine)
    batch = await fetched(await lane_of(other, 0), 6)
    assert [each.event for each in batch] == events(10)[4:]
    # All of it was there to be handed out, and nobody said before it died what was.
    assert all(each.again for each in batch)


async def test_what_was_never_handed_out_is_not_had_again_where_a_lane_is_let_go(
    engine, other, put
):
    put(10)
    lease = await lane_of(engine, 0)
    batch = await fetched(lease, 6)
    await lease.ack(batch[:4])
    await lease.release()
    await leave(engine)
    batch = await fetched(await lane_of(other, 0), 6)
    assert [(each.event.id, each.again) for each in batch] == [
        *(("e4", True), ("e5", True)),
        *((f"e{n}", False) for n in range(6, 10)),
    ]


async def test_a_lease_that_follows_in_the_same_worker_begins_at_its_place(engine, put):
    put(10)
    lease = await lane_of(engine, 0)
    batch = await fetched(lease, 6)
    await lease.ack(batch[:4])
    await lease.release()
    batch = await fetched(await lane_of(engine, 0), 6)
    assert [each.event for each in batch] == events(10)[4:]


async def test_a_lane_that_is_stopped_gives_no_more(engine, put):
    put(400)
    lease = await lane_of(engine, 0)
    first = await fetched(lease, 50)
    await lease.stop()
    while batch := await lease.fetch(100, 0.0):
        first += batch
    await lease.ack(first)
    await lease.release()
    rest = await fetched(await lane_of(engine, 0), 400 - len(first))
    assert [each.event for each in first + rest] == events(400)
    assert not any(each.again for each in rest)


async def test_a_lane_with_more_than_a_worker_holds_waits_in_kafka(engine, put):
    put(3_000)
    lease = await lane_of(engine, 0)
    found = await fetched(lease, 100)
    async with asyncio.timeout(30):
        while not lease.log.is_paused:  # noqa: ASYNC110  # a thread does it
            await asyncio.sleep(0.01)
    assert len(lease.log.messages) < 3_000
    await lease.ack(found)
    while len(found) < 3_000:
        batch = await fetched(lease, 100)
        await lease.ack(batch)
        found += batch
    assert [each.event for each in found] == events(3_000)


async def test_a_lane_is_lost_with_its_group(engine):
    lease = await lane_of(engine, 0)
    assert lease.is_good
    await leave(engine)
    assert not lease.is_good
    with pytest.raises(LaneLostError):
        await lease.fetch(1, 0.0)


async def test_a_worker_that_hung_must_send_nothing_even_when_it_is_alive_again(
    engine, monkeypatch
):
    lease = await lane_of(engine, 0)
    with monkeypatch.context() as later:
        later.setattr("time.monotonic", lambda: 10.0**9)
        assert not lease.is_good
    assert not lease.is_good


async def test_dead_letters_are_kept_with_their_reason(engine, put):
    put(3)
    lease = await lane_of(engine, 0)
    batch = await fetched(lease, 3)
    await lease.dead(batch[1:2], "It is poison.")
    await lease.ack(batch)
    for _ in range(2):  # looking takes nothing away
        (letter,) = await engine.letters("acme", 10)
        assert (letter.event, letter.lane, letter.reason) == (events(3)[1], 0, "It is poison.")
    assert await engine.letters("zenith", 10) == []
    assert (await engine.status(["acme"])).dead == {"acme": 1}


async def test_what_is_no_event_becomes_a_dead_letter_and_holds_up_nothing(engine, topic, produce):
    produce(b"not json", b"[1]")
    produce(None, key=b"u-1")
    lease = await lane_of(engine, 0)
    async with asyncio.timeout(30):
        while len(await engine.letters("acme", 10)) < 3:
            assert await lease.fetch(10, 1.0) == []
    letters = await engine.letters("acme", 10)
    assert [
        (x.event.id.rpartition("-")[0], x.event.raw, x.event.contact, x.reason) for x in letters
    ] == [
        (f"{topic}-0-0", b"not json", "", "It is no JSON object."),
        (f"{topic}-0-1", b"[1]", "", "It is no JSON object."),
        (f"{topic}-0-2", b"", "u-1", "It has no value."),
    ]
    produce(b'{"n":1}', b"{")
    (event,) = await fetched(lease, 1)
    await lease.ack([event])
    status = await engine.status(["acme"])
    assert event.event.raw == b'{"n":1}'
    # What follows an event that is none is acknowledged with the next one, or at the latest then.
    assert status.lanes[0].waiting in (0, 1)


async def test_the_status_says_what_is_missing_and_makes_nothing(brokers):
    async with opened(open_engine(brokers.url("nowhere"), LANES)) as made:
        for _ in range(2):
            status = await made.status(["acme"])
            assert not status.ok
            assert [lane.waiting for lane in status.lanes] == [None] * LANES
            assert all("engine setup" in lane.problem for lane in status.lanes)


async def test_a_connection_without_a_place_has_to_be_set_up(url):
    async with opened(open_engine(url, LANES)) as made:
        assert "no place" in (await made.status(["acme"])).lanes[0].problem
        await made.setup(["acme"])
        assert (await made.status(["acme"])).ok


@pytest.mark.parametrize(("begin", "waits"), [("latest", 0), ("earliest", 2)])
async def test_a_connection_begins_where_the_url_says(brokers, topic, begin, waits, produce):
    produce(b"{}", b"{}")
    async with opened(open_engine(f"{brokers.url(topic)}&begin={begin}", LANES)) as made:
        for _ in range(2):  # what has a place keeps it
            await made.setup(["acme"])
        assert [lane.waiting for lane in (await made.status(["acme"])).lanes] == [waits, 0, 0, 0]


async def test_a_number_of_lanes_other_than_that_of_partitions_is_refused(url):
    async with opened(open_engine(url, LANES + 1)) as made:
        assert "partitions = 4" in (await made.status(["acme"])).problems[0]
        for asked in (made.setup(["acme"]), made.publish(events(1)), made.workers("acme")):
            with pytest.raises(EngineError, match="partitions = 4"):
                await asked


async def test_partitions_that_came_later_are_said(brokers):
    topic = brokers.topics_of(LANES, "acme")
    async with opened(open_engine(brokers.url(topic), LANES - 1)) as made:
        made._topics.lanes = LANES  # as it was when the worker began
        with pytest.raises(EngineError, match="more partitions than the 3 lanes"):
            await lane_of(made, LANES)


async def test_nothing_is_published_to_nowhere(brokers):
    async with opened(open_engine(brokers.url("nowhere"), LANES)) as made:
        for asked in (
            made.publish(events(1)),
            made.acquire("acme", 0),
            made.workers("acme"),
            made.letters("acme", 1),
        ):
            with pytest.raises(EngineError, match="engine setup"):
                await asked


async def test_a_connection_that_kafka_cannot_name_is_said(url):
    async with opened(open_engine(url, LANES)) as made:
        with pytest.raises(EngineError, match="Kafka takes no topic named"):
            await made.setup(["päckchen"])


async def test_where_nobody_listens_is_said_without_the_password(unused_tcp_port, monkeypatch):
    monkeypatch.setattr("wharfinger_kafka.topics._ANSWER_S", 0.3)
    made = open_engine(f"kafka://u:sesame-street@127.0.0.1:{unused_tcp_port}/events", LANES)
    with pytest.raises(EngineDownError, match=f"127.0.0.1:{unused_tcp_port}/events") as caught:
        await made.workers("acme")
    assert "sesame" not in str(caught.value)
    await made.close()


async def test_a_worker_that_nobody_works_with_any_more_leaves_the_group(engine, other):
    await lane_of(engine, 0)
    await fall_silent(engine)
    member = engine._members["acme"]
    member._beaten_s -= 60
    async with asyncio.timeout(30):
        while not member.has_ended:  # noqa: ASYNC110  # a thread does it
            await asyncio.sleep(0.01)
    assert await lane_of(other, 0)
    assert await lane_of(engine, 1)
