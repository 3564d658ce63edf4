"""The tables of the page about our side: what a rate needs, and what breaks first."""

from __future__ import annotations

import math
from typing import Final

from tests.bench.capacity import figures
from tests.bench.capacity.editions import account
from tests.bench.capacity.figures import Measured
from tests.bench.capacity.model import (
    DAY_S,
    Cost,
    Limit,
    Part,
    Workers,
    lanes_for,
    limits,
    parts_of_inbox,
    parts_of_rabbitmq,
    throughput,
    ways,
)
from tests.bench.capacity.words import number, size, table

RATES: Final = (1e3, 1e4, 1e5, 1e6)
_BAR: Final = 5
_FIRST: Final = -2
_REQUESTS_OF_A_ROUND: Final = math.ceil(
    figures.ROUND_EVENTS.value / figures.ROWSET_ROWS.value / figures.ROWSET_LANES.value
)


def _busy() -> float:
    return figures.BUSY.value


def inbox(measured: Measured) -> list[str]:
    """Say what inboxes on as many machines as it takes need."""
    return _plan([parts_of_inbox(measured, rate, _busy()) for rate in RATES])


def rabbitmq(measured: Measured) -> list[str]:
    """Say what RabbitMQ and its workers need."""
    return _plan([parts_of_rabbitmq(measured, rate, _busy()) for rate in RATES])


def _plan(plans: list[list[Part]]) -> list[str]:
    rows = [
        (same[0].name, number(same[0].cost_s * 1e6), *(number(part.cores) for part in same))
        for same in zip(*plans, strict=True)
    ]
    each = sum(part.cost_s for part in plans[0])
    sums = [number(sum(part.cores for part in parts)) for parts in plans]
    memory = [size(sum(part.memory_bytes for part in parts)) for parts in plans]
    rows += [
        ("**cores together**", number(each * 1e6), *sums),
        ("memory of those that deliver", "", *memory),
    ]
    return table(("part", "µs an event", *(f"{number(rate)}/s" for rate in RATES)), rows)


def around(measured: Measured) -> list[str]:
    """Say what a rate needs besides processors."""
    batch, latency_s = figures.ROUND_EVENTS.value, figures.LATENCY_S.value
    event, row = measured["event_bytes"], measured["row_bytes"]
    per_s = {
        "events come in": event,
        "between nodes, two more copies": 2 * event,
        "rows go out": row,
    }
    rows = [
        (f"{name}, a second", *(size(rate * each) for rate in RATES))
        for name, each in per_s.items()
    ]
    waiting, kept = measured["waiting_bytes"], measured["kept_bytes"]
    days = figures.KEPT_DAYS.value
    rows += [
        ("disk for what waits, an hour", *(size(rate * waiting * 3_600) for rate in RATES)),
        (
            f"disk for what an inbox keeps, {days:.0f} days",
            *(size(rate * kept * DAY_S * days) for rate in RATES),
        ),
    ]
    for seconds in (0.02, latency_s):
        hold_s = seconds * _REQUESTS_OF_A_ROUND
        needed = [lanes_for(r, batch=int(batch), hold_s=hold_s, busy=_busy()) for r in RATES]
        rows.append((f"lanes, calls of {seconds * 1000:.0f} ms", *map(number, needed)))
    return table(("what", *(f"{number(rate)}/s" for rate in RATES)), rows)


def stores() -> list[str]:
    """Say how many of what keeps events a rate needs, by an earlier trial."""
    rows = [
        (
            each.name,
            number(each.value),
            *(number(math.ceil(rate / each.value / _busy())) for rate in RATES),
        )
        for each in figures.TRIED
    ]
    return table(("what", "a second", *(f"{number(rate)}/s" for rate in RATES)), rows)


def workers(measured: Measured) -> list[str]:
    """Say what more workers on RabbitMQ bring, and what holds them back."""
    cost = Cost.of(measured["rabbitmq_run_1_s"], measured["rabbitmq_run_50_s"], 50)
    batched = next(way for way in ways(account("Enterprise")) if way.name == "rows, batched")
    cases: tuple[tuple[str, int, float, list[Limit]], ...] = (
        ("8 lanes, 200 ms, no bound at SFMC", 8, 0.2, []),
        ("64 lanes, 200 ms, no bound at SFMC", 64, 0.2, []),
        ("64 lanes, 20 ms, no bound at SFMC", 64, 0.02, []),
        ("64 lanes, 200 ms, Enterprise", 64, 0.2, limits(batched, account("Enterprise"))),
    )
    counts = (1, 2, 4, 8, 16, 32)
    rows = []
    for name, lanes, latency_s, vendor in cases:
        cells = []
        for count in counts:
            crew = Workers(
                count=count,
                cost=cost,
                lanes=lanes,
                batch=int(figures.ROUND_EVENTS.value),
                hold_s=latency_s * _REQUESTS_OF_A_ROUND,
                rows=int(figures.ROWSET_ROWS.value),
            )
            found = throughput(crew.limits(), vendor or crew.limits())
            cells.append(f"{number(found.events_per_s)} {_SIGNS.get(found.name, '')}".strip())
        rows.append((name, *cells))
    return table(
        ("events a second with", *(f"{count} worker{'s' * (count > 1)}" for count in counts)), rows
    )


_SIGNS: Final = {"lanes": "¹", "calls a year": "²"}


def ladder(measured: Measured) -> list[str]:
    """Draw what breaks first: a bar for each bound, ten times the rate a step."""
    found = sorted(_bounds(measured))
    width = max(len(limit.name) for limit in found)
    lines = [
        f"{limit.name:<{width}}  {'█' * _bar(limit.events_per_s)} {number(limit.events_per_s)}"
        for limit in found
    ]
    return ["```text", *lines, "```"]


def _bar(events_per_s: float) -> int:
    return round(_BAR * (math.log10(events_per_s) - _FIRST))


def _bounds(measured: Measured) -> list[Limit]:
    bounds = []
    for edition in figures.EDITIONS:
        of = account(edition.name)
        for way in ways(of):
            if way.name in ("rows, one in a request", "rows, batched"):
                found = {limit.name: limit.events_per_s for limit in limits(way, of)}
                bounds.append(Limit(found["calls a year"], f"{edition.name}: {way.name}"))
                if edition.name == "Enterprise" and way.rows > 1:
                    place = found["requests for one data extension"]
                    bounds += [
                        Limit(place, "one data extension: rows, batched"),
                        Limit(found["requests at once"], "4 requests at once: rows, batched"),
                        Limit(found["calls a minute"], "2,500 calls a minute: rows, batched"),
                    ]
    return [
        *bounds,
        Limit(1 / measured["run_50_s"], "one core: `run` on an inbox"),
        Limit(1 / measured["rabbitmq_run_50_s"], "one core: `run` on RabbitMQ"),
        Limit(1 / measured["rabbitmq_nodes_3_s"], "one core: three nodes of RabbitMQ"),
        Limit(1 / measured["serve_event_s"], "one core: `serve`"),
        Limit(1 / measured["accept_event_s"], "one core: `accept`"),
        Limit(figures.SQLITE_FILE.value, "one file of SQLite, without a host"),
        Limit(1e6, "a million events a second"),
    ]
