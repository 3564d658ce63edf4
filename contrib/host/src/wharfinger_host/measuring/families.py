"""From what was measured to the families of metrics that Prometheus knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from wharfinger_host.measuring.engine import families_of_engine
from wharfinger_host.measuring.facts import Facts
from wharfinger_host.measuring.sharing import families_of_sharing
from wharfinger_host.serving.counts import Counts

__all__ = ["STATES", "families"]

STATES: Final = ("stranger", "halted", "unmanned", "paused", "working", "done")
_TARGET: Final = ("connection", "mapping", "status")


def families(facts: Facts) -> Iterator[Metric]:
    """Yield what was measured, family by family."""
    yield from _of_connections(facts)
    yield from _of_targets(facts)
    yield from _of_vendors(facts)
    if facts.engine is not None:
        yield from families_of_engine(facts.engine)
    if facts.shared is not None:
        yield from families_of_sharing(facts.shared)
    if facts.counts is not None:
        yield from _of_intake(facts.counts)


def _of_connections(facts: Facts) -> Iterator[Metric]:
    label = ["connection"]
    backlog = GaugeMetricFamily(
        "wharfinger_backlog_events", "Events that a connection has not come to.", labels=label
    )
    oldest = GaugeMetricFamily(
        "wharfinger_backlog_oldest_age_seconds",
        "How long the oldest event has waited that a connection is not done with; 0 for none.",
        labels=label,
    )
    processes = GaugeMetricFamily(
        "wharfinger_connection_processes",
        "Processes that give a sign of life for a connection.",
        labels=label,
    )
    state = GaugeMetricFamily(
        "wharfinger_connection_state",
        "1 for the state that a connection is in, 0 for every other.",
        labels=["connection", "state"],
    )
    for name, measured in facts.connections.items():
        backlog.add_metric([name], measured.backlog.ahead)
        oldest.add_metric([name], measured.oldest_s)
        processes.add_metric([name], measured.backlog.processes)
        for each in STATES:
            state.add_metric([name, each], int(measured.state == each))
    yield from (backlog, oldest, processes, state)


def _of_targets(facts: Facts) -> Iterator[Metric]:
    aside = GaugeMetricFamily(
        "wharfinger_deferred_events",
        "Events put aside, to be offered again later; halted ones wait for a person.",
        labels=_TARGET,
    )
    for name, measured in facts.connections.items():
        for each in measured.backlog.aside:
            aside.add_metric([name, each.mapping, each.status], each.count)
    letters = GaugeMetricFamily("wharfinger_dead_letters", "Dead letters.", labels=_TARGET)
    for target, count in facts.letters.items():
        letters.add_metric(target, count)
    outcomes = CounterMetricFamily(
        "wharfinger_outcomes",
        "Outcomes written down since this process began, by whichever process; filtered ones are "
        "not written down.",
        labels=_TARGET,
    )
    for target, count in facts.outcomes.items():
        outcomes.add_metric(target, count)
    yield from (aside, letters, outcomes)


def _of_vendors(facts: Facts) -> Iterator[Metric]:
    label = ["connection"]
    calls = CounterMetricFamily(
        "wharfinger_vendor_calls",
        "Calls that left this process, signing in included; connections of one tenant share them.",
        labels=["connection", "endpoint"],
    )
    gauges = {
        name: GaugeMetricFamily(f"wharfinger_vendor_{name}", text, labels=label)
        for name, text in (
            ("parallel_limit", "Most requests of this process under way at once, for now."),
            ("requests_under_way", "Requests of this process that are under way."),
            ("requests_waiting", "Requests of this process that wait to start."),
            ("paused_seconds", "What is left of a pause that the vendor asked for; 0 for none."),
            ("circuit_closed", "1 while the vendor is taken to work, 0 while it is left in peace."),
            ("budget_left", "Calls that the budget leaves for this day; none without a bound."),
        )
    }
    for name, measured in facts.connections.items():
        if (usage := measured.usage) is None:
            continue
        for endpoint, count in sorted(usage.calls.items()):
            calls.add_metric([name, endpoint], count)
        for gauge, value in (
            ("parallel_limit", usage.parallel),
            ("requests_under_way", usage.under_way),
            ("requests_waiting", usage.waiting),
            ("paused_seconds", usage.paused_s),
            ("circuit_closed", int(usage.circuit == "closed")),
        ):
            gauges[gauge].add_metric([name], value)
        if usage.budget_left is not None:
            gauges["budget_left"].add_metric([name], usage.budget_left)
    yield from (calls, *gauges.values())


def _of_intake(counts: Counts) -> Iterator[Metric]:
    yield CounterMetricFamily(
        "wharfinger_accepted_events", "Events taken into the inbox.", value=counts.events
    )
    yield CounterMetricFamily(
        "wharfinger_duplicate_events",
        "Events dropped because they were in the inbox already.",
        value=counts.duplicates,
    )
    refused = CounterMetricFamily(
        "wharfinger_refused_events", "Events not accepted.", labels=["source", "code"]
    )
    for (source, code), count in sorted(counts.refused.items()):
        refused.add_metric([source, code], count)
    requests = CounterMetricFamily(
        "wharfinger_requests",
        "Requests to the tracking paths, by status code of the reply.",
        labels=["status"],
    )
    for status, count in sorted(counts.requests.items()):
        requests.add_metric([str(status)], count)
    yield from (refused, requests)
