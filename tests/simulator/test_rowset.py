"""Rowsets: what is stored, what is refused, and in which words."""

import uuid

import httpx
import orjson
import pytest

PEOPLE = "/hub/v1/dataevents/key:people/rowset"
LINES = "/hub/v1/dataevents/key:lines/rowset"
PEOPLE_ID = "5b6f8f1a-0000-4f11-b859-48df37dc1382"
PHONE_ERROR = "ExactTarget.Core.Validation.ValidationResult[]"
NO_COLUMN = "At least one existing field is required in the values property"


def row(email, **values):
    return {"keys": {"Email": email}, "values": values}


def line(order, number, **values):
    return {"keys": {"OrderId": order, "Line": number}, "values": values}


def messages(reply: httpx.Response) -> list[str]:
    assert reply.status_code == 400
    return [each["message"] for each in reply.json().get("additionalErrors", [])]


async def test_rows_are_stored_and_the_same_array_comes_back(client, simulator):
    rows = [
        row("ann@example.org", FirstName="Ann", Visits=2),
        row("bob@example.org", FirstName="B"),
    ]
    reply = await client.post(PEOPLE, json=rows)
    assert (reply.status_code, reply.json()) == (200, rows)
    assert [each["firstname"] for each in simulator.rows("people")] == ["Ann", "B"]


async def test_an_upsert_changes_only_the_columns_that_are_sent(client, simulator):
    await client.post(PEOPLE, json=[row("ann@example.org", FirstName="Ann", Visits=2)])
    await client.post(PEOPLE, json=[row("ann@example.org", Visits=3)])
    [stored] = simulator.rows("people")
    assert (stored["firstname"], stored["visits"]) == ("Ann", "3")


async def test_the_first_spelling_of_a_key_stays(client, simulator):
    await client.post(PEOPLE, json=[row("Ann@Example.org", Visits=1)])
    await client.post(PEOPLE, json=[row("ann@example.org", Visits=2)])
    [stored] = simulator.rows("people")
    assert (stored["email"], stored["visits"]) == ("Ann@Example.org", "2")


async def test_a_composite_key_is_one_row_per_combination(client, simulator):
    rows = [line("o", 1, Product="a"), line("o", "2", Product="b"), line("o", 1, Product="c")]
    assert (await client.post(LINES, json=rows)).status_code == 200
    assert [(each["line"], each["product"]) for each in simulator.rows("lines")] == [
        ("1", "c"),
        ("2", "b"),
    ]


async def test_a_new_row_gets_the_defaults_of_what_it_does_not_give(client, simulator):
    rows = [line("o", 1, Product="a"), line("o", 2, Product="a", Colour=None)]
    await client.post(LINES, json=rows)
    assert [each["colour"] for each in simulator.rows("lines")] == ["blue", ""]


async def test_a_table_is_found_by_its_id_too(client, simulator):
    path = f"/hub/v1/dataevents/{PEOPLE_ID.upper()}/rowset"
    assert (await client.post(path, json=[row("a@example.org", Visits=1)])).status_code == 200
    assert len(simulator.tables["people"]) == 1


async def test_a_key_with_reserved_characters_is_percent_encoded(client, simulator):
    path = "/hub/v1/dataevents/key:a%2Fb%20%231%20%26%20c/rowset"
    rows = [{"keys": {"Id": "1"}, "values": {"Note": "ünïcode 🎈"}}]
    assert (await client.post(path, json=rows)).status_code == 200
    assert simulator.rows("a/b #1 & c") == [{"id": "1", "note": "ünïcode 🎈"}]


@pytest.mark.parametrize(
    ("extension", "shown"),
    [
        ("key:nobody", "nobody"),
        ("people", "people"),
        ("key:People", "People"),
        (str(uuid.UUID(int=7)), str(uuid.UUID(int=7))),
        ("key:members", "members"),
    ],
)
async def test_an_unknown_table_is_10001_and_never_a_success(client, extension, shown):
    reply = await client.post(f"/hub/v1/dataevents/{extension}/rowset", json=[])
    body = reply.json()
    assert (reply.status_code, body["errorcode"]) == (400, 10001)
    assert body["message"] == f"Parameter {shown} is invalid."


async def test_a_token_reaches_the_tables_of_its_account_only(simulator, sign_in):
    client = await sign_in(simulator, account_id="510000002")
    rows = [{"keys": {"Id": 1}, "values": {"Level": "Gold"}}]
    there = await client.post("/hub/v1/dataevents/key:members/rowset", json=rows)
    elsewhere = await client.post(PEOPLE, json=[row("a@example.org", Visits=1)])
    assert (there.status_code, elsewhere.status_code) == (200, 400)
    assert simulator.rows("members", account=510000002) == [{"id": "1", "level": "Gold"}]


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"Mail": "a@example.org"}, "mail"),
        ({}, "email"),
        (None, "email"),
        ({"Email": "a@example.org", "FirstName": "A"}, "firstname"),
    ],
)
async def test_keys_must_be_exactly_the_primary_key(client, simulator, keys, named):
    rows = [row("ok@example.org", Visits=1), {"keys": keys, "values": {"Visits": 1}}]
    body = (await client.post(PEOPLE, json=rows)).json()
    assert body == {
        "message": f"Primary key '{named}' does not exist.",
        "errorcode": 10000,
        "documentation": "",
    }
    assert simulator.rows("people") == []


async def test_wrong_keys_can_be_found_in_their_turn(simulate, sign_in):
    simulator = simulate(primary_key_check="row-by-row")
    client = await sign_in(simulator)
    rows = [row("ok@example.org", Visits=1), {"keys": {}, "values": {"Visits": 1}}]
    reply = await client.post(PEOPLE, json=rows)
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10000)
    assert len(simulator.rows("people")) == 1


async def test_a_table_without_primary_key_cannot_be_upserted(client, simulator):
    rows = [{"keys": {}, "values": {"Line": "y"}}]
    reply = await client.post("/hub/v1/dataevents/key:log/rowset", json=rows)
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10000)
    assert simulator.rows("log") == [{"line": "x"}]


async def test_a_bad_row_is_refused_with_all_its_columns_in_the_vendors_words(client):
    bad = row("no", Phone="none", FirstName="far too long", IsActive="yes", Visits="1.5")
    reply = await client.post(PEOPLE, json=[{**bad, "values": {**bad["values"], "Spent": "1,000"}}])
    body = reply.json()
    assert body["message"] == f"Unable to save rows for data extension ID {PEOPLE_ID}"
    assert body["errorcode"] == 10006
    assert {each["errorcode"] for each in body["additionalErrors"]} == {10000}
    assert sorted(messages(reply)) == [
        f"{column}: The value for column [{column}] {what}"
        for column, what in [
            ("Email", "is not a valid email address. Parse error [InvalidEmailAddress]"),
            ("FirstName", "exceeds the column's maximum length."),
            ("IsActive", "is not a valid Boolean. Parse error [InvalidBoolean]"),
            ("Phone", f"is not a valid phone number. Parse error [{PHONE_ERROR}]"),
            ("Spent", "is not a valid Decimal. Parse error [InvalidDecimal]"),
            ("Visits", "is not a valid Number. Parse error [InvalidNumber]"),
        ]
    ]


async def test_rows_before_the_first_bad_one_are_stored_and_none_after_it(client, simulator):
    rows = [row(f"{name}@example.org", Visits=1) for name in "abcd"]
    rows[2]["values"]["Visits"] = "many"
    reply = await client.post(PEOPLE, json=rows)
    assert len(messages(reply)) == 1
    assert [each["email"] for each in simulator.rows("people")] == [
        "a@example.org",
        "b@example.org",
    ]


async def test_errors_of_later_rows_are_told_too_each_text_once(client):
    rows = [row("no", Visits="x"), row("no", Visits="x"), row("a@example.org", Phone="x")]
    assert len(messages(await client.post(PEOPLE, json=rows))) == 3


async def test_the_missing_column_error_comes_first_and_the_rest_in_no_order(simulate, sign_in):
    rows = [row("no", Visits="x", Phone="x", Spent="x"), row("a@example.org", Nothing=1)]
    orders = set()
    client = await sign_in(simulate())
    for _ in range(20):
        told = messages(await client.post(PEOPLE, json=rows))
        assert told[0] == NO_COLUMN
        orders.add(tuple(told[1:]))
    assert len(orders) > 1


async def test_an_unknown_column_beside_a_known_one_is_ignored(client, simulator):
    reply = await client.post(PEOPLE, json=[row("a@example.org", Visits=1, Shoe="44")])
    assert reply.status_code == 200
    assert "shoe" not in simulator.rows("people")[0]


@pytest.mark.parametrize("values", [{}, None, {"Shoe": "44"}])
async def test_no_known_column_at_all_is_an_error(client, values):
    reply = await client.post(PEOPLE, json=[{"keys": {"Email": "a@example.org"}, "values": values}])
    assert messages(reply) == [NO_COLUMN]


async def test_a_primary_key_repeated_in_the_values_counts_as_a_column(client, simulator):
    reply = await client.post(PEOPLE, json=[row("a@example.org", Email="b@example.org")])
    assert reply.status_code == 200
    assert [each["email"] for each in simulator.rows("people")] == ["a@example.org"]


async def test_column_names_may_be_written_in_any_case(client, simulator):
    rows = [{"keys": {"EMAIL": "a@example.org"}, "values": {"fIRSTnAME": "Ann"}}]
    assert (await client.post(PEOPLE, json=rows)).status_code == 200
    assert simulator.rows("people")[0]["firstname"] == "Ann"


async def test_a_required_column_cannot_be_null_nor_missing_in_a_new_row(client, simulator):
    null = await client.post(LINES, json=[line("o", 1, Product=None)])
    missing = await client.post(LINES, json=[line("o", 1, Colour="red")])
    assert messages(null) == messages(missing)
    assert messages(null) == ["Product: The value for column [Product] cannot be null."]
    await client.post(LINES, json=[line("o", 1, Product="a")])
    assert (await client.post(LINES, json=[line("o", 1, Colour="red")])).status_code == 200


async def test_a_primary_key_cannot_be_null_nor_empty(client):
    for email in (None, ""):
        reply = await client.post(PEOPLE, json=[row(email, Visits=1)])
        assert messages(reply) == ["Email: The value for column [Email] cannot be null."]


@pytest.mark.parametrize("value", [{"a": 1}, ["a"], [], {}])
async def test_objects_and_lists_are_no_values(client, value):
    reply = await client.post(PEOPLE, json=[row("a@example.org", FirstName=value)])
    assert "is not a valid Text" in messages(reply)[0]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 10004),
        (b"{", 10004),
        (b"{}", 10004),
        (b"null", 10004),
        (b"[1]", 10004),
        (b'[{"keys": [], "values": []}, null]', 10004),
        (b'[{"keys": {"Email": "a@example.org"}, "values": "x"}]', 10004),
        (b"\xff\xfe", 10004),
        pytest.param(b"[" * 100_000, 10004, id="deep"),
        (b"[]", 10003),
    ],
)
async def test_a_body_of_another_shape_is_refused(client, simulator, body, code):
    reply = await client.post(PEOPLE, content=body)
    assert (reply.status_code, reply.json()["errorcode"]) == (400, code)
    assert simulator.rows("people") == []


async def test_a_body_of_five_megabytes_passes_and_a_larger_one_is_413(client, simulator):
    def padded(size):
        plain = orjson.dumps([row("a@example.org", Visits=1)])
        return plain + b" " * (size - len(plain))

    fits = await client.post(PEOPLE, content=padded(5_000_000))
    large = await client.post(PEOPLE, content=padded(5_000_001))
    assert (fits.status_code, large.status_code) == (200, 413)
    assert large.headers["content-type"] == "text/html"


async def test_thousands_of_rows_in_one_call_are_taken(client, simulator):
    rows = [row(f"{number}@example.org", Visits=number) for number in range(5000)]
    assert (await client.post(PEOPLE, json=rows)).status_code == 200
    assert len(simulator.tables["people"]) == 5000


SWITCHED = [
    (
        {"payload_max_bytes": 10, "payload_too_large_status": 400},
        row("a@example.org", Visits=1),
        400,
    ),
    ({"null_value": "opaque-error"}, row("a@example.org", FirstName=None), 400),
    ({}, row("a@example.org", FirstName=None), 200),
    ({"unknown_column": "refuse"}, row("a@example.org", Visits=1, Shoe=1), 400),
    ({"column_case": "exact"}, row("a@example.org", visits=1), 400),
    ({"number_with_decimals": "truncate"}, row("a@example.org", Visits=1.5), 200),
    ({"empty_text": "refuse"}, row("a@example.org", Visits=""), 400),
    ({}, row("a@example.org", Visits=""), 200),
]


@pytest.mark.parametrize(("switches", "sent", "status"), SWITCHED)
async def test_what_is_not_known_about_rows_are_switches(simulate, sign_in, switches, sent, status):
    simulator = simulate(**switches)
    client = await sign_in(simulator)
    assert (await client.post(PEOPLE, json=[sent])).status_code == status
    assert len(simulator.rows("people")) == (status == 200)


async def test_an_opaque_error_has_no_additional_errors(simulate, sign_in):
    client = await sign_in(simulate(null_value="opaque-error"))
    body = (await client.post(PEOPLE, json=[row("a@example.org", FirstName=None)])).json()
    assert body["errorcode"] == 10006
    assert "additionalErrors" not in body


@pytest.mark.parametrize(
    ("switches", "rows", "stored"),
    [
        ({}, ["a@x.org", "A@X.ORG"], 1),
        ({"key_case": "exact"}, ["a@x.org", "A@X.ORG"], 2),
        ({}, ["a@x.org", "a@x.org"], 1),
        ({"duplicate_keys": "refuse"}, ["a@x.org", "b@x.org", "a@x.org"], 2),
        ({"rowset_mode": "insert-only"}, ["b@x.org", "a@x.org"], 2),
    ],
)
async def test_when_two_keys_are_one_is_a_switch(simulate, sign_in, switches, rows, stored):
    simulator = simulate(**switches)
    client = await sign_in(simulator)
    await client.post(PEOPLE, json=[row(email, Visits=1) for email in rows])
    assert len(simulator.rows("people")) == stored


async def test_insert_only_refuses_a_row_that_is_there(simulate, sign_in):
    client = await sign_in(simulate(rowset_mode="insert-only"))
    first = await client.post(PEOPLE, json=[row("a@x.org", Visits=1)])
    again = await client.post(PEOPLE, json=[row("a@x.org", Visits=2)])
    assert first.status_code == 200
    assert "PRIMARY KEY" in messages(again)[0]


@pytest.mark.parametrize(("rule", "stored"), [("ignore", 1), ("exact", 2)])
async def test_trailing_spaces_of_a_key_are_a_switch(simulate, sign_in, rule, stored):
    simulator = simulate(key_trailing_spaces=rule)
    client = await sign_in(simulator)
    rows = [line("o", 1, Product="a"), line("o ", 1, Product="b")]
    await client.post(LINES, json=rows)
    assert len(simulator.rows("lines")) == stored


async def test_dates_within_one_second_are_one_key(tenant, simulate, sign_in):
    tenant["data_extensions"][1]["fields"][1] = {"name": "At", "type": "Date", "primary_key": True}
    simulator = simulate()
    client = await sign_in(simulator)
    moments = ["2026-01-05T14:32:00.1Z", "2026-01-05T14:32:00.9Z", "2026-01-05T08:32:00"]
    rows = [{"keys": {"OrderId": "o", "At": each}, "values": {"Product": "a"}} for each in moments]
    assert (await client.post(LINES, json=rows)).status_code == 200
    assert len(simulator.rows("lines")) == 1


async def test_codes_and_texts_of_rows_are_switches(simulate, sign_in):
    client = await sign_in(
        simulate(
            empty_rowset_code=10005,
            unknown_data_extension_code=10000,
            null_message="no {column}",
            unparsable_message="{column} {type}",
        )
    )
    empty = await client.post(PEOPLE, json=[])
    unknown = await client.post("/hub/v1/dataevents/key:x/rowset", json=[])
    null = await client.post(LINES, json=[line("o", 1, Product=None)])
    bad = await client.post(PEOPLE, json=[row("a@x.org", Visits="x")])
    assert [empty.json()["errorcode"], unknown.json()["errorcode"]] == [10005, 10000]
    assert messages(null) + messages(bad) == ["no Product", "Visits Number"]
