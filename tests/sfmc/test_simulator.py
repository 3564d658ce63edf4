"""Outcomes against what a simulated tenant really holds."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
import stamina
from hypothesis import example, given, settings

import wharfinger
from wharfinger_sfmc_simulator import Fault, Simulator

ALL_TRACKS = 'type = "track"'
TENANT = {
    "tenant": {"subdomain": "mcsample0sample0sample0sampl", "eid": 510001234},
    "accounts": [{"id": 510001234, "name": "Sample"}, {"id": 510005678, "name": "Other"}],
    "clients": [
        {"id": "client", "secret": "sample-secret", "account": 510001234},
        {
            "id": "reader",
            "secret": "sample-secret",
            "account": 510001234,
            "scopes": ["data_extensions_read"],
        },
    ],
    "data_extensions": [
        {
            "key": key,
            "name": key,
            "fields": [
                {"name": "OrderId", "type": "Text", "length": 40, "primary_key": True},
                {"name": "Total", "type": "Number"},
            ],
        }
        for key in ("orders / 1", "orders & 2")
    ]
    + [
        {
            "key": "people",
            "name": "People",
            "fields": [
                {"name": "contactKey", "type": "Text", "length": 254, "primary_key": True},
                {"name": "Store Location", "type": "Text", "length": 40, "primary_key": True},
                {"name": "Vip", "type": "Boolean"},
            ],
        }
    ],
    "event_definitions": [
        {
            "key": "welcome",
            "name": "Welcome",
            "fields": [{"name": "OrderId", "type": "Text", "length": 40}],
        }
    ],
}
MAPPINGS = {
    "contacts": {"action": "create-contact", "trigger": ALL_TRACKS},
    "journey": {
        "action": "send-api-event",
        "trigger": ALL_TRACKS,
        "fields": {
            "eventDefinitionKey": "welcome",
            "data": {"OrderId": {"@path": "$.properties.id"}},
        },
    },
    "orders": {
        "action": "send-event-to-data-extension",
        "trigger": ALL_TRACKS,
        "fields": {
            "key": {"@path": "$.properties.table"},
            "keys": {"OrderId": {"@path": "$.properties.id"}},
            "values": {"Total": {"@path": "$.properties.total"}},
        },
    },
    "people": {
        "action": "send-contact-to-data-extension",
        "trigger": ALL_TRACKS,
        "fields": {
            "key": "people",
            "keys": {"Store Location": {"@path": "$.properties.table"}},
            "values": {"Vip": True},
        },
    },
}


@pytest.fixture
def simulator() -> Simulator:
    return Simulator.from_mapping(TENANT)


def track(number: int, *, bad: bool = False, table: str = "orders / 1") -> dict[str, Any]:
    properties = {"id": f"o-{number}", "total": "bad" if bad else number, "table": table}
    return {"type": "track", "userId": f"c-{number}", "properties": properties}


def connect(
    plugins: wharfinger.Plugins,
    simulator: Simulator,
    *names: str,
    attempts: int = 1,
    **settings: str,
) -> wharfinger.Connection:
    return plugins.connect(
        {
            "destination": "salesforce-marketing-cloud",
            "settings": {
                "account_id": "510001234",
                "client_id": "client",
                "client_secret": "sample-secret",
                "subdomain": "mcsample0sample0sample0sampl",
                **settings,
            },
            "mappings": {name: MAPPINGS[name] for name in names},
            "retry": {"attempts": attempts},
        },
        transport=simulator.transport(),
    )


async def deliver(connection: wharfinger.Connection, events: list[dict[str, Any]]) -> list[Any]:
    async with connection:
        return [receipt.outcomes for receipt in await connection.deliver(events)]


async def test_all_four_actions_do_what_they_say(plugins, simulator):
    outcomes = await deliver(connect(plugins, simulator, *MAPPINGS), [track(1), track(2)])

    assert [{o.status.value for o in by_mapping.values()} for by_mapping in outcomes] == [
        {"delivered"},
        {"delivered"},
    ]
    assert sorted(simulator.contacts) == ["c-1", "c-2"]
    assert [entry.contact_key for entry in simulator.entries] == ["c-1", "c-2"]
    assert [row["orderid"] for row in simulator.rows("orders / 1")] == ["o-1", "o-2"]
    assert [row["contactkey"] for row in simulator.rows("people")] == ["c-1", "c-2"]
    assert simulator.token_requests == 1


async def test_one_person_in_two_stores_is_two_rows_and_twice_in_one_store_is_one(
    plugins, simulator
):
    events = [track(1, table="Köln"), track(1, table="Bonn"), track(1, table="Köln")]

    await deliver(connect(plugins, simulator, "people"), events)

    assert [row["store location"] for row in simulator.rows("people")] == ["Köln", "Bonn"]


KINDS = [
    "unauthorized",
    "rate-limited",
    "rate-limited-without-wait",
    "blocked",
    "server-error",
    "bad-gateway",
    "unavailable",
    "service-not-found",
    "opaque-error",
    "has-errors",
    "redirect",
    "drop",
    "hang",
    "empty-body",
    "garbage-body",
    "cut-off",
    "commit-then-hang",
    "commit-then-drop",
]


def in_the_way(kind: Any, path: str, times: int = 1, after: int = 0) -> Fault:
    return Fault(kind=kind, path=path, times=times, after=after)


tables = st.sampled_from(["orders / 1", "orders & 2"])
batches = st.lists(st.tuples(st.integers(0, 9), tables), min_size=1, max_size=60)


@settings(max_examples=40, deadline=None)
@given(batches)
def test_rows_are_delivered_exactly_where_the_table_holds_them(plugins, drawn):
    simulator = Simulator.from_mapping(TENANT)
    events = [track(n, bad=luck == 0, table=table) for n, (luck, table) in enumerate(drawn)]

    outcomes = asyncio.run(deliver(connect(plugins, simulator, "orders"), events))

    found = {
        table: {row["orderid"]: row["total"] for row in simulator.rows(table)}
        for table in ("orders / 1", "orders & 2")
    }
    for event, by_mapping in zip(events, outcomes, strict=True):
        expected, status = event["properties"], by_mapping["orders"].status.value
        stored = found[expected["table"]].pop(expected["id"], None)
        if expected["total"] == "bad":
            assert (stored, status) == (None, "rejected")
            assert "Total" in by_mapping["orders"].message
        else:
            assert (stored, status) == (str(expected["total"]), "delivered")
    assert found == {"orders / 1": {}, "orders & 2": {}}, "no row went astray"


@pytest.mark.parametrize("bad", [set(), {0}, {24}, {49}, {3, 4, 40}, set(range(50))])
async def test_requests_stay_few(plugins, simulator, bad):
    events = [track(number, bad=number in bad) for number in range(50)]
    connection = connect(plugins, simulator, "orders")
    lanes = connection.mappings["orders"].policy.lanes

    await deliver(connection, events)

    requests = sum("rowset" in request.path for request in simulator.requests)
    assert requests <= lanes + 2 * len(bad) * (1 + math.log2(50))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            in_the_way,
            st.sampled_from(KINDS),
            st.sampled_from(["rowset", "events", "contacts"]),
            times=st.integers(1, 3),
            after=st.integers(0, 4),
        ),
        max_size=5,
    )
)
@example(
    [
        in_the_way("opaque-error", "rowset", times=3, after=2),
        in_the_way("garbage-body", "rowset", after=1),
        in_the_way("opaque-error", "rowset", times=3, after=1),
    ]
)
@example([in_the_way("commit-then-drop", "contacts"), in_the_way("has-errors", "contacts")])
def test_whatever_goes_wrong_outcomes_are_true(plugins, faults):
    simulator = Simulator.from_mapping(TENANT, faults=faults)
    events = [track(number, bad=number == 5) for number in range(12)]
    connection = connect(plugins, simulator, "contacts", "journey", "orders", attempts=3)

    with stamina.set_testing(True, attempts=3, cap=True):
        outcomes = asyncio.run(deliver(connection, events))

    rows = {row["orderid"] for row in simulator.rows("orders / 1")}
    entries = Counter(entry.contact_key for entry in simulator.entries)
    for event, by_mapping in zip(events, outcomes, strict=True):
        statuses = {name: outcome.status.value for name, outcome in by_mapping.items()}
        user, order = event["userId"], event["properties"]["id"]
        if statuses["contacts"] in ("delivered", "rejected"):
            assert (user in simulator.contacts) == (statuses["contacts"] == "delivered")
        if statuses["orders"] in ("delivered", "rejected"):
            assert (order in rows) == (statuses["orders"] == "delivered")
        assert entries[user] <= 1, "nobody enters twice"
        if statuses["journey"] != "unknown":
            assert entries[user] == (statuses["journey"] == "delivered")


@pytest.mark.parametrize("code", [10000, 10001])
async def test_a_data_extension_that_is_missing_halts_and_is_named(plugins, code):
    simulator = Simulator.from_mapping(TENANT, switches={"unknown_data_extension_code": code})

    ((outcomes),) = await deliver(connect(plugins, simulator, "orders"), [track(1, table="gone")])

    assert outcomes["orders"].status.value == "halted"
    assert outcomes["orders"].code == "data-extension-not-found"
    assert '"gone"' in outcomes["orders"].message


async def test_a_permission_that_is_missing_is_named(plugins, simulator):
    connection = connect(plugins, simulator, *MAPPINGS, client_id="reader")

    (outcomes,) = await deliver(connection, [track(1)])

    for name, permission in {
        "contacts": "List and Subscribers: Write",
        "journey": "Journeys: Read",
        "orders": "Data Extensions: Write",
        "people": "Data Extensions: Write",
    }.items():
        assert outcomes[name].status.value == "halted"
        assert permission in outcomes[name].message


async def test_a_token_that_ends_early_is_renewed_once_for_all(plugins, simulator):
    connection = connect(plugins, simulator, "contacts")

    async with connection:
        await connection.deliver([track(1)])
        simulator.end_tokens()
        receipts = await connection.deliver([track(number) for number in range(2, 30)])

    assert {receipt.outcomes["contacts"].status.value for receipt in receipts} == {"delivered"}
    assert simulator.token_requests == 2


async def test_the_credentials_are_tried(plugins, simulator):
    async with connect(plugins, simulator) as connection:
        findings = await connection.test()

    assert [finding.level for finding in findings] == ["ok", "ok"]


async def test_a_wrong_secret_is_found(plugins, simulator):
    async with connect(plugins, simulator, client_secret="wrong-sample") as connection:
        findings = await connection.test()

    assert [(finding.level, finding.subject) for finding in findings] == [("error", "Credentials")]
    assert "wrong-sample" not in str(findings)


@pytest.mark.parametrize("network", [None, httpx.AsyncHTTPTransport()], ids=["own", "httpx"])
async def test_all_of_it_works_over_a_socket_and_logs_no_secret(
    plugins, simulator, caplog, network
):
    caplog.set_level("DEBUG")
    async with simulator.serving() as address:
        connection = plugins.connect(
            {
                "destination": "salesforce-marketing-cloud",
                "settings": {
                    "account_id": "510001234",
                    "client_id": "client",
                    "client_secret": "sample-secret",
                    "subdomain": "mcsample0sample0sample0sampl",
                },
                "mappings": MAPPINGS,
                "route": address,
            },
            transport=network,
        )
        (outcomes,) = await deliver(connection, [track(1, table="orders & 2")])

    assert {outcome.status.value for outcome in outcomes.values()} == {"delivered"}
    # The one that logs much of what it sends.
    assert network is None or "httpcore" in {r.name.split(".")[0] for r in caplog.records}
    assert "sample-secret" not in caplog.text
    assert "Bearer" not in caplog.text
