"""What is known to be weak in Segment's connector to SFMC, and that ours is not weak there.

Numbers W1 to W28 are those of the study of competitors; each test says in its name what ours does.
"""

from __future__ import annotations

import json
from typing import Any

import attrs
import httpx
import pytest

import wharfinger
from wharfinger_sfmc.settings import base_url
from wharfinger_sfmc_simulator import Fault, Simulator, StandingClock

ACCOUNT, SUBDOMAIN = 510001234, "mcsample0sample0sample0sampl"
ORDER_FIELDS = [
    {"name": "OrderId", "type": "Text", "length": 40, "primary_key": True},
    {"name": "Total", "type": "Number"},
    {"name": "Email", "type": "EmailAddress"},
    {"name": "Note", "type": "Text", "length": 4000},
]
TENANT: dict[str, Any] = {
    "tenant": {"subdomain": SUBDOMAIN, "eid": ACCOUNT},
    "accounts": [{"id": ACCOUNT, "name": "Sample"}],
    "clients": [{"id": "client", "secret": "sample-secret", "account": ACCOUNT}],
    "data_extensions": [
        {"key": "orders", "name": "Orders", "fields": ORDER_FIELDS},
        {"key": "a/b #1 & c", "name": "Odd", "fields": ORDER_FIELDS},
        {
            "key": "people",
            "name": "People",
            "fields": [
                {"name": "contactKey", "type": "Text", "length": 254, "primary_key": True},
                {"name": "Vip", "type": "Boolean"},
            ],
        },
    ],
    "event_definitions": [
        {"key": "welcome", "fields": [{"name": "OrderId", "type": "Text", "length": 40}]}
    ],
}
ALL = 'type = "track"'
FIELDS: dict[str, dict[str, Any]] = {
    "orders": {
        "key": {"@path": "$.properties.table"},
        "keys": {"OrderId": {"@path": "$.properties.id"}},
        "values": {
            "Total": {"@path": "$.properties.total"},
            "Email": {"@path": "$.properties.email"},
            "Note": {"@path": "$.properties.note"},
        },
    },
    "people": {"key": "people", "values": {"Vip": {"@path": "$.properties.vip"}}},
    "journey": {"eventDefinitionKey": "welcome", "data": {"OrderId": {"@path": "$.properties.id"}}},
    "contacts": {},
}
ACTIONS = {
    "orders": "send-event-to-data-extension",
    "people": "send-contact-to-data-extension",
    "journey": "send-api-event",
    "contacts": "create-contact",
}


@pytest.fixture
def simulate():
    return lambda **options: Simulator.from_mapping(TENANT, **options)


@pytest.fixture
def connect_to(plugins):
    """Connect mappings by name to a simulator; a name may bring fields and an action of its own."""

    def connect_to(
        simulator: Simulator,
        *names: str,
        attempts: int = 5,
        observers: Any = (),
        route: str | None = None,
        **changes: Any,
    ) -> wharfinger.Connection:
        mappings: dict[str, dict[str, Any]] = {
            name: {"action": ACTIONS[name], "trigger": ALL, "fields": FIELDS[name]}
            for name in names
        }
        for name, change in changes.items():
            fields = {**mappings[name]["fields"], **change.get("fields", {})}
            mappings[name] = {**mappings[name], **change, "fields": fields}
        source = (
            wharfinger.load_plugins(allow=["salesforce-marketing-cloud"], extra=observers)
            if observers
            else plugins
        )
        connection: wharfinger.Connection = source.connect(
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
                **({"route": route} if route else {}),
            },
            transport=None if route else simulator.transport(),
        )
        return connection

    return connect_to


def track(number: int, **properties: Any) -> dict[str, Any]:
    usual = {"id": f"o-{number}", "total": number, "table": "orders", "vip": True}
    return {"type": "track", "userId": f"c-{number}", "properties": {**usual, **properties}}


async def outcomes_of(connection: wharfinger.Connection, events: Any, name: str) -> list[Any]:
    async with connection:
        return [receipt.outcomes[name] for receipt in await connection.deliver(events)]


def statuses(outcomes: Any) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


def calls(simulator: Simulator, path: str, method: str = "POST") -> int:
    return sum(path in r.path and r.method == method for r in simulator.requests)


async def test_w1_every_row_goes_to_its_own_data_extension(simulate, connect_to):
    simulator = simulate()
    events = [track(1), track(2, table="a/b #1 & c"), track(3)]

    assert statuses(await outcomes_of(connect_to(simulator, "orders"), events, "orders")) == [
        "delivered"
    ] * len(events)
    assert [row["orderid"] for row in simulator.rows("orders")] == ["o-1", "o-3"]
    assert [row["orderid"] for row in simulator.rows("a/b #1 & c")] == ["o-2"]


async def test_w2_each_bad_row_has_its_own_verdict_and_message(simulate, connect_to):
    # Both rules are the tenant's own: no check of ours can know them.
    simulator = simulate(switches={"empty_text": "refuse"})
    events = [track(n) for n in range(50)]
    events[7] = track(7, total="")
    events[31] = track(31, email="")

    outcomes = await outcomes_of(connect_to(simulator, "orders"), events, "orders")

    assert {n for n, o in enumerate(outcomes) if o.status == "rejected"} == {7}
    assert "Total" in outcomes[7].vendor_message
    assert {row["orderid"] for row in simulator.rows("orders")} == {
        f"o-{n}" for n in range(50) if n != 7
    }


async def test_w3_a_single_refusal_keeps_the_words_of_sfmc(simulate, connect_to):
    simulator = simulate(switches={"empty_text": "refuse"})

    (outcome,) = await outcomes_of(connect_to(simulator, "orders"), [track(1, total="")], "orders")

    assert "The value for column [Total]" in outcome.vendor_message


async def test_w4_credentials_are_tried_and_not_only_looked_at(simulate, connect_to):
    tenant = json.loads(json.dumps(TENANT))
    tenant["clients"][0]["secret"] = "another-secret"

    async with connect_to(Simulator.from_mapping(tenant), "contacts") as connection:
        findings = await connection.test()

    assert [finding.level for finding in findings] == ["error"]


async def test_w5_a_contact_reply_that_reports_errors_is_no_success(simulate, connect_to):
    simulator = simulate(faults=[Fault(kind="has-errors", path="/contacts")])

    (outcome,) = await outcomes_of(connect_to(simulator, "contacts"), [track(1)], "contacts")

    assert outcome.status != "delivered"
    assert simulator.contacts == {}


async def test_w6_a_key_with_slashes_and_signs_finds_its_data_extension(simulate, connect_to):
    simulator = simulate()

    (outcome,) = await outcomes_of(
        connect_to(simulator, "orders"), [track(1, table="a/b #1 & c")], "orders"
    )

    assert outcome.status == "delivered"


async def test_w7_a_wait_that_sfmc_asks_for_is_kept_and_told(simulate, connect_to):
    simulator = simulate(
        faults=[Fault(kind="rate-limited", path="/rowset", retry_after_s=7, times=None)]
    )

    outcomes = await outcomes_of(
        connect_to(simulator, "orders", attempts=1), [track(1), track(2)], "orders"
    )

    assert [(o.status, o.retry_after_s) for o in outcomes] == [("retry", 7.0)] * 2


@pytest.mark.parametrize("kind", ["commit-then-hang", "commit-then-drop", "server-error"])
async def test_w8_a_journey_event_is_never_entered_twice(simulate, connect_to, kind):
    simulator = simulate(faults=[Fault(kind=kind, path="/v1/events")])

    (outcome,) = await outcomes_of(connect_to(simulator, "journey"), [track(1)], "journey")

    assert outcome.status == "unknown"
    assert len(simulator.entries) <= 1
    assert calls(simulator, "/interaction/v1/events") == 1


async def test_w9_a_hundred_journey_events_may_travel_in_one_call(simulate, connect_to):
    simulator = simulate()
    together = {"action": "send-api-events-in-batches", "batch": {"lanes": 1}}

    outcomes = await outcomes_of(
        connect_to(simulator, "journey", journey=together),
        [track(n) for n in range(100)],
        "journey",
    )

    assert statuses(outcomes) == ["delivered"] * 100
    assert calls(simulator, "/interaction/v1/async/events") == 1
    assert len(simulator.entries) == 100


async def test_w10_a_batch_that_times_out_is_sent_in_smaller_parts(simulate, connect_to):
    simulator = simulate(faults=[Fault(kind="hang", path="/rowset", times=2)])
    one_lane = {"batch": {"lanes": 1}}

    outcomes = await outcomes_of(
        connect_to(simulator, "orders", orders=one_lane), [track(n) for n in range(48)], "orders"
    )

    assert statuses(outcomes) == ["delivered"] * 48
    sizes = [r.request_bytes for r in simulator.requests if "/rowset" in r.path]
    assert max(sizes[2:]) < max(sizes) / 3


async def test_w11_a_column_that_is_missing_is_named_before_anything_is_sent(simulate, connect_to):
    simulator = simulate()
    fixed = {"fields": {"key": "orders", "values": {"Totl": {"@path": "$.properties.total"}}}}

    async with connect_to(simulator, "orders", orders=fixed) as connection:
        (receipt,) = await connection.deliver([track(1)])

    (error,) = (f for f in connection.findings if f.level == "error")
    assert '"Totl"' in error.message
    assert '"Total"' in f"{error.message} {error.fix}"
    assert receipt.outcomes["orders"].status == "halted"
    assert calls(simulator, "/rowset") == 0


async def test_w11_a_value_that_does_not_fit_its_column_costs_no_request(simulate, connect_to):
    simulator = simulate()
    events = [track(1, total="many"), track(2, email="nobody"), track(3, note="x" * 4001)]

    outcomes = await outcomes_of(connect_to(simulator, "orders"), events, "orders")

    assert [(o.status, o.code) for o in outcomes] == [("rejected", "payload-invalid")] * 3
    for outcome, column in zip(outcomes, ("Total", "Email", "Note"), strict=True):
        assert column in outcome.message
    assert calls(simulator, "/rowset") == 0


async def test_w12_null_is_left_out_and_objects_and_lists_become_text(simulate, connect_to):
    simulator = simulate(switches={"null_value": "opaque-error"})
    events = [track(1), track(1, total=None, note={"a": [1, None]})]

    assert statuses(await outcomes_of(connect_to(simulator, "orders"), events, "orders")) == [
        "delivered",
        "delivered",
    ]
    (row,) = simulator.rows("orders")
    assert row["total"] == "1", "null does not wipe a value"
    assert json.loads(row["note"]) == {"a": [1, None]}


@pytest.mark.parametrize("part", ["keys", "values"])
async def test_w13_empty_keys_or_values_are_rejected_by_label(simulate, connect_to, part):
    fields = {"key": "orders", part: {"@path": "$.properties.nothing"}}
    simulator = simulate()

    (outcome,) = await outcomes_of(
        connect_to(simulator, "orders", orders={"fields": fields}), [track(1, nothing={})], "orders"
    )

    assert outcome.status == "rejected"
    assert "Data Extension" in outcome.message


async def _asynchronously(simulate, connect_to, events, **options):
    clock = StandingClock(step_s=1)
    simulator = simulate(clock=clock, **options)
    change = {"fields": {"api": "async"}, "batch": {"lanes": 1}}
    outcomes = await outcomes_of(connect_to(simulator, "orders", orders=change), events, "orders")
    return simulator, outcomes


async def test_w14_every_page_of_results_is_read_and_says_which_column(simulate, connect_to):
    events = [track(n) for n in range(120)]
    events[3] = track(3, total="")
    events[110] = track(110, total="")

    simulator, outcomes = await _asynchronously(
        simulate, connect_to, events, switches={"empty_text": "refuse"}
    )

    assert {n for n, o in enumerate(outcomes) if o.status == "rejected"} == {3, 110}
    assert statuses(outcomes).count("delivered") == 118
    assert "total" in outcomes[110].vendor_message.lower()
    assert calls(simulator, "/results", "GET") == 3


async def test_w14_rows_without_a_result_are_not_taken_for_delivered(simulate, connect_to):
    _, outcomes = await _asynchronously(
        simulate,
        connect_to,
        [track(1, total=""), track(2), track(3)],
        switches={"empty_text": "refuse", "async_lost_results": 1},
    )

    assert "delivered" not in statuses(outcomes)


@pytest.mark.parametrize(
    "kind", ["unauthorized", "bad-gateway", "unavailable", "gateway-timeout", "rate-limited"]
)
async def test_w15_a_poll_that_fails_does_not_fail_the_job(simulate, connect_to, kind):
    simulator, outcomes = await _asynchronously(
        simulate,
        connect_to,
        [track(1)],
        faults=[Fault(kind=kind, path="/status", times=2, every=2)],
    )

    assert statuses(outcomes) == ["delivered"]
    assert calls(simulator, "/rows", "PUT") == 1


async def test_w16_a_submit_with_a_dead_token_signs_in_again(simulate, connect_to):
    simulator, outcomes = await _asynchronously(
        simulate, connect_to, [track(1)], faults=[Fault(kind="unauthorized", path="/rows")]
    )

    assert statuses(outcomes) == ["delivered"]
    assert simulator.token_requests == 2


async def test_w17_a_job_that_is_not_found_yet_is_waited_for(simulate, connect_to):
    _, outcomes = await _asynchronously(
        simulate, connect_to, [track(1)], switches={"async_missing_s": 20}
    )

    assert statuses(outcomes) == ["delivered"]


async def test_w17_only_the_rows_of_a_deadlock_are_sent_again(simulate, connect_to):
    simulator, outcomes = await _asynchronously(
        simulate, connect_to, [track(n) for n in range(10)], switches={"async_deadlock_every": 4}
    )

    assert statuses(outcomes) == ["delivered"] * 10
    assert len(simulator.rows("orders")) == 10


async def test_w17_a_refused_submit_is_refused_though_it_names_a_job(simulate, connect_to):
    _, outcomes = await _asynchronously(simulate, connect_to, [track(1, table="gone")])

    assert statuses(outcomes) == ["halted"]
    assert '"gone"' in outcomes[0].message


async def test_w18_an_empty_body_after_success_is_success(simulate, connect_to):
    simulator = simulate(faults=[Fault(kind="empty-body", path="/rowset")])

    outcomes = await outcomes_of(connect_to(simulator, "orders"), [track(1)], "orders")

    assert statuses(outcomes) == ["delivered"]
    assert calls(simulator, "/rowset") == 1


@pytest.mark.parametrize("body", [{}, {"errorcode": 10006}, {"message": None}, [], None, "no"])
async def test_w19_an_error_without_a_message_has_an_outcome_too(body, cloud, deliver):
    cloud.judges(lambda _: httpx.Response(400, json=body))
    fields = {"key": "orders", "keys": {"Id": "1"}, "values": {"Total": 1}}

    (outcome,) = await deliver([track(1)], "send-event-to-data-extension", fields, trigger=ALL)

    assert outcome.status in ("rejected", "retry", "halted")
    assert outcome.message


@pytest.mark.parametrize("folders", [0, 1, 3, 700])
async def test_w20_any_number_of_folders_can_be_chosen_from(connect_to, folders):
    tenant = json.loads(json.dumps(TENANT))
    tenant["folders"] = [{"id": 5000 + n, "name": f"Folder {n}"} for n in range(folders)]
    simulator = Simulator.from_mapping(tenant)

    async with connect_to(simulator, "orders") as connection:
        names: list[str] = []
        page: int | None = 1
        while page is not None:
            found = await connection.choices(
                "send-event-to-data-extension", wharfinger.Question(field="folder", page=page)
            )
            names += [choice.label for choice in found.items]
            page = found.next_page

    assert {f"Folder {n}" for n in range(folders)} <= {
        name.rpartition("/")[2].strip() for name in names
    }


async def test_w21_a_broken_network_in_a_look_up_is_an_error_of_ours(simulate, connect_to):
    simulator = simulate()

    async with connect_to(simulator, "orders") as connection:
        simulator.inject(Fault(kind="drop", path="/customobjects", times=None))
        with pytest.raises(wharfinger.RetryError):
            await connection.choices(
                "send-event-to-data-extension", wharfinger.Question(field="key")
            )


async def test_w22_look_ups_and_deliveries_share_one_token(simulate, connect_to):
    simulator = simulate()

    async with connect_to(simulator, "orders", "people") as connection:
        for _ in range(3):
            await connection.choices(
                "send-event-to-data-extension", wharfinger.Question(field="key")
            )
        await connection.deliver([track(1)])

    assert simulator.token_requests == 1


async def test_w23_leaving_an_audience_writes_false_and_keeps_the_row(simulate, connect_to):
    simulator = simulate()

    await outcomes_of(connect_to(simulator, "people"), [track(1), track(1, vip=False)], "people")

    assert [(row["contactkey"], row["vip"]) for row in simulator.rows("people")] == [
        ("c-1", "False")
    ]


@pytest.mark.parametrize("batching", [True, False])
async def test_w24_an_empty_required_field_is_rejected_in_batches_as_alone(
    simulate, connect_to, batching
):
    simulator = simulate()
    change = {"fields": {"keys": {"contactKey": ""}, "enable_batching": batching}}

    with pytest.raises(wharfinger.ConfigurationError, match="Contact Key"):
        connect_to(simulator, "people", people=change)
    change["fields"]["keys"] = {"contactKey": {"@path": "$.properties.nobody"}}
    outcomes = await outcomes_of(
        connect_to(simulator, "people", people=change),
        [track(1, nobody=""), track(2, nobody="")],
        "people",
    )
    assert statuses(outcomes) == ["rejected"] * 2


async def test_w25_a_dead_token_repeats_only_the_request_that_met_it(simulate, connect_to):
    simulator = simulate(faults=[Fault(kind="unauthorized", path="/rowset")])

    async with connect_to(simulator, "contacts", "journey", "orders") as connection:
        (receipt,) = await connection.deliver([track(1)])

    assert statuses(receipt.outcomes.values()) == ["delivered"] * 3
    assert calls(simulator, "/interaction/v1/events") == 1
    assert calls(simulator, "/contacts/v1/contacts") == 1


@pytest.mark.parametrize(
    "subdomain", ["a/b", "a.b", "a@b", "a#b", "a?b", "a:b", "a b", "../a", "", "a\\b"]
)
def test_w26_a_subdomain_is_looked_at_whenever_it_is_used(settings, subdomain):
    unchecked = attrs.evolve(settings, subdomain="safe")
    object.__setattr__(unchecked, "subdomain", subdomain)

    with pytest.raises(wharfinger.ConfigurationError, match="Subdomain"):
        base_url(unchecked, "auth")


async def test_w27_a_reply_of_megabytes_is_read_to_its_end(simulate, connect_to):
    simulator = simulate()
    events = [track(n, note="x" * 3900) for n in range(50)]

    async with simulator.serving() as address:
        routed = connect_to(simulator, "orders", route=address)
        outcomes = await outcomes_of(routed, events, "orders")

    assert statuses(outcomes) == ["delivered"] * 50


async def test_w28_batches_of_every_action_are_reported(simulate, connect_to):
    reports: list[wharfinger.BatchReport] = []

    class Listener:
        __name__ = "listener"

        @wharfinger.hookimpl
        def wharfinger_batch_delivered(self, report: wharfinger.BatchReport) -> None:
            reports.append(report)

    connection = connect_to(
        simulate(), "contacts", "journey", "orders", "people", observers=[Listener()]
    )
    async with connection:
        await connection.deliver([track(1)])

    assert {report.mapping for report in reports} == {"contacts", "journey", "orders", "people"}
    assert {tuple(report.statuses.items()) for report in reports} == {(("delivered", 1),)}
