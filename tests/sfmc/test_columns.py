"""Columns as a tenant describes them, and values in SFMC's form."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

import wharfinger
from wharfinger_sfmc.values.columns import Column, ColumnType, Table
from wharfinger_sfmc.values.conversion import Empty, Row, ValueRules, to_row

RULES = ValueRules()
ID = Column(name="Id", type=ColumnType.TEXT, length=20, primary_key=True, nullable=False)


def table_of(*columns, key=(ID,)):
    return Table(id="g", key="orders", name="Orders", columns=(*key, *columns))


def problems(keys, values, table=None, rules=RULES):
    with pytest.raises(wharfinger.PayloadError) as caught:
        to_row(keys, values, rules, table)
    return {problem.path: problem.message for problem in caught.value.problems}


def test_a_column_is_read_as_the_tenant_writes_it():
    entry = {
        "name": "Total",
        "type": "Decimal",
        "length": 18,
        "scale": 4,
        "isPrimaryKey": True,
        "isNullable": True,
        "defaultValue": "0",
    }
    assert Column.from_json(entry) == Column(
        name="Total",
        type=ColumnType.DECIMAL,
        length=18,
        scale=4,
        primary_key=True,
        nullable=False,
        has_default=True,
    )


@pytest.mark.parametrize(
    ("entry", "column"),
    [
        ({"Name": "A", "TYPE": "text", "Length": "50"}, Column(name="A", length=50)),
        ({"name": "A", "type": "TEXT", "length": ""}, Column(name="A")),
        ({"name": "A", "type": "Text", "length": 0}, Column(name="A")),
        ({"name": "A", "type": "Text", "isNullable": "False"}, Column(name="A", nullable=False)),
        ({"name": "A", "type": "emailaddress"}, Column(name="A", type=ColumnType.EMAIL)),
        ({"name": "A", "type": "Image"}, Column(name="A", type=ColumnType.OTHER)),
        ({"name": "A"}, Column(name="A", type=ColumnType.OTHER)),
        ({"name": "A", "type": "Text", "length": -1, "scale": "x"}, Column(name="A")),
    ],
)
def test_columns_are_read_in_any_case_and_with_members_missing(entry, column):
    assert Column.from_json(entry) == column


def test_entries_without_a_name_make_no_column():
    table = Table.from_json(
        id="g", key="k", name="n", fields=[{"type": "Text"}, None, {"name": "A"}]
    )
    assert [column.name for column in table.columns] == ["A"]


def test_a_column_is_found_in_any_case_and_in_its_own_spelling_first():
    exact = table_of(Column(name="email"), Column(name="Email", length=9))
    assert exact.find("email") == Column(name="email")
    assert exact.find("Email") == Column(name="Email", length=9)
    assert table_of(Column(name="Email")).find("EMAIL") == Column(name="Email")
    assert table_of().find("Email") is None
    assert table_of().primary_keys == (ID,)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("first_name", 'Did you mean "First Name"?'),
        ("FIRSTNAME", 'Did you mean "First Name"?'),
        ("Emial", 'Did you mean "Email"?'),
        ("Zzz", ""),
        ("Email" * 1000, ""),
    ],
)
def test_a_close_name_is_suggested(name, suggestion):
    table = table_of(Column(name="First Name"), Column(name="Email"))
    assert table.suggest(name) == suggestion


@pytest.mark.parametrize(
    ("rule", "value", "result"),
    [
        (ValueRules(), None, {}),
        (ValueRules(), "", {"C": ""}),
        (ValueRules(nulls=Empty.CLEAR), None, {"C": ""}),
        (ValueRules(empties=Empty.OMIT), "", {}),
    ],
)
@pytest.mark.parametrize("kind", ["Text", "Date", "Number"])
def test_null_and_empty_text_follow_the_rules_of_the_mapping(kind, rule, value, result):
    table = table_of(Column(name="C", type=ColumnType(kind)), Column(name="Other"))
    for known in (table, None):
        row = to_row({"Id": "7"}, {"C": value, "Other": "x"}, rule, known)
        assert row == Row({"Id": "7"}, {**result, "Other": "x"})


def test_null_and_empty_text_can_be_rejected():
    rules = ValueRules(nulls=Empty.REJECT, empties=Empty.REJECT)
    table = table_of(Column(name="A"), Column(name="B"))
    for known in (table, None):
        found = problems({"Id": "7"}, {"A": None, "B": ""}, known, rules)
        assert 'Fields: "A" is null' in found["values", "A"]
        assert 'Fields: "B" is an empty text' in found["values", "B"]


def test_a_column_that_must_not_be_empty_cannot_be_cleared():
    table = table_of(Column(name="C", nullable=False))
    assert "must not be empty" in problems({"Id": "7"}, {"C": ""}, table)["values", "C"]


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("rules", [ValueRules(), ValueRules(nulls=Empty.CLEAR)])
def test_a_primary_key_without_a_value_is_rejected(value, rules):
    for known in (table_of(Column(name="C")), None):
        found = problems({"Id": value}, {"C": "x"}, known, rules)
        assert "a primary key needs a value" in found["keys", "Id"]


def test_a_column_that_does_not_exist_is_rejected_with_a_suggestion():
    table = table_of(Column(name="First Name"))
    found = problems({"Id": "7", "x": 1}, {"first_name": "Ann", "Zzz": None}, table)
    assert list(found) == [("keys", "x"), ("values", "first_name"), ("values", "Zzz")]
    assert found["values", "first_name"] == (
        'Data Extension Fields: "first_name" is not a column of the data extension "Orders"; '
        'SFMC would drop its value. Did you mean "First Name"?'
    )


def test_keys_and_other_columns_stand_where_they_belong():
    second = Column(name="Shop", type=ColumnType.NUMBER, primary_key=True, nullable=False)
    table = table_of(Column(name="C"), key=(ID, second))
    found = problems({"Id": "7", "C": "x"}, {"Shop": 3}, table)
    assert list(found) == [("keys", "C"), ("keys", "Shop")]
    assert "is not a primary key column" in found["keys", "C"]
    assert found["keys", "Shop"] == (
        'Data Extension Primary Keys: "Shop" is missing. The primary key of the data extension '
        '"Orders" is "Id", "Shop". Map each of them.'
    )


def test_a_data_extension_without_primary_key_cannot_be_used():
    table = table_of(Column(name="C"), key=())
    assert "has no primary key" in problems({}, {"C": "x"}, table)["keys",]
    assert "has no primary key" in problems({"C": "x"}, {}, table)["keys", "C"]


def test_a_key_that_is_repeated_among_the_values_is_dropped_if_it_is_the_same():
    key = Column(name="Id", type=ColumnType.NUMBER, primary_key=True, nullable=False)
    table = table_of(Column(name="C"), key=(key,))
    assert to_row({"Id": 7}, {"id": "7", "C": "x"}, RULES, table) == Row({"Id": 7}, {"C": "x"})
    assert to_row({"Id": 7}, {"Id": None, "C": "x"}, RULES, table) == Row({"Id": 7}, {"C": "x"})
    assert "is another one" in problems({"Id": 7}, {"Id": 8}, table)["values", "Id"]
    assert "must not be empty" in problems({"Id": 7}, {"Id": ""}, table)["values", "Id"]


def test_two_spellings_of_one_column_must_agree():
    table = table_of(Column(name="Email"))
    row = to_row({"Id": "7"}, {"email": "a", "EMAIL": "a"}, RULES, table)
    assert row.values == {"Email": "a"}
    assert to_row({"Id": "7"}, {"email": "a", "EMAIL": "a"}, RULES, None).values == {"email": "a"}
    for known in (table, None):
        found = problems({"Id": "7"}, {"email": "a", "EMAIL": "b"}, known)
        assert "given twice" in found["values", "EMAIL"]
    assert "given twice" in problems({"Id": 1, "ID": True}, {"x": 1})["keys", "ID"]


def test_names_get_the_spelling_and_keys_the_order_of_the_tenant():
    second = Column(name="Shop", type=ColumnType.NUMBER, primary_key=True, nullable=False)
    row = to_row(
        {"SHOP": 3, "ID": "7"}, {"c": 1}, RULES, table_of(Column(name="C"), key=(ID, second))
    )
    assert list(row.keys.items()) == [("Id", "7"), ("Shop", 3)]
    assert row.values == {"C": "1"}


def test_a_row_without_values_repeats_a_primary_key_so_that_it_arrives():
    table = table_of(Column(name="C"))
    for known in (table, None):
        assert to_row({"Id": "7"}, {"C": None}, RULES, known) == Row({"Id": "7"}, {"Id": "7"})
    assert "Map the data extension's primary key" in problems({}, {"C": 1})["keys",]


def test_without_a_table_values_stay_as_they_are_where_they_can_be_sent():
    moment = datetime(2026, 1, 5, 14, 32, 0, 123456, tzinfo=UTC)
    values = {
        "a": " x ",
        "b": 1e300,
        "c": True,
        "d": 2**70,
        "e": {"deep": [1]},
        "f": moment,
        "g": date(2026, 1, 5),
        "h": Decimal("1.50"),
    }
    assert to_row({"K": 7}, values, RULES, None) == Row(
        {"K": 7},
        {
            "a": " x ",
            "b": 1e300,
            "c": True,
            "d": 2**70,
            "e": '{"deep":[1]}',
            "f": "2026-01-05T14:32:00.123Z",
            "g": "2026-01-05",
            "h": "1.5",
        },
    )


def test_names_that_are_not_valid_unicode_are_rejected_in_printable_words():
    for known in (table_of(), None):
        found = problems({"Id": "7"}, {"\ud800" * 100: "x"}, known)
        for message in found.values():
            message.encode()
            assert len(message) < 700


def test_labels_are_those_of_the_action():
    with pytest.raises(wharfinger.PayloadError, match=r'^Contact Fields: "C" is NaN'):
        to_row({"K": 1}, {"C": math.nan}, RULES, None, values_label="Contact Fields")
