"""What a lease hands out and says it did, whatever the group wants."""

from __future__ import annotations

import asyncio

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.engines.contract import EngineDownError, LaneLostError
from wharfinger_kafka.address import Address
from wharfinger_kafka.lease import KafkaLease, LaneLog
from wharfinger_kafka.messages import read

ADDRESS = Address.of("kafka://one/t")


class Group:
    """Takes what is committed."""

    connection = "acme"

    def __init__(self):
        self.is_alive = True
        self.places = []
        self.refuses = False

    async def commit(self, log, offset, limit):
        if self.refuses:
            raise LaneLostError("refused")
        self.places.append((offset, limit))


def messages(offsets):
    return [
        Message(topic="t", partition=3, offset=each, key=b"u", value=b"{}", headers=None)
        for each in offsets
    ]


def lease_of(group, offsets, *, acked=0, limit=0):
    """Return a lease of a lane that has messages."""
    log = LaneLog(lane=3, acked=acked, limit=limit)
    log.hear(messages(offsets))
    return follow(group, log)


def follow(group, log):
    async def bury(lane, events, reason):
        raise AssertionError(reason)

    log.lease = KafkaLease(
        log=log, epoch=1, member=group, read=lambda each: read(each, ADDRESS), bury=bury
    )
    return log.lease


async def test_nothing_is_handed_out_beyond_what_was_committed_before():
    group = Group()
    lease = lease_of(group, range(1_000))
    for _ in range(5):
        batch = await lease.fetch(100, 0.0)
        assert batch[-1].place < group.places[-1][1]
        await lease.ack(batch)
    assert group.places[-1][0] == 500
    # One commit for a batch, and one before the first.
    assert len(group.places) == 6


async def test_a_lane_that_is_wanted_back_ends_its_batch_and_hands_out_no_more():
    group = Group()
    lease = lease_of(group, range(300))
    batch = await lease.fetch(100, 0.0)
    lease.log.recall()
    assert lease.is_good
    await lease.ack(batch)
    with pytest.raises(LaneLostError, match="wants lane 3 of acme back"):
        await lease.fetch(100, 0.0)
    assert not lease.log.is_free
    await lease.release()
    assert lease.log.is_free
    # Whoever has it next is told that nothing of the rest was handed out.
    assert group.places[-1] == (100, 100)


async def test_what_was_handed_out_before_is_had_again_and_what_was_not_is_not():
    lease = lease_of(Group(), range(4, 10), acked=4, limit=7)
    assert [each.again for each in await lease.fetch(9, 0.0)] == [True] * 3 + [False] * 3


async def test_a_lease_that_is_let_go_in_the_middle_says_what_it_handed_out():
    group = Group()
    lease = lease_of(group, range(50))
    await lease.ack(await lease.fetch(10, 0.0))
    await lease.fetch(5, 0.0)
    await lease.release()
    assert group.places[-1] == (10, 15)
    after = follow(group, lease.log)
    assert [(each.place, each.again) for each in await after.fetch(6, 0.0)] == [
        *((n, True) for n in range(10, 15)),
        (15, False),
    ]


async def test_what_the_group_does_not_take_is_lost():
    group = Group()
    lease = lease_of(group, range(5))
    batch = await lease.fetch(5, 0.0)
    group.refuses = True
    with pytest.raises(LaneLostError):
        await lease.ack(batch)
    assert not lease.is_good
    assert lease.log.acked == 0


async def test_a_lane_that_was_taken_away_commits_nothing_any_more():
    group = Group()
    lease = lease_of(group, range(5))
    batch = await lease.fetch(5, 0.0)
    lease.log.lose()
    before = list(group.places)
    with pytest.raises(LaneLostError):
        await lease.ack(batch)
    await lease.release()
    assert group.places == before


async def test_where_nothing_comes_nothing_is_returned():
    lease = lease_of(Group(), [])
    assert await lease.fetch(5, 0.0) == []


async def test_whoever_waits_hears_of_what_comes():
    lease = lease_of(Group(), [])
    waiting = asyncio.create_task(lease.fetch(5, 60.0))
    await asyncio.sleep(0)
    lease.log.hear(messages([7]))
    assert [each.place for each in await waiting] == [7]


async def test_a_dead_letter_that_cannot_be_written_acknowledges_nothing():
    group = Group()
    lease = lease_of(group, [])
    lease.log.hear([Message(topic="t", partition=3, offset=0, value=b"no json", headers=None)])

    async def bury(lane, events, reason):
        raise EngineDownError("down")

    lease.bury = bury
    with pytest.raises(EngineDownError):
        await lease.fetch(5, 0.0)
    assert lease.log.acked == 0


async def test_what_waited_behind_such_a_letter_was_never_handed_out():
    lease = lease_of(Group(), [])
    values = [b"no json", b"{}", b"{}"]
    lease.log.hear(
        [
            Message(topic="t", partition=3, offset=n, value=value, headers=None)
            for n, value in enumerate(values)
        ]
    )

    async def bury(lane, events, reason):
        raise EngineDownError("down")

    async def bury_now(lane, events, reason):
        pass

    lease.bury = bury
    with pytest.raises(EngineDownError):
        await lease.fetch(5, 0.0)
    await lease.release()
    after = follow(lease.member, lease.log)
    after.bury = bury_now
    assert [(each.place, each.again) for each in await after.fetch(5, 0.0)] == [
        (1, False),
        (2, False),
    ]


async def test_large_events_are_handed_out_a_few_at_a_time_and_few_are_held():
    lease = lease_of(Group(), [])
    log = lease.log
    large = [
        Message(topic="t", partition=3, offset=n, value=b"{}" + b" " * 1_500_000, headers=None)
        for n in range(6)
    ]
    for each in large[:5]:
        assert log.is_next(each)
        assert not log.is_full
    assert log.is_next(large[5])
    assert log.is_full
    log.hear(large)
    batch = await lease.fetch(100, 0.0)
    assert len(batch) == 3
    await lease.ack(batch)
    assert not log.is_full
    assert not log.is_low
    await lease.ack(await lease.fetch(1, 0.0))
    assert log.is_low


def test_a_message_that_comes_once_more_is_not_taken_in():
    log = LaneLog(lane=3, acked=4, limit=4)
    assert [log.is_next(each) for each in messages([3, 4, 7, 5, 7, 8])] == [
        *(False, True, True),
        *(False, False, True),
    ]


@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=12),
    st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_every_event_is_handed_out_in_its_order_whatever_is_acknowledged(sizes, lets_go):
    """Markers and compaction leave gaps in the offsets: every third is missing."""
    offsets = [n for n in range(60) if n % 3]

    async def work():
        group, acked, seen = Group(), [], set()
        lease = lease_of(group, offsets)
        for size, gone in zip(sizes, lets_go, strict=False):
            batch = await lease.fetch(size, 0.0)
            assert all(each.again == (each.place in seen) for each in batch)
            seen |= {each.place for each in batch}
            if gone:
                await lease.release()
                lease = follow(group, lease.log)
            elif batch:
                await lease.ack(batch)
                acked += [each.place for each in batch]
        return acked

    acked = asyncio.run(work())
    assert acked == offsets[: len(acked)]
