"""What holds for every flow, whatever the vendor answers and wherever it is cancelled."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import combinations
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wharfinger import Outcome, Status

SETTLED_BY = st.sampled_from(
    ["delivered", "delivered", "delivered", "rejected", "retry", "unknown", "halted"]
)


@attrs.frozen
class Plan:
    """A random host, and what its vendor makes of each event."""

    events: list[dict[str, Any]]
    answers: list[str]
    rows: int
    bytes: int
    lanes: int
    most_waiting: int
    most_per_lane: int | None
    slow_s: float
    unsent_per_s: float | None
    pauses: list[int]


events = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["track", "track", "track", "page"]),
            "place": st.sampled_from(["a", "b"]),
            "owner": st.sampled_from([None, "ann", "ben", "cid"]),
            "weight": st.integers(0, 30),
        }
    ),
    max_size=60,
).map(lambda found: [{**event, "number": number} for number, event in enumerate(found)])

plans = st.builds(
    Plan,
    events=events,
    answers=st.lists(SETTLED_BY, min_size=1, max_size=60),
    rows=st.integers(1, 6),
    bytes=st.integers(40, 120),
    lanes=st.integers(1, 3),
    most_waiting=st.integers(1, 20),
    most_per_lane=st.sampled_from([None, None, 1, 3, 8]),
    slow_s=st.sampled_from([0.0, 0.0, 0.5, 2.0]),
    unsent_per_s=st.sampled_from([None, None, 0.5, 2.0]),
    pauses=st.lists(st.integers(0, 3), min_size=1, max_size=8),
)


class Host:
    """Puts the events of a plan, takes what settles, and keeps a diary of both."""

    def __init__(self, plan, ship, yard, clock):
        self.plan = plan
        self.yard = yard
        self.clock = clock
        self.diary = []
        self.put = []
        self.taken = []
        self.flow: Any = None
        yard.__init__()
        yard.answer = self._answer
        yard.before = self._look
        batch = {"rows": plan.rows, "bytes": plan.bytes, "lanes": plan.lanes}
        self.connection = ship(
            mappings={"ship": {"action": "ship", "batch": batch}, "launch": {"action": "launch"}}
        )

    def _answer(self, number):
        status = Status(self.plan.answers[number % len(self.plan.answers)])
        return Outcome(status=status, code=f"said-{status}")

    def _look(self):
        assert self.flow.waiting <= self.plan.most_waiting

    async def _pause(self, place):
        for _ in range(self.plan.pauses[place % len(self.plan.pauses)]):
            await asyncio.sleep(0)

    async def run(self):
        facts = {
            "most_waiting": self.plan.most_waiting,
            "most_per_lane": self.plan.most_per_lane,
            "slow_s": self.plan.slow_s,
            "unsent_per_s": self.plan.unsent_per_s,
        }
        async with (
            self.connection,
            self.connection.flow(**facts) as self.flow,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._take())
            time = group.create_task(self._let_time_go_by())
            for event in self.plan.events:
                await self.flow.put(event, event["number"])
                self._look()
                self.put.append(event["number"])
                self.diary.append(("put", event["number"]))
                await self._pause(event["number"])
                self.clock.advance(0.3)
            await self.flow.drain()
            time.cancel()

    async def _let_time_go_by(self):
        """Where few may come back unsent, more may as time goes by."""
        while self.plan.unsent_per_s is not None:
            await asyncio.sleep(0)
            self.clock.advance(0.1)

    async def _take(self):
        async for settled in self.flow:
            self.diary.append(("taken", settled.token))
            self.taken.append(settled)
            await self._pause(settled.token + 1)
            self.clock.advance(0.3)


def laws(test):
    """Run a law over random plans."""
    relaxed = [HealthCheck.function_scoped_fixture]
    return settings(max_examples=80, deadline=None, suppress_health_check=relaxed)(test)


@pytest.fixture
def host(ship, yard, clock):
    return lambda plan: Host(plan, ship, yard, clock)


@laws
@given(plans)
async def test_every_event_comes_back_once_with_one_outcome_per_mapping(host, plan):
    run = host(plan)
    await run.run()
    assert sorted(settled.token for settled in run.taken) == list(range(len(plan.events)))
    for settled in run.taken:
        assert settled.event is plan.events[settled.token]
        assert list(settled.receipt.outcomes) == ["ship", "launch"]
        assert all(isinstance(o, Outcome) for o in settled.receipt.outcomes.values())
    assert run.flow.waiting == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


@laws
@given(plans)
async def test_no_batch_exceeds_rows_or_bytes_or_mixes_places(host, yard, plan):
    run = host(plan)
    await run.run()
    for place, numbers in yard.batches:
        assert {plan.events[number]["place"] for number in numbers} == {place}
        assert 1 <= len(numbers) <= plan.rows
        size = sum(plan.events[number]["weight"] + 1 for number in numbers)
        assert len(numbers) == 1 or size <= plan.bytes


@laws
@given(plans)
async def test_what_one_owner_is_sent_arrives_in_the_order_it_was_put(host, yard, plan):
    await host(plan).run()
    for _, stored in yard.by.values():
        arrived = defaultdict(list)
        for number in stored:
            event = plan.events[number]
            arrived[event["place"], event["owner"]].append(number)
        for (_, owner), numbers in arrived.items():
            assert len(set(numbers)) == len(numbers)
            assert owner is None or numbers == sorted(numbers)


@laws
@given(plans)
async def test_nothing_overtakes_what_is_to_be_tried_again_before_the_host_knows(host, yard, plan):
    run = host(plan)
    await run.run()
    when = {entry: place for place, entry in enumerate(run.diary)}
    receipts = {settled.token: settled.receipt.outcomes for settled in run.taken}
    for mapping, (batches, _) in yard.by.items():
        for elder, younger in _pairs(plan.events):
            unsettled = receipts[elder][mapping].status is Status.RETRY
            if unsettled and when["put", younger] < when["taken", elder]:
                together = any({elder, younger} <= set(numbers) for numbers in batches)
                assert together or receipts[younger][mapping].status is not Status.DELIVERED


def _pairs(events):
    """Yield the numbers of any two events of one owner for one place."""
    for elder, younger in combinations(events, 2):
        if elder["owner"] is not None and all(elder[f] == younger[f] for f in ("place", "owner")):
            yield elder["number"], younger["number"]


@laws
@given(plans, st.integers(0, 300))
async def test_a_host_cancelled_anywhere_has_whole_receipts_and_no_task_left(host, plan, step):
    run = host(plan)
    task = asyncio.create_task(run.run())
    for _ in range(step):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert asyncio.all_tasks() == {asyncio.current_task()}
    if run.flow is None:
        return
    rest = [settled async for settled in run.flow]
    tokens = [settled.token for settled in (*run.taken, *rest)]
    assert len(set(tokens)) == len(tokens)
    # The event whose put was interrupted was not taken; no other is unknown to the host.
    assert set(tokens) <= set(run.put)
    for settled in (*run.taken, *rest):
        assert all(isinstance(o, Outcome) for o in settled.receipt.outcomes.values())
