"""Columns chosen from samples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import wharfinger
from wharfinger_sfmc.account.inference import advice, infer_columns, widen
from wharfinger_sfmc.values.columns import Column, ColumnType, Table
from wharfinger_sfmc.values.conversion import ValueRules, to_row


@attrs.frozen
class Sample:
    keys: Mapping[str, Any]
    values: Mapping[str, Any]


def inferred(*values, name="C", key=False):
    """The column for one name with these values."""
    rows = [Sample({name: v}, {}) if key else Sample({}, {name: v}) for v in values]
    [column] = infer_columns(rows, [name] if key else [], [] if key else [name])
    return column


def chosen(*values, **facts):
    return str(inferred(*values, **facts).column)


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ([True, False], "Boolean"),
        ([True, 1], "Text(50)"),
        (["true", "false"], "Text(50)"),
        ([1, -5, 2**31 - 1], "Number"),
        ([1, 2.5], "Decimal(18,2)"),
        ([12.0], "Decimal(18,2)"),
        ([2**31], "Decimal(18,2)"),
        ([1.23456], "Decimal(21,5)"),
        ([0.1 + 0.2], "Decimal(29,17)"),
        ([10**15, 0.1 + 0.2], "Text(50)"),
        ([1e-30], "Text(50)"),
        ([10**17], "Decimal(20,2)"),
        ([10**17, 0.12345], "Decimal(23,5)"),
        ([Decimal("0.5")], "Decimal(18,2)"),
        ([10**26], "Decimal(29,2)"),
        ([10**27], "Text(50)"),
        (["1", "2"], "Text(50)"),
        (["2026-01-05", "2026-01-05T14:32:00Z"], "Date"),
        ([date(2026, 1, 5), datetime(2026, 1, 5, tzinfo=UTC)], "Date"),
        (["1/5/2026"], "Text(50)"),
        (["1066-10-14"], "Text(50)"),
        (["2026-01-05", "soon"], "Text(50)"),
        (["2026-01-05", 1], "Text(50)"),
        (["ann@example.org", "b@c.de"], "EmailAddress(254)"),
        (["ann@example.org", "none"], "Text(50)"),
        ([["a"], {"b": 1}], "Text(50)"),
        ([1, "x"], "Text(50)"),
        ([math.nan], "Text(50)"),
        ([None, "", 5], "Number"),
    ],
)
def test_a_type_is_chosen_only_where_every_sample_has_it(values, column):
    assert chosen(*values) == column
    assert chosen(*reversed(values)) == column


@pytest.mark.parametrize(
    ("name", "values", "column"),
    [
        ("Mobile Phone", ["+1 555 123 4567"], "Phone(50)"),
        ("homePhone", ["5551234567", 5551234567], "Phone(50)"),
        ("phone_number", ["+1 555 123 4567", "none"], "Text(50)"),
        ("Headphones", ["5551234567"], "Text(50)"),
        ("Order", ["5551234567"], "Text(50)"),
        ("userLocale", ["en-US", "de"], "Locale(5)"),
        ("LANGUAGE", ["english"], "Text(50)"),
        ("Country", ["de"], "Text(50)"),
        ("Phone", ["ann@example.org"], "EmailAddress(254)"),
    ],
)
def test_phones_and_locales_need_a_name_that_says_so(name, values, column):
    assert chosen(*values, name=name) == column


@pytest.mark.parametrize(
    ("longest", "length"),
    [(1, 50), (33, 50), (34, 100), (66, 100), (67, 254), (169, 254), (170, 500), (9999, 4000)],
)
def test_a_text_has_half_as_much_room_again(longest, length):
    assert chosen("a", "x" * longest) == f"Text({length})"


def test_characters_are_counted_as_the_tenant_counts_them():
    assert chosen("🎈" * 17) == "Text(100)"


def test_why_tells_what_was_seen():
    words = [f"value {number}" for number in range(1233)]
    assert inferred(*words, "x" * 61).why == (
        "Text(100): longest of 1,234 values has 61 characters"
    )
    assert inferred(1, None, "").why == "Number: of 1 value, all are whole numbers of 32 bits"
    seen = inferred(1, None, "").seen
    assert (seen.samples, seen.nulls) == (1, 2)


def test_a_column_that_was_never_seen_is_a_text_and_says_so():
    [column] = infer_columns([Sample({}, {"C": None})], [], ["C"])
    assert column.column == Column(name="C", length=254)
    assert column.why == "Text(254): no sample has a value, so nothing is known of it"


def test_a_primary_key_is_never_a_date_and_never_nullable():
    key = inferred("2026-01-05T14:32:00Z", key=True)
    assert key.column == Column(name="C", length=50, primary_key=True, nullable=False)
    assert "SFMC rounds dates" in key.why
    assert inferred(7, key=True).column.type is ColumnType.NUMBER
    assert inferred(7).column.nullable


def test_columns_come_in_the_order_of_the_mapping_and_strangers_follow():
    rows = [
        Sample({"Id": 1}, {"new": "x", "EMAIL": "a@b.cz", "id": "repeated"}),
        Sample({"ID": 2}, {"Email": "c@d.cz"}),
    ]
    columns = infer_columns(rows, ["Id"], ["Name", "Email"])
    assert [each.column.name for each in columns] == ["Id", "Name", "Email", "new"]
    assert [each.seen.samples for each in columns] == [2, 0, 2, 1]
    assert [each.column.primary_key for each in columns] == [True, False, False, False]


def test_what_is_not_advised_is_told():
    many = infer_columns([], ["Id"], [f"C{number}" for number in range(50)])
    assert "51 columns" in advice(many)[0]
    assert advice(many[:50]) == ()
    assert "primary key of 500 characters" in advice([inferred("x" * 254, key=True)])[0]
    assert "up to 5,000 characters" in advice([inferred("x" * 5000)])[0]


@pytest.mark.parametrize(
    ("existing", "values", "words"),
    [
        (Column(name="A", length=50), ["x" * 61], "the longest of 1 value has 61 characters"),
        (Column(name="A", type=ColumnType.NUMBER), [1, 1.5], "of 2 values, not all are whole"),
        (Column(name="A", type=ColumnType.NUMBER), [2**31], "not all are whole numbers"),
        (Column(name="A", type=ColumnType.DATE), ["soon"], "not all are dates"),
        (Column(name="A", type=ColumnType.BOOLEAN), [2], "not all are true or false"),
        (Column(name="A", type=ColumnType.LOCALE), ["english"], "not all are locales"),
        (Column(name="A", type=ColumnType.EMAIL, length=9), ["a@bcdef.org"], "has 11 characters"),
        (
            Column(name="A", type=ColumnType.DECIMAL, length=6, scale=2),
            [12345],
            "5 digits before the point",
        ),
        (
            Column(name="A", type=ColumnType.DECIMAL, length=6, scale=2),
            ["1.125"],
            "3 digits after the point",
        ),
    ],
)
def test_a_column_that_is_too_narrow_is_told(existing, values, words):
    told = widen(existing, inferred(*values))
    assert told is not None
    assert words in told
    assert told.startswith(f'"A" is {existing}')


@pytest.mark.parametrize(
    ("existing", "values"),
    [
        (Column(name="A", length=61), ["x" * 61]),
        (Column(name="A"), ["x" * 5000, 1, True]),
        (Column(name="A", type=ColumnType.NUMBER), [1, "2", 3.0]),
        (Column(name="A", type=ColumnType.BOOLEAN), [1, "false"]),
        (Column(name="A", type=ColumnType.DATE), ["1/5/2026"]),
        (Column(name="A", type=ColumnType.DECIMAL, length=2, scale=2), [0.25, "-.5", 0]),
        (Column(name="A", type=ColumnType.DECIMAL, length=18), [1.23456]),
        (Column(name="A", type=ColumnType.OTHER), ["anything"]),
        (Column(name="A", type=ColumnType.DATE), [None, ""]),
    ],
)
def test_a_column_that_takes_the_samples_is_wide_enough(existing, values):
    assert widen(existing, inferred(*values)) is None


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=200),
    st.dates(date(1800, 1, 1)).map(date.isoformat),
    st.emails(),
    st.lists(st.integers(), max_size=3),
)


@given(st.lists(VALUES, min_size=1, max_size=5), st.sampled_from(["C", "phone", "locale"]))
@settings(deadline=None, max_examples=300)
def test_a_column_takes_the_samples_it_was_made_from(values, name):
    key = Column(name="Id", primary_key=True, nullable=False)
    column = inferred(*values, name=name)
    assert widen(column.column, column) is None
    table = Table(id="", key="", name="", columns=(key, column.column))
    for value in values:
        to_row({"Id": "7"}, {name: value}, ValueRules(), table)


@given(st.lists(VALUES.filter(lambda value: value not in (None, "")), min_size=1, max_size=5))
@settings(deadline=None, max_examples=300)
def test_a_primary_key_takes_the_samples_it_was_made_from(values):
    key = inferred(*values, key=True).column
    table = Table(id="", key="", name="", columns=(key,))
    for value in values:
        to_row({"C": value}, {}, ValueRules(), table)


@given(st.lists(VALUES, min_size=1, max_size=4))
@settings(deadline=None, max_examples=200)
def test_a_column_that_is_wide_enough_rejects_no_sample(values):
    seen = inferred(*values)
    existing = [Column(name="C", type=kind) for kind in ColumnType] + [Column(name="C", length=5)]
    for column in existing:
        table = Table(id="", key="", name="", columns=(Column(name="Id", primary_key=True), column))
        try:
            for value in values:
                to_row({"Id": "7"}, {"C": value}, ValueRules(), table)
        except wharfinger.PayloadError:
            assert widen(column, seen) is not None
