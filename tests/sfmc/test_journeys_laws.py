"""Laws of journey events, against what a simulated tenant really let in."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
import stamina
from hypothesis import given, settings

import wharfinger
from wharfinger_sfmc_simulator import Fault, Simulator

ACCOUNT, SUBDOMAIN = 510001234, "mcsample0sample0sample0sampl"
TENANT: dict[str, Any] = {
    "tenant": {"subdomain": SUBDOMAIN, "eid": ACCOUNT},
    "accounts": [{"id": ACCOUNT, "name": "Sample"}],
    "clients": [{"id": "client", "secret": "sample-secret", "account": ACCOUNT}],
    "event_definitions": [
        {"key": key, "fields": [{"name": "Event", "type": "Number", "nullable": False}]}
        for key in ("welcome", "goodbye")
    ],
}
ALONE, TOGETHER = "send-api-event", "send-api-events-in-batches"

# What never lets anybody in, what lets somebody in and does not say so, and what spoils the list.
kinds = st.sampled_from(
    [
        *("unauthorized", "rate-limited", "rate-limited-without-wait", "blocked", "unavailable"),
        *("server-error", "bad-gateway", "gateway-timeout", "service-not-found", "redirect"),
        *("drop", "hang", "opaque-error", "has-errors", "too-large", "forbidden", "not-found"),
        *("empty-body", "garbage-body", "truncated-body", "cut-off", "stalled-body"),
        *("wrong-content-type", "shorter-reply", "commit-then-hang", "commit-then-drop"),
        *("commit-then-server-error", "commit-then-gateway-timeout"),
    ]
)
# The others refuse an event outright, or halt whatever is sent.
refusing_kinds = ("forbidden", "not-found", "too-large", "service-not-found", "has-errors")
passing_kinds = kinds.filter(lambda kind: kind not in refusing_kinds)
paths = st.sampled_from(["/v1/events", "/async/events", "/events/status", "token"])


def faults(some_kinds: st.SearchStrategy[str]) -> st.SearchStrategy[list[Fault]]:
    return st.lists(
        st.builds(
            Fault,
            kind=some_kinds,
            path=paths,
            times=st.integers(1, 4),
            after=st.integers(0, 5),
            every=st.integers(1, 3),
        ),
        max_size=6,
    )


switches = st.fixed_dictionaries(
    {},
    optional={
        "async_status_lists_single_events": st.booleans(),
        "event_status_name": st.sampled_from(["status", "type"]),
        "batch_events_status": st.sampled_from([200, 201, 202]),
        "errorcode_as_text": st.booleans(),
        "batch_interactions_exceeded": st.booleans(),
        "async_event_processing_s": st.sampled_from([0, 2, 3600]),
    },
)


@st.composite
def streams(
    draw: Any, *, valid: bool = False, contacts: int = 4, most: int = 30, start: int = 0
) -> list[dict[str, Any]]:
    """Events of few contacts, so that many share one; a bad one has no number."""
    definition = st.sampled_from(["welcome", "goodbye"])
    return [
        {
            "type": "track",
            "userId": f"c-{draw(st.integers(1, contacts))}",
            "properties": {
                "number": number,
                "value": number if valid or draw(st.integers(0, 5)) else f"bad {number}",
                "definition": draw(definition),
            },
        }
        for number in range(start, start + draw(st.integers(1, most)))
    ]


def mapping(action: str, delivery: str) -> dict[str, Any]:
    return {
        "action": action,
        "trigger": 'type = "track"',
        "fields": {
            "eventDefinitionKey": {"@path": "$.properties.definition"},
            "data": {
                "Event": {"@path": "$.properties.value"},
                "Mapping": action,
                "Number": {"@path": "$.properties.number"},
            },
            "delivery": delivery,
        },
    }


def deliver(
    plugins: wharfinger.Plugins,
    simulator: Simulator,
    rounds: Sequence[list[dict[str, Any]]],
    mappings: dict[str, Any],
    attempts: int,
) -> list[list[dict[str, wharfinger.Outcome]]]:
    """Deliver some events and then some more through one connection."""
    connection = plugins.connect(
        {
            "destination": "salesforce-marketing-cloud",
            "settings": {
                "account_id": str(ACCOUNT),
                "client_id": "client",
                "client_secret": "sample-secret",
                "subdomain": SUBDOMAIN,
            },
            "mappings": mappings,
            "retry": {"attempts": attempts},
        },
        transport=simulator.transport(),
    )

    async def run() -> list[list[dict[str, wharfinger.Outcome]]]:
        async with connection:
            return [
                [dict(receipt.outcomes) for receipt in await connection.deliver(events)]
                for events in rounds
            ]

    with stamina.set_testing(True, attempts=attempts, cap=True):
        return asyncio.run(run())


def entered(simulator: Simulator) -> Counter[tuple[str, int]]:
    """Count the entries by mapping and number of the event."""
    return Counter((entry.data["Mapping"], entry.data["Number"]) for entry in simulator.entries)


def check(simulator: Simulator, rounds: Any, outcomes: Any) -> None:
    """Compare what outcomes say with who entered."""
    times = entered(simulator)
    credited = []
    for events, found in zip(rounds, outcomes, strict=True):
        for event, by_mapping in zip(events, found, strict=True):
            for action, outcome in by_mapping.items():
                entries = times[action, event["properties"]["number"]]
                assert entries <= 1, "nobody enters twice"
                if outcome.status is wharfinger.Status.DELIVERED:
                    assert entries == 1
                    credited.append(outcome.request_id)
                elif outcome.status is not wharfinger.Status.UNKNOWN:
                    assert entries == 0, outcome
    assert len(credited) == len(set(credited)), "no entry is credited twice"
    assert set(credited) <= {entry.event_instance_id for entry in simulator.entries}


two_rounds = st.tuples(streams(), streams(start=1000))
both = {action: mapping(action, "at-most-once") for action in (ALONE, TOGETHER)}


@settings(max_examples=150, deadline=None)
@given(two_rounds, faults(kinds), switches, st.integers(1, 5))
def test_at_most_once_what_outcomes_say_is_what_entered(
    plugins, rounds, troubles, chosen, attempts
):
    simulator = Simulator.from_mapping(TENANT, switches=chosen, faults=troubles)

    outcomes = deliver(plugins, simulator, rounds, both, attempts)

    check(simulator, rounds, outcomes)


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(streams(contacts=1, most=6), streams(contacts=1, most=6, start=1000)),
    st.lists(
        st.builds(
            Fault,
            kind=st.sampled_from(["hang", "commit-then-hang"]),
            method=st.just("POST"),
            path=st.just("events"),
            times=st.integers(1, 3),
            after=st.integers(0, 3),
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 8),
    st.sampled_from([[ALONE], [TOGETHER], [ALONE, TOGETHER]]),
)
def test_what_is_settled_is_true_however_many_replies_are_lost(
    plugins, rounds, losses, unlisted_for, actions
):
    trouble = Fault(kind="server-error", path="events/status", times=max(1, unlisted_for))
    troubles = [*losses, trouble] if unlisted_for else losses
    switches = {"async_status_lists_single_events": True}
    simulator = Simulator.from_mapping(TENANT, switches=switches, faults=troubles)

    outcomes = deliver(plugins, simulator, rounds, {a: both[a] for a in actions}, 1)

    check(simulator, rounds, outcomes)


@settings(max_examples=60, deadline=None)
@given(streams(valid=True), faults(passing_kinds), st.sampled_from([ALONE, TOGETHER]))
def test_at_least_once_loses_nobody_in_the_end(plugins, events, troubles, action):
    simulator = Simulator.from_mapping(TENANT, faults=troubles)
    mappings = {action: mapping(action, "at-least-once")}
    # What SFMC refuses while signing in halts a round, until somebody looks and tries again.
    halting = ("unauthorized", "opaque-error")
    halts = sum(fault.times or 0 for fault in troubles if fault.kind in halting)

    rounds = deliver(plugins, simulator, [events] * (4 + halts), mappings, 10)

    times = entered(simulator)
    last = rounds[-1]
    for event, by_mapping in zip(events, last, strict=True):
        if by_mapping[action].status is wharfinger.Status.DELIVERED:
            assert times[action, event["properties"]["number"]] >= 1
        assert by_mapping[action].status is not wharfinger.Status.UNKNOWN
    assert {by_mapping[action].status.value for by_mapping in last} == {"delivered"}
