"""What was delivered stays so, whatever becomes of it when it is sent once more."""

from __future__ import annotations

from typing import Any

import pytest

from wharfinger_host.store.leases import Held, acquire
from wharfinger_host.store.ledger import Settlement, settle
from wharfinger_host.store.recovery import recover
from wharfinger_host.store.store import Store
from wharfinger_host.store.targets import add_targets


@pytest.fixture
def delivered(store: Store, entries: Any) -> Held:
    """A lane of an inbox with one event that was delivered."""
    store.accept(entries(store, 1)).result()
    store.write(add_targets, "main", ["rows"]).result()
    lanes = store.write(acquire, "me", "main", store.layout.partitions, 100.0).result()
    (place,) = store.read(lambda db: db.execute("SELECT partition FROM inbox").fetchone()).result()
    held = next(lane for lane in lanes if lane.partition == place)
    row = (1, 1, "delivered", "delivered", 1, 200, None, 0)
    assert store.write(settle, [(held, Settlement(ledger=[row]))]).result() == [True]
    return held


def look(store: Store) -> tuple[list[Any], int]:
    statuses = store.read(lambda db: db.execute("SELECT status FROM ledger").fetchall()).result()
    letters = store.read(lambda db: db.execute("SELECT count(*) FROM letters").fetchone()).result()
    return [status for (status,) in statuses], letters[0]


def test_what_is_refused_then_is_no_dead_letter(store: Store, delivered: Held) -> None:
    row = (1, 1, "rejected", "x", 1, None, None, 0)
    letter = (1, 1, 0, None, "u1", "rejected", "x", "", "", None, None, 1, b"{}", None)
    again = Settlement(ledger=[row], letters=[letter])
    assert store.write(settle, [(delivered, again)]).result() == [True]
    assert look(store) == (["delivered"], 0)


def test_what_a_crash_interrupts_then_is_no_dead_letter(store: Store, delivered: Held) -> None:
    intent = "INSERT INTO intents VALUES (1, 1, 'main', ?, 0)"
    store.write(lambda db: db.execute(intent, (delivered.partition,))).result()
    assert store.write(recover, delivered, 0).result() == 1
    assert look(store) == (["delivered"], 0)
