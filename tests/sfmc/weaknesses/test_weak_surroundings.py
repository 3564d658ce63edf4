"""Weak in Segment's connector to SFMC, and not in ours: replies, look-ups and reports, W18 to W28.

The numbers are those of the study of competitors; each test says in its name what ours does.
"""

from __future__ import annotations

import json

import attrs
import httpx
import pytest
from tests.sfmc.weaknesses.tenant import ALL, TENANT, calls, outcomes_of, statuses, track

import wharfinger
from wharfinger_sfmc.settings import base_url
from wharfinger_sfmc_simulator import Fault, Simulator


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
