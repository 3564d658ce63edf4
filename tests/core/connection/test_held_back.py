"""No payload overtakes its elders: what comes after one that is to be tried again waits."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import cycle
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wharfinger
from wharfinger import Action, BatchPolicy, Effect, Outcome, Status, field

RETRY = Outcome(status=Status.RETRY, code="unavailable")
LATER = Outcome(status=Status.RETRY, code="throttled", retry_after_s=3600.0)
REFUSED = Outcome(status=Status.REJECTED, code="refused")
UNKNOWN = Outcome(status=Status.UNKNOWN, code="timed-out")
WAITS = Outcome(status=Status.RETRY, code="held-back")
STORED = Outcome.delivered()

KEYS = {"one": 1, "one point nought": 1.0, "true": True, "list": ["x"], "object": {}}
"""What some labels are ordered by; the others by themselves."""


def order_key(label: str | None) -> Any:
    if label == "nan":
        return float("nan")
    return label if label is None else KEYS.get(label, label)


@attrs.define(kw_only=True)
class Crate:
    shelf: str = field(label="Shelf")
    number: int = field(label="Number")
    label: str | None = field(label="Label", default=None)


class Warehouse:
    """Stores crates, and keeps the order of one label within a batch, as an action must."""

    __name__ = "warehouse"

    def __init__(self, outcomes: Iterable[Outcome] = (), **policy: Any) -> None:
        self._outcomes = iter(outcomes)
        self._policy = BatchPolicy(**{"rows": 2, **policy})
        self.sent: list[tuple[int, ...]] = []
        self.stored: dict[tuple[str, Any], list[int]] = defaultdict(list)
        self.reached = asyncio.Event()
        self.answers: Callable[[], Any] | None = None

    async def perform(self, _session: Any, batch: Any) -> list[Outcome]:
        self.sent.append(tuple(crate.number for crate in batch.payloads))
        self.reached.set()
        await (self.answers() if self.answers else asyncio.sleep(0))
        outcomes: dict[int, Outcome] = {}
        left = set()
        for crate in batch.payloads:
            key = order_key(crate.label)
            outcome = WAITS if key in left else next(self._outcomes, STORED)
            outcomes[crate.number] = outcome
            if outcome is STORED:
                self.stored[crate.shelf, key].append(crate.number)
            elif outcome.status is Status.RETRY and key is not None:
                left.add(key)
        return list(outcomes.values())

    @wharfinger.hookimpl
    def wharfinger_destinations(self) -> list[wharfinger.Destination]:
        return [wharfinger.Destination(slug="warehouse", title="Warehouse", hosts=("w.example",))]

    @wharfinger.hookimpl
    def wharfinger_actions(self) -> list[Action]:
        return [
            Action(
                destination="warehouse",
                slug="store",
                title="Store",
                payload=Crate,
                perform=self.perform,
                effect=Effect.IDEMPOTENT,
                default_trigger='type = "track"',
                default_fields={
                    name: {"@path": f"$.properties.{name}"} for name in ("shelf", "number", "label")
                },
                batch_key=lambda crate: crate.shelf,
                order_key=lambda crate: order_key(crate.label),
            )
        ]

    @wharfinger.hookimpl
    def wharfinger_batching(self) -> BatchPolicy:
        return self._policy

    def connection(self) -> wharfinger.Connection:
        plugins = wharfinger.load_plugins(allow=(), extra=[self])
        mappings = {"crates": {"action": "store"}}
        return plugins.connect({"destination": "warehouse", "mappings": mappings})

    async def deliver(self, *labels: Any, shelves: str = "") -> list[Outcome]:
        """Deliver a crate per label, numbered from 0; return their outcomes."""
        async with self.connection() as connection:
            receipts = await connection.deliver(_events(labels, shelves or "a" * len(labels)))
        return [receipt.outcomes["crates"] for receipt in receipts]


def _events(labels: Iterable[Any], shelves: str) -> list[dict[str, Any]]:
    facts = enumerate(zip(labels, shelves, strict=True))
    return [
        {"type": "track", "properties": {"shelf": shelf, "number": number, "label": label}}
        for number, (label, shelf) in facts
    ]


def _codes(outcomes: list[Outcome]) -> list[str]:
    return [outcome.code for outcome in outcomes]


async def test_what_comes_after_a_payload_that_is_left_over_waits_in_every_later_batch():
    warehouse = Warehouse([LATER])
    outcomes = await warehouse.deliver("x", "y", "x", "y", "x", "x")
    assert _codes(outcomes) == ["throttled", *["delivered", "held-back"] * 2, "held-back"]
    assert warehouse.sent == [(0, 1), (3,)]
    held = outcomes[2]
    assert (held.status, held.attempts, held.retry_after_s) == (Status.RETRY, 0, None)
    assert held.message.startswith("Nothing was sent: an earlier event")


async def test_what_is_settled_in_a_later_attempt_holds_nothing_back():
    warehouse = Warehouse([RETRY])
    outcomes = await warehouse.deliver("x", "y", "x")
    assert _codes(outcomes) == ["delivered"] * 3
    assert warehouse.sent == [(0, 1), (0,), (2,)]


@pytest.mark.parametrize("settled", [REFUSED, UNKNOWN])
async def test_what_is_settled_for_good_or_bad_holds_nothing_back(settled):
    outcomes = await Warehouse([settled], rows=1).deliver("x", "x")
    assert _codes(outcomes) == [settled.code, "delivered"]


async def test_payloads_whose_order_is_free_never_wait():
    outcomes = await Warehouse([LATER], rows=1).deliver(None, None, "x")
    assert _codes(outcomes) == ["throttled", "delivered", "delivered"]


async def test_another_shelf_and_another_delivery_do_not_wait():
    warehouse = Warehouse([LATER], rows=1)
    async with warehouse.connection() as connection:
        first = await connection.deliver(_events("xxx", "aab"))
        again = await connection.deliver(_events("x", "a"))
    assert [r.outcomes["crates"].code for r in first] == ["throttled", "held-back", "delivered"]
    assert again[0].outcomes["crates"].code == "delivered"


async def test_a_row_that_is_never_done_costs_its_batch_no_more_than_the_attempts():
    # Attempt by attempt: the first of two rows is left over, and then left over alone.
    warehouse = Warehouse(cycle([RETRY, STORED, RETRY, RETRY]))
    outcomes = await warehouse.deliver(*map(str, range(20)))
    assert _codes(outcomes) == ["unavailable", "delivered"] * 10
    assert [outcome.attempts for outcome in outcomes] == [3, 1] * 10
    assert warehouse.sent == [b for n in range(0, 20, 2) for b in ((n, n + 1), (n,), (n,))]


async def test_an_order_key_that_nothing_can_be_ordered_by_fails_its_own_event_only():
    outcomes = await Warehouse([LATER], rows=1).deliver("x", "list", "object", "x", "y")
    assert _codes(outcomes) == [
        *("throttled", "mapping-failed", "mapping-failed", "held-back", "delivered")
    ]


@pytest.mark.parametrize("labels", [("one", "one point nought"), ("true", "one"), ("x", "x")])
async def test_equal_keys_share_a_lane_however_they_are_written(labels):
    warehouse = Warehouse([LATER], rows=1, lanes=64)
    assert _codes(await warehouse.deliver(*labels)) == ["throttled", "held-back"]
    assert warehouse.sent == [(0,)]


async def test_keys_that_equal_nothing_not_even_themselves_are_delivered():
    assert _codes(await Warehouse([LATER], rows=1).deliver("nan", "nan")) == [
        *("throttled", "delivered")
    ]


async def test_deliveries_side_by_side_do_not_mix_their_receipts():
    warehouse = Warehouse([LATER], rows=1)
    async with warehouse.connection() as connection:
        first, second = await asyncio.gather(
            connection.deliver(_events("xxx", "aaa")), connection.deliver(_events("xy", "aa"))
        )
    assert [r.outcomes["crates"].code for r in first] == ["throttled", "held-back", "held-back"]
    assert [r.outcomes["crates"].code for r in second] == ["delivered"] * 2


async def test_a_delivery_that_is_cancelled_within_a_lane_sends_nothing_more():
    warehouse = Warehouse(rows=1, lanes=2)
    never = asyncio.Event()
    warehouse.answers = never.wait
    async with warehouse.connection() as connection:
        delivery = asyncio.create_task(connection.deliver(_events("xyxyx", "aaaaa")))
        await warehouse.reached.wait()
        delivery.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delivery
        assert warehouse.stored == {}
        begun = len(warehouse.sent)
        warehouse.answers = None
        again = await connection.deliver(_events("xyxyx", "aaaaa"))
    assert [r.outcomes["crates"].status for r in again] == [Status.DELIVERED] * 5
    assert (begun, warehouse.stored["a", "x"]) == (2, [0, 2, 4])


async def test_an_action_that_lets_out_a_cancellation_of_its_own_loses_nothing(caplog):
    warehouse = Warehouse(rows=1)
    somebody_elses = asyncio.get_running_loop().create_future()
    somebody_elses.cancel()
    warehouse.answers = lambda: somebody_elses
    outcomes = await warehouse.deliver("x", "y")
    assert _codes(outcomes) == ["action-failed"] * 2
    assert "CancelledError in Store" in outcomes[0].message


crates = st.lists(
    st.tuples(st.sampled_from([None, "x", "y", "one", "one point nought"]), st.sampled_from("ab")),
    max_size=24,
)
outcomes_of_rows = st.lists(
    st.sampled_from([STORED, STORED, RETRY, LATER, REFUSED, UNKNOWN]), max_size=60
)


@settings(max_examples=60, deadline=None)
@given(crates=crates, script=outcomes_of_rows, rows=st.integers(1, 5), lanes=st.integers(1, 4))
async def test_per_key_the_last_stored_is_what_serial_application_of_the_delivered_leaves(
    crates, script, rows, lanes
):
    warehouse = Warehouse(script, rows=rows, lanes=lanes)
    labels, shelves = [label for label, _ in crates], "".join(shelf for _, shelf in crates)
    outcomes = await warehouse.deliver(*labels, shelves=shelves)

    by_key: dict[tuple[str, Any], list[tuple[int, Outcome]]] = defaultdict(list)
    for number, (label, shelf) in enumerate(crates):
        by_key[shelf, order_key(label)].append((number, outcomes[number]))
    for key, line in by_key.items():
        delivered = [number for number, outcome in line if outcome.status is Status.DELIVERED]
        if key[1] is None:
            assert sorted(warehouse.stored[key]) == delivered
            continue
        assert warehouse.stored[key] == delivered
        unsettled = False
        for _, outcome in line:
            assert (outcome.code == "held-back") == unsettled
            assert (outcome.attempts == 0) == unsettled
            unsettled = unsettled or outcome.status is Status.RETRY
