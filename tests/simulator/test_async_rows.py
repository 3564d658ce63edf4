"""Asynchronous rows: submitted, waited for, and told one by one."""

import uuid

import pytest

from wharfinger_sfmc_simulator import Simulator

PEOPLE_ID = "5b6f8f1a-0000-4f11-b859-48df37dc1382"
PEOPLE = "/data/v1/async/dataextensions/key:people/rows"
ANN = {"Email": "ann@example.org", "FirstName": "Ann"}
BOB = {"Email": "bob@example.org", "FirstName": "Bob"}
OVER_S = 3
"""Missing, pending and executing take a second each."""


async def submit(client, items, path=PEOPLE, method="PUT"):
    reply = await client.request(method, path, json={"items": items})
    assert (reply.status_code, reply.json()["resultMessages"]) == (202, [])
    return reply.json()["requestId"]


async def results(client, job, query=""):
    reply = await client.get(f"/data/v1/async/{job}/results{query}")
    assert reply.status_code == 200
    return reply.json()


@pytest.fixture
def finish(clock, client):
    """Submit rows, let the job come to its end, and give the items of its results."""

    async def finish(items, path=PEOPLE, method="PUT", *, by=client):
        job = await submit(by, items, path, method)
        clock.move(OVER_S)
        return (await results(by, job))["items"]

    return finish


async def test_a_submit_is_answered_with_the_id_of_a_job(client):
    job = await submit(client, [ANN])
    assert str(uuid.UUID(job)) == job


async def test_rows_are_stored_when_the_job_is_over_and_not_before(client, clock, simulator):
    await submit(client, [ANN, BOB])
    clock.move(OVER_S - 1)
    assert simulator.rows("people") == []
    clock.move(1)
    assert [row["firstname"] for row in simulator.rows("people")] == ["Ann", "Bob"]


async def test_rows_that_are_read_over_http_are_those_of_jobs_that_are_over(client, clock):
    await submit(client, [ANN])
    clock.move(OVER_S)
    body = (await client.get("/data/v1/customobjectdata/key/people/rowset")).json()
    assert body["count"] == 1


async def test_jobs_run_in_the_order_of_their_submits(client, clock, simulator):
    for name in ("first", "second", "third"):
        await submit(client, [{**ANN, "FirstName": name}])
        clock.move(1)
    clock.move(OVER_S)
    assert [row["firstname"] for row in simulator.rows("people")] == ["third"]


async def test_an_upsert_changes_only_the_columns_it_names(finish, simulator):
    await finish([{**ANN, "Visits": 1}])
    assert await finish([{"Email": "ANN@example.org", "Visits": 2}]) == [
        {"message": "Upserted DataExtensionObject", "status": "OK"}
    ]
    [row] = simulator.rows("people")
    assert (row["firstname"], row["visits"]) == ("Ann", "2")


async def test_one_bad_row_does_not_stop_the_others(finish, simulator):
    items = await finish([ANN, {**BOB, "Visits": "many"}, {"Email": "cy@example.org"}])
    assert [item["status"] for item in items] == ["OK", "Error", "OK"]
    assert [row["email"] for row in simulator.rows("people")] == [
        "ann@example.org",
        "cy@example.org",
    ]


async def test_a_row_without_its_key_names_the_columns_in_lower_case(finish):
    lines = "/data/v1/async/dataextensions/key:lines/rows"
    [item] = await finish([{"OrderId": None, "Product": "Tea"}], lines)
    assert item == {
        "errorCode": 2,
        "status": "Error",
        "message": "Cannot locate the existing record. Required keys are missing.",
        "errors": [
            {
                "name": name,
                "errorCode": 70001,
                "errorMessage": f"Column [{name}] does not allow null value.",
            }
            for name in ("line", "orderid")
        ],
    }


async def test_a_row_of_unknown_columns_only_lacks_its_key(finish):
    [item] = await finish([{"Colour": "red"}])
    assert [error["name"] for error in item["errors"]] == ["email"]


async def test_bad_values_are_told_by_column(finish, simulator):
    [item] = await finish([{**ANN, "Phone": "none", "FirstName": "much too long"}])
    assert (item["errorCode"], item["message"]) == (2, "Unable to save the row.")
    assert item["errors"] == [
        {
            "name": "firstname",
            "errorCode": 70000,
            "errorMessage": "The value for column [firstname] exceeds the column's maximum length.",
        },
        {
            "name": "phone",
            "errorCode": 70000,
            "errorMessage": "The value for column [phone] is not a valid phone number. "
            "Parse error [ExactTarget.Core.Validation.ValidationResult[]]",
        },
    ]
    assert simulator.rows("people") == []


async def test_an_insert_of_an_existing_key_is_an_unexpected_error(finish, simulator):
    first, second, third = await finish([ANN, {**ANN, "FirstName": "Anna"}, BOB], method="POST")
    assert first == third == {"message": "Inserted DataExtensionObject", "status": "OK"}
    assert (second["errorCode"], second["status"]) == ("UnexpectedError", "Error")
    assert second["message"].startswith("Violation of PRIMARY KEY constraint 'PK_C510000001_")
    assert second["message"].endswith(
        "The duplicate key value is (ann@example.org).\r\nThe statement has been terminated."
    )
    assert [row["firstname"] for row in simulator.rows("people")] == ["Ann", "Bob"]


async def test_rows_are_inserted_where_there_is_no_primary_key_but_not_upserted(finish, simulator):
    log = "/data/v1/async/dataextensions/key:log/rows"
    [inserted] = await finish([{"Line": "y"}], log, "POST")
    [upserted] = await finish([{"Line": "z"}], log)
    assert inserted["status"] == "OK"
    assert upserted == {
        "errorCode": 2,
        "status": "Error",
        "message": "This Data Extension does not have any primary keys defined.",
    }
    assert [row["line"] for row in simulator.rows("log")] == ["x", "y"]


async def test_a_row_of_no_known_column_is_refused_as_a_whole(finish):
    [item] = await finish([{"Other": 1}], "/data/v1/async/dataextensions/key:log/rows", "POST")
    assert item["message"] == "At least one existing field is required in the values property"
    assert "errors" not in item


async def test_a_data_extension_is_named_by_id_too_and_never_by_its_name(client):
    await submit(client, [ANN], f"/data/v1/async/dataextensions/{PEOPLE_ID}/rows")
    reply = await client.put("/data/v1/async/dataextensions/people/rows", json={"items": [ANN]})
    assert (reply.status_code, reply.json()) == (
        400,
        {"message": "Parameter people is invalid.", "errorcode": 10001, "documentation": ""},
    )


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("key:nobody", "[Id: , Key: nobody]"),
        (
            "00000000-0000-0000-0000-000000000000",
            "[Id: 00000000-0000-0000-0000-000000000000, Key: ]",
        ),
        ("key:members", "[Id: , Key: members]"),
    ],
)
async def test_an_unknown_data_extension_is_told_before_the_body_is_read(client, name, identifier):
    reply = await client.put(f"/data/v1/async/dataextensions/{name}/rows", content=b"not json")
    body = reply.json()
    assert reply.status_code == 400
    assert body["resultMessages"] == [
        {
            "resultType": "Validation",
            "resultClass": "Error",
            "resultCode": "CustomObjectNotFound",
            "message": "Failed to resolve the Custom Object from the provided "
            f"ObjectReferenceIdentifier {identifier}.",
        }
    ]
    assert str(uuid.UUID(body["requestId"])) == body["requestId"]


async def test_an_unknown_data_extension_can_be_told_with_success(simulate, sign_in):
    simulator = simulate(async_not_found_status=200, async_not_found_type="Operational")
    client = await sign_in(simulator)
    reply = await client.put("/data/v1/async/dataextensions/key:x/rows", json={"items": [ANN]})
    assert (reply.status_code, reply.json()["resultMessages"][0]["resultType"]) == (
        200,
        "Operational",
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 10004),
        (b"[]", 10004),
        (b"{}", 10004),
        (b'{"items": {}}', 10004),
        (b'{"items": [5]}', 10004),
        (b'{"items": [{"keys": {"Email": "a@b.cd"}, "values": {"FirstName": "A"}}]}', 10004),
        (b'{"items": [{"Email": ["a@b.cd"]}]}', 10004),
        (b'{"items": []}', 10003),
    ],
)
async def test_a_body_of_another_shape_is_refused_at_once(client, body, code):
    reply = await client.put(PEOPLE, content=body)
    assert (reply.status_code, reply.json()["errorcode"]) == (400, code)


async def test_the_next_rows_can_be_made_victims_of_a_deadlock(finish, simulator):
    simulator.deadlock(2)
    first, second, third = await finish([ANN, BOB, {"Email": "cy@example.org"}])
    for item in (first, second):
        assert item["errorCode"] == 2
        assert item["message"].startswith("Transaction (Process ID ")
        assert item["message"].endswith("Rerun the transaction.")
    assert third["status"] == "OK"
    assert [row["email"] for row in simulator.rows("people")] == ["cy@example.org"]
    assert [item["status"] for item in await finish([ANN, BOB])] == ["OK", "OK"]


async def test_each_nth_row_can_be_a_victim_across_jobs(simulate, sign_in, clock):
    simulator = simulate(async_deadlock_every=3)
    client = await sign_in(simulator)
    told = []
    for _ in range(2):
        job = await submit(client, [ANN, BOB])
        clock.move(OVER_S)
        told += [item["status"] for item in (await results(client, job))["items"]]
    assert told == ["OK", "OK", "Error", "OK"]


async def test_what_is_refused_at_once_is_a_switch(simulate, sign_in):
    simulator = simulate(
        async_id_form="id-only",
        async_upsert_without_key="refuse",
        async_objects_max=1,
        async_objects_max_status=413,
        async_payload_max_bytes=100,
        async_payload_too_large_status=400,
        async_empty_code=5,
    )
    client = await sign_in(simulator)
    by_id = f"/data/v1/async/dataextensions/{PEOPLE_ID}/rows"
    log_id = simulator.tables["log"].definition.id
    log = f"/data/v1/async/dataextensions/{log_id}/rows"
    by_key = await client.put(PEOPLE, json={"items": [ANN]})
    many = await client.put(by_id, json={"items": [{}, {}]})
    large = await client.put(by_id, json={"items": [{"Email": "x" * 100}]})
    empty = await client.put(by_id, json={"items": []})
    keyless = await client.put(log, json={"items": [{"Line": "a"}]})
    assert (by_key.status_code, by_key.json()["errorcode"]) == (400, 10001)
    assert (many.status_code, many.json()["errorcode"]) == (413, 10005)
    assert (large.status_code, large.json()["errorcode"]) == (400, 10005)
    assert empty.json()["errorcode"] == 5
    assert (keyless.status_code, keyless.json()["resultMessages"][0]["message"]) == (
        400,
        "This Data Extension does not have any primary keys defined.",
    )


async def test_a_body_that_is_too_large_is_refused_with_a_page(simulate, sign_in):
    client = await sign_in(simulate(async_payload_max_bytes=10))
    reply = await client.put(PEOPLE, json={"items": [ANN]})
    assert (reply.status_code, reply.headers["content-type"]) == (413, "text/html")


async def test_a_reset_forgets_jobs(client, clock, simulator):
    await submit(client, [ANN])
    simulator.deadlock()
    simulator.reset()
    clock.move(OVER_S)
    assert simulator.rows("people") == []


async def test_a_new_simulator_has_no_rows_waiting():
    assert Simulator.sample().rows("orders") == []
