"""Outcomes by minute: what charts are drawn from."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from wharfinger_host.store.database import SqliteDatabase, migrate
from wharfinger_host.store.leases import Held, acquire
from wharfinger_host.store.ledger import LedgerRow, Settlement, TryRow, intend, settle
from wharfinger_host.store.minutes import Tallied, minutes_since
from wharfinger_host.store.recovery import recover
from wharfinger_host.store.retention import Retention, prune
from wharfinger_host.store.schema import MIGRATIONS
from wharfinger_host.store.store import Store
from wharfinger_host.store.targets import add_targets

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def ended(seq: int, status: str, at_ms: int) -> LedgerRow:
    return (seq, 1, status, "ok", 1, 200, None, at_ms)


def tried(seq: int, at_ms: int) -> TryRow:
    return (seq, 1, at_ms, "retry", "down", 1, 503, None, "", "")


@pytest.fixture
def held(store: Store) -> Held:
    assert store.write(add_targets, "main", ["notes"]).result() == {"notes": 1}
    return store.write(acquire, "me", "main", 1, 1.0).result()[0]


def found(store: Store, since_ms: int = 0, step: int = 1) -> list[tuple[int, str, int]]:
    rows = store.read(minutes_since, since_ms, step).result()
    assert {(row.connection, row.mapping) for row in rows} <= {("main", "notes")}
    return [(row.step, row.status, row.count) for row in rows]


def test_what_is_settled_is_counted_in_its_minute_with_what_was_tried(
    store: Store, held: Held
) -> None:
    first = [ended(1, "delivered", 59_999), ended(2, "delivered", 60_000)]
    more = Settlement(ledger=[ended(3, "rejected", 61_000)], tries=[tried(4, 119_999)])
    assert store.write(settle, [(held, Settlement(ledger=first))]).result() == [True]
    assert store.write(settle, [(held, more)]).result() == [True]
    last = Settlement(ledger=[ended(4, "delivered", 70_000)])
    assert store.write(settle, [(held, last)]).result() == [True]
    assert found(store) == [
        (0, "delivered", 1),
        (1, "delivered", 2),
        (1, "rejected", 1),
        (1, "retry", 1),
    ]
    assert found(store, since_ms=60_000, step=2) == [
        (0, "delivered", 2),
        (0, "rejected", 1),
        (0, "retry", 1),
    ]


def test_what_a_lost_lane_wanted_to_write_is_not_counted(store: Store, held: Held) -> None:
    lost = Held("main", held.partition, held.epoch + 1, 0)
    rows = Settlement(ledger=[ended(1, "delivered", 0)])
    assert store.write(settle, [(lost, rows)]).result() == [False]
    assert found(store) == []
    ours = Settlement(ledger=[ended(2, "rejected", 0)])
    assert store.write(settle, [(lost, rows), (held, ours)]).result() == [False, True]
    assert found(store) == [(0, "rejected", 1)]


def test_what_a_crash_left_unknown_is_counted(store: Store, held: Held, entries: Any) -> None:
    store.accept(entries(store, 1, 2)).result()
    store.write(intend, held, 1, [1, 2], 0).result()
    assert store.write(recover, held, 5 * MINUTE).result() == 2
    assert found(store) == [(5, "unknown", 2)]


def test_minutes_are_let_go_after_eight_days(store: Store, held: Held) -> None:
    rows = [ended(1, "delivered", 0), ended(2, "delivered", DAY)]
    store.write(settle, [(held, Settlement(ledger=rows))]).result()
    store.write(prune, Retention(), 8 * DAY + MINUTE).result()
    assert found(store) == [(DAY // MINUTE, "delivered", 1)]


def test_a_file_of_before_is_counted_from_its_ledger(path: Path) -> None:
    with (
        closing(SqliteDatabase(path, isolation_level=None)) as db,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("wharfinger_host.store.schema.MIGRATIONS", MIGRATIONS[:2])
        migrate(db)
        add_targets(db, "main", ["notes"])
        for seq, status in enumerate(["delivered", "delivered", "rejected"]):
            row = ended(seq, status, 2 * MINUTE + seq)
            db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    with Store(path) as store:
        assert store.read(minutes_since, 0).result() == [
            Tallied(2, "main", "notes", "delivered", 2),
            Tallied(2, "main", "notes", "rejected", 1),
        ]
