"""One connection at work on the lanes of an engine."""

from __future__ import annotations

from types import SimpleNamespace

import orjson
import pytest
from tests.host.engines.quay import Quay, acked, notes, row

from wharfinger_host.engines.contract import LaneEvent
from wharfinger_host.engines.ledger import enter, take_over
from wharfinger_host.engines.post import EnginePost
from wharfinger_host.store import leases
from wharfinger_host.store.backlog import backlog_of, state_of
from wharfinger_host.store.retention import Retention, prune
from wharfinger_host.working.verdicts import Patience


@pytest.fixture
async def quay(config, water, books):
    made = Quay(config, water, books, one_machine=True)
    await made.engine.setup(["main"])
    yield made
    made.store.close()


async def test_what_is_delivered_is_in_the_ledger_before_it_is_acknowledged(quay, water, vendor):
    await quay.engine.publish([*notes("a", "b"), row(1, "x@y")])
    await quay.until(lambda: acked(water))
    assert sorted(body["text"] for body in vendor.bodies("/notes")) == ["a", "b"]
    assert quay.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 3)]
    assert quay.sql("SELECT message_id FROM inbox ORDER BY seq") == [("m1-a",), ("m1-b",), ("m1",)]
    assert not any(lane.holder for lane in water.lanes["main"])


async def test_nothing_of_an_engine_waits_in_the_inbox(quay, water):
    await quay.engine.publish(notes("a"))
    await quay.until(lambda: acked(water))
    assert quay.sql(
        "SELECT count(*) FROM lanes AS l JOIN inbox AS i ON i.partition = l.partition "
        "AND i.seq > l.position"
    ) == [(0,)]
    assert quay.sql("SELECT count(*) FROM deferred") == [(0,)]


async def test_what_is_refused_is_a_dead_letter_of_this_machine(quay, water, vendor):
    vendor.reply = lambda body: (422, "no") if body["text"] == "b" else (200, "ok")
    await quay.engine.publish(notes("a", "b", "c"))
    await quay.until(lambda: acked(water))
    assert quay.sql("SELECT message_id, code FROM letters") == [("m1-b", "acme-refused")]
    assert sorted(body["text"] for body in vendor.bodies("/notes")) == ["a", "b", "c"]


async def test_what_fails_for_now_is_tried_again_in_place(quay, water, vendor, monkeypatch):
    waits = []
    pause = EnginePost._pause

    async def no_wait(self, seconds):
        waits.append(seconds)
        return await pause(self, 0.0)

    monkeypatch.setattr(EnginePost, "_pause", no_wait)
    answers = iter([503] * 4)
    vendor.reply = lambda _: (next(answers, 200), "")
    await quay.engine.publish([row(n, f"{n}@x") for n in range(7)])
    await quay.until(lambda: acked(water))
    assert waits
    assert all(29 < seconds <= 30 for seconds in waits)  # Acme asks for it
    assert quay.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 7)]
    assert quay.sql("SELECT count(*) FROM letters") == [(0,)]


async def test_what_halts_waits_with_its_lane_until_it_is_put_right(quay, water, vendor):
    refusals = iter([401, 401])
    vendor.reply = lambda _: (next(refusals, 200), "")
    await quay.engine.publish(notes("a", "b"))
    await quay.until(lambda: acked(water))
    assert quay.audience.outcomes["notes", "halted"] >= 1
    assert quay.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 2)]


async def test_what_is_published_twice_is_delivered_once(quay, water, vendor):
    await quay.engine.publish(notes("a", "b"))
    await quay.engine.publish(notes("a", "b", "c"))
    await quay.until(lambda: acked(water))
    assert sorted(body["text"] for body in vendor.bodies("/notes")) == ["a", "b", "c"]


async def test_an_event_goes_through_those_mappings_alone_that_it_is_for(quay, water, vendor):
    everything = {"type": "track", "userId": "u1", "properties": {"text": "a"}}
    await quay.engine.publish(
        [
            LaneEvent("m1", "u1", orjson.dumps(everything), ("rows",)),
            LaneEvent("m2", "u1", orjson.dumps(everything), ("notes", "gone")),
        ]
    )
    await quay.until(lambda: acked(water))
    assert quay.sql("SELECT i.message_id FROM ledger AS l JOIN inbox AS i USING (seq)") == [("m2",)]
    assert len(vendor.requests) == 1


async def test_a_worker_that_is_told_to_leave_keeps_nothing_it_could_not_deliver(
    quay, water, vendor
):
    vendor.reply = lambda _: (503, "down")
    await quay.engine.publish(notes("a", "b"))
    await quay.until(vendor.asked.is_set)
    assert not acked(water)
    assert not any(lane.holder for lane in water.lanes["main"])
    assert quay.sql("SELECT count(*) FROM intents") == [(0,)]


async def crash(quay, water, vendor):
    """Let a worker take a batch and die while the vendor has its first event."""
    vendor.reply = lambda _: (503, "down")
    await quay.until(vendor.asked.is_set)
    vendor.asked.clear()
    vendor.reply = lambda _: (200, "ok")
    vendor.requests.clear()


async def test_another_ledger_does_not_send_once_more_what_may_have_been_sent(
    quay, config, water, vendor, tmp_path
):
    await quay.engine.publish([*notes("a"), row(1, "x@y")])
    await crash(quay, water, vendor)
    other = Quay(config, water, tmp_path / "other.db")
    try:
        await other.until(lambda: acked(water))
        assert vendor.bodies("/notes") == []
        assert len(vendor.bodies("/rows")) == 1
        letters = other.sql("SELECT status, code, message_id FROM letters")
        assert letters == [("unknown", "interrupted", "m1-a")]
    finally:
        other.store.close()


async def test_nor_does_one_that_knows_the_event_from_another_connection(
    quay, config, water, vendor, tmp_path
):
    events = notes("a")
    await quay.engine.publish(events)
    await crash(quay, water, vendor)
    other = Quay(config, water, tmp_path / "other.db")
    try:
        store = other.store
        elsewhere, _ = store.write(take_over, "worker", "elsewhere", 0, 0).result()
        store.write(enter, elsewhere, events, [], 0).result()
        await other.until(lambda: acked(water))
        assert vendor.bodies("/notes") == []
        assert other.sql("SELECT status, message_id FROM letters") == [("unknown", "m1-a")]
        assert other.sql("SELECT count(*) FROM inbox") == [(1,)]
    finally:
        other.store.close()


async def test_what_is_no_event_is_a_dead_letter_and_holds_nothing_up(quay, water, vendor, caplog):
    bad = [b"{", b"[1]", b"null", b"\xff", b"[" * 5_000]
    await quay.engine.publish([LaneEvent(f"bad{n}", "u1", raw) for n, raw in enumerate(bad)])
    await quay.engine.publish(notes("a"))
    await quay.until(lambda: acked(water))
    assert [body["text"] for body in vendor.bodies("/notes")] == ["a"]
    assert [letter.event.raw for _, letter in water.letters] == bad
    assert "JSON object" in water.letters[0][1].reason
    assert "dead letter of the engine" in caplog.text
    assert quay.sql("SELECT message_id FROM inbox") == [("m1-a",)]


async def test_on_one_machine_only_what_was_on_its_way_is_unknown(quay, water, vendor):
    await quay.engine.publish(notes("a", "b"))
    await crash(quay, water, vendor)
    # As a worker leaves it that dies between writing down and hearing.
    quay.store.write(
        lambda db: db.execute(
            "INSERT INTO intents SELECT i.seq, t.id, 'main', i.partition, 0 FROM inbox AS i "
            "JOIN targets AS t ON t.mapping = 'notes' WHERE i.message_id = 'm1-a'"
        )
    ).result()
    await quay.until(lambda: acked(water))
    assert [body["text"] for body in vendor.bodies("/notes")] == ["b"]
    assert quay.audience.unknown == 1
    assert quay.sql("SELECT message_id, status FROM letters") == [("m1-a", "unknown")]


async def test_another_machine_with_the_same_ledger_sends_what_no_worker_was_at(
    quay, config, water, vendor, books
):
    await quay.engine.publish([*notes("a", "b"), row(1, "x@y")])
    await crash(quay, water, vendor)
    # As a worker leaves it that dies between writing down and hearing.
    quay.store.write(
        lambda db: db.execute(
            "INSERT INTO intents SELECT i.seq, t.id, 'main', i.partition, 0 FROM inbox AS i "
            "JOIN targets AS t ON t.mapping = 'notes' WHERE i.message_id = 'm1-a'"
        )
    ).result()
    other = Quay(config, water, books, one_machine=True)
    try:
        await other.until(lambda: acked(water))
        assert [body["text"] for body in vendor.bodies("/notes")] == ["b"]
        assert len(vendor.bodies("/rows")) == 1
        assert other.audience.unknown == 1
        assert other.sql("SELECT message_id, status FROM letters") == [("m1-a", "unknown")]
        assert other.sql("SELECT count(*) FROM inbox") == [(3,)]
    finally:
        other.store.close()


async def test_lanes_that_are_not_there_are_said(quay, water):
    water.lanes.clear()
    with pytest.raises(Exception, match="engine setup"):
        await quay.until(lambda: False)


def state(quay):
    backlog = quay.store.read(backlog_of, "main", quay.store.lease_clock()).result()
    return state_of(backlog, None, is_stranger=False), backlog.processes


async def test_those_who_look_at_the_file_see_a_worker_that_has_its_events_from_an_engine(
    quay, water
):
    await quay.until(lambda: state(quay) == ("working", 1))
    # It has no share in the lanes of the inbox.
    assert quay.store.write(leases.enter, "another", "main", quay.store.lease_clock()).result() == 1


async def test_and_that_something_waits_for_a_person(quay, water, vendor, monkeypatch):
    monkeypatch.setattr("wharfinger_host.engines.post._LIVE_S", 0.0)
    quay.options["look_again_s"] = 60.0
    vendor.reply = lambda _: (401, "")
    await quay.engine.publish(notes("a"))
    # Whoever is told to leave does so, however long it is until that would be looked at again.
    await quay.until(lambda: state(quay) == ("halted", 1))
    assert state(quay) == ("halted", 1)


async def test_what_is_always_to_be_tried_again_is_given_up_however_often_lanes_move(
    quay, water, vendor, monkeypatch
):
    pause = EnginePost._pause
    monkeypatch.setattr(EnginePost, "_pause", lambda self, _: pause(self, 0.0))
    vendor.reply = lambda _: (503, "down")
    quay.options["patience"] = Patience(first_s=0.0, longest_s=0.0, give_up_s=3_600.0)
    await quay.engine.publish(notes("a"))
    await quay.until(vendor.asked.is_set)
    # Two hours go by, in which one worker had the lane after the other.
    quay.store.write(lambda db: db.execute("UPDATE inbox SET accepted_ms = accepted_ms - 7200000"))
    await quay.until(lambda: acked(water))
    assert quay.sql("SELECT message_id, code FROM letters") == [("m1-a", "acme-down")]


async def test_what_is_tried_for_longer_than_events_are_kept_is_not_forgotten(
    quay, water, vendor, monkeypatch
):
    async def pause(self, seconds):
        kept = Retention(events_days=0.0)
        assert quay.store.write(prune, kept, quay.store.now_ms() + 1).result().events == 1
        vendor.reply = lambda _: (200, "ok")
        return True

    monkeypatch.setattr(EnginePost, "_pause", pause)
    vendor.reply = lambda _: (503, "down")
    await quay.engine.publish(notes("a"))
    await quay.until(lambda: acked(water))
    # A producer that heard no answer.
    await quay.engine.publish(notes("a"))
    await quay.until(lambda: acked(water))
    assert len(vendor.bodies("/notes")) == 2
    assert quay.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 1)]


async def test_an_event_is_decoded_once_however_often_it_is_tried(quay, water, vendor, monkeypatch):
    decoded = []

    def loads(raw):
        decoded.append(raw)
        return orjson.loads(raw)

    monkeypatch.setattr(
        "wharfinger_host.engines.round.orjson",
        SimpleNamespace(loads=loads, JSONDecodeError=orjson.JSONDecodeError),
    )
    pause = EnginePost._pause
    monkeypatch.setattr(EnginePost, "_pause", lambda self, _: pause(self, 0.0))
    answers = iter([503] * 3)
    vendor.reply = lambda _: (next(answers, 200), "")
    await quay.engine.publish(notes("a", "b"))
    await quay.until(lambda: acked(water))
    assert len(decoded) == 2
