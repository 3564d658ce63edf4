"""Laws of rows against a simulated tenant: what outcomes say is what its tables hold."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
import stamina
from hypothesis import given, settings

import wharfinger
from wharfinger_sfmc_simulator import Fault, Simulator, StandingClock

ACCOUNT, SUBDOMAIN = 510001234, "mcsample0sample0sample0sampl"
TABLES = {
    "orders": "5b6f8f1a-0000-4f11-b859-48df37dc1380",
    "a / b": "5b6f8f1a-0000-4f11-b859-48df37dc1381",
}
TENANT: dict[str, Any] = {
    "tenant": {"subdomain": SUBDOMAIN, "eid": ACCOUNT},
    "accounts": [{"id": ACCOUNT, "name": "Sample"}],
    "clients": [{"id": "client", "secret": "sample-secret", "account": ACCOUNT}],
    "data_extensions": [
        {
            "key": key,
            "id": guid,
            "fields": [
                {"name": "OrderId", "type": "Text", "length": 40, "primary_key": True},
                {"name": "Total", "type": "Number"},
                {"name": "Note", "type": "Text", "length": 20},
            ],
        }
        for key, guid in TABLES.items()
    ],
}
FIELDS: dict[str, Any] = {
    "key": {"@path": "$.properties.key"},
    "id": {"@path": "$.properties.id"},
    "keys": {"OrderId": {"@path": "$.properties.order"}},
    "values": {"@path": "$.properties.values"},
}
# Only the tenant knows that an empty text is refused; we know that "many" is no number.
TENANTS_RULE = {"empty_text": "refuse"}
BAD_TOTALS = ("", "many")


class Watched(httpx.AsyncBaseTransport):
    """A simulated tenant whose requests with rows are kept on their way.

    Attributes:
        rowsets: The rows of each synchronous request.
        jobs: The rows of each asynchronous one.
        most_bytes: Size of the largest.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._inner = simulator.transport()
        self.rowsets: list[list[Any]] = []
        self.jobs: list[list[Any]] = []
        self.most_bytes = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(("/rowset", "/rows")):
            body = await request.aread()
            content = json.loads(body)
            self.most_bytes = max(self.most_bytes, len(body))
            if isinstance(content, list):
                self.rowsets.append([row["keys"]["OrderId"] for row in content])
            else:
                self.jobs.append([row["OrderId"] for row in content["items"]])
        return await self._inner.handle_async_request(request)

    def check(self) -> None:
        assert self.most_bytes <= 5_000_000
        assert all(1 <= len(rows) <= 50 for rows in self.rowsets)
        assert all(1 <= len(rows) <= 2_500 for rows in self.jobs)
        for orders in (*self.rowsets, *self.jobs):
            maybe_same = {order.strip().lower().lstrip("0") for order in orders}
            assert len(maybe_same) == len(orders), "what might be one row travelled together"


def send(
    plugins: wharfinger.Plugins,
    simulator: Simulator,
    events: list[dict[str, Any]],
    *,
    attempts: int = 10,
    lanes: int = 2,
    **options: Any,
) -> tuple[list[wharfinger.Outcome], int]:
    """Deliver events; return their outcomes and how many rowsets that took."""
    mapping = {
        "action": "send-event-to-data-extension",
        "trigger": 'type = "track"',
        "fields": {**FIELDS, **options},
        "batch": {"lanes": lanes},
    }
    account = {
        "account_id": str(ACCOUNT),
        "client_id": "client",
        "client_secret": "sample-secret",
        "subdomain": SUBDOMAIN,
    }
    watched = Watched(simulator)
    connection = plugins.connect(
        {
            "destination": "salesforce-marketing-cloud",
            "settings": account,
            "mappings": {"only": mapping},
            "retry": {"attempts": attempts},
        },
        transport=watched,
    )

    async def run() -> list[wharfinger.Outcome]:
        async with connection:
            return [receipt.outcomes["only"] for receipt in await connection.deliver(events)]

    with stamina.set_testing(True, attempts=attempts, cap=True):
        outcomes = asyncio.run(run())
    watched.check()
    return outcomes, len(watched.rowsets)


def event(table: str, order: str, values: dict[str, Any], *, by_id: bool = False) -> dict[str, Any]:
    named = {"id": TABLES[table]} if by_id else {"key": table}
    properties = {**named, "order": order, "values": values, "table": table}
    return {"type": "track", "properties": properties}


values = st.fixed_dictionaries(
    {},
    optional={
        "Total": st.sampled_from([1, 2, "3", *BAD_TOTALS]),
        "Note": st.sampled_from(["", "x", "y", "z" * 30, None]),
    },
).filter(bool)
events_of_all_kinds = st.lists(
    st.builds(
        event,
        st.sampled_from(list(TABLES)),
        st.sampled_from(["a", "A", "a ", "b", "c", "d", "e", "7", "07"]),
        values,
        by_id=st.booleans(),
    ),
    max_size=40,
)
interfaces = st.sampled_from(["sync", "async"])
switches = st.fixed_dictionaries(
    {},
    optional={
        "key_case": st.sampled_from(["ignore", "exact"]),
        "key_trailing_spaces": st.sampled_from(["ignore", "exact"]),
        "duplicate_keys": st.sampled_from(["last-wins", "refuse"]),
        "primary_key_check": st.sampled_from(["before-rows", "row-by-row"]),
        "errorcode_as_text": st.booleans(),
        "payload_max_bytes": st.sampled_from([600, 5_000_000]),
        "async_payload_max_bytes": st.sampled_from([600, 5_000_000]),
        "async_results_page": st.sampled_from([0, 3, 50]),
        "async_results_nested": st.booleans(),
        "async_results_early": st.sampled_from(["not-found", "empty"]),
        "async_errorcode_as_text": st.booleans(),
        "async_complete_word": st.sampled_from(["Complete", "Completed"]),
        "async_shows_executing": st.booleans(),
        "async_missing_s": st.sampled_from([0, 5]),
    },
)
faults = st.lists(
    st.builds(
        Fault,
        kind=st.sampled_from(
            [
                *("unauthorized", "rate-limited", "rate-limited-without-wait", "blocked"),
                *("server-error", "bad-gateway", "unavailable", "gateway-timeout", "has-errors"),
                *("opaque-error", "too-large", "drop", "hang", "cut-off", "stalled-body"),
                *("empty-body", "garbage-body", "truncated-body", "shorter-reply", "redirect"),
                *("commit-then-hang", "commit-then-drop", "commit-then-gateway-timeout"),
            ]
        ),
        path=st.sampled_from(["rowset", "async", "customobjects"]),
        times=st.integers(1, 2),
        after=st.integers(0, 4),
    ),
    max_size=4,
)


def same(simulator: Simulator, order: str) -> str:
    """Fold a primary key as this tenant does."""
    if simulator.switches.key_case == "ignore":
        order = order.lower()
    return order.rstrip(" ") if simulator.switches.key_trailing_spaces == "ignore" else order


def check_tables(
    simulator: Simulator, events: list[dict[str, Any]], outcomes: list[wharfinger.Outcome]
) -> None:
    """Hold the tables to the serial application of the events that were delivered.

    What is undecided may or may not have been stored.
    """
    expected: dict[tuple[str, str], dict[str, set[str]]] = {}
    certain = set()
    for each, outcome in zip(events, outcomes, strict=True):
        if outcome.status == "rejected":
            continue
        said = each["properties"]
        name = said["table"], same(simulator, said["order"])
        row = expected.setdefault(name, {"total": {""}, "note": {""}})
        is_certain = outcome.status == "delivered"
        certain |= {name} if is_certain else set()
        for column, value in said["values"].items():
            if value is not None:
                before: set[str] = set() if is_certain else row[column.lower()]
                row[column.lower()] = {*before, str(value)}
    found = {
        (table, same(simulator, row["orderid"])): row
        for table in TABLES
        for row in simulator.rows(table)
    }
    assert certain <= set(found) <= set(expected)
    for name, stored in found.items():
        for column, possible in expected[name].items():
            assert stored[column] in possible


@settings(max_examples=50, deadline=None)
@given(events_of_all_kinds, switches, interfaces, st.sampled_from([0, 3]))
def test_without_trouble_every_row_is_settled_and_the_tables_agree(
    plugins, events, chosen, api, deadlock_every
):
    simulator = Simulator.from_mapping(
        TENANT,
        switches={**chosen, **TENANTS_RULE, "async_deadlock_every": deadlock_every},
        clock=StandingClock(step_s=1),
    )

    outcomes, _ = send(plugins, simulator, events, api=api)

    check_tables(simulator, events, outcomes)
    # Every third job may be the same rows' each time, until the attempts are used up.
    left_over = ("retry",) if deadlock_every else ()
    for each, outcome in zip(events, outcomes, strict=True):
        said = each["properties"]["values"]
        is_bad = said.get("Total") in BAD_TOTALS or len(said.get("Note") or "") > 20
        assert outcome.status in ("delivered", *left_over) or is_bad
        assert outcome.status in ("delivered", "rejected", *left_over)


@settings(max_examples=80, deadline=None)
@given(events_of_all_kinds, switches, faults, interfaces)
def test_whatever_goes_wrong_the_tables_hold_what_outcomes_say(
    plugins, events, chosen, troubles, api
):
    simulator = Simulator.from_mapping(
        TENANT,
        switches={**chosen, **TENANTS_RULE},
        faults=troubles,
        clock=StandingClock(step_s=1),
    )

    outcomes, _ = send(plugins, simulator, events, api=api, deadline_s=120)

    check_tables(simulator, events, outcomes)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 7)), min_size=1, max_size=50),
    switches,
)
def test_requests_grow_with_k_log_n_also_where_events_repeat_a_row(plugins, drawn, chosen):
    chosen = {**chosen, **TENANTS_RULE, "payload_max_bytes": 5_000_000}
    simulator = Simulator.from_mapping(TENANT, switches=chosen)
    events = [
        event("orders", f"o-{order}", {"Total": 1 if luck else "", "Note": str(number)})
        for number, (order, luck) in enumerate(drawn)
    ]
    bad = sum(not luck for _, luck in drawn)

    outcomes, rowsets = send(plugins, simulator, events, lanes=1)

    check_tables(simulator, events, outcomes)
    assert rowsets <= 1 + 2 * bad * (1 + math.log2(len(events)))
    assert rowsets == 1 or bad


@pytest.mark.parametrize("bad", [[], [0], [25], [49], [3, 4, 40]])
def test_fifty_rows_with_one_bad_row_take_at_most_eight_requests(plugins, bad):
    simulator = Simulator.from_mapping(TENANT, switches=TENANTS_RULE)
    events = [event("orders", f"o-{n}", {"Total": "" if n in bad else n}) for n in range(50)]

    outcomes, rowsets = send(plugins, simulator, events, lanes=1)

    assert [n for n, outcome in enumerate(outcomes) if outcome.status == "rejected"] == bad
    assert rowsets <= max(1, 8 * len(bad))


@pytest.mark.parametrize("api", ["sync", "async"])
def test_a_reply_that_goes_on_for_ever_is_no_evidence(plugins, api):
    path = "rowset" if api == "sync" else "status"
    fault = Fault(kind="huge-body", path=path, bytes=64_000_001)
    simulator = Simulator.from_mapping(TENANT, faults=[fault], clock=StandingClock(step_s=1))
    events = [event("orders", "a", {"Total": 1})]

    outcomes, _ = send(plugins, simulator, events, api=api)

    assert [outcome.status for outcome in outcomes] == ["delivered"]
    assert outcomes[0].attempts == (2 if api == "sync" else 1)
