"""The model of capacity keeps its laws, agrees with the simulation, and is what the page says."""

from __future__ import annotations

import math
import re

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from tests.bench.capacity import checks, editions, figures, page, parts
from tests.bench.capacity.figures import Kind, Measured
from tests.bench.capacity.model import (
    Account,
    Cost,
    Limit,
    Throttle,
    Workers,
    catch_up_s,
    events_per_day,
    job_way,
    lanes_for,
    limits,
    parts_of_inbox,
    parts_of_rabbitmq,
    shares_of_lanes,
    throttled_calls_per_s,
    throughput,
    waiting_s,
    ways,
)
from tests.bench.capacity.simulation import Away, Setup, chance, simulate, steady
from tests.bench.capacity.words import duration, number
from tests.bench.whole_path import samples
from tests.bench.whole_path.measure import Job
from tests.bench.whole_path.sinks import own_sink
from tests.rabbitmq.nodes import why_not

seconds = st.floats(0.001, 10)
costs = st.builds(Cost, st.floats(1e-6, 1e-3), st.floats(0, 1e-2))
counts = st.integers(1, 200)
workers = st.builds(
    Workers, count=counts, cost=costs, lanes=counts, batch=counts, hold_s=seconds, rows=counts
)
accounts = st.builds(
    Account,
    calls_per_year=st.floats(1e3, 1e12),
    share=st.floats(0.01, 1),
    calls_per_minute=st.floats(1, 1e6),
    parallel=counts,
    latency_s=seconds,
    job_s=st.floats(0.1, 500),
    places=counts,
)


def rate(crew):
    return throughput(crew.limits()).events_per_s


@given(workers, workers)
def test_more_workers_or_lanes_never_bring_less(one, other):
    few, many = sorted((one.count, other.count))
    assert rate(attrs.evolve(one, count=few)) <= rate(attrs.evolve(one, count=many))
    few, many = sorted((one.lanes, other.lanes))
    assert rate(attrs.evolve(one, lanes=few)) <= rate(attrs.evolve(one, lanes=many))


@given(workers, st.floats(1, 10))
def test_slower_calls_never_bring_more(crew, times):
    assert rate(attrs.evolve(crew, hold_s=crew.hold_s * times)) <= rate(crew)


@given(workers, st.integers(1, 200))
def test_more_workers_than_lanes_are_of_no_use(crew, more):
    assert rate(attrs.evolve(crew, count=crew.lanes + more)) == rate(
        attrs.evolve(crew, count=crew.lanes)
    )


@given(workers, accounts)
def test_a_rate_is_above_none_of_its_limits_and_meets_one(crew, account):
    for way in ways(account):
        bounds = [*crew.limits(), *limits(way, account)]
        found = throughput(crew.limits(), limits(way, account))
        assert all(found.events_per_s <= limit.events_per_s for limit in bounds)
        assert found in bounds


@given(accounts, st.floats(0.1, 1))
def test_a_smaller_share_of_an_edition_never_fits_more(account, share):
    for way in ways(account):
        less = attrs.evolve(account, share=account.share * share)
        assert events_per_day(way, less)[0] <= events_per_day(way, account)[0]


@given(accounts, st.integers(1, 50))
def test_more_data_extensions_let_through_as_many_times_more_and_nothing_else_does(account, times):
    spread = attrs.evolve(account, places=account.places * times)
    for way in ways(account):
        few, many = (
            {each.name: each.events_per_s for each in limits(way, a)} for a in (account, spread)
        )
        (place,) = (name for name in few if name.endswith(way.place))
        assert many == {**few, place: pytest.approx(few[place] * times)}


@given(accounts)
def test_a_year_takes_no_more_calls_than_its_edition_allows(account):
    for way in ways(account):
        events, _ = events_per_day(way, account)
        calls = 365 * events / way.events_per_call
        assert calls <= account.share * account.calls_per_year * (1 + 1e-9)


@given(accounts, st.integers(1, 2_500), st.integers(1, 2_500), st.integers(0, 50))
def test_fuller_jobs_never_fit_fewer_events_and_refused_rows_never_more(account, one, two, pages):
    few, many = sorted((one, two))
    small, full = (job_way("", account, rows=rows) for rows in (few, many))
    refused = job_way("", account, rows=many, pages=pages)
    assert events_per_day(small, account)[0] <= events_per_day(full, account)[0]
    assert events_per_day(refused, account)[0] <= events_per_day(full, account)[0]


@given(st.floats(0.1, 500))
def test_the_last_look_at_a_job_is_the_first_that_finds_it_done(job_s):
    *before, last = figures.looks_at_a_job(job_s)
    assert last >= job_s
    assert all(moment < job_s for moment in before)
    assert before == sorted(before)


@given(st.floats(1e-6, 1e-3), st.floats(0, 1e-2), st.integers(2, 500))
def test_what_an_event_costs_alone_and_in_company_is_told_apart(event_s, request_s, many):
    told = Cost.of(event_s + request_s, event_s + request_s / many, many)
    assert told.per_event_s(1) == pytest.approx(event_s + request_s)
    assert told.per_event_s(many) == pytest.approx(event_s + request_s / many)


@given(st.floats(1, 1e6), st.integers(1, 500), seconds, st.floats(0.1, 1))
def test_the_lanes_for_a_rate_bear_it_and_one_fewer_would_not(per_s, batch, hold_s, busy):
    lanes = lanes_for(per_s, batch=batch, hold_s=hold_s, busy=busy)
    assert lanes * busy * batch / hold_s >= per_s * (1 - 1e-9)
    assert (lanes - 1) * busy * batch / hold_s < per_s


@given(st.integers(1, 200), st.floats(0, 2), st.integers(1, 64))
def test_lanes_share_all_events_and_the_busiest_has_at_least_its_part(contacts, exponent, lanes):
    shares = shares_of_lanes(contacts, exponent, lanes)
    assert sum(shares) == pytest.approx(1)
    assert max(shares) >= 1 / lanes - 1e-9


@given(st.floats(0.01, 0.98), st.floats(1, 1e6))
def test_who_is_busier_waits_longer_and_catches_up_later(used, stalled_s):
    assert waiting_s(used, 1.0) < waiting_s(used + 0.01, 1.0)
    assert catch_up_s(stalled_s, used) < catch_up_s(stalled_s, used + 0.01)


@given(st.integers(1, 20), st.integers(1, 20), seconds, seconds, st.floats(0.1, 60))
def test_a_vendor_that_throttles_gives_no_more_than_it_takes(rounds, parallel, call_s, window, p):
    throttle = Throttle(calls=rounds * parallel, window_s=window, pause_s=p)
    found = throttled_calls_per_s(throttle, parallel=parallel, latency_s=call_s)
    assert found <= parallel / call_s * (1 + 1e-9)
    assert found <= throttle.calls / window * (1 + 1e-9)


setups = st.builds(
    Setup,
    arrivals=st.lists(
        st.builds(chance, st.integers(0, 60), st.floats(0.5, 500), st.integers(0, 9)),
        min_size=1,
        max_size=4,
    ),
    rows=st.integers(1, 20),
    latency_s=st.sampled_from([0.02, 0.2, 1.0]),
    parallel=st.integers(1, 4),
    away=st.none() | st.builds(Away, st.just(0.5), st.floats(0.6, 30), st.just(range(2))),
    throttle=st.none()
    | st.builds(Throttle, calls=st.integers(1, 9), window_s=st.just(1.0), pause_s=st.just(2.0)),
)


@settings(deadline=None)
@given(setups)
def test_whatever_happens_each_simulated_event_is_delivered_once(setup):
    seen = simulate(setup)
    assert seen.by_lane == [len(arrivals) for arrivals in setup.arrivals]
    assert seen.events == sum(seen.by_lane)
    assert seen.repeated <= 2 * setup.rows
    assert seen.refused == 0 or setup.throttle is not None


def test_what_a_lost_worker_had_under_way_is_sent_again_by_the_next_one():
    seen = simulate(
        Setup(arrivals=[steady(2)], rows=1, latency_s=1.0, parallel=1, away=Away(0.5, 10, range(1)))
    )
    # Sent at 0 and at 10; the second one follows.
    assert (seen.events, seen.repeated, seen.ended_s, seen.longest_s) == (2, 1, 12.0, 11.0)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 20), st.integers(1, 200))
def test_no_simulated_rate_is_above_what_arithmetic_allows(lanes, parallel, rows, events):
    setup = Setup(arrivals=[steady(events)] * lanes, rows=rows, latency_s=0.5, parallel=parallel)
    seen = simulate(setup)
    assert seen.events_per_s <= min(lanes, parallel) * rows / 0.5 * (1 + 1e-9)
    batches = lanes * math.ceil(events / rows)
    assert seen.ended_s >= math.ceil(batches / parallel) * 0.5 * (1 - 1e-9)


@pytest.mark.parametrize("each", checks.ALL, ids=lambda each: each.__name__)
def test_arithmetic_and_simulation_agree(each):
    found = checks.done(each)
    assert len(found) >= 3
    assert [check for check in found if not check.agrees] == []


def test_a_check_that_is_off_does_not_agree():
    assert not checks.Check(name="", arithmetic=100.0, simulated=106.0, tolerance=0.05).agrees
    assert not checks.Check(name="", arithmetic=100.0, simulated=94.0, tolerance=0.05).agrees


@pytest.fixture(scope="module")
def measured():
    return Measured.read()


@pytest.fixture(scope="module")
def text():
    return page.PAGE.read_text(encoding="utf-8")


def test_the_tables_of_the_page_are_those_of_the_model(text, measured):
    assert page.written(text, measured) == text, "run python -m tests.bench.capacity --write"
    marks = re.findall(r"<!-- made: (\S+) -->", text)
    assert sorted(marks) == sorted(page.blocks(measured))
    assert text.count("<!-- end -->") == len(marks)


def test_a_table_that_somebody_changed_is_written_anew(text, measured):
    (block,) = re.findall(r"<!-- made: editions -->.*?<!-- end -->", text, re.DOTALL)
    assert "| 5,480 |" in block
    assert page.written(block.replace("| 5,480 |", "| 5,481 |"), measured) == block


def test_what_the_page_says_in_short_is_what_the_model_says(text, measured):
    enterprise, pro = editions.account("Enterprise"), editions.account("Pro")
    alone, batched, job = (
        next(way for way in ways(enterprise) if way.name == name)
        for name in ("rows, one in a request", "rows, batched", "rows, asynchronous")
    )
    quota = throughput(limits(batched, enterprise))
    assert quota.name == "calls a year"
    per_s = job.lanes * job.rows / job.hold_s
    inboxes, rabbitmq = (
        sum(part.cores for part in plan(measured, 1e6, figures.BUSY.value))
        for plan in (parts_of_inbox, parts_of_rabbitmq)
    )
    in_short = text.partition("## In short")[2].partition("## What binds")[0]
    for said in (
        f"{number(quota.events_per_s)} events",
        f"{number(events_per_day(alone, pro)[0])} events a day",
        f"{number(events_per_day(batched, pro)[0])} batched",
        f"{per_s:.0f} rows a second",
        f"{number(1e6 / quota.events_per_s)} times the calls",
        f"{round(inboxes, -1):.0f} cores",
        f"{round(rabbitmq, -2):,.0f} with RabbitMQ",
    ):
        assert said in " ".join(in_short.split())
    hours = catch_up_s(1.0, 300 / quota.events_per_s)
    assert f"300 of 317 events a second need {hours:.0f} hours for each hour" in text


def test_every_figure_says_how_certain_it_is_and_where_it_is_from(measured):
    for figure in (*figures.VENDOR, *figures.CHOSEN, *figures.TRIED):
        assert figure.value > 0
        known = {Kind.DOCUMENTED, Kind.SEEN, Kind.UNVERIFIED, Kind.ASSUMED}
        assert figure.source or figure.kind not in known, figure.name
    for figure in measured.figures.values():
        least, most = figure.spread
        assert 0 <= least <= figure.value <= most, figure.name


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (0.0634, "0.0634"), (99.96, "100"), (5_479.4, "5,480"), (999_900, "1 million")],
)
def test_numbers_have_three_digits_that_mean_something(value, said):
    assert number(value) == said


def test_durations_and_limits_are_told_in_a_unit_that_fits():
    assert [duration(each) for each in (0.2, 90, 135, 14 * 3600)] == [
        "200 ms",
        "90 s",
        "2.25 minutes",
        "14 hours",
    ]
    assert min(Limit(2.0, "a"), Limit(1.0, "b")).name == "b"


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    events = tmp_path_factory.mktemp("bench") / "events.jsonl"
    samples.write(events, 200)
    with own_sink("echo") as sink:
        yield parts.Load(job=Job(events=str(events), port=sink.plain), batched=400, single=40)


def test_what_is_measured_of_taking_events_in_works(load):
    found = {**parts.sizes(load), **parts.accepting(load), **parts.serving(load)}
    assert set(found) < set(Measured.read().figures)
    assert found["row_bytes"] < found["event_bytes"] < found["waiting_bytes"]


@pytest.mark.bench
def test_what_is_measured_of_a_worker_works(load):
    found = {**parts.running(load), **parts.idling(load)}
    assert set(found) < set(Measured.read().figures)


@pytest.mark.bench
@pytest.mark.timeout(300)
@pytest.mark.skipif(bool(why_not()), reason=why_not() or "RabbitMQ is here")
def test_what_is_measured_on_rabbitmq_works(load):
    found = parts.over_rabbitmq(load, 1)
    assert set(found) < set(Measured.read().figures)
