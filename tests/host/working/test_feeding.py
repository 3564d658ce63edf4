"""What is handed in when, so that events of one contact stay in order whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import attrs
import pytest

from wharfinger import Effect, Outcome, Status
from wharfinger_host.store.inbox import Entry
from wharfinger_host.store.leases import acquire, register
from wharfinger_host.store.store import Store
from wharfinger_host.working import feeding
from wharfinger_host.working.disk import Disk
from wharfinger_host.working.feeding import Feeder
from wharfinger_host.working.lane import Lane, Load, Ticket
from wharfinger_host.working.recorder import Recorder
from wharfinger_host.working.verdicts import Patience, Verdicts


@attrs.define
class Flow:
    """Takes note of what is put, and lets something happen while one waits for room."""

    put: list[tuple[str, list[str]]] = attrs.field(factory=list)
    tickets: list[Any] = attrs.field(factory=list)
    meanwhile: Callable[[], None] = lambda: None
    halt: Outcome | None = None

    async def room(self) -> None:
        self.meanwhile()

    def put_now(
        self, event: Any, token: Any = None, *, mappings: Collection[str] | None = None
    ) -> None:
        self.put.append((event["messageId"], sorted(mappings or ("notes", "rows"))))
        self.tickets.append(token)


@attrs.frozen
class Action:
    """An action that keeps order."""

    effect: Effect
    order_key: str = "contact"


@attrs.frozen
class Mapping:
    """A mapping that takes every event."""

    action: Action

    def matches(self, event: Any) -> bool:
        return True


NOTES, ROWS = 1, 2


@attrs.define
class Bench:
    """A feeder of one lane, of a log in which u1 has the events m1, m2 and m3."""

    store: Store
    flow: Flow
    feeder: Feeder

    @property
    def lane(self) -> Lane:
        return self.feeder.lane

    def defer(self, target: int, seq: int) -> None:
        row = "INSERT INTO deferred VALUES (?, 0, ?, 'u1', 0, 0, 1, 'retry', 'x', '')"
        self.store.write(lambda db: db.execute(row, (target, seq))).result()
        self.lane.may_wait = True


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    with Store(tmp_path / "inbox.db") as store:
        store.write(register, ["main"], 1).result()
        entries = [
            Entry(0, "u1", f"m{n}", b'{"userId": "u1", "messageId": "m%d"}' % n) for n in (1, 2, 3)
        ]
        store.accept(entries).result()
        store.write(lambda db: db.execute("UPDATE lanes SET position = 0")).result()
        (held,) = store.write(acquire, "me", "main", 1, 100.0).result()
        mappings: Any = {
            "notes": Mapping(Action(Effect.ONCE)),
            "rows": Mapping(Action(Effect.IDEMPOTENT)),
        }
        flow = Flow()
        feeder = Feeder(
            lane=Lane(held, may_wait=False),
            load=Load(),
            flow=flow,
            store=store,
            recorder=Recorder(Disk(store=store)),
            verdicts=Verdicts(mappings, {"notes": NOTES, "rows": ROWS}, Patience()),
            mappings=mappings,
            effects={name: mapping.action.effect for name, mapping in mappings.items()},
            once=True,
            may_send=lambda: True,
        )
        yield Bench(store, flow, feeder)


async def test_events_are_handed_in_as_they_come(bench: Bench) -> None:
    await bench.feeder._feed_log()
    assert bench.flow.put == [(f"m{n}", ["notes", "rows"]) for n in (1, 2, 3)]


async def test_little_is_handed_in_while_what_is_under_way_is_large(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_back: list[int] = []

    async def come_back(_: float) -> None:
        given_back.append(len(bench.flow.put))
        bench.feeder.load.give_back(bench.flow.tickets[0])

    monkeypatch.setattr("wharfinger_host.working.lane._MOST_BYTES", 50)
    monkeypatch.setattr("wharfinger_host.working.feeding.asyncio.sleep", come_back)
    await bench.feeder._feed_log()
    assert given_back == [2]
    assert [name for name, _ in bench.flow.put] == ["m1", "m2", "m3"]


async def test_what_is_put_aside_while_one_waits_for_room_is_not_overtaken(bench: Bench) -> None:
    def put_aside() -> None:
        bench.lane.put_aside(ROWS, "u1", bench.feeder.recorder.next_write)

    bench.flow.meanwhile = put_aside
    await bench.feeder._feed_log()
    assert bench.flow.put == [(f"m{n}", ["notes"]) for n in (1, 2, 3)]
    held_back = [(row[0], row[2], row[8]) for row in bench.lane.settlement.deferred]
    assert held_back == [(ROWS, n, "held-back") for n in (1, 2, 3)]


async def test_what_was_settled_follows_an_earlier_one_that_was_not(bench: Bench) -> None:
    bench.lane.known = {2: {NOTES: "delivered", ROWS: "delivered"}, 3: {ROWS: "delivered"}}
    await bench.feeder._feed_log()
    # m1 is written over m2 and m3, so these are written again; no note is sent twice.
    assert bench.flow.put == [
        ("m1", ["notes", "rows"]),
        ("m2", ["rows"]),
        ("m3", ["notes", "rows"]),
    ]


async def test_what_a_mapping_says_must_not_be_sent_twice_does_not_follow(bench: Bench) -> None:
    bench.feeder.effects = {"notes": Effect.ONCE, "rows": Effect.ONCE}
    bench.lane.known = {2: {NOTES: "delivered", ROWS: "delivered"}}
    await bench.feeder._feed_log()
    assert bench.flow.put == [("m1", ["notes", "rows"]), ("m3", ["notes", "rows"])]


async def test_what_was_refused_is_not_sent_again_behind_an_earlier_one(bench: Bench) -> None:
    bench.lane.known = {2: {NOTES: "delivered", ROWS: "rejected"}}
    await bench.feeder._feed_log()
    assert bench.flow.put == [("m1", ["notes", "rows"]), ("m3", ["notes", "rows"])]


async def test_what_was_settled_before_an_open_one_is_not_sent_again(bench: Bench) -> None:
    bench.lane.known = {
        1: {NOTES: "delivered", ROWS: "delivered"},
        2: {NOTES: "delivered", ROWS: "delivered"},
    }
    await bench.feeder._feed_log()
    assert bench.flow.put == [("m3", ["notes", "rows"])]


async def test_what_was_settled_follows_an_earlier_one_that_was_put_aside(bench: Bench) -> None:
    bench.defer(ROWS, 1)
    bench.lane.known = {
        1: {NOTES: "delivered", ROWS: "deferred"},
        2: {NOTES: "delivered", ROWS: "delivered"},
    }
    await bench.feeder._feed_log()
    assert bench.flow.put == [("m3", ["notes"])]
    assert [row[2] for row in bench.lane.settlement.deferred] == [2, 3]


async def test_what_was_put_aside_is_not_offered_before_the_log_is_read_up_to_it(
    bench: Bench,
) -> None:
    bench.defer(ROWS, 2)
    bench.lane.known = {2: {NOTES: "delivered", ROWS: "deferred"}}
    assert await bench.feeder._offer_again() == 0
    assert bench.lane.may_wait
    bench.lane.read_to = 1
    assert await bench.feeder._offer_again() == 0
    bench.lane.read_to = 2
    assert await bench.feeder._offer_again() == 1
    assert bench.flow.put == [("m2", ["rows"])]


async def test_what_is_settled_while_one_waits_for_room_is_not_offered_once_more(
    bench: Bench,
) -> None:
    bench.defer(NOTES, 1)
    bench.lane.read_to = 3
    assert await bench.feeder._offer_again() == 1
    recorder = bench.feeder.recorder

    def settle() -> None:
        recorder.written += 1
        bench.lane.answer([(NOTES, 1)], recorder.written)

    # The file was looked at before that, and still shows it as one that waits.
    bench.flow.meanwhile = settle
    assert await bench.feeder._offer_again() == 0
    assert bench.flow.put == [("m1", ["notes"])]


@pytest.fixture
def halted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The same, at a connection that is halted as a whole, which some event has found out."""
    monkeypatch.setattr(feeding, "_POLL_S", 0)
    bench.flow.halt = Outcome(status=Status.HALTED, code="credentials-refused")
    bench.feeder.verdicts.has_halted = True
    bench.feeder.once = False
    return bench


@pytest.mark.parametrize("feed", [Feeder._feed_log, Feeder._offer_again])
async def test_events_of_a_halted_connection_stay_where_they_are(
    halted: Bench, feed: Callable[[Feeder], Any]
) -> None:
    halted.defer(NOTES, 1)
    halted.lane.read_to = 1
    feeding = asyncio.create_task(feed(halted.feeder))
    for _ in range(200):
        await asyncio.sleep(0)
    await halted.feeder.recorder.disk.ready()
    assert not feeding.done()
    halted.feeder.lane.ending = True
    await feeding
    assert halted.flow.put == []
    assert halted.lane.read_to == 1
    assert halted.lane.idle


async def test_they_are_handed_in_until_one_has_come_back_halted(halted: Bench) -> None:
    halted.feeder.verdicts.has_halted = False
    await halted.feeder._feed_log()
    assert len(halted.flow.put) == 3


async def test_they_are_handed_in_where_the_work_is_done_once(halted: Bench) -> None:
    halted.feeder.once = True
    await halted.feeder._feed_log()
    assert len(halted.flow.put) == 3


async def test_an_event_that_comes_back_halted_is_noticed(bench: Bench) -> None:
    verdicts, lane = bench.feeder.verdicts, bench.lane
    halt = Outcome(status=Status.HALTED, code="shelf-full")
    ticket = Ticket(lane, 1, "u1", "m1", b"{}")
    assert verdicts.enter(lane.settlement, ticket, "rows", halt, 0)
    assert (verdicts.has_halted, verdicts.halted) == (True, {ROWS})
