"""Every figure the model is fed with: its value, its unit, and how certain it is.

What we chose ourselves is read from the code, and what was measured from ``measured.json``, which
`tests.bench.capacity.measure` writes. All else stands here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from itertools import accumulate, chain, repeat
from pathlib import Path
from typing import Final

import attrs

from wharfinger_host.engines.post import _BATCH as ROUND
from wharfinger_host.store.leases import LEASE_S
from wharfinger_host.store.retention import Retention
from wharfinger_sfmc.actions import _data_extension, create_contact, send_api_events_in_batches
from wharfinger_sfmc.auth import _MARGIN_S
from wharfinger_sfmc.destination import DESTINATION, MAX_BODY_BYTES
from wharfinger_sfmc.rows.jobs import _LONGEST_PAUSE_S, _PAUSES_S
from wharfinger_sfmc.rows.storing import Interface

MEASURED: Final = Path(__file__).with_name("measured.json")


class Kind(StrEnum):
    """How certain a figure is."""

    DOCUMENTED = "documented"
    """By Salesforce, in the page that is named."""
    SEEN = "seen"
    """In production, by clients other than ours."""
    UNVERIFIED = "unverified"
    """Said by somebody who says that Salesforce said so."""
    CHOSEN = "chosen"
    """By us; read from the code."""
    MEASURED = "measured"
    """Here, by the program that is named below."""
    TRIED = "tried"
    """In an earlier trial of engines on two cores, with a vendor in place of the host."""
    ASSUMED = "assumed"
    """Nobody knows it; put in your own."""


@attrs.frozen
class Figure:
    """One figure.

    Attributes:
        name: What it is.
        value: In its unit.
        unit: Such as ``"calls a year"``.
        kind: How certain it is.
        source: Where it is from.
        spread: The least and the most that were measured; None for what was not.
    """

    name: str
    value: float
    unit: str
    kind: Kind
    source: str = ""
    spread: tuple[float, float] | None = None


_LIMITS = "API Limits and Guidelines"

EDITIONS: Final = tuple(
    Figure(name, millions * 1e6, "calls a year", Kind.DOCUMENTED, f"{_LIMITS}; soft")
    for name, millions in (("Pro", 2), ("Corporate", 6), ("Enterprise", 200))
)
JOBS_PER_DAY: Final = Figure(
    "asynchronous requests", 50e6, "calls a day", Kind.DOCUMENTED, f"{_LIMITS}; soft"
)
JOB_ROWS_MOST: Final = Figure(
    "rows of an asynchronous request", 32_000, "rows", Kind.DOCUMENTED, f"{_LIMITS}; hard"
)
RESULTS_PAGE: Final = Figure(
    "results on one page", 50, "rows", Kind.DOCUMENTED, "sample of a reply; clients have seen more"
)
TOKEN_S: Final = Figure("life of a token", 1_079, "s", Kind.SEEN, "replies of tenants")
JOB_S: Final = Figure("time of a large job", 20, "s", Kind.SEEN, "a reply with its times")
SMALL_JOB_S: Final = Figure("time of a small job", 2, "s", Kind.SEEN, "0.5 to 2 for one row")
CALLS_PER_MINUTE: Final = Figure(
    "calls at any time", 2_500, "calls a minute", Kind.UNVERIFIED, "support, by a blog"
)
LATENCY_S: Final = Figure("time of one call", 0.2, "s", Kind.ASSUMED, "measure your tenant")
BUSY: Final = Figure(
    "share of a core or a lane that is used", 0.7, "", Kind.ASSUMED, "room for peaks"
)
VENDOR: Final = (
    *EDITIONS,
    JOBS_PER_DAY,
    JOB_ROWS_MOST,
    RESULTS_PAGE,
    TOKEN_S,
    JOB_S,
    SMALL_JOB_S,
    CALLS_PER_MINUTE,
    LATENCY_S,
    BUSY,
)

SQLITE_FILE: Final = Figure(
    "one SQLite file, read and acknowledged", 179_000, "events/s", Kind.TRIED
)
RABBITMQ_NODES: Final = Figure("three nodes of RabbitMQ, published", 3_300, "events/s", Kind.TRIED)
KAFKA: Final = Figure("three brokers of Kafka, published", 67_000, "events/s", Kind.TRIED)
POSTGRES: Final = Figure("one PostgreSQL, copied into a table", 160_000, "events/s", Kind.TRIED)
TRIED: Final = (SQLITE_FILE, RABBITMQ_NODES, KAFKA, POSTGRES)

_ROWSETS: Final = _data_extension.batching({"api": Interface.SYNC})
_JOBS: Final = _data_extension.JOBS
_EVENTS: Final = send_api_events_in_batches.BATCHING
_ALONE: Final = create_contact.BATCHING


def _chosen(name: str, value: float, unit: str, why: str = "") -> Figure:
    return Figure(name, value, unit, Kind.CHOSEN, why)


ROWSET_ROWS: Final = _chosen(
    "rows of a synchronous request", _ROWSETS.rows, "rows", f"advice of {_LIMITS}"
)
ROWSET_LANES: Final = _chosen("such requests for one data extension", _ROWSETS.lanes, "at once")
JOB_ROWS: Final = _chosen("rows of a job", _JOBS.rows, "rows", "as clients in production")
JOB_LANES: Final = _chosen("jobs for one data extension", _JOBS.lanes, "at once")
MEMBERS: Final = _chosen(
    "journey events of a request", _EVENTS.rows, "events", "documented as the most"
)
MEMBER_LANES: Final = _chosen("such requests for one event definition", _EVENTS.lanes, "at once")
ALONE_LANES: Final = _chosen("requests of a mapping without batches", _ALONE.lanes, "at once")
PARALLEL: Final = _chosen(
    "requests under way", DESTINATION.limits.parallel_requests or 1, "at once"
)
BODY_BYTES: Final = _chosen("largest body", MAX_BODY_BYTES, "bytes", "documented as the most")
ROUND_EVENTS: Final = _chosen("events of a lane of an engine under way", ROUND, "events")
LEASE: Final = _chosen("lease of a partition without a sign of life", LEASE_S, "s")
TOKEN_MARGIN: Final = _chosen("a token is renewed before its end", _MARGIN_S, "s")
KEPT_DAYS: Final = _chosen("an inbox keeps what is done", Retention().events_days, "days")
CHOSEN: Final = (
    ROWSET_ROWS,
    ROWSET_LANES,
    JOB_ROWS,
    JOB_LANES,
    MEMBERS,
    MEMBER_LANES,
    ALONE_LANES,
    PARALLEL,
    BODY_BYTES,
    ROUND_EVENTS,
    LEASE,
    TOKEN_MARGIN,
    KEPT_DAYS,
)


def looks_at_a_job(job_s: float) -> list[float]:
    """Return when a job is asked about, in seconds after it was handed in.

    Args:
        job_s: How long it takes; the last of the moments is the first that is not before that.
    """
    moments: list[float] = []
    for moment in accumulate(chain(_PAUSES_S, repeat(_LONGEST_PAUSE_S))):
        moments.append(moment)
        if moment >= job_s:
            return moments
    raise AssertionError("the pauses never end")


@attrs.frozen
class Measured:
    """What was measured here.

    Attributes:
        date: When.
        machine: On what.
        runs: How often.
        figures: By the names that `tests.bench.capacity.parts` gives them.
    """

    date: str
    machine: str
    runs: int
    figures: Mapping[str, Figure]

    @classmethod
    def read(cls, path: Path = MEASURED) -> Measured:
        """Read what `tests.bench.capacity.measure` wrote."""
        told = json.loads(path.read_text(encoding="utf-8"))
        figures = {
            name: Figure(name, each["value"], "", Kind.MEASURED, "", (each["least"], each["most"]))
            for name, each in told["figures"].items()
        }
        return cls(**told["about"], figures=figures)

    def __getitem__(self, name: str) -> float:
        return self.figures[name].value
