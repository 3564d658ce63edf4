"""Journey events and their definitions."""

import uuid
from typing import Any

import pytest

PATH = "/interaction/v1/events"
ORDER: dict[str, Any] = {
    "ContactKey": "c-1",
    "EventDefinitionKey": "APIEvent-order",
    "Data": {"OrderId": "9001", "Amount": 12.5},
}


async def test_an_event_is_accepted_with_201_and_an_instance_id(client, simulator):
    reply = await client.post(PATH, json=ORDER)
    instance_id = reply.json()["eventInstanceId"]
    assert reply.status_code == 201
    assert str(uuid.UUID(instance_id)) == instance_id
    [entry] = simulator.entries
    assert entry.event_instance_id == instance_id
    assert (entry.contact_key, entry.event_definition_key) == ("c-1", "APIEvent-order")
    assert entry.data == {"OrderId": "9001", "Amount": 12.5, "eventInstanceId": instance_id}


async def test_each_call_is_a_new_entry(client, simulator):
    ids = [(await client.post(PATH, json=ORDER)).json()["eventInstanceId"] for _ in range(3)]
    assert len(set(ids)) == len(simulator.entries) == 3


async def test_names_on_top_may_be_written_in_camel_case(client, simulator):
    body = {name[0].lower() + name[1:]: value for name, value in ORDER.items()}
    assert (await client.post(PATH, json=body)).status_code == 201
    assert len(simulator.entries) == 1


async def test_the_reserved_name_in_data_is_replaced(client, simulator):
    data = {**ORDER["Data"], "EventInstanceID": "mine"}
    await client.post(PATH, json={**ORDER, "Data": data})
    [entry] = simulator.entries
    assert "mine" not in entry.data.values()
    assert entry.data["eventInstanceId"] == entry.event_instance_id


async def test_a_number_as_contact_key_becomes_a_text(client, simulator):
    await client.post(PATH, json={**ORDER, "ContactKey": 1001})
    assert simulator.entries[0].contact_key == "1001"


async def test_data_is_only_needed_where_the_event_has_fields(client):
    hello = {"ContactKey": "c-1", "EventDefinitionKey": "APIEvent-hello"}
    without = {name: value for name, value in ORDER.items() if name != "Data"}
    assert (await client.post(PATH, json=hello)).status_code == 201
    reply = await client.post(PATH, json=without)
    assert (reply.status_code, reply.json()["message"]) == (400, "Data is required.")


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"ContactKey": None}, 10002, "ContactKey is required."),
        ({"ContactKey": " "}, 10002, "ContactKey is required."),
        ({"ContactKey": []}, 10002, "ContactKey is required."),
        ({"EventDefinitionKey": ""}, 10002, "EventDefinitionKey is required."),
        ({"EventDefinitionKey": "nö"}, 30003, "Event definition key 'nö' not found."),
        ({"ContactKey": "c-gone"}, 30001, "Contact 'c-gone' is not active."),
        ({"Data": "text"}, 10002, "Data is required."),
    ],
)
async def test_a_refused_event_says_why_and_enters_nobody(
    client, simulator, changes, code, message
):
    reply = await client.post(PATH, json={**ORDER, **changes})
    body = reply.json()
    assert (reply.status_code, body["errorcode"], body["message"]) == (400, code, message)
    assert simulator.entries == simulator.dropped_entries == []


async def test_data_that_cannot_be_converted_names_every_column(client, simulator):
    reply = await client.post(PATH, json={**ORDER, "Data": {"OrderId": None, "Amount": "much"}})
    body = reply.json()
    assert (reply.status_code, body["errorcode"]) == (400, 10006)
    assert body["additionalErrors"] == [
        {
            "message": "OrderId: The value for column [OrderId] cannot be null.",
            "errorcode": 10000,
            "documentation": "",
        },
        {
            "message": "Amount: The value for column [Amount] is not a valid Decimal. "
            "Parse error [InvalidDecimal]",
            "errorcode": 10000,
            "documentation": "",
        },
    ]
    assert simulator.entries == []


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"{", b"null"])
async def test_a_body_that_is_no_object_is_10004(client, body):
    reply = await client.post(PATH, content=body)
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10004)


async def test_a_journey_that_is_not_published_lets_nobody_enter(client, simulator):
    body = {"ContactKey": "c-1", "EventDefinitionKey": "APIEvent-paused"}
    assert (await client.post(PATH, json=body)).status_code == 201
    assert simulator.entries == []
    assert [entry.contact_key for entry in simulator.dropped_entries] == ["c-1"]


async def test_every_event_can_be_dropped_silently(simulate, sign_in):
    simulator = simulate(drop_events_silently=True)
    client = await sign_in(simulator)
    assert (await client.post(PATH, json=ORDER)).status_code == 201
    assert (len(simulator.entries), len(simulator.dropped_entries)) == (0, 1)


@pytest.mark.parametrize(("rule", "entered"), [("ignore", 1), ("drop-event", 0)])
async def test_a_name_the_event_does_not_know_is_ignored_or_drops_it(
    simulate, sign_in, rule, entered
):
    simulator = simulate(unknown_event_field=rule)
    client = await sign_in(simulator)
    reply = await client.post(PATH, json={**ORDER, "Data": {"OrderId": "1", "Colour": "red"}})
    assert reply.status_code == 201
    assert (len(simulator.entries), len(simulator.dropped_entries)) == (entered, 1 - entered)


async def test_codes_texts_and_status_of_events_are_switches(simulate, sign_in):
    simulator = simulate(
        event_status=200,
        event_unknown_key_code=30000,
        event_unknown_key_message="no {key}",
        event_missing_code=10005,
        event_missing_message="{name}?",
        event_data_code=10000,
        event_inactive_contact_code=30000,
        malformed_json_code=10001,
    )
    client = await sign_in(simulator)
    seen = []
    cases: list[dict[str, Any]] = [
        {},
        {"EventDefinitionKey": "x"},
        {"ContactKey": ""},
        {"Data": {}},
        {"ContactKey": "c-gone"},
    ]
    for changes in cases:
        reply = await client.post(PATH, json={**ORDER, **changes})
        seen.append((reply.status_code, reply.json().get("errorcode"), reply.json().get("message")))
    malformed = (await client.post(PATH, content=b"{")).json()
    assert seen[0][0] == 200
    assert seen[1:3] == [(400, 30000, "no x"), (400, 10005, "ContactKey?")]
    assert [code for _, code, _ in seen[3:]] == [10000, 30000]
    assert malformed["errorcode"] == 10001


async def test_an_event_of_another_account_is_unknown(simulator, sign_in):
    client = await sign_in(simulator, account_id="510000002")
    assert (await client.post(PATH, json=ORDER)).json()["errorcode"] == 30003


async def test_event_definitions_are_listed_in_pages(client):
    first = (await client.get("/interaction/v1/eventDefinitions?$pageSize=2")).json()
    second = (await client.get("/interaction/v1/eventDefinitions?$pageSize=2&$page=2")).json()
    assert (first["count"], first["pageSize"], second["page"]) == (3, 2, 2)
    keys = [item["eventDefinitionKey"] for item in first["items"] + second["items"]]
    assert keys == ["APIEvent-order", "APIEvent-hello", "APIEvent-paused"]


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "1.5", "²"])
async def test_a_page_that_is_no_number_is_refused(client, page):
    reply = await client.get("/interaction/v1/eventDefinitions", params={"$page": page})
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10001)


async def test_an_event_definition_is_read_by_key_and_by_id(client):
    by_key = (await client.get("/interaction/v1/eventDefinitions/key:APIEvent-order")).json()
    by_id = (await client.get(f"/interaction/v1/eventDefinitions/{by_key['id']}")).json()
    assert by_id == by_key
    assert by_key["type"] == "APIEvent"
    assert by_key["schema"]["fields"][0] == {
        "name": "OrderId",
        "dataType": "Text",
        "maxLength": 10,
        "isNullable": False,
        "isPrimaryKey": False,
    }


async def test_an_unknown_event_definition_is_30000(client, simulate, sign_in):
    reply = await client.get("/interaction/v1/eventDefinitions/key:none")
    other = await sign_in(simulate(unknown_event_definition_status=400))
    assert (reply.status_code, reply.json()["errorcode"]) == (404, 30000)
    assert (await other.get("/interaction/v1/eventDefinitions/x")).status_code == 400
