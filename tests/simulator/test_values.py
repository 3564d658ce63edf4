"""Values: what each type takes, what it stores, how it reads back."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_sfmc_simulator import Field, Switches
from wharfinger_sfmc_simulator.values import BadValueError, as_text, convert

SWITCHES = Switches()


def read_back(kind: str, value: object, **field: object) -> str:
    column = Field(name="C", type=kind, **field)  # type: ignore[arg-type]  # a test names them
    return as_text(convert(column, value, SWITCHES))


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("Text", "", ""),
        ("Text", " a ", " a "),
        ("Text", 12, "12"),
        ("Text", 12.5, "12.5"),
        ("Text", True, "True"),
        ("Text", None, ""),
        ("Text", "x" * 50, "x" * 50),
        ("Number", 5, "5"),
        ("Number", "-5", "-5"),
        ("Number", " +5 ", "5"),
        ("Number", 5.0, "5"),
        ("Number", -(2**31), "-2147483648"),
        ("Number", "", ""),
        ("Decimal", 12, "12.00"),
        ("Decimal", 12.345, "12.35"),
        ("Decimal", "-0.005", "-0.01"),
        ("Decimal", "-0.001", "0.00"),
        ("Decimal", ".5", "0.50"),
        ("Decimal", None, ""),
        ("Boolean", True, "True"),
        ("Boolean", False, "False"),
        ("Boolean", "TRUE", "True"),
        ("Boolean", "false", "False"),
        ("Boolean", 1, "True"),
        ("Boolean", "0", "False"),
        ("Boolean", "", ""),
        ("Date", "2026-01-05T14:32:00Z", "1/5/2026 8:32:00 AM"),
        ("Date", "2026-01-05T14:32:00+02:00", "1/5/2026 6:32:00 AM"),
        ("Date", "2026-01-05T14:32:00", "1/5/2026 2:32:00 PM"),
        ("Date", "2026-01-05T14:32:00.999Z", "1/5/2026 8:32:00 AM"),
        ("Date", "2026-01-05 00:00:00", "1/5/2026 12:00:00 AM"),
        ("Date", "2026-01-05", "1/5/2026 12:00:00 AM"),
        ("Date", "2026-07-05T18:00:00Z", "7/5/2026 12:00:00 PM"),
        ("Date", "1/5/2026 8:32:00 AM", "1/5/2026 8:32:00 AM"),
        ("Date", "12/31/2026 11:59 PM", "12/31/2026 11:59:00 PM"),
        ("Date", "12/31/2026", "12/31/2026 12:00:00 AM"),
        ("Date", "1753-01-01", "1/1/1753 12:00:00 AM"),
        ("Date", "", ""),
        ("EmailAddress", "a.b+c@sub.example.co.uk", "a.b+c@sub.example.co.uk"),
        ("EmailAddress", "", ""),
        ("Phone", "+1 (555) 123-4567", "+1 (555) 123-4567"),
        ("Phone", 5551234567, "5551234567"),
        ("Locale", "en-US", "en-US"),
        ("Locale", "de", "de"),
    ],
)
def test_a_good_value_reads_back_as_the_vendor_writes_it(kind, value, read):
    assert read_back(kind, value) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Text", {}),
        ("Text", ["a"]),
        ("Text", "x" * 51),
        ("Text", "🎈" * 26),
        ("Number", "5.0"),
        ("Number", 5.5),
        ("Number", "five"),
        ("Number", True),
        ("Number", 2**31),
        ("Number", 1e300),
        ("Number", "٣"),
        ("Number", [5]),
        ("Decimal", "1,000.00"),
        ("Decimal", "1e3"),
        ("Decimal", "NaN"),
        ("Decimal", "Infinity"),
        ("Decimal", 1e17),
        ("Decimal", 1e300),
        ("Decimal", "9" * 41),
        ("Decimal", True),
        ("Decimal", "."),
        ("Boolean", "yes"),
        ("Boolean", 2),
        ("Boolean", 1.0),
        ("Boolean", []),
        ("Date", "yesterday"),
        ("Date", "2026-02-30"),
        ("Date", "2026-13-01T00:00:00Z"),
        ("Date", "1752-12-31"),
        ("Date", "0001-01-01T00:00:00+14:00"),
        ("Date", "9999-12-31T23:00:00-14:00"),
        ("Date", "2026-W01-1"),
        ("Date", "20260105"),
        ("Date", 1767600000),
        ("Date", "31/12/2026"),
        ("EmailAddress", "ann"),
        ("EmailAddress", "ann@example"),
        ("EmailAddress", "ann@@example.org"),
        ("EmailAddress", ".ann@example.org"),
        ("EmailAddress", "an..n@example.org"),
        ("EmailAddress", "ann@-example.org"),
        ("EmailAddress", "ann@exämple.org"),
        ("EmailAddress", " ann@example.org"),
        ("EmailAddress", "ann@example.org\n"),
        ("EmailAddress", "a" * 250 + "@example.org"),
        ("EmailAddress", 5),
        ("Phone", "none"),
        ("Phone", "12345"),
        ("Phone", "1" * 16),
        ("Phone", "1" * 60),
        ("Phone", True),
        ("Locale", "english"),
        ("Locale", "e"),
        ("Locale", "en_US"),
        ("Locale", 5),
    ],
)
def test_a_bad_value_is_refused_in_words_that_name_the_column(kind, value):
    with pytest.raises(BadValueError, match=r"^C: The value for column \[C\] "):
        read_back(kind, value)


@pytest.mark.parametrize("kind", ["Text", "Number", "Decimal", "Boolean", "Date", "EmailAddress"])
def test_null_is_refused_where_a_value_is_required(kind):
    for required in ({"nullable": False}, {"primary_key": True}):
        with pytest.raises(BadValueError, match="cannot be null"):
            read_back(kind, None, **required)


def test_an_empty_text_is_a_value_for_text_and_null_for_all_else():
    assert read_back("Text", "", nullable=False) == ""
    with pytest.raises(BadValueError, match="cannot be null"):
        read_back("Number", "", nullable=False)


def test_decimals_of_a_number_can_be_cut_off():
    truncating = Switches(number_with_decimals="truncate")
    column = Field(name="C", type="Number")
    assert [convert(column, value, truncating) for value in ("1.9", -1.9, 2)] == [1, -1, 2]


def test_scale_and_length_of_a_decimal_hold():
    assert read_back("Decimal", "123.456", length=6, scale=3) == "123.456"
    assert read_back("Decimal", 7, length=1, scale=0) == "7"
    assert read_back("Decimal", "9" * 26 + ".123", length=29, scale=3) == "9" * 26 + ".123"
    with pytest.raises(BadValueError):
        read_back("Decimal", "1000", length=6, scale=3)
    with pytest.raises(BadValueError):
        read_back("Decimal", "999.9996", length=6, scale=3)


@given(st.datetimes(datetime(1753, 1, 2), datetime(9999, 12, 30)))  # noqa: DTZ001 (server time)
def test_a_date_that_was_read_back_can_be_written_again(moment):
    text = read_back("Date", moment.isoformat())
    assert read_back("Date", text) == text


@given(st.decimals(-999, 999, places=2))
def test_a_decimal_reads_back_with_its_value(value):
    assert Decimal(read_back("Decimal", str(value))) == value
