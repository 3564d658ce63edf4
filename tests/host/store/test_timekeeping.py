"""Events that were put aside, and a clock that somebody sets."""

from __future__ import annotations

from typing import Any

import pytest

from wharfinger_host.store.store import Store
from wharfinger_host.store.timekeeping import follow_clock

HOUR_MS = 3_600_000
NOON_MS = 1_800_000_000_000
"""A time of day; the machine has been running for 1,000 seconds then."""


@pytest.fixture
def waiting(store: Store) -> Any:
    """Puts an event aside at noon, for ten seconds; gives its times after a sign of life."""
    row = "INSERT INTO deferred VALUES (1, 0, 1, 'u1', ?, ?, 1, 'retry', 'x', '')"
    store.write(follow_clock, lambda: NOON_MS, lambda: 1_000.0).result()
    store.write(lambda db: db.execute(row, (NOON_MS + 10_000, NOON_MS))).result()

    def times(now_ms: int, now_s: float) -> tuple[int, int]:
        store.write(follow_clock, lambda: now_ms, lambda: now_s).result()
        found = store.read(lambda db: db.execute("SELECT due_ms, since_ms FROM deferred"))
        due_ms, since_ms = found.result().fetchone()
        return due_ms - now_ms, since_ms - now_ms

    return times


def test_time_that_passes_changes_nothing(waiting: Any) -> None:
    assert waiting(NOON_MS + 3_000, 1_003.0) == (7_000, -3_000)


def test_a_clock_that_is_set_back_lets_nobody_wait_longer(waiting: Any) -> None:
    assert waiting(NOON_MS - 30 * HOUR_MS + 3_000, 1_003.0) == (7_000, -3_000)


def test_a_clock_that_is_set_forward_and_back_lets_nobody_wait_longer(waiting: Any) -> None:
    assert waiting(NOON_MS + 5 * HOUR_MS, 1_000.0)[0] < 0
    assert waiting(NOON_MS + 3_000, 1_003.0)[0] <= 7_000


def test_a_clock_that_is_corrected_little_by_little_is_followed(waiting: Any) -> None:
    for step in range(1, 11):
        times = waiting(NOON_MS - step * 1_000, 1_000.0)
    assert times[0] == pytest.approx(10_000, abs=2_000)


def test_a_machine_that_was_started_anew_is_no_clock_that_was_set_back(waiting: Any) -> None:
    assert waiting(NOON_MS + 60_000, 20.0) == (-50_000, -60_000)


def test_what_is_due_at_once_stays_so(store: Store, waiting: Any) -> None:
    store.write(lambda db: db.execute("UPDATE deferred SET due_ms = 0")).result()
    assert waiting(NOON_MS - HOUR_MS, 1_000.0)[0] == -(NOON_MS - HOUR_MS)
