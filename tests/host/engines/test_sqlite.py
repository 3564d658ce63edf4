"""The inbox keeps the contract."""

from __future__ import annotations

import pytest

from wharfinger_host.engines.contract import (
    EngineError,
    EngineUrlError,
    LaneEvent,
    LaneLostError,
)
from wharfinger_host.engines.finding import engine_of

LANES = 4


def events(count):
    return [LaneEvent(f"e{n}", "u-1", b'{"n":%d}' % n) for n in range(count)]


LANE = events(1)[0].lane(LANES)


@pytest.fixture
def clock(monkeypatch):
    """The clock of leases; a test moves it."""
    times = [1_000.0]
    monkeypatch.setattr("wharfinger_host.engines.sqlite.time.monotonic", lambda: times[0])
    return times


@pytest.fixture
async def engines(tmp_path, clock):
    """Two processes over one file, as it were."""
    made = [engine_of(f"sqlite://{tmp_path}/inbox.db?lease_s=3", LANES) for _ in range(2)]
    await made[0].setup(["acme"])
    yield made
    for each in made:
        await each.close()


async def test_events_come_in_order_and_once_they_are_acknowledged_not_again(engines):
    one, two = engines
    await one.publish(events(10))
    lease = await one.acquire("acme", LANE)
    assert [each.event for each in await lease.fetch(4, 0.0)] == events(4)
    batch = await lease.fetch(4, 0.0)
    assert [each.event for each in batch] == events(8)[4:]
    await lease.ack(batch)
    await lease.release()
    lease = await two.acquire("acme", LANE)
    batch = await lease.fetch(100, 0.0)
    assert [each.event for each in batch] == events(10)[8:]
    assert all(each.again for each in batch)


async def test_what_is_published_twice_is_there_once(engines):
    one, _ = engines
    await one.publish(events(3))
    await one.publish(events(5))
    lease = await one.acquire("acme", LANE)
    assert [each.event for each in await lease.fetch(100, 0.0)] == events(5)


async def test_a_lane_is_one_processs_until_it_gives_no_sign_of_life(engines, clock):
    one, two = engines
    lease = await one.acquire("acme", LANE)
    assert await two.acquire("acme", LANE) is None
    clock[0] += 2
    assert await one.workers("acme") == 1
    clock[0] += 2
    assert lease.is_good
    assert await two.acquire("acme", LANE) is None
    clock[0] += 1
    assert not lease.is_good  # in time: nobody else has it yet
    clock[0] += 1
    other = await two.acquire("acme", LANE)
    assert other.epoch == lease.epoch + 1


async def test_who_lost_a_lane_writes_nothing_about_it(engines, clock):
    one, two = engines
    await one.publish(events(3))
    lease = await one.acquire("acme", LANE)
    batch = await lease.fetch(3, 0.0)
    clock[0] += 4
    other = await two.acquire("acme", LANE)
    with pytest.raises(LaneLostError):
        await lease.ack(batch)
    with pytest.raises(LaneLostError):
        await lease.dead(batch, "poison")
    with pytest.raises(LaneLostError):
        await lease.fetch(3, 0.0)
    assert await two.letters("acme", 10) == []
    assert [each.event for each in await other.fetch(3, 0.0)] == events(3)


async def test_dead_letters_are_where_the_commands_find_them(engines):
    one, two = engines
    await one.publish(events(3))
    lease = await one.acquire("acme", LANE)
    batch = await lease.fetch(3, 0.0)
    await lease.dead(batch[:1], "It is poison.")
    (letter,) = await two.letters("acme", 10)
    assert (letter.event, letter.lane, letter.reason) == (events(1)[0], LANE, "It is poison.")
    assert (await two.status(["acme"])).dead == {"acme": 1}


async def test_the_status_says_what_waits_and_who_works(engines):
    one, _ = engines
    await one.publish(events(3))
    await one.workers("acme")
    await one.acquire("acme", LANE)
    status = await one.status(["acme", "zenith"])
    lanes = {(lane.connection, lane.lane): lane for lane in status.lanes}
    assert (lanes["acme", LANE].waiting, lanes["acme", LANE].held) == (3, True)
    assert status.workers == {"acme": 1, "zenith": 0}
    assert "engine setup" in lanes["zenith", 0].problem
    assert not status.ok
    assert (await one.status(["acme"])).ok


async def test_a_lane_that_was_never_made_is_not_taken(engines):
    one, _ = engines
    with pytest.raises(EngineError, match="engine setup"):
        await one.acquire("zenith", 0)


async def test_a_lane_that_is_stopped_gives_nothing_more(engines):
    one, _ = engines
    await one.publish(events(3))
    lease = await one.acquire("acme", LANE)
    await lease.stop()
    assert await lease.fetch(3, 0.0) == []


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://host/inbox.db",
        "sqlite://",
        "sqlite:///inbox.db?lease_s=soon",
        "sqlite:///inbox.db?lease_s=0",
        "sqlite:///inbox.db?mode=memory",
    ],
)
def test_a_url_that_names_no_file_is_refused(url):
    with pytest.raises(EngineUrlError):
        engine_of(url, LANES)
