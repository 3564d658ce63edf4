"""What waits, and for how long: by arithmetic and by simulation, side by side."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

import attrs
from tests.bench.capacity import figures
from tests.bench.capacity.model import (
    Throttle,
    catch_up_s,
    shares_of_lanes,
    throttled_calls_per_s,
    waiting_s,
)
from tests.bench.capacity.simulation import Away, Seen, Setup, chance, simulate, steady
from tests.bench.capacity.words import duration, number, table

from wharfinger_host.engines.contract import LaneEvent

CONTACTS: Final = 10_000
EXPONENTS: Final = (0.0, 0.8, 1.0, 1.2)
USED: Final = (0.5, 0.7, 0.9)
_SEED: Final = 1
_CALL_S: Final = figures.LATENCY_S.value
_ROWS: Final = int(figures.ROWSET_ROWS.value)
_LANES: Final = 8


@attrs.frozen(kw_only=True)
class Check:
    """The same figure by arithmetic and by simulation.

    Attributes:
        name: What happens.
        arithmetic: What the model says.
        simulated: What came of it.
        tolerance: By how much of it they may differ.
    """

    name: str
    arithmetic: float
    simulated: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether they do."""
        return abs(self.simulated - self.arithmetic) <= self.tolerance * self.arithmetic


def full_lanes() -> Iterator[Check]:
    """Lanes that always have enough to do: events per second."""
    for lanes, parallel in ((1, 1), (8, 8), (8, 4)):
        setup = Setup(
            arrivals=[steady(10_000)] * lanes, rows=_ROWS, latency_s=_CALL_S, parallel=parallel
        )
        yield Check(
            name=f"full lanes: {lanes}; requests at once: {parallel}",
            arithmetic=min(lanes, parallel) * _ROWS / _CALL_S,
            simulated=simulate(setup).events_per_s,
            tolerance=0.001,
        )


def waits() -> Iterator[Check]:
    """Events that come by chance, and travel alone: the mean wait in seconds."""
    for used in (0.5, 0.7, 0.8):
        rate = used / _CALL_S
        setup = Setup(arrivals=[chance(60_000, rate, _SEED)], rows=1, latency_s=_CALL_S, parallel=1)
        yield Check(
            name=f"one lane without batches, used by {used:.0%}",
            arithmetic=waiting_s(rate, _CALL_S),
            simulated=simulate(setup).mean_wait_s,
            tolerance=0.05,
        )


def hot_contacts() -> Iterator[Check]:
    """Contacts that are not alike: what is left of the rate of lanes with equal shares."""
    for exponent in EXPONENTS:
        for lanes in (8, 64):
            busiest = max(shares_of_lanes(CONTACTS, exponent, lanes))
            arrivals = [steady(count) for count in _drawn(exponent, lanes)]
            setup = Setup(arrivals=arrivals, rows=_ROWS, latency_s=_CALL_S, parallel=lanes)
            even = lanes * _ROWS / _CALL_S
            yield Check(
                name=f"{lanes} lanes, the n-th contact 1/n^{exponent:g} as busy as the first",
                arithmetic=1 / (busiest * lanes),
                simulated=simulate(setup).events_per_s / even,
                tolerance=0.05,
            )


def _drawn(exponent: float, lanes: int, events: int = 100_000) -> list[int]:
    """Draw events about contacts, and count those of each lane."""
    lane_of = [LaneEvent("", f"contact-{number}", b"").lane(lanes) for number in range(CONTACTS)]
    weights = [number**-exponent for number in range(1, CONTACTS + 1)]
    counts = [0] * lanes
    for contact in random.Random(_SEED).choices(range(CONTACTS), weights, k=events):
        counts[lane_of[contact]] += 1
    return counts


def throttled() -> Iterator[Check]:
    """A vendor that takes 50 calls a second, and asks for 5 seconds after: calls per second."""
    throttle = Throttle(calls=50, window_s=1.0, pause_s=5.0)
    for parallel, latency_s in ((4, _CALL_S), (10, 0.1), (50, _CALL_S)):
        setup = Setup(
            arrivals=[steady(10_000 // parallel)] * parallel,
            rows=1,
            latency_s=latency_s,
            parallel=parallel,
            throttle=throttle,
        )
        yield Check(
            name=f"throttled, {parallel} requests at once of {duration(latency_s)}",
            arithmetic=throttled_calls_per_s(throttle, parallel=parallel, latency_s=latency_s),
            simulated=simulate(setup).events_per_s,
            tolerance=0.02,
        )


def lost_worker(used: float) -> Seen:
    """Lose one worker of four, until its lease has run out.

    Args:
        used: Share of the capacity that is used before.
    """
    rate = used * _ROWS / _CALL_S
    away = Away(60.0, 60.0 + figures.LEASE.value, range(_LANES // 4))
    lasts_s = away.until_s + 1.5 * catch_up_s(figures.LEASE.value, used)
    arrivals = [steady(round(rate * lasts_s), rate)] * _LANES
    return simulate(
        Setup(arrivals=arrivals, rows=_ROWS, latency_s=_CALL_S, parallel=_LANES, away=away)
    )


def lost_workers() -> Iterator[Check]:
    """A worker that is killed: seconds until its lanes have caught up."""
    for used in USED:
        calm_s = lost_worker(used).calm_s - 60.0 - figures.LEASE.value
        yield Check(
            name=f"a worker lost, lanes used by {used:.0%}",
            arithmetic=catch_up_s(figures.LEASE.value, used),
            simulated=calm_s,
            tolerance=0.05,
        )


def outages() -> Iterator[Check]:
    """SFMC gone for an hour: seconds until nothing waits. A lane sends one event a second."""
    hour_s, call_s = 3_600.0, 1.0
    for used in USED:
        rate = used / call_s
        away = Away(60.0, 60.0 + hour_s, range(1))
        lasts_s = away.until_s + 1.1 * catch_up_s(hour_s, used)
        arrivals = [steady(round(rate * lasts_s), rate)]
        seen = simulate(Setup(arrivals=arrivals, rows=1, latency_s=call_s, parallel=1, away=away))
        yield Check(
            name=f"SFMC gone for an hour, used by {used:.0%}",
            arithmetic=catch_up_s(hour_s, used),
            simulated=seen.calm_s - away.until_s,
            tolerance=0.02,
        )


Checks = Callable[[], Iterator[Check]]
ALL: Final[tuple[Checks, ...]] = (full_lanes, waits, hot_contacts, throttled, lost_workers, outages)


@cache
def done(checks: Checks) -> tuple[Check, ...]:
    """Return checks, made once in a process: simulating takes a while."""
    return tuple(checks())


def agreement() -> list[str]:
    """Return the table of everything that was done twice."""
    rows = []
    says: dict[Checks, Callable[[float], str]] = {
        full_lanes: lambda value: f"{number(value)} events/s",
        waits: duration,
        throttled: lambda value: f"{number(value)} calls/s",
        lost_workers: duration,
        outages: duration,
    }
    for checks, say in says.items():
        rows += [(c.name, say(c.arithmetic), say(c.simulated)) for c in done(checks)]
    return table(("what happens", "arithmetic", "simulated"), rows)


def hot() -> list[str]:
    """Return the table of contacts that are not alike."""
    found = [[f"{c.arithmetic:.0%}", f"{c.simulated:.0%}"] for c in done(hot_contacts)]
    rows = []
    for exponent, few, many in zip(EXPONENTS, found[::2], found[1::2], strict=True):
        busiest = 1 / sum(n**-exponent for n in range(1, CONTACTS + 1))
        rows.append((f"1/n^{exponent:g}", f"{busiest:.2%}", *few, *many))
    head = ("the n-th contact", "the busiest one", "8 lanes", "simulated", "64 lanes", "simulated")
    return table(head, rows)


def waiting_in_batches() -> list[str]:
    """Return the table of waits before lanes whose batches grow with what waits."""
    rows = []
    for used in USED:
        rate = used * _ROWS / _CALL_S
        setup = Setup(
            arrivals=[chance(60_000, rate, _SEED)], rows=_ROWS, latency_s=_CALL_S, parallel=1
        )
        seen = simulate(setup)
        rows.append(
            (
                f"{used:.0%}",
                number(seen.events / seen.requests),
                duration(seen.mean_wait_s),
                duration(seen.longest_s),
            )
        )
    return table(("lane used by", "rows in a request", "mean wait", "longest wait"), rows)


def after_outages(events_per_s: float, waiting_bytes: float) -> list[str]:
    """Return the table of backlogs, and of the time to catch up.

    Args:
        events_per_s: That come meanwhile.
        waiting_bytes: On disk, for each.
    """
    rows = []
    for hours in (1, 6, 24):
        backlog = events_per_s * hours * 3_600
        rows.append(
            (
                f"{hours} hours" if hours > 1 else "an hour",
                number(backlog),
                f"{backlog * waiting_bytes / 1e9:.3g} GB",
                *(duration(catch_up_s(hours * 3_600, used)) for used in USED),
            )
        )
    head = ("SFMC is gone for", "events wait", "on disk", *(f"used by {u:.0%}" for u in USED))
    return table(head, rows)
