"""The file itself: versions, layout, group commit, duplicates, depth."""

from __future__ import annotations

import fcntl
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from wharfinger_host.store import database
from wharfinger_host.store.database import connect, migrate
from wharfinger_host.store.deferred import due
from wharfinger_host.store.dialect import Database, Place
from wharfinger_host.store.errors import InboxFullError, StoreError
from wharfinger_host.store.facts import Layout, fact, set_fact
from wharfinger_host.store.inbox import Accepted, Entry, depth, last_seq, read_log
from wharfinger_host.store.leases import LEASE_S, acquire, enter, hold, known, leave, release
from wharfinger_host.store.message_ids import MessageIds
from wharfinger_host.store.schema import MIGRATIONS
from wharfinger_host.store.store import Store


def test_a_file_is_made_for_its_owner_alone_and_in_this_version(path: Path) -> None:
    with Store(path) as store:
        assert store.read(lambda db: db.execute("PRAGMA user_version").fetchone()).result() == (
            len(MIGRATIONS),
        )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_a_later_version_is_not_touched(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"version 99.*Use the newer program"):
        Store(path)


def test_a_step_to_a_newer_version_happens_as_a_whole_or_not_at_all(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        broken = (*MIGRATIONS, "CREATE TABLE half (a); CREATE TABLE facts (a);")
        monkeypatch.setattr("wharfinger_host.store.schema.MIGRATIONS", broken)
        with pytest.raises(sqlite3.Error):
            migrate(db)
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        assert "facts" in tables
        assert "half" not in tables
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)


def test_a_file_of_the_first_version_is_brought_to_this_one_with_what_is_in_it(
    path: Path, entries: Any
) -> None:
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as db,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("wharfinger_host.store.schema.MIGRATIONS", MIGRATIONS[:1])
        migrate(db)
        db.execute("INSERT INTO workers VALUES ('old', 1.0)")
        db.execute("INSERT INTO lanes VALUES ('main', 0, 7, 1, 'old', 1.0)")
    with Store(path) as store:
        assert store.accept(entries(store, 1)).result() == Accepted(1, 0)
        assert store.write(enter, "new", "main", 100.0).result() == 1
        lanes = store.read(lambda db: db.execute("SELECT position, epoch FROM lanes").fetchall())
        assert lanes.result() == [(7, 1)]


def test_a_file_keeps_the_layout_it_was_made_with(place: Path | Place) -> None:
    with Store(place, Layout(partitions=3, order_key=("$.traits.email",))):
        pass
    with Store(place) as store:
        assert store.layout == Layout(partitions=3, order_key=("$.traits.email",))
    with pytest.raises(StoreError, match="made with 3 partitions"):
        Store(place, Layout())


@pytest.mark.parametrize(
    ("event", "contact"),
    [
        ({"userId": "u1", "anonymousId": "a"}, "u1"),
        ({"userId": "", "anonymousId": "a"}, "a"),
        ({"userId": None, "messageId": "m"}, "m"),
        ({"userId": 12}, "12"),
        ({"userId": {"id": 1}}, ""),
        ({}, ""),
    ],
)
def test_the_order_key_says_whom_an_event_is_about(event: dict[str, Any], contact: str) -> None:
    layout = Layout()
    assert layout.contact_of(event) == contact
    assert 0 <= layout.partition_of(contact, b"{}") < layout.partitions


def test_changes_asked_for_together_go_to_disk_together_and_one_failure_spoils_only_itself(
    store: Store,
) -> None:
    waiting, go = threading.Event(), threading.Event()

    def block(_db: Database) -> None:
        waiting.set()
        go.wait(60)

    def write(db: Database, name: str) -> str:
        set_fact(db, name, 1)
        return name

    def fail(db: Database) -> None:
        set_fact(db, "spoilt", 1)
        raise ValueError("not this one")

    first = store.write(block)
    waiting.wait(60)
    futures: list[Future[Any]] = [
        store.write(write, "a"),
        store.write(fail),
        store.note(write, "b"),
    ]
    go.set()
    first.result()
    assert futures[0].result() == "a"
    with pytest.raises(ValueError, match="not this one"):
        futures[1].result()
    assert futures[2].result() == "b"
    names = store.read(lambda db: [fact(db, name) for name in ("a", "b", "spoilt")]).result()
    assert names == [1, 1, None]


def test_what_is_accepted_is_there_when_the_future_is_done(path: Path, entries: Any) -> None:
    with Store(path) as store:
        assert store.accept(entries(store, 1, 2, 3)).result() == Accepted(3, 0)
        with closing(connect(path)) as another:
            assert another.execute("SELECT count(*) FROM inbox").fetchone() == (3,)


def test_duplicates_are_told_across_processes_and_restarts(
    place: Path | Place, entries: Any
) -> None:
    with Store(place) as one, Store(place) as two:
        one.accept(entries(one, 1, 2)).result()
        assert two.accept(entries(two, 2, 3)).result() == Accepted(1, 1)
        assert one.accept(entries(one, 1, 2, 3, 3, 4)).result() == Accepted(1, 4)
        assert one.read(fact, "duplicates").result() == 5
    with Store(place) as three:
        assert three.accept(entries(three, 4, 5)).result() == Accepted(1, 1)


def test_two_ids_with_one_digest_are_two_events(
    store: Store, entries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wharfinger_host.store.message_ids._digest", lambda _name: 1)
    assert store.accept(entries(store, 1, 2)).result() == Accepted(2, 0)
    store.inbox.ids = MessageIds(most_in_memory=0)
    assert store.accept(entries(store, 3)).result() == Accepted(1, 0)


def test_an_event_without_a_message_id_is_never_a_duplicate(store: Store, entries: Any) -> None:
    same = entries(store, 1, 1, messageId=None)
    assert store.accept(same).result() == Accepted(2, 0)
    assert store.accept(same).result() == Accepted(2, 0)


def test_no_more_is_taken_than_may_wait(place: Path | Place, entries: Any) -> None:
    with Store(place, most_waiting=5) as store:
        store.write(lambda db: db.execute("INSERT INTO lanes VALUES ('main', 0, 0, 0, '', 0)"))
        store.write(
            lambda db: [
                db.execute("INSERT INTO lanes VALUES ('main', ?, 0, 0, '', 0)", (p,))
                for p in range(1, 8)
            ]
        )
        store.accept(entries(store, 1, 2, 3)).result()
        with pytest.raises(InboxFullError, match="3 events wait in the inbox, and 5 may"):
            store.accept(entries(store, 4, 5, 6)).result()
        assert store.read(last_seq).result() == 3
        store.accept(entries(store, 4, 5)).result()
        store.write(_done_with, 5).result()
        assert store.accept(entries(store, 6, 7, 8)).result() == Accepted(3, 0)
        assert store.read(depth).result() == 3


def test_a_partition_is_read_in_order_and_not_more_than_memory_holds(
    store: Store, entries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.accept(entries(store, *range(40), userId="one")).result()
    (partition,) = {entry.partition for entry in entries(store, 1, userId="one")}
    first, upto = store.read(read_log, partition, 0, 15).result()
    assert [event.seq for event in first] == list(range(1, 16))
    assert upto == 15
    rest, upto = store.read(read_log, partition, upto, 100).result()
    assert [event.seq for event in rest] == list(range(16, 41))
    assert upto == 40
    monkeypatch.setattr("wharfinger_host.store.inbox._MOST_BYTES", 100)
    some, upto = store.read(read_log, partition, 0, 100).result()
    assert 1 <= len(some) < 5
    assert upto == some[-1].seq
    other = (partition + 1) % store.layout.partitions
    assert store.read(read_log, other, 0, 15).result() == ([], 40)


def test_what_was_put_aside_is_read_no_further_than_its_bytes_allow(
    store: Store, entries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.accept(entries(store, *range(40), userId="one")).result()
    held = store.write(acquire, "me", "main", 8, 100.0).result()
    (partition,) = {entry.partition for entry in entries(store, 1, userId="one")}
    row = "INSERT INTO deferred SELECT 1, partition, seq, contact, 0, 0, 1, 'retry', 'x', '' "
    store.write(lambda db: db.execute(row + "FROM inbox")).result()
    monkeypatch.setattr("wharfinger_host.store.inbox._MOST_BYTES", 100)
    some = store.read(due, held[partition], 1, 1, 100, ordered=True).result()
    assert [event.seq for event in some] == list(range(1, len(some) + 1))
    assert 1 <= len(some) < 5


def test_leases_run_out_are_renewed_and_let_go(store: Store) -> None:
    ours = store.write(acquire, "a", "main", 5, 100.0).result()
    assert [lane.partition for lane in ours] == [0, 1, 2, 3, 4]
    theirs = store.write(acquire, "b", "main", 8, 100.0).result()
    assert [lane.partition for lane in theirs] == [5, 6, 7]
    assert store.write(hold, "a", ours, 110.0).result() == set(ours)
    later = 100.0 + LEASE_S + 1
    taken = store.write(acquire, "a", "main", 8, later).result()
    assert [(lane.partition, lane.epoch) for lane in taken] == [(5, 2), (6, 2), (7, 2)]
    assert store.write(hold, "b", theirs, later).result() == set()
    store.write(release, ours).result()
    assert len(store.write(acquire, "b", "main", 8, later).result()) == 5
    store.write(leave, "b").result()
    assert len(store.write(acquire, "c", "main", 8, later).result()) == 5


def test_a_deadline_from_before_a_restart_of_the_machine_has_passed(store: Store) -> None:
    store.write(acquire, "a", "main", 8, 1_000_000.0).result()
    assert len(store.write(acquire, "b", "main", 8, 30.0).result()) == 8


def test_processes_that_give_no_sign_of_life_are_not_counted(store: Store) -> None:
    assert store.write(enter, "a", "main", 100.0).result() == 1
    assert store.write(enter, "b", "main", 101.0).result() == 2
    assert store.write(enter, "c", "other", 101.0).result() == 1
    assert store.write(enter, "b", "main", 101.0 + LEASE_S).result() == 1
    assert store.read(known).result() == ["main"]


def test_an_entry_reads_what_it_needs_of_an_event() -> None:
    entry = Entry.of({"userId": "u", "messageId": 7}, b"{}", Layout(partitions=1))
    assert (entry.partition, entry.contact, entry.message_id) == (0, "u", None)


def _done_with(db: Database, position: int) -> None:
    db.execute("UPDATE lanes SET position = ?", (position,))


def test_a_file_that_another_thread_makes_meanwhile_keeps_its_locks(tmp_path, monkeypatch):
    path = tmp_path / "inbox.db"
    path.touch()
    monkeypatch.setattr(type(path), "exists", lambda _: False)
    ask = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with path.open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        database._make(path)
        other = subprocess.run(
            [sys.executable, "-c", ask, path], stderr=subprocess.PIPE, check=False
        )
    assert b"BlockingIOError" in other.stderr
