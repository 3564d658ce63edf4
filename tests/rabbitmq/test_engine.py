"""The contract, held against a real node."""

from __future__ import annotations

import asyncio

import pytest
from tests import leasing
from tests.leasing import fetched, leave, opened
from tests.rabbitmq.nodes import Cluster

from wharfinger_host.engines.contract import (
    EngineDownError,
    EngineError,
    EngineFullError,
    LaneEvent,
    LaneLostError,
)
from wharfinger_rabbitmq import lease as lease_module
from wharfinger_rabbitmq import open_engine
from wharfinger_rabbitmq.lease import RabbitLease

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("rabbitmq")]

LANES = 4


def events(count, contact="u-1"):
    return [LaneEvent(f"e{n}", contact, b'{"n":%d}' % n) for n in range(count)]


LANE = events(1)[0].lane(LANES)


async def lane_of(engine, connection="acme"):
    return await leasing.lane_of(engine, LANE, connection)


async def test_events_come_in_their_order_and_once(engine):
    await engine.publish(events(300))
    lease = await lane_of(engine)
    batch = await fetched(lease, 150)
    await lease.ack(batch)
    batch += await fetched(lease, 150)
    assert [each.event for each in batch] == events(300)
    assert not any(each.again for each in batch)


async def test_each_connection_has_every_event(engine):
    await engine.publish(events(3))
    for connection in ("acme", "zenith"):
        lease = await lane_of(engine, connection)
        assert [each.event for each in await fetched(lease, 3)] == events(3)


async def test_a_lane_is_one_workers_at_a_time(engine, other):
    lease = await lane_of(engine)
    assert await other.acquire("acme", LANE) is None
    await lease.release()
    assert await lane_of(other)


async def test_what_is_not_acknowledged_goes_back_to_its_place(engine, other):
    await engine.publish(events(10))
    lease = await lane_of(engine)
    batch = await fetched(lease, 6)
    await lease.ack(batch[:4])
    await leave(engine)
    batch = await fetched(await lane_of(other), 6)
    assert [each.event for each in batch] == events(10)[4:]
    assert all(each.again for each in batch)


async def test_a_lane_that_is_stopped_gives_what_it_has_and_no_more(engine, other):
    await engine.publish(events(400))
    lease = await lane_of(engine)
    first = await fetched(lease, 50)
    await lease.stop()
    while batch := await lease.fetch(100, 0.0):
        first += batch
    await lease.ack(first)
    await lease.release()
    rest = await fetched(await lane_of(other), 400 - len(first))
    assert [each.event for each in first + rest] == events(400)
    assert not any(each.again for each in rest)


async def test_a_lane_that_is_stopped_is_left_although_events_go_on_coming(
    engine, other, monkeypatch
):
    monkeypatch.setattr(lease_module, "_LEAVING_S", 0.0)
    await engine.publish(events(3))
    lease = await lane_of(engine)
    await lease.ack(await fetched(lease, 2))
    await lease.stop()
    batch = await lease.fetch(100, 5.0)
    assert [each.event for each in batch] == events(3)[2:]
    await engine.publish(events(20)[3:])
    await lease.ack(batch)
    assert await lease.fetch(100, 5.0) == []
    await lease.release()
    rest = await fetched(await lane_of(other), 17)
    assert [each.event for each in rest] == events(20)[3:]
    assert not any(each.again for each in rest)


async def test_what_a_lane_that_is_stopped_did_not_deliver_comes_first(engine, other):
    await engine.publish(events(400))
    for holder in [engine, other] * 5:
        lease = await lane_of(holder)
        await fetched(lease, 5)
        await lease.stop()
        await lease.release()
    batch = await fetched(await lane_of(other), 200)
    assert [each.event for each in batch] == events(200)


async def test_a_lane_is_lost_with_its_connection(engine):
    lease = await lane_of(engine)
    assert lease.is_good
    await leave(engine)
    assert not lease.is_good
    with pytest.raises(LaneLostError):
        await lease.fetch(1, 0.0)


async def test_a_worker_that_gives_no_sign_of_life_must_send_nothing(engine, monkeypatch):
    lease = await lane_of(engine)
    monkeypatch.setattr("time.monotonic", lambda: 10.0**9)
    assert not lease.is_good


async def test_workers_are_counted(engine, other):
    assert await engine.workers("acme") == 1
    assert await other.workers("acme") == 2
    assert await other.workers("zenith") == 1


async def test_dead_letters_are_kept_with_their_reason(engine):
    await engine.publish(events(3))
    lease = await lane_of(engine)
    batch = await fetched(lease, 3)
    await lease.dead(batch[1:2], "It is poison.")
    await lease.ack(batch)
    for _ in range(2):  # looking takes nothing away
        (letter,) = await engine.letters("acme", 10)
        assert (letter.event, letter.lane, letter.reason) == (events(3)[1], LANE, "It is poison.")
    assert await engine.letters("zenith", 10) == []
    assert (await engine.status(["acme"])).dead == {"acme": 1}


async def test_a_lane_is_kept_while_its_dead_letters_cannot_be_written(engine, monkeypatch):
    await engine.publish(events(1))
    lease, bury, tries = await lane_of(engine), engine._bury, iter([EngineDownError("full")] * 2)

    async def hesitating(*letter):
        for error in tries:
            raise error
        await bury(*letter)

    lease.bury = hesitating
    await lease.dead(await fetched(lease, 1), "It is poison.")
    assert [letter.reason for letter in await engine.letters("acme", 10)] == ["It is poison."]
    lease.bury, tries = hesitating, iter([EngineDownError("full")])
    await engine.close()
    with pytest.raises(EngineDownError):
        await lease.dead([], "It is poison.")


async def test_a_full_lane_takes_no_more_and_keeps_what_it_has(url):
    async with opened(open_engine(f"{url}&most_waiting=3", LANES), "acme") as made:
        made._events.patience_s = 0.0
        # A queue learns that it is full a little after it is.
        with pytest.raises(EngineFullError):
            await made.publish(events(50))
        batch = await fetched(await lane_of(made), 3)
        assert [each.event for each in batch] == events(50)[: len(batch)]


async def test_the_status_says_what_is_missing_and_makes_nothing(url):
    made = open_engine(url, LANES)
    try:
        for _ in range(2):
            status = await made.status(["acme"])
            assert not status.ok
            assert len(status.lanes) == LANES
            assert all("engine setup" in lane.problem for lane in status.lanes)
    finally:
        await made.close()


async def test_the_status_says_what_waits_and_who_works(engine):
    await engine.publish(events(5))
    status = await engine.status(["acme"])
    assert status.ok
    assert [lane.waiting for lane in status.lanes if lane.lane == LANE] == [5]
    assert not any(lane.held for lane in status.lanes)
    await lane_of(engine)
    status = await engine.status(["acme"])
    assert [lane.lane for lane in status.lanes if lane.held] == [LANE]
    assert status.workers == {"acme": 1}


async def test_lanes_in_another_form_are_told_from_those_that_are_wanted(engine, url):
    made = open_engine(f"{url}&most_waiting=7", LANES)
    try:
        assert "in another form" in (await made.status(["acme"])).lanes[0].problem
        with pytest.raises(EngineError, match="in another form"):
            await made.setup(["acme"])
    finally:
        await made.close()
    assert (await engine.status(["acme"])).ok


async def test_a_producer_that_counts_lanes_otherwise_is_refused(engine, url):
    made = open_engine(url, LANES + 1)
    try:
        with pytest.raises(EngineError, match="number of lanes"):
            await made.publish(events(1))
    finally:
        await made.close()


async def test_nothing_is_published_to_nowhere(url):
    made = open_engine(url, LANES)
    try:
        with pytest.raises(EngineError, match="engine setup"):
            await made.publish(events(1))
        with pytest.raises(EngineError, match="engine setup"):
            await made.acquire("acme", 0)
        with pytest.raises(EngineError, match="engine setup"):
            await made.workers("acme")
        with pytest.raises(EngineError, match="engine setup"):
            await made.letters("acme", 1)
    finally:
        await made.close()


async def test_a_wrong_password_is_said_and_not_shown(url, node):
    made = open_engine(url.replace(node.password, "sesame-street"), LANES)
    with pytest.raises(EngineError, match="refuses the user wharf") as caught:
        await made.workers("acme")
    assert "sesame" not in str(caught.value)


async def test_a_virtual_host_that_is_not_there_is_said(node):
    made = open_engine(f"{node.url}nowhere", LANES)
    with pytest.raises(EngineDownError, match="virtual host nowhere") as caught:
        await made.workers("acme")
    assert node.password not in str(caught.value)


async def test_where_nobody_listens_is_said(unused_tcp_port):
    made = open_engine(f"amqp://u:sesame-street@127.0.0.1:{unused_tcp_port}/", LANES)
    with pytest.raises(EngineDownError, match=f"127.0.0.1:{unused_tcp_port}/ does not") as caught:
        await made.workers("acme")
    assert "sesame" not in str(caught.value)


async def test_an_id_may_be_longer_than_rabbitmq_takes_one(engine):
    named = LaneEvent("é" * 200, "u-1", b"{}")
    await engine.publish([named])
    lease = await lane_of(engine)
    batch = await fetched(lease, 1)
    await lease.dead(batch, "It is poison.")
    (letter,) = await engine.letters("acme", 1)
    assert batch[0].event == letter.event == named


async def test_a_lane_whose_queue_is_deleted_is_lost(engine, other):
    lease = await lane_of(engine)
    async with other.link.asking() as channel:
        await channel.queue_delete(engine.topology.lane("acme", LANE).name)
    with pytest.raises(LaneLostError):
        await lease.fetch(1, 30.0)


async def test_a_lane_that_does_not_answer_is_not_waited_for_without_end(engine, monkeypatch):
    # As a queue is whose leader is not known after its nodes were started again.
    monkeypatch.setattr(RabbitLease, "begin", lambda *_: asyncio.Event().wait())
    with pytest.raises(EngineDownError, match="in time"):
        await engine.acquire("acme", LANE)
    monkeypatch.undo()
    await engine.publish(events(1))
    assert await fetched(await lane_of(engine), 1)


@pytest.fixture
def alone(tmp_path):
    """A node of its own, to be started anew."""
    with Cluster(tmp_path) as cluster:
        yield cluster


async def test_a_node_that_takes_no_more_lets_its_lanes_run_empty(alone):
    async with opened(open_engine(alone.url, LANES), "acme") as made:
        await made.publish(events(450))
    alone.nodes[0].kill()
    alone.memory = "1MB"
    alone.start(alone.nodes[0])
    await alone.ready()
    async with opened(open_engine(alone.url, LANES)) as made, asyncio.timeout(60):
        made._events.patience_s = 0.0
        await until_up(made)
        with pytest.raises(EngineDownError, match=r"memory (or|and) disk"):
            await made.publish(events(1))
        lease = await lane_of(made)
        # More than is handed out before something is acknowledged.
        for _ in range(9):
            await lease.ack(await fetched(lease, 50))


async def until_up(engine):
    """Wait for a node that has just begun to listen."""
    while True:
        try:
            return await engine.workers("acme")
        except EngineDownError:
            await asyncio.sleep(0.1)
