"""Letting go: in parts, however much waits, and with everything that belongs to an event."""

from __future__ import annotations

from typing import Any

import pytest

from wharfinger_host.store import retention
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.retention import Retention, prune
from wharfinger_host.store.store import Store

NOTHING_KEPT = Retention(events_days=0, letters_days=9)
LATER_MS = 4_000_000_000_000


def seqs(store: Store, table: str) -> list[int]:
    rows = store.read(lambda db: db.execute(f"SELECT seq FROM {table} ORDER BY seq").fetchall())
    return [seq for (seq,) in rows.result()]


def sweep(store: Store) -> list[int]:
    """Prune to the end; gives how many events each part let go."""
    parts: list[int] = []
    after = 0
    while True:
        pruned = store.write(prune, NOTHING_KEPT, LATER_MS, after=after).result()
        parts.append(pruned.events)
        if pruned.go_on_after is None:
            return parts
        assert pruned.go_on_after > after
        after = pruned.go_on_after


def test_what_waits_is_passed_over_in_parts_and_what_is_done_behind_it_goes(
    store: Store, entries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_LOOKED_AT", 10)
    store.accept(entries(store, *range(45))).result()

    def all_done_but_the_first_thirty(db: Database) -> None:
        db.execute("UPDATE lanes SET position = 45")
        db.execute(
            "INSERT INTO deferred SELECT 1, partition, seq, contact, 0, 0, 0, 'halted', '', '' "
            "FROM inbox WHERE seq <= 30"
        )

    store.write(all_done_but_the_first_thirty).result()
    assert sweep(store) == [0, 0, 0, 10, 5]
    assert seqs(store, "inbox") == list(range(1, 31))
    store.write(lambda db: db.execute("DELETE FROM deferred")).result()
    assert sweep(store) == [10, 10, 10, 0]
    assert seqs(store, "inbox") == []


def test_an_outcome_that_came_after_its_event_was_let_go_is_let_go_in_its_time(
    store: Store, entries: Any
) -> None:
    store.accept(entries(store, 1, 2)).result()
    store.write(lambda db: db.execute("UPDATE lanes SET position = 2")).result()
    sweep(store)

    def replayed(db: Database) -> None:
        for seq, at_ms in ((1, 0), (2, LATER_MS)):
            row = (seq, 1, "delivered", "", 1, None, None, at_ms)
            db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    store.write(replayed).result()
    sweep(store)
    assert seqs(store, "ledger") == [2]


def test_message_ids_go_with_their_events(store: Store, entries: Any) -> None:
    store.inbox.ids.most_in_memory = 0
    store.accept(entries(store, *range(20))).result()
    store.write(lambda db: db.execute("UPDATE lanes SET position = 20")).result()
    assert len(seqs(store, "message_ids")) == 20
    sweep(store)
    assert seqs(store, "message_ids") == []
    assert store.accept(entries(store, 3)).result().events == 1
