"""The tables of the page about SFMC: what fits which edition, and what refused rows cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from tests.bench.capacity import figures, refusals
from tests.bench.capacity.model import (
    DAY_S,
    Account,
    Way,
    events_per_day,
    job_way,
    limits,
    sign_ins_per_year,
    ways,
)
from tests.bench.capacity.words import number, table

QUOTA: Final = "calls a year"
_MANY: Final = 10
_PAGES: Final = math.ceil(figures.JOB_ROWS.value / figures.RESULTS_PAGE.value)


def account(edition: str, *, places: int = 1) -> Account:
    """Return the account of an edition, all of it for us."""
    (calls,) = [each.value for each in figures.EDITIONS if each.name == edition]
    return Account(calls_per_year=calls, places=places)


def all_ways(of: Account) -> list[Way]:
    """Return all ways, and those of jobs that are not full or not clean."""
    return [
        *ways(of),
        job_way("the same, one row of each job refused", of, pages=_PAGES),
        job_way(
            "the same, over an engine",
            of,
            rows=int(figures.ROUND_EVENTS.value),
            job_s=figures.SMALL_JOB_S.value,
            place="lane",
        ),
    ]


def by_edition() -> list[str]:
    """Say how many events a day fit which edition, by each way."""
    accounts = [account(each.name) for each in figures.EDITIONS]
    spread = [account(each.name, places=_MANY) for each in figures.EDITIONS]
    rows = [_row(each, accounts) for each in zip(*map(all_ways, accounts), strict=True)]
    many = [job_way(f"the same, {_MANY} data extensions side by side", of) for of in spread]
    rows.insert(len(ways(accounts[0])), _row(many, spread))
    return table(("way", "events a call", *(each.name for each in figures.EDITIONS)), rows)


def _row(places: Sequence[Way], accounts: Sequence[Account]) -> tuple[str, ...]:
    cells = [_per_day(way, of) for way, of in zip(places, accounts, strict=True)]
    return places[0].name, number(places[0].events_per_call), *cells


def _per_day(way: Way, of: Account) -> str:
    events, what = events_per_day(way, of)
    return number(events) if what == QUOTA else f"{number(events)} ¹"


def of_enterprise() -> list[str]:
    """Say what each limit lets through for Enterprise, in events a second."""
    of = account("Enterprise")
    rows = []
    for way in all_ways(of):
        found = {limit.name: limit.events_per_s for limit in limits(way, of)}
        narrowest = limits(way, of)[0].name
        place = next(name for name in found if name.startswith(("jobs for", "requests for")))
        names = (QUOTA, "calls a minute", "requests at once", place)
        cells = [
            f"**{number(found[name])}**" if name == narrowest else number(found[name])
            for name in names
        ]
        rows.append((way.name, *cells, way.place))
    head = ("way", QUOTA, "2,500 a minute", "4 at once", "one place", "which place")
    return table(head, rows, texts=1)


def a_million() -> list[str]:
    """Say what a million events a second are at SFMC."""
    of = account("Enterprise")
    rows = []
    for way in (each for each in ways(of) if "one in" not in each.name):
        calls = 1e6 / way.events_per_call
        found = limits(way, of)
        quota = next(each for each in found if each.name == QUOTA)
        minute = next(each for each in found if each.name == "calls a minute")
        place = next(each for each in found if f"one {way.place}" in each.name)
        rows.append(
            (
                way.name,
                number(calls),
                number(1e6 / quota.events_per_s),
                number(1e6 / minute.events_per_s),
                number(math.ceil(calls * of.latency_s)),
                f"{number(math.ceil(1e6 / place.events_per_s))} {way.place}s",
            )
        )
    head = (
        "way",
        "calls a second",
        "times the calls of Enterprise",
        "times 2,500 calls a minute",
        "requests under way",
        "spread over",
    )
    return table(head, rows)


def sign_ins() -> list[str]:
    """Say what signing in takes of an edition, if SFMC counts it."""
    rows = []
    for processes in (1, 4, 16, 64):
        calls = processes * sign_ins_per_year(figures.TOKEN_S.value, figures.TOKEN_MARGIN.value)
        shares = (f"{calls / each.value:.2%}" for each in figures.EDITIONS)
        rows.append((str(processes), number(calls), *shares))
    head = ("processes that sign in", QUOTA, *(f"of {each.name}" for each in figures.EDITIONS))
    return table(head, rows)


def refused() -> list[str]:
    """Say what refused rows cost, and what is left of an edition."""
    of = account("Enterprise")
    rows = []
    for count in refusals.REFUSED:
        calls = refusals.calls(count)
        per_s = of.calls_per_year / (365 * DAY_S) * refusals.ROWS / calls
        rows.append((str(count), number(calls), number(refusals.ROWS / calls), number(per_s)))
    head = ("refused of 50 rows", "calls", "rows a call", "rows a second, Enterprise")
    return table(head, rows)
