"""What clusters do in the course of years: forget, cut off, grow, and refuse."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, TopicPartition
from tests.kafka.conftest import LANES
from tests.leasing import fall_silent, fetched, lane_of, opened

from wharfinger_host.engines.contract import EngineDownError, EngineError, Fetched, LaneEvent
from wharfinger_kafka import open_engine
from wharfinger_kafka.publishing import TooLargeError

pytestmark = pytest.mark.xdist_group("kafka")

_PRODUCE = 0


def numbered(count):
    return [b'{"n":%d}' % n for n in range(count)]


async def until(condition, engine, *others):
    """Give signs of life until something is so."""

    async def beat(each):
        with suppress(EngineDownError):  # mocks take no place while lanes are shared out
            await each.workers("acme")

    async with asyncio.timeout(60):
        while not condition():
            await asyncio.gather(*(beat(each) for each in (engine, *others)))
            await asyncio.sleep(0.02)


async def delivered(lease, count):
    """Return what so many events hold, each batch acknowledged, and which were had before."""
    found: list[Fetched] = []
    while len(found) < count:
        batch = await lease.fetch(100, 30.0)
        assert batch
        await lease.ack(batch)
        found += batch
    return [each.event.raw for each in found], {each.again for each in found}


def logs_of(engine):
    return engine._members["acme"]._logs if engine._members else {}


def put_places(engine, places):
    """Give a group places, as Kafka's own tools do."""
    parts = [TopicPartition(engine.address.topic, lane, offset) for lane, offset in places.items()]
    wanted = ConsumerGroupTopicPartitions(engine.address.group_of("acme"), parts)
    (answer,) = engine._topics._admin.alter_consumer_group_offsets([wanted]).values()
    assert not any(place.error for place in answer.result().topic_partitions)


async def test_a_full_lane_that_was_another_workers_for_a_while_goes_on(engine, other, produce):
    for lane in range(LANES):
        produce(*numbered(1_400), lane=lane)
    await until(lambda: len(logs_of(engine)) == LANES, engine)
    await until(lambda: all(log.is_paused for log in logs_of(engine).values()), engine)
    await until(lambda: logs_of(other), engine, other)
    moved = list(logs_of(other))
    await other.close()
    await until(lambda: len(logs_of(engine)) == LANES, engine)
    for lane in moved:
        assert (await delivered(await lane_of(engine, lane), 1_400))[0] == numbered(1_400)


async def test_a_batch_that_waits_for_its_vendor_for_several_sessions_is_not_taken_away(
    engine, produce
):
    produce(*numbered(3))
    lease = await lane_of(engine, 0)
    batch = await fetched(lease, 3)
    member = engine._members["acme"]
    until_s = member._alive_until_s + 3 * engine.address.session_s
    await until(lambda: member._alive_until_s > until_s, engine)
    assert lease.is_good
    await lease.ack(batch)
    assert (await engine.status(["acme"])).lanes[0].waiting == 0


async def test_events_that_kafka_deleted_before_they_were_delivered_are_said(
    engine, brokers, topic, caplog, produce
):
    produce(*numbered(10))
    brokers.forget(topic, 0, 6)
    lease = await lane_of(engine, 0)
    assert (await delivered(lease, 4))[0] == numbered(10)[6:]
    assert "Kafka deleted events of lane 0" in caplog.text
    assert "offsets 0 to 5" in caplog.text


async def test_and_so_are_those_that_it_deletes_while_a_lane_waits(
    engine, brokers, topic, caplog, produce
):
    produce(*numbered(4_000))
    lease = await lane_of(engine, 0)
    await until(lambda: lease.log.is_paused, engine)
    brokers.forget(topic, 0, 3_900)
    first = lease.log.upcoming
    found, _ = await delivered(lease, first + 100)
    assert found == numbered(4_000)[:first] + numbered(4_000)[3_900:]
    assert f"offsets {first} to 3899" in caplog.text


async def test_where_a_topic_was_made_anew_all_of_it_is_delivered_and_that_is_said(
    engine, caplog, produce
):
    produce(*numbered(10))
    put_places(engine, {0: 500})
    lease = await lane_of(engine, 0)
    await until(lambda: not lease.is_good, engine)
    assert await delivered(await lane_of(engine, 0), 10) == (numbered(10), {True})
    assert "made anew" in caplog.text


async def test_where_kafka_forgot_the_places_nothing_passes_for_never_handed_out(url, produce):
    produce(*numbered(5))
    async with opened(open_engine(url, LANES)) as made:
        lease = await lane_of(made, 0)
        assert await delivered(lease, 5) == (numbered(5), {True})
        produce(b"{}")
        assert await delivered(lease, 1) == ([b"{}"], {False})


async def test_what_is_in_a_new_lane_nobody_had(url, produce):
    async with opened(open_engine(url, LANES)) as made:
        put_places(made, {1: 0, 2: 0, 3: 0})
        produce(*numbered(5))
        assert await delivered(await lane_of(made, 0), 5) == (numbered(5), {False})


async def test_a_lane_that_came_later_is_set_up_with_all_that_is_in_it(url, produce):
    async with opened(open_engine(url, LANES)) as made:
        put_places(made, {1: 0, 2: 0, 3: 0})
        produce(*numbered(2))
        await made.setup(["acme"])
        assert [lane.waiting for lane in (await made.status(["acme"])).lanes] == [2, 0, 0, 0]


async def test_whether_to_leave_out_what_waits_is_asked_where_a_place_may_be_forgotten(
    url, produce
):
    produce(*numbered(2))
    async with opened(open_engine(url.replace("&begin=latest", ""), LANES)) as made:
        with pytest.raises(EngineError, match="Kafka forgets the place"):
            await made.setup(["acme"])


async def test_what_is_there_then_may_have_been_with_anybody(url, produce):
    produce(*numbered(2))
    async with opened(open_engine(url.replace("&begin=latest", "&begin=earliest"), LANES)) as made:
        await made.setup(["acme"])
        produce(b"{}")
        lease = await lane_of(made, 0)
        assert [each.again for each in await fetched(lease, 3)] == [True, True, False]


async def test_a_topic_that_a_broker_does_not_know_yet_ends_no_worker(engine, brokers, topic):
    await lane_of(engine, 0)
    await fall_silent(engine)
    member = engine._members["acme"]
    brokers.fail(topic, KafkaError.UNKNOWN_TOPIC_OR_PART)
    try:
        # What a client hears when it next asks which brokers there are.
        member._note(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), None)
        async with asyncio.timeout(30):
            while not member.has_ended:  # noqa: ASYNC110  # a thread does it
                await asyncio.sleep(0.01)
    finally:
        brokers.fail(topic, 0)
    with pytest.raises(EngineDownError):
        await engine.workers("acme")
    assert await lane_of(engine, 0)


async def test_large_things_that_are_no_events_become_dead_letters_as_they_are(engine, produce):
    large = b"x" * 2_000_000
    produce(large)
    lease = await lane_of(engine, 0)
    assert await lease.fetch(10, 30.0) == []
    (letter,) = await engine.letters("acme", 10)
    assert letter.event.raw == large


async def test_and_without_their_value_where_the_topic_of_dead_letters_takes_none_so_large(
    engine, brokers, topic, produce
):
    produce(b"not json", b"nor this")
    lease = await lane_of(engine, 0)
    await until(lambda: len(lease.log.messages) == 2, engine)
    brokers.refuse(_PRODUCE, KafkaError.MSG_SIZE_TOO_LARGE)
    assert await lease.fetch(10, 0.0) == []
    letters = await engine.letters("acme", 10)
    assert [letter.event.raw for letter in letters] == [b"", b"nor this"]
    assert f"offset 0 of partition 0 of {topic}" in letters[0].reason


class Narrow:
    """A topic of dead letters that takes no large ones, nor what is behind them in a request."""

    def __init__(self, publisher):
        self.publisher = publisher

    async def publish(self, letters):
        large = [number for number, each in enumerate(letters) if len(each.event.raw) > 10]
        taken = large[0] if large else len(letters)
        await self.publisher.publish(letters[:taken])
        if large:
            raise TooLargeError("It is too large.", range(taken, len(letters)))

    async def close(self):
        await self.publisher.close()


async def test_a_letter_that_is_too_large_takes_no_value_from_others_and_none_is_there_twice(
    engine, produce
):
    values = [b'{"n":1}', b'{"n":"too large"}', b'{"n":3}']
    produce(*values)
    lease = await lane_of(engine, 0)
    batch = await fetched(lease, 3)
    engine._dead = Narrow(engine._dead)
    await lease.dead(batch, "It is poison.")
    letters = await engine.letters("acme", 10)
    assert [letter.event.raw for letter in letters] == [values[0], b"", values[2]]


async def test_a_file_of_certificates_that_is_not_there_is_said_once_and_for_all(url, tmp_path):
    made = open_engine(f"{url.replace('kafka://', 'kafkas://')}&ca={tmp_path}/no.pem", LANES)
    made._is_checked = True
    event = LaneEvent("e", "u-1", b"{}")
    for asked in (made.workers("acme"), made.publish([event]), made.status(["acme"])):
        with pytest.raises(EngineError, match="Check ca") as caught:
            await asked
        assert not isinstance(caught.value, EngineDownError)
    await made.close()


async def test_what_brokers_refuse_to_store_is_said_and_not_taken_for_silence(engine, brokers):
    event = LaneEvent("e", "u-1", b"{}")
    for code, said in (
        (KafkaError.MSG_SIZE_TOO_LARGE, "max.message.bytes"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "may not use the topic"),
    ):
        brokers.refuse(_PRODUCE, code)
        with pytest.raises(EngineError, match=said) as caught:
            await engine.publish([event])
        assert not isinstance(caught.value, EngineDownError)
    await engine.publish([event])
