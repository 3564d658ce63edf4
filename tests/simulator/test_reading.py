"""Data extensions as they are listed, described and read back."""

import pytest

PEOPLE_ID = "5b6f8f1a-0000-4f11-b859-48df37dc1382"
ROWS = "/data/v1/customobjectdata/key/people/rowset"


@pytest.fixture
async def filled(client):
    """A client of a tenant with three people."""
    rows = [
        {
            "keys": {"Email": "ann@example.org"},
            "values": {
                "FirstName": "Ann",
                "IsActive": True,
                "LastLogin": "2026-01-05T14:32:00Z",
                "Visits": 2,
                "Spent": 3.5,
            },
        },
        {"keys": {"Email": "bob@example.org"}, "values": {"FirstName": "Bob", "Visits": 10}},
        {"keys": {"Email": "cy@example.org"}, "values": {"FirstName": "Cy", "IsActive": False}},
    ]
    reply = await client.post("/hub/v1/dataevents/key:people/rowset", json=rows)
    assert reply.status_code == 200
    return client


async def test_rows_read_back_as_texts_with_names_in_lower_case(filled):
    body = (await filled.get(ROWS)).json()
    token = body["requestToken"]
    assert body == {
        "links": {"self": f"/v1/customobjectdata/token/{token}/rowset?$page=1"},
        "requestToken": token,
        "tokenExpireDateUtc": "2026-01-06T10:50:11.814",
        "customObjectId": PEOPLE_ID,
        "customObjectKey": "people",
        "pageSize": 2500,
        "page": 1,
        "count": 3,
        "top": 0,
        "items": body["items"],
    }
    assert body["items"][0] == {
        "keys": {"email": "ann@example.org"},
        "values": {
            "firstname": "Ann",
            "phone": "",
            "isactive": "True",
            "lastlogin": "1/5/2026 8:32:00 AM",
            "visits": "2",
            "spent": "3.50",
        },
    }


async def test_the_rows_of_python_are_those_that_are_read_back(filled, simulator):
    items = (await filled.get(ROWS)).json()["items"]
    assert simulator.rows("people") == [{**each["keys"], **each["values"]} for each in items]


async def test_items_are_absent_where_there_are_no_rows(client):
    body = (await client.get(ROWS)).json()
    assert (body["count"], "items" in body) == (0, False)


async def test_without_primary_key_every_column_is_a_value(client):
    body = (await client.get("/data/v1/customobjectdata/key/log/rowset")).json()
    assert body["items"] == [{"values": {"line": "x"}}]


async def test_a_key_with_reserved_characters_is_found(client):
    path = "/data/v1/customobjectdata/key/a%2Fb%20%231%20%26%20c/rowset"
    assert (await client.get(path)).json()["customObjectKey"] == "a/b #1 & c"


@pytest.mark.parametrize("key", ["nobody", "members", PEOPLE_ID])
async def test_an_unknown_table_is_404(client, key):
    reply = await client.get(f"/data/v1/customobjectdata/key/{key}/rowset")
    assert (reply.status_code, reply.json()["errorcode"]) == (404, 30003)


async def test_pages_are_linked_until_all_rows_were_read(filled):
    seen, path = [], f"{ROWS}?$pageSize=2"
    for _ in range(2):
        body = (await filled.get(path)).json()
        seen += [each["keys"]["email"] for each in body["items"]]
        path = "/data" + body["links"].get("next", "")
    assert seen == ["ann@example.org", "bob@example.org", "cy@example.org"]
    assert path == "/data"
    assert (body["page"], body["pageSize"], body["count"]) == (2, 2, 3)


async def test_a_request_token_ends_and_belongs_to_its_account(filled, simulator, sign_in, clock):
    link = "/data" + (await filled.get(ROWS)).json()["links"]["self"]
    other = await sign_in(simulator, account_id="510000002")
    assert (await filled.get(link)).status_code == 200
    assert (await other.get(link)).status_code == 404
    clock.move(86_400)
    later = await sign_in(simulator)
    assert (await later.get(link)).status_code == 404


async def test_only_the_last_thousand_request_tokens_are_kept(client):
    first = (await client.get(ROWS)).json()["links"]["self"]
    for _ in range(1000):
        await client.get(ROWS)
    assert (await client.get("/data" + first)).status_code == 404


async def test_a_page_is_never_larger_than_the_switch_allows(simulate, sign_in):
    client = await sign_in(simulate(rows_page_max=2))
    body = (await client.get(f"{ROWS}?$pageSize=9999")).json()
    assert body["pageSize"] == 2


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("$filter=FirstName%20eq%20'bob'", ["Bob"]),
        ("%24filter=visits%20eq%202", ["Ann"]),
        ("$filter=isactive%20eq%20'False'%20and%20firstname%20eq%20'Cy'", ["Cy"]),
        ("$orderBy=firstname%20desc", ["Cy", "Bob", "Ann"]),
        ("$orderBy=visits", ["Cy", "Ann", "Bob"]),
        ("$filter=firstname%20eq%20'nobody'", []),
    ],
)
async def test_rows_can_be_filtered_and_ordered(filled, query, names):
    body = (await filled.get(f"{ROWS}?{query}")).json()
    assert [each["values"]["firstname"] for each in body.get("items", [])] == names
    assert body["count"] == len(names)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("$filter=FirstName+eq+'bob'", "$filter"),
        ("$filter=shoe%20eq%20'44'", "$filter"),
        ("$filter=firstname", "$filter"),
        ("$orderBy=shoe", "$orderBy"),
    ],
)
async def test_a_filter_that_cannot_be_understood_is_10003(filled, query, named):
    reply = await filled.get(f"{ROWS}?{query}")
    body = reply.json()
    assert (reply.status_code, body["errorcode"]) == (400, 10003)
    assert body["message"] == f"request parameter {named} could not be resolved"


async def test_filters_can_be_refused_as_some_tenants_do(simulate, sign_in):
    client = await sign_in(simulate(rows_filter="refuse"))
    reply = await client.get(f"{ROWS}?$orderBy=email")
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10003)
    assert (await client.get(ROWS)).status_code == 200


@pytest.mark.parametrize(
    ("search", "keys"),
    [
        ("_", ["people", "lines", "a/b #1 & c", "log"]),
        ("PEOP", ["people"]),
        ("p_ople", ["people"]),
        ("p%e", ["people"]),
        ("%23", ["a/b #1 & c"]),
        ("nothing", []),
    ],
)
async def test_data_extensions_are_found_by_a_part_of_key_or_name(client, search, keys):
    encoded = search if search == "%23" else search.replace("%", "%25")
    body = (await client.get(f"/data/v1/customobjects?$search={encoded}")).json()
    assert [each["key"] for each in body["items"]] == keys
    assert (body["count"], body["page"], body["pageSize"]) == (len(keys), 1, 25)


@pytest.mark.parametrize("query", ["", "?$search=", "?categoryId=5"])
async def test_a_list_needs_a_search(client, query):
    reply = await client.get(f"/data/v1/customobjects{query}")
    assert reply.status_code == 400
    assert reply.json()["message"] == "$search is a required parameter"


async def test_a_page_of_data_extensions_has_25_whatever_is_asked_for(tenant, simulate, sign_in):
    tenant["data_extensions"] = [
        {"key": f"t{number}", "fields": [{"name": "A"}]} for number in range(30)
    ]
    client = await sign_in(simulate())
    first = (await client.get("/data/v1/customobjects?$search=_&$pageSize=100")).json()
    second = (await client.get("/data/v1/customobjects?$search=_&$page=2")).json()
    assert [len(first["items"]), len(second["items"])] == [25, 5]
    assert first["count"] == second["count"] == 30


async def test_a_data_extension_is_described_by_its_id_only(filled):
    body = (await filled.get(f"/data/v1/customobjects/{PEOPLE_ID}")).json()
    assert (body["key"], body["name"], body["rowCount"], body["fieldCount"]) == (
        "people",
        "People",
        3,
        7,
    )
    assert (body["partnerApiObjectTypeId"], body["createdDate"]) == (310, "2026-01-05T04:50:11.814")
    for other in ("people", "key:people", "00000000-0000-0000-0000-000000000000"):
        assert (await filled.get(f"/data/v1/customobjects/{other}")).status_code == 404


async def test_a_sendable_data_extension_says_by_what(tenant, simulate, sign_in):
    tenant["data_extensions"][0]["sendable"] = True
    client = await sign_in(simulate())
    body = (await client.get(f"/data/v1/customobjects/{PEOPLE_ID}")).json()
    assert body["isSendable"] is True
    assert body["sendableCustomObjectField"] == "Email"
    assert body["sendableSubscriberField"] == "_SubscriberKey"


async def test_fields_are_described_in_order(client):
    body = (await client.get(f"/data/v1/customobjects/{PEOPLE_ID}/fields")).json()
    assert body["id"] == PEOPLE_ID
    email, first_name, *_, spent = body["fields"]
    assert [each["ordinal"] for each in body["fields"]] == list(range(7))
    assert len({each["id"] for each in body["fields"]}) == 7
    assert (email["name"], email["type"], email["length"]) == ("Email", "EmailAddress", 254)
    assert (email["isPrimaryKey"], email["isNullable"]) == (True, False)
    assert (first_name["length"], first_name["isNullable"]) == (10, True)
    assert (spent["type"], spent["length"], spent["scale"]) == ("Decimal", 10, 2)
    assert email["storageType"] == "Plain"


async def test_a_default_is_described(client):
    listed = (await client.get("/data/v1/customobjects?$search=lines")).json()["items"][0]
    fields = (await client.get(f"/data/v1/customobjects/{listed['id']}/fields")).json()["fields"]
    assert fields[3]["defaultValue"] == "blue"
