"""A ledger on a server: many machines, lines that are cut, servers that end."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import attrs
import pytest
from tests.stores.ledgers import Ledgers
from tests.stores.relay import Relay

from wharfinger import Secret
from wharfinger_host.engines.contract import LaneEvent
from wharfinger_host.engines.ledger import enter, take_over
from wharfinger_host.store import errors, leases, writer
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.facts import add_to_fact, fact, set_fact
from wharfinger_host.store.inbox import depth
from wharfinger_host.store.ledger import Settlement, intend, settle
from wharfinger_host.store.letters import Filter, find
from wharfinger_host.store.schema import MIGRATIONS
from wharfinger_host.store.store import Store
from wharfinger_host.store.targets import add_targets
from wharfinger_host.store.tracing import trace
from wharfinger_host.working.disk import Disk

server = pytest.importorskip("wharfinger_host.store.server", reason="psycopg is not installed")

pytestmark = pytest.mark.stores


@pytest.fixture
def url(ledgers: Ledgers) -> str:
    return ledgers.url()


def ledger_at(url: str) -> Store:
    return Store(server.Server.of(Secret(url)))


@pytest.fixture
def ledger(url: str) -> Iterator[Store]:
    with ledger_at(url) as made:
        yield made


@pytest.fixture
def relay(ledgers: Ledgers) -> Iterator[Relay]:
    with Relay(ledgers.server.port) as running:
        yield running


@pytest.fixture
def far(relay: Relay, ledgers: Ledgers, url: str) -> Iterator[Store]:
    """The ledger, at the end of a line that can be cut."""
    with ledger_at(url.replace(f"127.0.0.1:{ledgers.server.port}", relay.address)) as made:
        yield made


def events(*names: object) -> list[LaneEvent]:
    return [LaneEvent(f"m{name}", f"u{name}", b"{}") for name in names]


def count(db: Database) -> int:
    add_to_fact(db, "counted", 1)
    return int(fact(db, "counted"))


def test_machines_that_enter_the_same_events_at_once_give_each_one_number(url: str) -> None:
    machines, names = 4, range(60)
    together = threading.Barrier(machines)
    found: dict[int, list[int]] = {}

    def work(machine: int) -> None:
        with ledger_at(url) as mine:
            held, _ = mine.write(take_over, f"machine {machine}", f"c{machine}", 0, 0).result()
            together.wait(60)
            seqs: list[int] = []
            for at in range(0, len(names), 5):
                made = mine.note(enter, held, events(*names[at : at + 5]), (), 0).result()
                assert all(each.is_new for each in made)
                seqs += [each.seq for each in made]
            found[machine] = seqs

    threads = [threading.Thread(target=work, args=(n,)) for n in range(machines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(found.values()) == [list(found[0])] * machines
    with ledger_at(url) as made:
        assert made.read(
            lambda db: db.execute("SELECT count(*) FROM inbox").fetchone()
        ).result() == (len(names),)


def test_machines_that_count_the_same_minutes_wait_for_nobody_who_waits_for_them(
    url: str, ledgers: Ledgers
) -> None:
    machines, rounds = 4, 30
    together = threading.Barrier(machines)
    log = ledgers.server.folder / "out.log"
    before = log.read_text().count("deadlock detected")

    def work(machine: int) -> None:
        with ledger_at(url) as mine:
            targets = mine.write(add_targets, "main", ("a", "b")).result()
            held, _ = mine.write(take_over, f"machine {machine}", "main", machine, 0).result()
            together.wait(60)
            # One counts in this order, the other in that.
            names = ("a", "b") if machine % 2 else ("b", "a")
            for seq in range(machine * 1_000, machine * 1_000 + rounds):
                outcome = ("delivered", "", 1, 200, None, 0)
                rows: list[Any] = [(seq, targets[name], *outcome) for name in names]
                mine.note(settle, [(held, Settlement(ledger=rows))]).result()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(machines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger_at(url) as made:
        rows = made.read(lambda db: db.execute("SELECT count FROM minutes").fetchall()).result()
    assert rows == [(machines * rounds,)] * 2
    assert log.read_text().count("deadlock detected") == before


def test_who_lost_a_lane_to_another_machine_writes_and_sends_nothing_more(url: str) -> None:
    with ledger_at(url) as one, ledger_at(url) as two:
        target = one.write(add_targets, "main", ("notes",)).result()["notes"]
        old, _ = one.write(take_over, "one", "main", 3, 0).result()
        (event,) = one.write(enter, old, events(1), (target,), 0).result()
        one.write(intend, old, target, [event.seq], 0).result()
        new, unknown = two.write(take_over, "two", "main", 3, 0).result()
        assert unknown == 1
        with pytest.raises(errors.LeaseLostError):
            one.write(intend, old, target, [event.seq], 0).result()
        row = (event.seq, target, "delivered", "", 1, 200, None, 0)
        assert one.write(settle, [(old, Settlement(ledger=[row]))]).result() == [False]
        (again,) = two.write(enter, new, events(1), (target,), 0).result()
        assert (again.is_new, again.known) == (False, {target: "unknown"})
        (letter,) = two.read(find, Filter()).result()
        assert (letter.status, letter.code) == ("unknown", "interrupted")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_whose_answer_is_lost_is_written_once(far: Store, relay: Relay, when: Any) -> None:
    assert far.write(count).result() == 1
    relay.cut_at_commit = when
    assert far.write(count).result(60) == 2
    assert relay.was_cut.is_set()
    assert far.read(fact, "counted").result() == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_until_it_is_known_what_became_of_it_whoever_writes_hears_that_it_cannot(
    far: Store, relay: Relay, when: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LOOK_S", 0.05)
    far.write(count).result()
    relay.is_down, relay.cut_at_commit = True, when
    doubtful = far.write(count)
    assert relay.was_cut.wait(60)
    with pytest.raises(errors.ServerDownError):
        far.write(count).result()
    assert not doubtful.done()
    relay.is_down = False
    assert doubtful.result(60) == 2
    assert far.write(count).result(60) == 3


def test_who_closes_a_ledger_in_doubt_hears_that_it_may_have_been_written(
    ledgers: Ledgers, relay: Relay, url: str
) -> None:
    far = ledger_at(url.replace(f"127.0.0.1:{ledgers.server.port}", relay.address))
    relay.is_down, relay.cut_at_commit = True, "after"
    doubtful = far.write(count)
    far.close()
    with pytest.raises(errors.InDoubtError, match="did not say whether"):
        doubtful.result(0)


def test_a_line_that_is_cut_while_nobody_speaks_is_made_anew(far: Store, relay: Relay) -> None:
    far.write(count).result()
    assert far.read(fact, "counted").result() == 1
    relay.cut()
    assert far.write(count).result() == 2
    assert far.read(fact, "counted").result() == 2


def test_a_server_that_ends_is_said_and_nothing_is_lost_with_it(
    ledger: Store, ledgers: Ledgers
) -> None:
    assert ledger.write(count).result() == 1
    ledgers.server.kill()
    try:
        with pytest.raises(errors.ServerDownError) as caught:
            ledger.write(count).result()
        assert ledgers.server.password not in str(caught.value)
        assert f"127.0.0.1:{ledgers.server.port}" in str(caught.value)
        with pytest.raises(errors.ServerDownError):
            ledger.read(fact, "counted").result()
    finally:
        ledgers.server.start()
    assert ledger.write(count).result() == 2


@attrs.define
class Watcher:
    said: list[str] = attrs.field(factory=list)
    heard: asyncio.Event = attrs.field(factory=asyncio.Event)

    def disk_full(self, error: errors.NotNowError) -> None:
        self.said.append(type(error).__name__)
        self.heard.set()

    def disk_has_room(self) -> None:
        self.said.append("room")


async def test_what_must_be_written_or_asked_waits_for_the_server_and_that_is_said_once(
    ledger: Store, ledgers: Ledgers
) -> None:
    watcher = Watcher()
    disk = Disk(store=ledger, watcher=watcher, waits_s=(0.01, 0.05))
    await asyncio.to_thread(ledgers.server.kill)
    try:
        writes = [asyncio.create_task(disk.note(count)) for _ in range(3)]
        look = asyncio.create_task(disk.read(depth))
        await watcher.heard.wait()
        ready = asyncio.create_task(disk.ready())
        await asyncio.sleep(0)
        assert disk.is_full
        assert not any(task.done() for task in (*writes, look, ready))
    finally:
        await asyncio.to_thread(ledgers.server.start)
    async with asyncio.timeout(60):
        assert sorted(await asyncio.gather(*writes)) == [1, 2, 3]
        assert await look == 0
        await ready
    assert watcher.said == ["ServerDownError", "room"]


def test_a_machine_that_hangs_as_it_writes_holds_nobody_up_for_long(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_HUNG_S", 1)
    hangs, wakes = threading.Event(), threading.Event()

    def hang(db: Database) -> int:
        made = count(db)
        hangs.set()
        wakes.wait(60)
        return made

    with ledger_at(url) as one, ledger_at(url) as two:
        stopped = one.write(hang)
        assert hangs.wait(60)
        assert two.write(count).result(60) == 1
        wakes.set()
        # What it did was undone, so it is done again.
        assert stopped.result(60) == 2


def test_who_waits_for_it_too_long_hears_so_and_goes_on(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_BUSY_S", 1)
    holds, lets_go = threading.Event(), threading.Event()

    def hold(_: Database) -> None:
        holds.set()
        lets_go.wait(60)

    with ledger_at(url) as one, ledger_at(url) as two:
        held = one.write(hold)
        assert holds.wait(60)
        with pytest.raises(errors.ServerDownError, match="lock timeout"):
            two.write(count).result(60)
        lets_go.set()
        held.result(60)
        assert two.write(count).result(60) == 1


def test_texts_that_the_server_cannot_hold_are_stored_with_a_sign_for_what_is_missing(
    ledger: Store,
) -> None:
    event = LaneEvent("m\0\ud800", "u\0", b'{"a":"\\u0000"}')
    target = ledger.write(add_targets, "main", ("notes",)).result()["notes"]
    held, _ = ledger.write(take_over, "me", "main", 0, 0).result()
    (first,) = ledger.write(enter, held, [event], (target,), 0).result()
    letter: Any = (
        *(first.seq, target, 0, event.id, event.contact, "rejected", "x", "no\0", "\0", 400),
        *(None, 1, event.raw, None),
    )
    ledger.write(settle, [(held, Settlement(letters=[letter]))]).result()
    (again,) = ledger.write(enter, held, [event], (target,), 0).result()
    assert (again.seq, again.is_new) == (first.seq, False)
    (found,) = ledger.read(find, Filter(contact=event.contact)).result()
    assert (found.contact, found.message, found.event) == ("u␀", "no␀", event.raw)
    assert [each.seq for each in ledger.read(trace, contact="u\0").result()] == [first.seq]


def test_deadlines_are_read_from_the_clock_of_the_server(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ledger_at(url) as one, ledger_at(url) as two:
        one.write(leases.enter, "one", "main", one.lease_clock()).result()
        # A machine that has been up for so much longer.
        behind = server.time.monotonic
        monkeypatch.setattr(server.time, "monotonic", lambda: behind() + 1_000_000)
        two.write(count).result()
        assert two.write(leases.enter, "two", "main", two.lease_clock()).result() == 2


def test_machines_that_make_a_ledger_at_once_make_one(url: str) -> None:
    together = threading.Barrier(4)
    versions: list[Any] = []

    def make() -> None:
        together.wait(60)
        with ledger_at(url) as made:
            versions.append(made.read(fact, "schema_version").result())

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions == [len(MIGRATIONS)] * 4


def test_a_ledger_of_a_later_version_is_not_touched(ledger: Store, url: str) -> None:
    ledger.write(set_fact, "schema_version", 99).result()
    with pytest.raises(errors.StoreError, match=r"version 99.*Use the newer program"):
        ledger_at(url)


def test_the_schema_of_another_program_is_left_as_it_is(ledger: Store, url: str) -> None:
    tables = "CREATE SCHEMA IF NOT EXISTS foreign_one; CREATE TABLE foreign_one.orders (a INTEGER)"
    ledger.write(lambda db: db.execute(tables)).result()
    schema = url.partition("schema=")[2]
    with pytest.raises(errors.StoreError, match="of another program"):
        ledger_at(url.replace(schema, "foreign_one"))
    kept = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('foreign_one')"
    assert ledger.read(lambda db: db.execute(kept).fetchall()).result() == [("orders",)]
    ledger.write(lambda db: db.execute("DROP SCHEMA foreign_one CASCADE")).result()


def test_a_ledger_takes_no_events(ledger: Store) -> None:
    with pytest.raises(errors.StoreError, match="for the events of an engine"):
        ledger.accept([])


def test_one_failure_within_a_transaction_spoils_only_itself(ledger: Store) -> None:
    hold, go = threading.Event(), threading.Event()

    def block(_: Database) -> None:
        hold.set()
        go.wait(60)

    first = ledger.write(block)
    hold.wait(60)
    futures: list[Future[Any]] = [
        ledger.write(count),
        ledger.write(lambda db: db.execute("SELECT 1/0")),
    ]
    futures.append(ledger.write(count))
    go.set()
    first.result()
    with pytest.raises(errors.StoreError, match="division by zero"):
        futures[1].result()
    assert Counter(f.result() for f in (futures[0], futures[2])) == {1: 1, 2: 1}


@pytest.mark.parametrize("schema", ["user", "select", "table", "pg", "_", "a" * 63])
def test_a_schema_may_have_a_name_that_is_a_word_of_the_language(
    ledgers: Ledgers, schema: str
) -> None:
    url = f"{ledgers.server.url}?schema={schema}"
    with ledger_at(url) as made:
        assert made.write(count).result() == 1
    with ledger_at(url) as made:
        assert made.write(count).result() == 2


def test_what_a_server_that_crashed_or_a_standby_never_heard_of_was_not_written(url: str) -> None:
    place = server.Server.of(Secret(url))
    place.prepare()
    session, other = place.open(reading=False), place.open(reading=False)
    number = "SELECT CAST(pg_current_xact_id() AS TEXT)"
    try:
        (ours,) = session.write(lambda db: db.execute(number).fetchone(), durable=True)
        assert session._was_written(ours, session._mark, 1)
        # A server that forgot our second transaction gives its number to somebody else's.
        (theirs,) = other.write(lambda db: db.execute(number).fetchone(), durable=True)
        assert not session._was_written(theirs, session._mark, 2)
        assert not session._was_written(str(int(ours) + 1_000_000), session._mark, 2)
    finally:
        session.close()
        other.close()


def test_what_sessions_left_behind_is_forgotten_some_day(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = server.Server.of(Secret(url))
    place.prepare()
    session = place.open(reading=False)
    try:
        for _ in range(3):
            session.write(count, durable=True)
        place.hear_clock(place.clock() + 31 * 86_400)
        monkeypatch.setattr(server.Server, "hear_clock", lambda *_: None)
        session.write(count, durable=True)
        marks = "SELECT name, value FROM facts WHERE name LIKE 'wrote %'"
        assert session.ask(lambda db: db.execute(marks).fetchall()) == [(session._mark, 4)]
    finally:
        session.close()
