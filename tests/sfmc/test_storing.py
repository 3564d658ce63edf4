"""A batch of rows: checked, grouped, and sent where each belongs, by what the mapping chose."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import wharfinger
from wharfinger_sfmc.actions import send_rows_asynchronously as asynchronously
from wharfinger_sfmc.values.forming import RowForm
from wharfinger_sfmc_simulator import Fault, Simulator, StandingClock

ACCOUNT, SUBDOMAIN = 510001234, "mcsample0sample0sample0sampl"
IDS = {key: f"5b6f8f1a-0000-4f11-b859-48df37dc138{n}" for n, key in enumerate(["orders", "other"])}
TENANT: dict[str, Any] = {
    "tenant": {"subdomain": SUBDOMAIN, "eid": ACCOUNT},
    "accounts": [{"id": ACCOUNT, "name": "Sample"}],
    "clients": [
        {"id": "client", "secret": "sample-secret", "account": ACCOUNT},
        {
            "id": "writer",
            "secret": "sample-secret",
            "account": ACCOUNT,
            "scopes": ["data_extensions_write"],
        },
    ],
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
        for key, guid in IDS.items()
    ],
}
ACTION = "send-event-to-data-extension"
FIELDS: dict[str, Any] = {
    "key": {"@path": "$.properties.key"},
    "id": {"@path": "$.properties.id"},
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"@path": "$.properties.values"},
}
Status = wharfinger.Status


def event(order: str, *, id: str | None = None, key: str | None = None, **values: Any) -> Any:  # noqa: A002  # named as the field
    named = {"id": IDS[id]} if id else {"key": key or "orders"}
    properties = {**named, "order_id": order, "values": values or {"Total": 1}}
    return {"type": "track", "properties": properties}


@pytest.fixture
def switches() -> dict[str, Any]:
    return {}


@pytest.fixture
def simulator(switches) -> Simulator:
    return Simulator.from_mapping(TENANT, switches=switches, clock=StandingClock(step_s=1))


@pytest.fixture
def connect(plugins, simulator):
    def connect(client: str = "client", *, attempts: int = 1, **fields: Any) -> Any:
        mapping = {
            "action": fields.pop("action", ACTION),
            "trigger": 'type = "track"',
            "fields": {**FIELDS, **fields},
            "batch": {"lanes": 1},
        }
        settings = {
            "account_id": str(ACCOUNT),
            "client_id": client,
            "client_secret": "sample-secret",
            "subdomain": SUBDOMAIN,
        }
        return plugins.connect(
            {
                "destination": "salesforce-marketing-cloud",
                "settings": settings,
                "mappings": {"only": mapping},
                "retry": {"attempts": attempts},
            },
            transport=simulator.transport(),
        )

    return connect


@pytest.fixture
def send(connect):
    async def send(events: Any, *connected: Any, **other: Any) -> list[wharfinger.Outcome]:
        async with connect(*connected, **other) as connection:
            return [r.outcomes["only"] for r in await connection.deliver(events)]

    return send


def rowsets(simulator: Simulator) -> list[str]:
    return [r.path.split("/")[-2] for r in simulator.requests if r.path.endswith("/rowset")]


def statuses(outcomes: list[wharfinger.Outcome]) -> list[str]:
    return [outcome.status.value for outcome in outcomes]


async def test_key_and_id_of_one_data_extension_are_one(simulator, send):
    events = [event("a", Total=1), event("a", id="orders", Total=2), event("a", Note="n")]

    outcomes = await send(events)

    assert statuses(outcomes) == ["delivered"] * 3
    assert simulator.rows("orders") == [{"orderid": "a", "total": "2", "note": "n"}]
    assert rowsets(simulator) == ["key:orders"]


async def test_rows_of_different_data_extensions_never_meet(simulator, send):
    events = [event("a"), event("b", key="other"), event("c", id="other"), event("d", id="orders")]

    assert statuses(await send(events)) == ["delivered"] * 4

    assert [row["orderid"] for row in simulator.rows("orders")] == ["a", "d"]
    assert [row["orderid"] for row in simulator.rows("other")] == ["b", "c"]


async def test_key_and_id_keep_their_order_where_nobody_knows_that_they_are_one(simulator, send):
    names: list[dict[str, Any]] = [{"key": "orders"}, {"id": "orders"}]
    events = [event("a", Total=number, **names[number % 2]) for number in range(5)]

    outcomes = await send(events, "writer")

    assert statuses(outcomes) == ["delivered"] * 5
    assert simulator.rows("orders")[0]["total"] == "4"
    assert len(rowsets(simulator)) == 5


async def test_nothing_overtakes_a_row_that_may_be_the_same_under_another_name(simulator, send):
    simulator.inject(Fault(kind="rate-limited", path="rowset"))

    outcomes = await send([event("a", Total=1), event("a", id="orders", Total=2)], "writer")

    assert [o.code for o in outcomes] == ["rate-limited", "held-back"]
    assert simulator.rows("orders") == []


async def test_a_data_extension_that_is_missing_halts_its_own_rows_only(simulator, send):
    outcomes = await send([event("a", key="gone"), event("b"), event("c", key="gone")])

    assert statuses(outcomes) == ["halted", "delivered", "halted"]
    assert '"gone"' in outcomes[0].message


async def test_a_row_that_fails_its_check_costs_no_request(simulator, send):
    outcomes = await send([event("a", Total="many"), event("b", Total=None, Note="x" * 21)])

    assert statuses(outcomes) == ["rejected"] * 2
    assert 'Data Extension Fields: "Total"' in outcomes[0].message
    assert rowsets(simulator) == []


async def test_a_version_that_fails_its_check_is_rejected_alone(simulator, send):
    outcomes = await send([event("a", Total=1), event("a", Total="many"), event("a", Note="n")])

    assert statuses(outcomes) == ["delivered", "rejected", "delivered"]
    assert simulator.rows("orders") == [{"orderid": "a", "total": "1", "note": "n"}]
    assert len(rowsets(simulator)) == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"total": "7", "note": ""}),
        ({"nulls": "clear"}, {"total": "", "note": ""}),
        ({"empties": "omit"}, {"total": "7", "note": "old"}),
        ({"nulls": "reject"}, None),
        ({"empties": "reject"}, None),
    ],
)
async def test_the_mapping_decides_what_becomes_of_null_and_of_empty_text(
    simulator, send, options, expected
):
    await send([event("a", Total=7, Note="old")])

    (outcome,) = await send([event("a", Total=None, Note="")], **options)

    (row,) = simulator.rows("orders")
    if expected is None:
        assert outcome.status is Status.REJECTED
    else:
        assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"api": "fast"}, "API"),
        ({"nulls": "zero"}, "Null Values"),
        ({"empties": {"@path": "$.x"}}, "Empty Texts"),
        ({"deadline_s": 0}, "Job Deadline"),
    ],
)
def test_an_option_that_cannot_be_is_named_when_the_mapping_is_made(connect, fields, label):
    with pytest.raises(wharfinger.ConfigurationError, match=label):
        connect(**fields)


async def test_a_column_that_was_added_meanwhile_is_found(simulator, connect, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(wharfinger.Session, "now", lambda _: now[0])
    grown = json.loads(json.dumps(TENANT))
    grown["data_extensions"][0]["fields"].append({"name": "Colour", "type": "Text"})
    table = Simulator.from_mapping(grown).tables["orders"]
    async with connect() as connection:
        await connection.deliver([event("a")])
        simulator._state.tables[ACCOUNT]["orders"] = table

        receipts = [(await connection.deliver([event("b", Colour="red")]))[0]]
        now[0] = 61.0  # a data extension is read again once a minute
        receipts += await connection.deliver([event("b", Colour="red"), event("c", Color="red")])

    outcomes = [receipt.outcomes["only"] for receipt in receipts]
    assert statuses(outcomes) == ["rejected", "delivered", "rejected"]
    assert [row["colour"] for row in table.rows()] == ["red"]
    assert 'Did you mean "Colour"?' in outcomes[2].message


@pytest.mark.parametrize("switches", [{"empty_text": "refuse"}])
async def test_columns_are_read_again_after_a_refusal_they_did_not_foretell(
    simulator, connect, monkeypatch
):
    now = [0.0]
    monkeypatch.setattr(wharfinger.Session, "now", lambda _: now[0])
    lookups = []
    async with connect() as connection:
        for order, total in (("a", 1), ("b", 2), ("c", ""), ("d", 4), ("e", 5)):
            await connection.deliver([event(order, Total=total)])
            lookups.append(sum("customobjects" in r.path for r in simulator.requests))
            now[0] += 61.0

    assert lookups == [2, 2, 2, 4, 4]


async def test_a_row_is_brought_into_form_and_encoded_once(simulator, connect, monkeypatch):
    made: list[Any] = []
    usual_row = RowForm.usual_row

    def spied(*parts: Any) -> Any:
        made.append(usual_row(*parts))
        return made[-1]

    monkeypatch.setattr(RowForm, "usual_row", spied)
    monkeypatch.setattr("wharfinger_sfmc.rows.rowsets.to_json", pytest.fail)

    async with connect(key="orders", id=None) as connection:
        receipts = await connection.deliver([event("a", Total="7"), event("b", Total=8)])

    assert statuses([receipt.outcomes["only"] for receipt in receipts]) == ["delivered"] * 2
    assert [row.values for row in made] == [{"Total": 7}, {"Total": 8}]
    assert [row["total"] for row in simulator.rows("orders")] == ["7", "8"]


async def test_rows_that_wait_are_sent_as_their_data_extension_is_by_then(
    simulator, connect, monkeypatch
):
    now = [0.0]
    monkeypatch.setattr(wharfinger.Session, "now", lambda _: now[0])
    altered = json.loads(json.dumps(TENANT))
    altered["data_extensions"][0]["fields"][1] |= {"type": "Decimal", "length": 9, "scale": 2}
    table = Simulator.from_mapping(altered).tables["orders"]

    async with connect(key="orders", id=None) as connection, connection.flow() as flow:
        await flow.put(event("a", Total=7))
        simulator._state.tables[ACCOUNT]["orders"] = table
        now[0] = 901.0  # a data extension is read again after a quarter of an hour
        await flow.drain()
        settled = [each async for each in flow]

    assert statuses([each.receipt.outcomes["only"] for each in settled]) == ["delivered"]
    assert [row["total"] for row in table.rows()] == ["7.00"]


@settings(deadline=None)
@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(), max_size=8),
    st.randoms(use_true_random=False),
)
def test_keys_in_any_order_take_the_same_lane(keys, random):
    shuffled = list(keys.items())
    random.shuffle(shuffled)
    form = asynchronously.ACTION.form
    assert form is not None
    one, other = (
        form(asynchronously.SendRowsAsynchronously(key="k", keys=each, values={"a": 1}))
        for each in (keys, dict(shuffled))
    )

    assert repr(one.order_key) == repr(other.order_key)


async def test_a_mapping_that_names_an_unknown_column_is_halted_when_it_opens(simulator, connect):
    connection = connect(values={"Totl": 1}, key="orders", id=None)

    async with connection:
        (receipt,) = await connection.deliver([event("a")])

    assert receipt.outcomes["only"].status is Status.HALTED
    assert "Total" in receipt.outcomes["only"].message
    assert rowsets(simulator) == []


async def test_a_preview_shows_the_request_to_each_data_extension(simulator, connect):
    async with connect() as connection:
        await connection.deliver([event("z"), event("z", key="other")])
        before = len(simulator.requests)

        preview = await connection.preview([event("a"), event("b", key="other"), event("c")])

    assert [len(json.loads(request.body)) for request in preview.requests] == [2, 1]
    assert len(simulator.requests) == before


async def test_forms_can_ask_for_data_extensions_and_columns(connect):
    async with connect() as connection:
        keys = await connection.choices(ACTION, wharfinger.Question(field="key"))
        columns = await connection.choices(
            "send-rows-asynchronously",
            wharfinger.Question(field="values", fields={"key": "orders"}),
        )

    assert {choice.value for choice in keys.items} == set(IDS)
    assert {choice.value for choice in columns.items} >= {"Total", "Note"}


def jobs(simulator: Simulator) -> list[Any]:
    return [r for r in simulator.requests if r.method == "PUT"]


ASYNC = {"action": "send-rows-asynchronously"}


async def test_rows_that_might_be_one_row_are_jobs_of_their_own_one_after_the_other(
    simulator, send
):
    outcomes = await send([event("a", Total=1), event("A", Total=2), event("b")], **ASYNC)

    assert statuses(outcomes) == ["delivered"] * 3
    assert [(row["orderid"], row["total"]) for row in simulator.rows("orders")] == [
        ("a", "2"),
        ("b", "1"),
    ]
    assert len(jobs(simulator)) == 2


# No check of ours knows this rule of the tenant.
@pytest.mark.parametrize("switches", [{"empty_text": "refuse"}])
@pytest.mark.parametrize("action", [ACTION, "send-rows-asynchronously"])
async def test_a_row_that_is_refused_for_one_of_its_events_keeps_the_others(
    simulator, send, action
):
    events = [event("a", Note="1"), event("a", Total="", Note="2"), event("a", Note="3")]

    outcomes = await send(events, action=action)

    assert statuses(outcomes) == ["delivered", "rejected", "delivered"]
    assert "Total" in outcomes[1].vendor_message
    assert simulator.rows("orders") == [{"orderid": "a", "total": "", "note": "3"}]


async def test_more_than_five_hundred_rows_are_a_job_where_the_number_decides(simulator, send):
    outcomes = await send([event(f"o-{n}") for n in range(501)], api="auto")

    assert set(statuses(outcomes)) == {"delivered"}
    assert len(jobs(simulator)) == 1
    assert rowsets(simulator) == []


async def test_fewer_rows_are_sent_at_once_in_parts(simulator, send):
    outcomes = await send([event(f"o-{n}") for n in range(500)], api="auto")

    assert set(statuses(outcomes)) == {"delivered"}
    assert jobs(simulator) == []
    assert len(rowsets(simulator)) == 10


async def test_more_rows_than_one_job_takes_are_several(simulator, send):
    outcomes = await send([event(f"o-{n}") for n in range(2_501)], **ASYNC)

    assert set(statuses(outcomes)) == {"delivered"}
    assert len(jobs(simulator)) == 2
    assert len(simulator.rows("orders")) == 2_501
