"""What is measured of an engine: its lanes, which all workers share, and those of this process."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping
from typing import Final

import attrs
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from wharfinger_host.engines.at_work import Lanes
from wharfinger_host.engines.contract import EngineError, Status
from wharfinger_host.engines.counts import LaneCounts

__all__ = ["EngineFacts", "families_of_engine", "look_at"]

_ANSWER_S: Final = 8.0
"""Less than Prometheus waits unless it is told otherwise."""


@attrs.frozen
class EngineFacts:
    """How it stands with an engine.

    Attributes:
        status: What it says; None where it does not answer.
        counts: How lanes come and go in this process, by connection.
    """

    status: Status | None
    counts: Mapping[str, LaneCounts]


async def look_at(lanes: Lanes, connections: Collection[str]) -> EngineFacts:
    """Look at an engine.

    Args:
        lanes: Its lanes, as this process works on them.
        connections: Names of those that are asked about.
    """
    status = None
    try:
        async with asyncio.timeout(_ANSWER_S):
            status = await (lanes.observer or lanes.engine).status(sorted(connections))
    except (EngineError, TimeoutError):
        pass  # that it does not answer is what is measured then
    return EngineFacts(status, lanes.counts)


def families_of_engine(facts: EngineFacts) -> Iterator[Metric]:
    """Yield what was measured, family by family."""
    yield GaugeMetricFamily(
        "wharfinger_engine_up",
        "1 while the engine answers this process, 0 while it does not.",
        value=int(facts.status is not None),
    )
    yield from _of_status(facts.status or Status((), {}, {}))
    yield from _of_process(facts.counts)


def _of_status(status: Status) -> Iterator[Metric]:
    of_lane = ["connection", "lane"]
    waiting = GaugeMetricFamily(
        "wharfinger_engine_lane_events", "Events that wait in a lane.", labels=of_lane
    )
    manned = GaugeMetricFamily(
        "wharfinger_engine_lane_manned",
        "1 where some worker has the lane, 0 where none has.",
        labels=of_lane,
    )
    for lane in status.lanes:
        place = [lane.connection, str(lane.lane)]
        if lane.waiting is not None:
            waiting.add_metric(place, lane.waiting)
        manned.add_metric(place, int(lane.held))
    workers = GaugeMetricFamily(
        "wharfinger_engine_workers",
        "Workers that give the engine a sign of life for a connection.",
        labels=["connection"],
    )
    for name, count in status.workers.items():
        workers.add_metric([name], count)
    dead = GaugeMetricFamily(
        "wharfinger_engine_dead_letters",
        "Dead letters in the engine itself, beside those of the inbox.",
        labels=["connection"],
    )
    for name, count in status.dead.items():
        dead.add_metric([name], count)
    yield from (waiting, manned, workers, dead)


def _of_process(counts: Mapping[str, LaneCounts]) -> Iterator[Metric]:
    held = GaugeMetricFamily(
        "wharfinger_engine_lanes_held", "Lanes that this process has.", labels=["connection"]
    )
    moves = CounterMetricFamily(
        "wharfinger_engine_lane_moves",
        "Lanes that this process took, gave up by itself, or lost.",
        labels=["connection", "move"],
    )
    oldest = GaugeMetricFamily(
        "wharfinger_engine_lane_oldest_age_seconds",
        "Age of the oldest event that a lane of this process is at; 0 where it is at none.",
        labels=["connection", "lane"],
    )
    for name, each in sorted(counts.items()):
        held.add_metric([name], each.held)
        for move, count in (
            ("gained", each.gained),
            ("given_up", each.given_up),
            ("lost", each.lost),
        ):
            moves.add_metric([name, move], count)
        for lane, age_s in each.ages_s.items():
            oldest.add_metric([name, str(lane)], age_s)
    yield from (held, moves, oldest)
