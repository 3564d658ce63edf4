"""One row, saved by ``PUT``."""

import pytest

PEOPLE = "/hub/v1/dataevents/key:people/rows"
LINES = "/hub/v1/dataevents/key:lines/rows"
PEOPLE_ID = "5b6f8f1a-0000-4f11-b859-48df37dc1382"


async def test_a_row_is_upserted_and_echoed(client, simulator):
    reply = await client.put(f"{PEOPLE}/Email:ann@example.org", json={"values": {"Visits": 1}})
    assert (reply.status_code, reply.json()) == (
        200,
        {"keys": {"Email": "ann@example.org"}, "values": {"Visits": 1}},
    )
    await client.put(f"{PEOPLE}/email:ANN@example.org", json={"values": {"FirstName": "Ann"}})
    [row] = simulator.rows("people")
    assert (row["email"], row["visits"], row["firstname"]) == ("ann@example.org", "1", "Ann")


async def test_a_key_of_two_columns_is_told_with_a_comma(client, simulator):
    body = {"values": {"Product": "Tea"}}
    reply = await client.put(f"{LINES}/OrderId:9001,Line:2", json=body)
    assert reply.json()["keys"] == {"OrderId": "9001", "Line": "2"}
    assert [(row["orderid"], row["line"]) for row in simulator.rows("lines")] == [("9001", "2")]


async def test_a_value_may_be_percent_encoded_and_hold_colons(client, simulator):
    path = "/hub/v1/dataevents/key:a%2Fb%20%231%20%26%20c/rows/Id:a%2Fb%3A%20c"
    await client.put(path, json={"values": {"Note": "x"}})
    assert simulator.rows("a/b #1 & c") == [{"id": "a/b: c", "note": "x"}]


async def test_a_comma_within_a_value_is_misread(client, simulator):
    reply = await client.put(f"{PEOPLE}/Email:a%2Cb", json={"values": {"Visits": 1}})
    assert (reply.status_code, reply.json()["message"]) == (400, "Parameter b is invalid.")
    assert simulator.rows("people") == []


async def test_the_data_extension_may_be_named_by_its_id(client):
    path = f"/hub/v1/dataevents/{PEOPLE_ID}/rows/Email:a@b.cd"
    assert (await client.put(path, json={"values": {"Visits": 1}})).status_code == 200


@pytest.mark.parametrize("name", ["Shoe:44", "Email:a@b.cd,Shoe:44"])
async def test_a_key_that_does_not_fit_is_10000(client, name):
    reply = await client.put(f"{PEOPLE}/{name}", json={"values": {"Visits": 1}})
    assert (reply.status_code, reply.json()["message"]) == (
        400,
        "Primary key 'shoe' does not exist.",
    )


async def test_all_bad_columns_of_the_row_are_told(client, simulator):
    body = {"values": {"Phone": "none"}}
    reply = await client.put(f"{PEOPLE}/Email:nobody", json=body)
    told = reply.json()
    assert (reply.status_code, told["errorcode"]) == (400, 10006)
    assert told["message"] == f"Unable to save rows for data extension ID {PEOPLE_ID}"
    assert {each["message"].partition(":")[0] for each in told["additionalErrors"]} == {
        "Email",
        "Phone",
    }
    assert simulator.rows("people") == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"values": []}', b"null"])
async def test_a_body_without_values_is_10004(client, body):
    reply = await client.put(f"{PEOPLE}/Email:a@b.cd", content=body)
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10004)


async def test_a_body_that_is_too_large_is_refused_with_a_page(simulate, sign_in):
    client = await sign_in(simulate(payload_max_bytes=10))
    reply = await client.put(f"{PEOPLE}/Email:a@b.cd", json={"values": {"Visits": 1}})
    assert (reply.status_code, reply.headers["content-type"]) == (413, "text/html")
