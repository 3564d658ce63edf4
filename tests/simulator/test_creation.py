"""Data extensions that clients make, change and delete."""

from typing import Any

import pytest

PATH = "/data/v1/customobjects"
ROOT = 12345
PEOPLE_ID = "5b6f8f1a-0000-4f11-b859-48df37dc1382"
FLAGS = (
    "isPrimaryKey",
    "isNullable",
    "isTemplateField",
    "isHidden",
    "isReadOnly",
    "isInheritable",
    "isOverridable",
    "mustOverride",
)


def field(name: str = "Id", kind: str = "Text", **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = dict.fromkeys(FLAGS, False)
    length = {"Text": 20, "EmailAddress": 254}.get(kind)
    made = {"name": name, "type": kind, "length": length, "ordinal": 0, **usual, **changes}
    return {name: value for name, value in made.items() if value is not None}


def key_field(**changes: Any) -> dict[str, Any]:
    return field(isPrimaryKey=True, **changes)


def orders(**changes: Any) -> dict[str, Any]:
    made = {
        "name": "Orders 2026",
        "key": "orders_2026",
        "categoryId": ROOT,
        "fields": [key_field(), field("Total", "Decimal", length=12, scale=3, isNullable=True)],
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


async def test_a_new_data_extension_is_answered_with_201_and_reads_back_the_same(client):
    reply = await client.post(PATH, json=orders(description="Of one year"))
    made = reply.json()
    read = (await client.get(f"{PATH}/{made['id']}")).json()
    assert reply.status_code == 201
    assert read == made
    assert {name: made[name] for name in ("name", "key", "description", "categoryId")} == {
        "name": "Orders 2026",
        "key": "orders_2026",
        "description": "Of one year",
        "categoryId": ROOT,
    }
    assert (made["isSendable"], made["fieldCount"], made["rowCount"]) == (False, 2, 0)
    assert made["createdDate"] == made["modifiedDate"] == "2026-01-05T04:50:11.814"


async def test_its_fields_read_back_in_the_order_of_their_ordinals(client):
    fields = [
        field("Second", "EmailAddress", ordinal=1, isNullable=True, description="Mail"),
        field("First", ordinal=0, isPrimaryKey=True, length=7),
        field("Third", "Number", ordinal=2, isHidden=True, defaultValue="5"),
    ]
    made = (await client.post(PATH, json=orders(fields=fields))).json()
    read = (await client.get(f"{PATH}/{made['id']}/fields")).json()["fields"]
    assert [each["name"] for each in read] == ["First", "Second", "Third"]
    assert (read[0]["isPrimaryKey"], read[0]["isNullable"], read[0]["length"]) == (True, False, 7)
    assert (read[1]["isNullable"], read[1]["description"], read[1]["length"]) == (True, "Mail", 254)
    assert (read[2]["isHidden"], read[2]["isReadOnly"], read[2]["defaultValue"]) == (
        True,
        False,
        "5",
    )
    assert read[2]["isNullable"] is False


async def test_it_can_be_used_at_once_by_key_and_by_id(client, simulator):
    made = (await client.post(PATH, json=orders())).json()
    for name, order in (("key:orders_2026", "1"), (made["id"], "2")):
        row = {"keys": {"Id": order}, "values": {"Total": 1.5}}
        reply = await client.post(f"/hub/v1/dataevents/{name}/rowset", json=[row])
        assert reply.status_code == 200
    assert simulator.rows("orders_2026") == [
        {"id": "1", "total": "1.500"},
        {"id": "2", "total": "1.500"},
    ]
    read = (await client.get("/data/v1/customobjectdata/key/orders_2026/rowset")).json()
    assert (read["customObjectId"], read["count"]) == (made["id"], 2)


async def test_a_search_finds_it_after_some_seconds_and_its_folder_at_once(client, clock):
    await client.post(PATH, json=orders())

    async def found(path):
        return [each["key"] for each in (await client.get(path)).json()["items"]]

    folder = f"{PATH}/category/{ROOT}"
    assert "orders_2026" in await found(folder)
    assert await found(f"{PATH}?$search=orders_2026") == []
    clock.move(8)
    assert await found(f"{PATH}?$search=orders_2026") == ["orders_2026"]


async def test_a_key_that_is_left_out_becomes_the_id(client, simulator):
    made = (await client.post(PATH, json=orders(key=None))).json()
    assert made["key"] == made["id"]
    assert made["id"] in simulator.tables


async def test_a_folder_may_be_named_by_a_text(client):
    made = (await client.post(PATH, json=orders(categoryId=str(ROOT)))).json()
    assert made["categoryId"] == ROOT


@pytest.mark.parametrize("name", [*FLAGS, "ordinal", "name", "type"])
async def test_whatever_a_field_lacks_is_required_for_field(client, name):
    fields = [key_field(), field("Other")]
    del fields[1][name]
    reply = await client.post(PATH, json=orders(fields=fields))
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10002)
    assert reply.json()["message"] == f"{name} is required for Field"


async def test_what_is_missing_is_told_one_at_a_time(client):
    bare = {"name": "Id", "type": "Text", "length": 5}
    told = []
    for _ in range(9):
        reply = await client.post(PATH, json=orders(fields=[bare]))
        name = reply.json()["message"].removesuffix(" is required for Field")
        told.append(name)
        bare[name] = 0 if name == "ordinal" else name == "isPrimaryKey"
    assert told == [*FLAGS, "ordinal"]
    assert (await client.post(PATH, json=orders(fields=[bare]))).status_code == 201


SENDABLE = {
    "isSendable": True,
    "sendableCustomObjectField": "Id",
    "sendableSubscriberField": "_SubscriberKey",
}


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"name": None}, 10002, "name is required"),
        ({"categoryId": None}, 10002, "categoryId is required"),
        ({"fields": None}, 10002, "fields is required"),
        ({"fields": []}, 10002, "fields is required"),
        ({"categoryId": "Root"}, 10004, "JSON Deserialization Exception: categoryId is of"),
        ({"fields": [5]}, 10004, "JSON Deserialization Exception: an object is expected."),
        ({"fields": [field(isPrimaryKey="yes")]}, 10004, "JSON Deserialization Exception"),
        ({"categoryId": 99}, 10001, "categoryId is invalid: 99"),
        ({"key": "k" * 37}, 10001, "key cannot be longer than 36 characters."),
        (
            {"fields": [key_field(length=None)]},
            10001,
            "A text field with no length specified cannot be used as a primary key",
        ),
        ({"fields": [field(length=4001)]}, 10001, "The length of field Id must be from 1 to 4000."),
        ({"fields": [field(length=0)]}, 10001, "The length of field Id must be from 1 to 4000."),
        ({"fields": [field("M", "Email")]}, 10001, "fieldType is invalid: Email"),
        ({"fields": [field("M", "EmailAddress", length=None)]}, 10001, "data type of Text"),
        ({"fields": [field("M", "EmailAddress", length=100)]}, 10001, "data type of Text"),
        (
            {"fields": [key_field(isNullable=True)]},
            10001,
            "primary key field Id cannot be nullable",
        ),
        ({"fields": [field(), field("ID")]}, 10001, "A field with the name ID exists already."),
        ({"fields": [field("D", "Decimal", length=3, scale=4)]}, 10001, "The scale of field D"),
        ({"fields": [field("N", "Number", defaultValue="x")]}, 10001, "not a valid Number"),
        ({**SENDABLE, "sendableSubscriberField": {}}, 10004, "JSON Deserialization Exception"),
        ({**SENDABLE, "sendableSubscriberField": None}, 10002, "sendableSubscriberField is req"),
        ({**SENDABLE, "sendableCustomObjectField": None}, 10002, "sendableCustomObjectField is r"),
        (
            {**SENDABLE, "sendableCustomObjectField": "Shoe"},
            10001,
            "sendableCustomObjectField is invalid: Shoe",
        ),
        (
            {**SENDABLE, "sendableSubscriberField": "Subscriber Key"},
            10001,
            "sendableSubscriberField is invalid: Subscriber Key",
        ),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_made(
    client, simulator, changes, code, message
):
    before = set(simulator.tables)
    reply = await client.post(PATH, json=orders(**changes))
    body = reply.json()
    assert (reply.status_code, body["errorcode"]) == (400, code)
    assert message in body["message"]
    assert set(simulator.tables) == before


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"5"])
async def test_a_body_that_is_no_object_is_10004(client, body):
    reply = await client.post(PATH, content=body)
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10004)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"key": "PEOPLE"}, "the key 'PEOPLE'"), ({"name": "people"}, "the name 'people'")],
)
async def test_a_second_one_of_that_key_or_name_is_a_conflict(client, changes, said):
    reply = await client.post(PATH, json=orders(**changes))
    assert (reply.status_code, reply.json()["errorcode"]) == (409, 30004)
    assert said in reply.json()["message"]


async def test_it_is_made_sendable_in_one_step(client):
    made = (await client.post(PATH, json=orders(**SENDABLE))).json()
    assert {name: made[name] for name in SENDABLE} == SENDABLE


async def test_it_can_need_a_second_step_to_become_sendable(simulate, sign_in, clock):
    client = await sign_in(simulate(sendable_creation="two-steps"))
    refused = await client.post(PATH, json=orders(**SENDABLE))
    made = (await client.post(PATH, json=orders())).json()
    clock.move(60)
    changed = await client.patch(f"{PATH}/{made['id']}", json=SENDABLE)
    assert refused.status_code == 400
    assert changed.status_code == 200
    assert {name: changed.json()[name] for name in SENDABLE} == SENDABLE
    assert changed.json()["createdDate"] == "2026-01-05T04:50:11.814"
    assert changed.json()["modifiedDate"] == "2026-01-05T04:51:11.814"


async def test_a_change_touches_retention_and_sendability_only(client, simulator):
    fields = len(simulator.tables["people"].definition.fields)
    body = {
        "name": "Other",
        "fields": [],
        "dataRetentionProperties": {"isRowBasedRetention": True},
        **SENDABLE,
        "sendableCustomObjectField": "email",
    }
    await client.patch(f"{PATH}/{PEOPLE_ID}", json=body)
    read = (await client.get(f"{PATH}/{PEOPLE_ID}")).json()
    assert (read["name"], read["fieldCount"]) == ("People", fields)
    assert read["sendableCustomObjectField"] == "Email"
    assert read["dataRetentionProperties"] == {
        "isDeleteAtEndOfRetentionPeriod": False,
        "isRowBasedRetention": True,
        "isResetRetentionPeriodOnImport": False,
    }
    await client.patch(f"{PATH}/{PEOPLE_ID}", json={"isSendable": False})
    read = (await client.get(f"{PATH}/{PEOPLE_ID}")).json()
    assert (read["isSendable"], read["sendableSubscriberField"]) == (False, "")


async def test_it_is_deleted_by_its_id(client, simulator):
    reply = await client.delete(f"{PATH}/{PEOPLE_ID}")
    assert (reply.status_code, reply.content) == (200, b"")
    assert "people" not in simulator.tables
    assert (await client.get(f"{PATH}/{PEOPLE_ID}")).status_code == 404
    assert (await client.delete(f"{PATH}/{PEOPLE_ID}")).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("name", ["people", "key:people"])
async def test_only_an_id_can_be_changed_or_deleted(client, method, name):
    reply = await client.request(method, f"{PATH}/{name}", json={})
    assert (reply.status_code, reply.json()["errorcode"]) == (404, 30003)


async def test_a_reset_forgets_what_was_made(client, simulator):
    await client.post(PATH, json=orders())
    simulator.reset()
    assert "orders_2026" not in simulator.tables


async def test_a_folder_is_listed_in_pages_and_in_order(client):
    path = f"{PATH}/category/{ROOT}?$orderBy=name%20desc&$pagesize=3"
    first, second = [(await client.get(f"{path}&$page={page}")).json() for page in (1, 2)]
    assert (first["count"], first["pageSize"], second["page"]) == (4, 3, 2)
    names = [each["name"] for each in first["items"] + second["items"]]
    assert names == ["People", "log", "lines", "a/b #1 & c"]
    other = (await client.get(f"{PATH}/category/7")).json()
    assert (other["count"], other["items"]) == (0, [])


@pytest.mark.parametrize("order", ["shoe", "name%20sideways"])
async def test_a_folder_has_no_other_order(client, order):
    reply = await client.get(f"{PATH}/category/{ROOT}?$orderBy={order}")
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10003)


async def test_what_is_unknown_about_creation_are_switches(simulate, sign_in):
    simulator = simulate(
        key_max_length=50,
        creation_missing_code=1,
        creation_invalid_code=2,
        email_length_message="not {name}",
        field_ordinal="optional",
        duplicate_name="accept",
        unknown_category="accept",
        search_lag_s=0,
        deletion_status=204,
    )
    client = await sign_in(simulator)
    fields = [key_field(ordinal=None)]
    body = orders(name="People", key="k" * 50, categoryId=9, fields=fields)
    made = (await client.post(PATH, json=body)).json()
    missing = (await client.post(PATH, json=orders(name=None))).json()
    email = await client.post(PATH, json=orders(fields=[field("M", "EmailAddress", length=1)]))
    found = (await client.get(f"{PATH}?$search=kkk")).json()
    assert (made["categoryId"], found["count"]) == (9, 1)
    assert missing["errorcode"] == 1
    assert (email.json()["errorcode"], email.json()["message"]) == (2, "not M")
    assert (await client.delete(f"{PATH}/{made['id']}")).status_code == 204


async def test_a_folder_of_something_else_takes_no_data_extension(tenant, simulate, sign_in):
    tenant["folders"] = [
        {"id": 7, "name": "Orders"},
        {"id": 8, "name": "Queries", "content_type": "queryactivity"},
    ]
    client = await sign_in(simulate())
    refused = await client.post(PATH, json=orders(categoryId=8))
    assert (refused.status_code, refused.json()["message"]) == (400, "categoryId is invalid: 8")
    assert (await client.post(PATH, json=orders(categoryId=7))).status_code == 201
