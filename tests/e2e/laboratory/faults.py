"""What goes wrong in an experiment, and when: made from its seed before it begins."""

from __future__ import annotations

import random
from typing import Any, Final, Literal

import attrs
from tests.e2e.laboratory.shop import NORTH_ROWS

__all__ = ["NORTH_REVOKED", "STORM", "Plan", "Step", "make_plan"]

Deed = Literal[
    "kill-worker",
    "kill-simulator",
    "end-token",
    "revoke-permission",
    "grant-permission",
    "set-clock",
    "stop-worker",
    "reload",
]

STORM: Final[list[dict[str, Any]]] = [
    {"kind": kind, "probability": probability, "times": None, "retry_after_s": 0}
    for kind, probability in {
        # 10 % each of 429, 500, dropped and truncated; half of them after the work was done.
        "rate-limited": 0.05,
        "rate-limited-without-wait": 0.05,
        "server-error": 0.05,
        "commit-then-server-error": 0.05,
        "drop": 0.05,
        "commit-then-drop": 0.05,
        "truncated-body": 0.05,
        "cut-off": 0.05,
    }.items()
]
"""Faults that strike all the time, by chance."""

NORTH_REVOKED: Final[dict[str, Any]] = {"kind": "forbidden", "path": NORTH_ROWS, "times": None}
"""The connection north may not write rows any more."""

_HOURS: Final = (-30, -5, -1, 1, 5, 30)


@attrs.frozen
class Step:
    """One thing that is done to the processes.

    Attributes:
        at: After how many requests to the vendor.
        deed: What.
        value: With how much, where that matters.
    """

    at: int
    deed: Deed
    value: float = 0.0


@attrs.frozen
class Plan:
    """What happens in one experiment.

    Attributes:
        steps: In their order.
        pieces: Into how many files the events are split.
        kill_accept: Chance that an `accept` is killed and repeated.
        accept_again: Chance that a file is given twice.
        workers: How many work on the inbox at once.
        switches: How the simulator differs from its default.
    """

    steps: tuple[Step, ...]
    pieces: int
    workers: int
    switches: tuple[str, ...]
    kill_accept: float = 0.3
    accept_again: float = 0.2


def make_plan(seed: int, events: int) -> Plan:
    """Return the plan of a seed.

    Args:
        seed: The same seed gives the same plan.
        events: How many events there are; more of them meet more.
    """
    dice = random.Random(f"faults {seed}")
    requests = max(60, events // 4)
    scale = 2 if events >= 1_000 else 1
    often = 4 if events >= 1_000 else 1
    deeds: list[Step] = []

    def some(deed: Deed, count: int) -> None:
        deeds.extend(Step(dice.randrange(requests), deed) for _ in range(count))

    some("kill-worker", often)
    some("kill-simulator", often)
    some("end-token", often)
    some("stop-worker", scale)
    some("reload", 1)
    # With a wrong clock the vendor's list of events settles nothing, so not every seed has one.
    deeds += [
        Step(dice.randrange(requests), "set-clock", dice.choice(_HOURS) * 3600.0)
        for _ in range(often * (seed % 3 == 0))
    ]
    begins, ends = sorted(dice.sample(range(requests), 2))
    deeds += [Step(begins, "revoke-permission"), Step(ends, "grant-permission")]
    return Plan(
        steps=tuple(sorted(deeds, key=lambda step: step.at)),
        pieces=dice.randint(3, 5) * scale,
        workers=2 + seed % 2,
        switches=(f"async_status_lists_single_events={str(seed % 2 == 0).lower()}",),
    )
