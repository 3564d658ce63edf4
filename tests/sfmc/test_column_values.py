"""Each type of column: what it takes, and what is sent."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

import wharfinger
from wharfinger_sfmc.values.columns import Column, ColumnType, Table
from wharfinger_sfmc.values.conversion import ValueRules, to_row

RULES = ValueRules()
HUGE = 10**5000  # more digits than Python writes
ID = Column(name="Id", type=ColumnType.TEXT, length=20, primary_key=True, nullable=False)


def table_of(*columns, key=(ID,)):
    return Table(id="g", key="orders", name="Orders", columns=(*key, *columns))


def sent(kind, value, *, rules=RULES, **facts):
    """What is sent when a value is mapped to one column."""
    table = table_of(Column(name="C", type=kind, **facts))
    return to_row({"Id": "7"}, {"C": value}, rules, table).values.get("C")


def sent_key(kind, value, **facts):
    key = Column(name="K", type=kind, primary_key=True, nullable=False, **facts)
    return to_row({"K": value}, {}, RULES, table_of(key=(key,))).keys["K"]


def problems(keys, values, table=None, rules=RULES):
    with pytest.raises(wharfinger.PayloadError) as caught:
        to_row(keys, values, rules, table)
    return {problem.path: problem.message for problem in caught.value.problems}


def complaint(kind, value, **facts):
    found = problems({"Id": "7"}, {"C": value}, table_of(Column(name="C", type=kind, **facts)))
    assert list(found) == [("values", "C")]
    [message] = found.values()
    assert message.startswith('Data Extension Fields: "C" ')
    return message


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("Text", " a ", " a "),
        ("Text", " ", " "),
        ("Text", 12, "12"),
        ("Text", 12.5, "12.5"),
        ("Text", 5.0, "5"),
        ("Text", -0.0, "0"),
        ("Text", 1e-7, "0.0000001"),
        ("Text", 1e22, "10000000000000000000000"),
        ("Text", 2**63, "9223372036854775808"),
        ("Text", Decimal("7.10"), "7.1"),
        ("Text", True, "true"),
        ("Text", False, "false"),
        ("Text", ["a", 1, None], '["a",1,null]'),
        ("Text", {"a": {"b": "é"}}, '{"a":{"b":"é"}}'),
        ("Text", [], "[]"),
        ("Text", [Decimal("1.5"), date(2026, 1, 5)], '["1.5","2026-01-05"]'),
        ("Text", date(2026, 1, 5), "2026-01-05"),
        ("Text", datetime(2026, 1, 5, 14, tzinfo=UTC), "2026-01-05T14:00:00Z"),
        ("Number", 12, 12),
        ("Number", 12.0, 12),
        ("Number", " 12 ", 12),
        ("Number", "12.0", 12),
        ("Number", "-007", -7),
        ("Number", Decimal(12), 12),
        ("Number", 2**31 - 1, 2**31 - 1),
        ("Number", -(2**31), -(2**31)),
        ("Boolean", True, True),
        ("Boolean", "TRUE", True),
        ("Boolean", " false ", False),
        ("Boolean", 1, True),
        ("Boolean", 0.0, False),
        ("Boolean", "0", False),
        ("EmailAddress", " ann@example.org ", "ann@example.org"),
        ("EmailAddress", "a.b+c@sub.example.co.uk", "a.b+c@sub.example.co.uk"),
        ("Phone", " +1 (555) 123-4567 ", "+1 (555) 123-4567"),
        ("Phone", 5551234567, "5551234567"),
        ("Locale", "en-US", "en-US"),
        ("Locale", "en_us", "en-US"),
        ("Locale", "DE", "de"),
    ],
)
def test_a_good_value_is_brought_into_the_form_of_its_column(kind, value, result):
    made = sent(kind, value)
    assert (type(made), made) == (type(result), result)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("Text", "x" * 51, "has 51 characters, but its column holds 50"),
        ("Text", "🎈" * 26, "has 52 characters, but its column holds 50"),
        ("Text", 1e300, "has 301 characters"),
        ("Text", ["x" * 50], "has 54 characters"),
        ("Text", math.nan, "is NaN"),
        ("Text", -math.inf, "is -Infinity"),
        ("Text", Decimal("sNaN"), "is sNaN"),
        ("Text", Decimal("1E+99999"), "hundreds of digits"),
        pytest.param("Text", HUGE, "thousands of digits", id="Text-huge"),
        ("Text", "\ud800", "is not valid Unicode"),
        ("Text", ["\ud800"], "is not valid Unicode"),
        ("Text", [math.inf], "cannot be written as JSON"),
        ("Text", {"a": {1, 2}}, "holds a value that is not JSON"),
        ("Text", b"bytes", "is not JSON"),
        ("Text", {(1, 2): 3}, "it has a name that is not a text"),
        ("Number", 12.5, "but it is 12.5."),
        ("Number", "1,000", 'but it is "1,000".'),
        ("Number", "1e3", 'but it is "1e3".'),
        ("Number", "٣", 'but it is "٣".'),
        ("Number", " ", 'but it is " ".'),
        ("Number", True, "but it is true."),
        ("Number", 2**31, "but it is 2147483648."),
        pytest.param("Number", HUGE, "but it is a number.", id="Number-huge"),
        ("Number", 1e300, "but it is 1e+300."),
        ("Number", math.nan, "but it is nan."),
        ("Number", [5], "but it is a list of 1 item."),
        ("Number", {"a": 1}, "but it is an object."),
        ("Number", "x" * 100_000, "but it is a text of 100,000 characters."),
        ("Number", "ann@example.org", "but it is a text of 15 characters."),
        ("Number", "\ud800", "must be a whole number"),
        ("Decimal", "1,000.00", 'but it is "1,000.00".'),
        ("Decimal", "1e3", 'but it is "1e3".'),
        ("Decimal", ".", 'but it is ".".'),
        ("Decimal", True, "but it is true."),
        ("Decimal", math.inf, "but it is inf."),
        ("Decimal", "NaN", 'but it is "NaN".'),
        pytest.param("Decimal", HUGE, "but it is a number.", id="Decimal-huge"),
        ("Decimal", Decimal("1E+999999"), "but it is a number."),
        ("Boolean", "yes", 'but it is "yes".'),
        ("Boolean", 2, "but it is 2."),
        ("Boolean", math.nan, "but it is nan."),
        ("Boolean", [], "but it is a list of 0 items."),
        ("Date", 1767600000, "send a text such as 2030-01-31T09:30:00Z"),
        ("Date", True, "Send it as 2030-01-31T09:30:00Z"),
        ("Date", "2026-02-30", 'but it is "2026-02-30".'),
        ("Date", "31/12/2026", "the month comes first"),
        ("Date", "2026-W01-1", "must be a date"),
        ("Date", "20260105", "must be a date"),
        ("Date", "1/5/2026 13:00 PM", "must be a date"),
        ("Date", "1752-12-31", "must be between 1753"),
        ("Date", "1753-01-01T05:59:59Z", "must be between 1753"),
        ("Date", "0001-01-01T00:00:00+14:00", "must be between 1753"),
        ("Date", "9999-12-31T23:00:00-14:00", "must be between 1753"),
        ("Date", "9999-12-31T18:00:00", "must be between 1753"),
        ("Date", date(1, 1, 1), 'but it is "0001-01-01".'),
        ("EmailAddress", "ann", "but it is a text of 3 characters."),
        ("EmailAddress", "ann@example", "must be an e-mail address"),
        ("EmailAddress", "an..n@example.org", "must be an e-mail address"),
        ("EmailAddress", "ann@-example.org", "must be an e-mail address"),
        ("EmailAddress", "a" * 250 + "@example.org", "at most 254 characters"),
        ("EmailAddress", "Ann <ann@example.org>", "without a name or brackets"),
        ("EmailAddress", ["ann@example.org"], "but it is a list of 1 item."),
        ("Phone", "12345", "but it is a text of 5 characters."),
        ("Phone", "1" * 16, "7 to 15 digits"),
        ("Phone", "+1" + " " * 50 + "5551234", "at most 50 characters"),
        ("Phone", -5551234567, "but it is a number."),
        ("Phone", True, "but it is true or false."),
        ("Locale", "english", 'but it is "english".'),
        ("Locale", 5, "but it is 5."),
    ],
)
def test_a_bad_value_is_rejected_in_words_that_name_the_column(kind, value, words):
    facts = {"length": 50} if kind == "Text" else {}
    message = complaint(ColumnType(kind), value, **facts)
    assert words in message
    message.encode()  # printable, whatever the value was
    assert len(message) < 300


def test_the_content_of_an_address_or_a_phone_number_is_never_told():
    assert "secret" not in complaint(ColumnType.EMAIL, "secret@example")
    assert "888" not in complaint(ColumnType.PHONE, "888-call-us")


def test_deep_and_circular_values_are_rejected_like_any_other():
    deep: list[object] = []
    circle: list[object] = []
    circle.append(circle)
    for _ in range(100_000):
        deep = [deep]
    assert "nested too deep" in complaint(ColumnType.TEXT, deep)
    assert "holds itself" in complaint(ColumnType.TEXT, circle)
    assert list(problems({"a": deep}, {"b": circle})) == [("keys", "a"), ("values", "b")]


def test_a_text_column_without_a_length_holds_4000_characters():
    assert sent("Text", "x" * 4000) == "x" * 4000
    assert "its column holds 4,000" in complaint(ColumnType.TEXT, "x" * 4001)


@pytest.mark.parametrize(
    ("value", "length", "scale", "result"),
    [
        (12, 18, 2, "12.00"),
        (12.345, 18, 2, "12.35"),
        ("-0.005", 18, 2, "-0.01"),
        ("-0.004", 18, 2, "0.00"),
        (" .5 ", 18, 2, "0.50"),
        ("+5.", 18, 0, "5"),
        (2**53 + 1, 18, 2, "9007199254740993.00"),
        ("9" * 26 + ".123", 29, 3, "9" * 26 + ".123"),
        (Decimal(12345678901234567890123456789), 29, 0, "12345678901234567890123456789"),
        (1e16, 29, 2, "10000000000000000.00"),
        (5e-324, 18, 2, "0.00"),
        ("0." + "3" * 300, 18, 2, "0.33"),
        ("1.50", 18, None, "1.5"),
        ("1.123456789", None, None, "1.123456789"),
        (0, 2, 2, "0.00"),
    ],
)
def test_a_decimal_is_sent_as_text_that_loses_nothing(value, length, scale, result):
    assert sent("Decimal", value, length=length, scale=scale) == result


@pytest.mark.parametrize(
    ("value", "length", "scale"),
    [("1000", 6, 3), ("999.9996", 6, 3), (10**29, None, None), (1, 2, 2), ("1" + "0" * 99, 29, 2)],
)
def test_a_decimal_with_too_many_digits_is_rejected(value, length, scale):
    assert "before the point" in complaint(ColumnType.DECIMAL, value, length=length, scale=scale)


def test_a_decimal_in_a_primary_key_is_never_rounded():
    assert sent_key("Decimal", "7.5", length=18, scale=2) == "7.50"
    with pytest.raises(wharfinger.PayloadError, match="rounding a primary key"):
        sent_key("Decimal", "7.505", length=18, scale=2)


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("2026-01-05T14:32:00Z", "2026-01-05T14:32:00Z"),
        (" 2026-01-05T14:32:00z ", "2026-01-05T14:32:00Z"),
        ("2026-01-05T14:32Z", "2026-01-05T14:32:00Z"),
        ("2026-01-05T14:32:00.000Z", "2026-01-05T14:32:00Z"),
        ("2026-01-05T14:32:00.123456789Z", "2026-01-05T14:32:00.123Z"),
        ("2026-01-05T14:32:00.0004Z", "2026-01-05T14:32:00Z"),
        ("2026-01-05T14:32:00+02:00", "2026-01-05T12:32:00Z"),
        ("2026-01-05 14:32:00 -0500", "2026-01-05T19:32:00Z"),
        ("2026-01-05T14:32:00", "2026-01-05T20:32:00Z"),
        ("2026-07-05T14:32:00", "2026-07-05T20:32:00Z"),  # no daylight saving
        ("2026-01-05", "2026-01-05T06:00:00Z"),
        ("1/5/2026 8:32:00 AM", "2026-01-05T14:32:00Z"),
        ("12/31/2026 12:05 am", "2026-12-31T06:05:00Z"),
        ("12/31/2026 12:05 PM", "2026-12-31T18:05:00Z"),
        ("12/31/2026 18:05", "2027-01-01T00:05:00Z"),
        ("12/31/2026", "2026-12-31T06:00:00Z"),
        ("1753-01-01", "1753-01-01T06:00:00Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        (datetime(2026, 1, 5, 14, 32, tzinfo=UTC), "2026-01-05T14:32:00Z"),
        (datetime(2026, 1, 5, 14, tzinfo=timezone(timedelta(hours=9))), "2026-01-05T05:00:00Z"),
        (datetime(2026, 1, 5, 8, 32), "2026-01-05T14:32:00Z"),  # noqa: DTZ001  # server time
        (date(2026, 1, 5), "2026-01-05T06:00:00Z"),
    ],
)
def test_a_date_is_sent_in_utc(value, result):
    assert sent("Date", value) == result


def test_a_date_in_a_primary_key_has_whole_seconds():
    assert sent_key("Date", "2026-01-05T14:32:00.999Z") == "2026-01-05T14:32:00Z"


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        pytest.param(HUGE, id="huge"),
        "\ud800",
        ["\ud800"],
        object(),
        datetime(1, 1, 1, tzinfo=UTC),
    ],
)
def test_what_no_column_can_take_is_rejected_without_a_table_too(value):
    assert list(problems({"K": 1}, {"C": value})) == [("values", "C")]


def test_columns_of_unknown_type_take_what_any_column_may_take():
    assert sent("Other", 12.5) == 12.5
    assert sent("Other", [1]) == "[1]"
    assert "is NaN" in complaint(ColumnType.OTHER, math.nan)
