"""Laws over whole deliveries: what outcomes say is what the tenant holds."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, defaultdict
from typing import Any

import hypothesis.strategies as st
import stamina
from hypothesis import given, settings

import wharfinger
from wharfinger_sfmc_simulator import Fault, Simulator, StandingClock

ACCOUNT, SUBDOMAIN = 510001234, "mcsample0sample0sample0sampl"
TABLES = ("first", "second / 2")
IDS = {key: f"5b6f8f1a-0000-4f11-b859-48df37dc138{n}" for n, key in enumerate(TABLES)}
TENANT: dict[str, Any] = {
    "tenant": {"subdomain": SUBDOMAIN, "eid": ACCOUNT},
    "accounts": [{"id": ACCOUNT, "name": "Sample"}],
    "clients": [{"id": "client", "secret": "sample-secret", "account": ACCOUNT}],
    "data_extensions": [
        {
            "key": key,
            "id": IDS[key],
            "fields": [
                {"name": "Email Address", "type": "Text", "length": 40, "primary_key": True},
                {"name": "Total", "type": "Number"},
                {"name": "Colour", "type": "Text", "length": 20},
                {"name": "Event", "type": "Number"},
            ],
        }
        for key in TABLES
    ],
    "event_definitions": [
        {"key": "welcome", "fields": [{"name": "Event", "type": "Number", "nullable": False}]}
    ],
}
TRACKS = 'type = "track"'
ROWS: dict[str, Any] = {
    "action": "send-event-to-data-extension",
    "trigger": TRACKS,
    "fields": {
        "key": {"@path": "$.properties.key"},
        "id": {"@path": "$.properties.id"},
        "keys": {"Email Address": {"@path": "$.properties.who"}},
        "values": {"@path": "$.properties.values"},
    },
}
JOURNEY: dict[str, Any] = {
    "action": "send-api-event",
    "trigger": TRACKS,
    "fields": {
        "eventDefinitionKey": "welcome",
        "data": {"Event": {"@path": "$.properties.values.Event"}},
    },
}
TOGETHER = {**JOURNEY, "action": "send-api-events-in-batches"}
CONTACTS = {"action": "create-contact", "trigger": TRACKS}

# Some of these are one row to SFMC by some of its switches, and none by others.
people = st.sampled_from(["ann@x", "Ann@x", "ann@x ", "bob@x", "cleo@x", "dora@x", "7", "07"])
# "oops" passes no check of ours; "" passes ours and fails where the switch says so.
totals = st.sampled_from([1, 2, 3, "4", None, "", "oops"])
colours = st.sampled_from(["red", "green", "", None, "überlang" * 9])


@st.composite
def event(draw: Any, number: int) -> dict[str, Any]:
    table = draw(st.sampled_from(TABLES))
    values = {"Event": number}
    if draw(st.booleans()):
        values["Total"] = draw(totals)
    if draw(st.booleans()):
        values["Colour"] = draw(colours)
    named = {"key": table} if draw(st.booleans()) else {"id": IDS[table]}
    properties = {**named, "who": draw(people), "values": values, "table": table}
    return {"type": "track", "userId": f"c-{number % 5}", "properties": properties}


@st.composite
def streams(draw: Any) -> list[dict[str, Any]]:
    return [draw(event(number)) for number in range(draw(st.integers(1, 40)))]


switches = st.fixed_dictionaries(
    {},
    optional={
        "null_value": st.sampled_from(["accept", "opaque-error"]),
        "empty_text": st.sampled_from(["clears", "refuse"]),
        "key_case": st.sampled_from(["ignore", "exact"]),
        "key_trailing_spaces": st.sampled_from(["ignore", "exact"]),
        "duplicate_keys": st.sampled_from(["last-wins", "refuse"]),
        "unknown_column": st.sampled_from(["ignore", "refuse"]),
        "column_case": st.sampled_from(["ignore", "exact"]),
        "primary_key_check": st.sampled_from(["before-rows", "row-by-row"]),
        "number_with_decimals": st.sampled_from(["refuse", "truncate"]),
        "errorcode_as_text": st.booleans(),
        "event_status": st.sampled_from([200, 201]),
    },
)
faults = st.lists(
    st.builds(
        Fault,
        kind=st.sampled_from(
            [
                *("unauthorized", "rate-limited", "rate-limited-without-wait", "blocked"),
                *("server-error", "bad-gateway", "unavailable", "opaque-error", "has-errors"),
                *("drop", "hang", "empty-body", "garbage-body", "truncated-body", "cut-off"),
                *("commit-then-hang", "commit-then-drop", "too-large", "gateway-timeout"),
                *("commit-then-server-error", "shorter-reply", "stalled-body"),
            ]
        ),
        path=st.sampled_from(["rowset", "/v1/events", "async", "contacts", "customobjects"]),
        times=st.integers(1, 2),
        after=st.integers(0, 5),
    ),
    max_size=5,
)


def deliver(
    plugins: wharfinger.Plugins,
    simulator: Simulator,
    events: list[dict[str, Any]],
    *,
    attempts: int = 10,
    **mappings: Any,
) -> list[dict[str, wharfinger.Outcome]]:
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

    async def run() -> list[dict[str, wharfinger.Outcome]]:
        async with connection:
            return [dict(receipt.outcomes) for receipt in await connection.deliver(events)]

    with stamina.set_testing(True, attempts=attempts, cap=True):
        return asyncio.run(run())


def same_row(simulator: Simulator, who: str) -> str:
    """Fold a primary key as this tenant does."""
    if simulator.switches.key_case == "ignore":
        who = who.lower()
    return who.rstrip(" ") if simulator.switches.key_trailing_spaces == "ignore" else who


def serial(
    simulator: Simulator, events: list[dict[str, Any]], outcomes: list[wharfinger.Outcome]
) -> dict[str, dict[str, dict[str, set[str]]]]:
    """Apply the delivered events one after the other; what is undecided may have been stored.

    Per table, row and column the texts that may be read back.
    """
    tables: dict[str, dict[str, dict[str, set[str]]]] = defaultdict(lambda: defaultdict(dict))
    for each, outcome in zip(events, outcomes, strict=True):
        if outcome.status == "rejected":
            continue
        properties = each["properties"]
        row = tables[properties["table"]][same_row(simulator, properties["who"])]
        for column, value in properties["values"].items():
            if value is None:
                continue  # null is left out unless the mapping says otherwise
            before = row.get(column.lower(), {""}) if outcome.status != "delivered" else set()
            row[column.lower()] = {*before, str(value)}
    return tables


@settings(max_examples=60, deadline=None)
@given(streams(), switches, faults, st.sampled_from(["sync", "async", "auto"]))
def test_tables_hold_what_outcomes_say(plugins, events, chosen, troubles, api):
    simulator = Simulator.from_mapping(
        TENANT, switches=chosen, faults=troubles, clock=StandingClock(step_s=1)
    )
    mapping = {**ROWS, "fields": {**ROWS["fields"], "api": api}}

    outcomes = [o["rows"] for o in deliver(plugins, simulator, events, rows=mapping)]

    expected = serial(simulator, events, outcomes)
    for table in TABLES:
        found = {same_row(simulator, r["email address"]): r for r in simulator.rows(table)}
        certain = {
            same_row(simulator, e["properties"]["who"])
            for e, o in zip(events, outcomes, strict=True)
            if o.status == "delivered" and e["properties"]["table"] == table
        }
        assert certain <= set(found) <= set(expected[table]), "nothing lost, nothing astray"
        for key, row in found.items():
            for column, possible in expected[table][key].items():
                assert row[column] in possible


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 50), st.sets(st.integers(0, 49), max_size=6), switches)
def test_requests_stay_within_the_bound(plugins, rows, places, chosen):
    bad = {place for place in places if place < rows}
    simulator = Simulator.from_mapping(TENANT, switches={**chosen, "empty_text": "refuse"})
    events = [
        {
            "type": "track",
            "properties": {
                "key": TABLES[0],
                "who": f"person-{number}",
                "values": {"Total": "" if number in bad else number},
            },
        }
        for number in range(rows)
    ]

    outcomes = deliver(plugins, simulator, events, rows={**ROWS, "batch": {"lanes": 1}})

    assert {n for n, o in enumerate(outcomes) if o["rows"].status == "rejected"} == bad
    assert sum(o["rows"].status == "delivered" for o in outcomes) == rows - len(bad)
    requests = sum("rowset" in request.path for request in simulator.requests)
    assert requests <= 1 + 2 * len(bad) * (1 + math.log2(rows))
    if not bad:
        assert requests == 1


@settings(max_examples=60, deadline=None)
@given(streams(), switches, faults, st.sampled_from([JOURNEY, TOGETHER]))
def test_nobody_enters_a_journey_twice(plugins, events, chosen, troubles, mapping):
    simulator = Simulator.from_mapping(
        TENANT, switches=chosen, faults=troubles, clock=StandingClock(step_s=1)
    )

    outcomes = deliver(plugins, simulator, events, journey=mapping, contacts=CONTACTS)

    entered = Counter(str(entry.data["Event"]) for entry in simulator.entries)
    for each, by_mapping in zip(events, outcomes, strict=True):
        times = entered[str(each["properties"]["values"]["Event"])]
        assert times <= 1
        if by_mapping["journey"].status != "unknown":
            assert times == (by_mapping["journey"].status == "delivered")
        if by_mapping["contacts"].status == "delivered":
            assert each["userId"] in simulator.contacts


@settings(max_examples=60, deadline=None)
@given(streams(), faults, st.sampled_from([JOURNEY, TOGETHER]))
def test_at_least_once_refuses_nobody_who_entered(plugins, events, troubles, mapping):
    simulator = Simulator.from_mapping(TENANT, faults=troubles, clock=StandingClock(step_s=1))
    again = {**mapping, "fields": {**mapping["fields"], "delivery": "at-least-once"}}

    outcomes = deliver(plugins, simulator, events, journey=again)

    entered = {str(entry.data["Event"]) for entry in simulator.entries}
    for each, by_mapping in zip(events, outcomes, strict=True):
        if by_mapping["journey"].status in ("delivered", "rejected"):
            has_entered = str(each["properties"]["values"]["Event"]) in entered
            assert has_entered == (by_mapping["journey"].status == "delivered")


@settings(max_examples=30, deadline=None)
@given(streams(), faults, st.sampled_from([JOURNEY, TOGETHER]))
def test_at_least_once_loses_nobody(plugins, events, troubles, mapping):
    # These two say outright that the event is refused.
    troubles = [fault for fault in troubles if fault.kind not in ("has-errors", "too-large")]
    simulator = Simulator.from_mapping(TENANT, faults=troubles, clock=StandingClock(step_s=1))
    again = {**mapping, "fields": {**mapping["fields"], "delivery": "at-least-once"}}
    # Two tokens in a row that are refused halt the mapping, which loses nobody either.
    refused = any(fault.kind == "unauthorized" for fault in troubles)
    kept = {"delivered", "retry", "halted"} if refused else {"delivered", "retry"}

    outcomes = deliver(plugins, simulator, events, attempts=20, journey=again)

    entered = {str(entry.data["Event"]) for entry in simulator.entries}
    for each, by_mapping in zip(events, outcomes, strict=True):
        assert by_mapping["journey"].status in kept
        if by_mapping["journey"].status == "delivered":
            assert str(each["properties"]["values"]["Event"]) in entered
