"""The arithmetic: what fits an edition, what our side needs, and what waiting comes to.

Everything is a plain function of numbers. Rates are events per second, times are seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import attrs
from tests.bench.capacity import figures
from tests.bench.capacity.figures import Measured

from wharfinger_host.engines.contract import LaneEvent

DAY_S: Final = 86_400.0
YEAR_S: Final = 365 * DAY_S


@attrs.frozen(kw_only=True)
class Way:
    """One way for events to get to SFMC.

    Attributes:
        name: What people call it.
        rows: Events that travel together.
        hold_s: Seconds from one request, or job, to the next in the same lane.
        lanes: How many of them are under way at once to one place.
        place: What bounds these lanes: a data extension, an event definition, a mapping.
        calls: Calls they need, those that ask what became of them included.
        is_job: Whether SFMC counts it as an asynchronous request.
    """

    name: str
    rows: int
    hold_s: float
    lanes: int
    place: str = "data extension"
    calls: float = 1.0
    is_job: bool = False

    @property
    def events_per_call(self) -> float:
        """How far one call goes."""
        return self.rows / self.calls


@attrs.frozen(kw_only=True)
class Account:
    """What an account of SFMC bears.

    Attributes:
        calls_per_year: Of its edition.
        share: How much of that is for us; the rest is for whoever else uses the tenant.
        calls_per_minute: At any time.
        parallel: Requests under way at once.
        latency_s: Seconds that one call takes.
        job_s: Seconds that a full job takes.
        jobs_per_day: Asynchronous requests.
        places: Data extensions, event definitions or mappings among which the events are spread.
    """

    calls_per_year: float
    share: float = 1.0
    calls_per_minute: float = figures.CALLS_PER_MINUTE.value
    parallel: int = int(figures.PARALLEL.value)
    latency_s: float = figures.LATENCY_S.value
    job_s: float = figures.JOB_S.value
    jobs_per_day: float = figures.JOBS_PER_DAY.value
    places: int = 1


@attrs.frozen(order=True)
class Limit:
    """Something that bounds a rate.

    Attributes:
        events_per_s: The most that gets by it.
        name: What it is.
    """

    events_per_s: float
    name: str


def ways(account: Account) -> tuple[Way, ...]:
    """Return all ways, as this account answers."""
    alone = Way(
        name="",
        rows=1,
        hold_s=account.latency_s,
        lanes=int(figures.ALONE_LANES.value),
        place="mapping",
    )
    return (
        attrs.evolve(alone, name="Create Contact"),
        attrs.evolve(alone, name="Send API Event"),
        Way(
            name="Send API Events in Batches",
            rows=int(figures.MEMBERS.value),
            hold_s=account.latency_s,
            lanes=int(figures.MEMBER_LANES.value),
            place="event definition",
        ),
        attrs.evolve(alone, name="rows, one in a request"),
        Way(
            name="rows, batched",
            rows=int(figures.ROWSET_ROWS.value),
            hold_s=account.latency_s,
            lanes=int(figures.ROWSET_LANES.value),
        ),
        job_way("rows, asynchronous", account),
    )


def job_way(
    name: str,
    account: Account,
    *,
    rows: int = int(figures.JOB_ROWS.value),
    job_s: float | None = None,
    pages: int = 0,
    place: str = "data extension",
) -> Way:
    """Return the asynchronous way.

    Args:
        name: What people call it.
        account: Says how long a full job and a call take.
        rows: Rows of a job.
        job_s: Seconds that such a job takes; None for those of a full one.
        pages: Pages of results that are read because a row of the job was refused.
        place: Where one job is under way at once.
    """
    looks = figures.looks_at_a_job(account.job_s if job_s is None else job_s)
    calls = 1 + len(looks) + pages
    return Way(
        name=name,
        rows=rows,
        calls=calls,
        hold_s=looks[-1] + calls * account.latency_s,
        lanes=int(figures.JOB_LANES.value),
        place=place,
        is_job=True,
    )


def limits(way: Way, account: Account) -> list[Limit]:
    """Return what bounds a way at SFMC, the narrowest first."""
    calls_per_s = {
        "calls a year": account.share * account.calls_per_year / YEAR_S,
        "calls a minute": account.calls_per_minute / 60,
        "requests at once": account.parallel / account.latency_s,
    }
    found = [Limit(calls * way.events_per_call, name) for name, calls in calls_per_s.items()]
    most = "jobs" if way.is_job else "requests"
    at_once = account.places * way.lanes
    found.append(Limit(at_once * way.rows / way.hold_s, f"{most} for one {way.place}"))
    if way.is_job:
        found.append(Limit(account.jobs_per_day / DAY_S * way.rows, "asynchronous requests a day"))
    return sorted(found)


def sign_ins_per_year(token_s: float, margin_s: float) -> float:
    """Return how often a process signs in that works all year.

    Args:
        token_s: Seconds that a token lives.
        margin_s: Seconds before its end at which it is renewed.
    """
    return YEAR_S / (token_s - margin_s)


def events_per_day(way: Way, account: Account) -> tuple[float, str]:
    """Return how many events of a way fit into a day, and what bounds them."""
    narrowest = limits(way, account)[0]
    return narrowest.events_per_s * DAY_S, narrowest.name


@attrs.frozen
class Cost:
    """What something costs in seconds of processor time.

    Attributes:
        event_s: For each event.
        request_s: For each request besides.
    """

    event_s: float
    request_s: float = 0.0

    @classmethod
    def of(cls, one_s: float, many_s: float, many: int) -> Cost:
        """Tell both apart, from what an event costs alone and in company.

        Args:
            one_s: With a request of its own.
            many_s: With `many` in a request.
            many: At least 2.
        """
        request_s = max(0.0, (one_s - many_s) * many / (many - 1))
        return cls(max(0.0, many_s - request_s / many), request_s)

    def per_event_s(self, rows: float) -> float:
        """Return what an event costs that travels with others."""
        return self.event_s + self.request_s / rows


@attrs.frozen(kw_only=True)
class Workers:
    """Worker processes that deliver.

    Attributes:
        count: How many; each has one core to itself.
        cost: Of delivering.
        lanes: Lanes of an engine, or partitions of an inbox, that they share.
        batch: Events of a lane under way at once.
        hold_s: Seconds that these are under way.
        rows: Events in a request.
        busy: Share of a core and of a lane that is used.
    """

    count: int
    cost: Cost
    lanes: int
    batch: int
    hold_s: float
    rows: int
    busy: float = figures.BUSY.value

    def limits(self) -> list[Limit]:
        """Return what bounds them, the narrowest first."""
        cores = min(self.count, self.lanes)  # a lane is worked on by one process at a time
        return sorted(
            [
                Limit(cores * self.busy / self.cost.per_event_s(self.rows), "cores of workers"),
                Limit(self.lanes * self.busy * self.batch / self.hold_s, "lanes"),
            ]
        )


def throughput(*bounds: Sequence[Limit]) -> Limit:
    """Return what is narrowest of everything."""
    return min(limit for each in bounds for limit in each)


@attrs.frozen
class Part:
    """A part of our side, and what it needs at some rate.

    Attributes:
        name: What it is.
        cost_s: Seconds of processor time for each event.
        cores: How many it needs; as many processes where one process has one core.
        memory_bytes: What these hold; 0 where it was not measured.
    """

    name: str
    cost_s: float
    cores: float
    memory_bytes: float = 0.0


def parts_of_inbox(measured: Measured, events_per_s: float, busy: float) -> list[Part]:
    """Return what the inboxes of many machines need; each takes its share of the contacts."""
    run = Cost.of(measured["run_1_s"], measured["run_50_s"], 50).per_event_s(50)
    return [
        _part("`serve`, events by a hundred", measured["serve_event_s"], events_per_s, busy),
        _part(
            "`run`, 50 rows in a request",
            run,
            events_per_s,
            busy,
            worker_bytes=measured["inbox_worker_bytes"],
        ),
    ]


def parts_of_rabbitmq(measured: Measured, events_per_s: float, busy: float) -> list[Part]:
    """Return what RabbitMQ needs, with workers on any machines."""
    return [
        _part("`serve`, events by a hundred", measured["serve_event_s"], events_per_s, busy),
        _part("publishing, confirmed", measured["rabbitmq_publish_s"], events_per_s, busy),
        _part("nodes, three copies", measured["rabbitmq_nodes_3_s"], events_per_s, busy),
        _part(
            "`run`, 50 rows in a request",
            measured["rabbitmq_run_50_s"],
            events_per_s,
            busy,
            worker_bytes=measured["rabbitmq_worker_bytes"],
        ),
    ]


def _part(
    name: str, cost_s: float, events_per_s: float, busy: float, *, worker_bytes: float = 0.0
) -> Part:
    cores = events_per_s * cost_s / busy
    return Part(name, cost_s, cores, math.ceil(cores) * worker_bytes)


def lanes_for(events_per_s: float, *, batch: int, hold_s: float, busy: float) -> int:
    """Return how many lanes a rate needs, each with one batch under way (Little's law)."""
    return math.ceil(events_per_s * hold_s / batch / busy)


def waiting_s(events_per_s: float, hold_s: float) -> float:
    """Return the mean wait before a lane without batches, where events come by chance.

    This is the formula of Pollaczek and Khinchine for calls that all take the same time.

    Args:
        events_per_s: How many come; fewer than one in `hold_s`.
        hold_s: Seconds of a call.
    """
    used = events_per_s * hold_s
    return used * hold_s / (2 * (1 - used))


def catch_up_s(stalled_s: float, used: float) -> float:
    """Return how long it takes to work off what came during a stall, while more comes.

    Args:
        stalled_s: Seconds of the stall.
        used: Share of the capacity that is used without a stall; below 1.
    """
    return stalled_s * used / (1 - used)


def shares_of_lanes(contacts: int, exponent: float, lanes: int) -> list[float]:
    """Return the share of the events that each lane gets, the lane of a contact by its hash.

    Args:
        contacts: How many there are.
        exponent: The n-th most active has 1/n**exponent of the events of the first (Zipf); 0 makes
            all alike.
        lanes: How many there are.
    """
    shares = [0.0] * lanes
    for number in range(contacts):
        share = (number + 1) ** -exponent
        shares[LaneEvent("", f"contact-{number}", b"").lane(lanes)] += share
    return [share / sum(shares) for share in shares]


@attrs.frozen(kw_only=True)
class Throttle:
    """A vendor that takes so many calls in a window, which the first call after the last opens.

    Attributes:
        calls: How many.
        window_s: Seconds.
        pause_s: What its 429 asks to wait; then everything bound for it waits.
    """

    calls: int
    window_s: float
    pause_s: float


def throttled_calls_per_s(throttle: Throttle, *, parallel: int, latency_s: float) -> float:
    """Return the calls per second that go well where nothing holds back but replies of 429.

    Args:
        throttle: The vendor.
        parallel: Requests under way at once; divides the calls of a window.
        latency_s: Seconds that one takes, refused or not.
    """
    spent_s = throttle.calls / parallel * latency_s
    if spent_s >= throttle.window_s:
        return parallel / latency_s
    again_s = latency_s + throttle.pause_s
    tries = math.ceil((throttle.window_s - spent_s) / again_s)
    return throttle.calls / (spent_s + tries * again_s)
