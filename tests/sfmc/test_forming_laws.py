"""Laws of the short ways of values and rows: they give what the long way gives."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import event, example, given, settings

import wharfinger
from wharfinger_sfmc.actions.send_rows_asynchronously import SendRowsAsynchronously
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc.rows.waiting import form_of, waiting_row
from wharfinger_sfmc.values.columns import Column, ColumnType, Table
from wharfinger_sfmc.values.conversion import Empty, ValueRules, to_row
from wharfinger_sfmc.values.converters import UnfitError, converter
from wharfinger_sfmc.values.dates import is_storable, read_moment, sure_moment, write_moment
from wharfinger_sfmc.values.forming import RowForm, _BlindForm, row_form
from wharfinger_sfmc.values.identity import loose_identity

EACH = settings(deadline=None, max_examples=300)
LABELS = ("Data Extension Primary Keys", "Data Extension Fields")
RULES = st.builds(
    ValueRules, nulls=st.sampled_from(list(Empty)), empties=st.sampled_from(list(Empty))
)
ID = Column(name="Id", length=5, primary_key=True, nullable=False)
SHOP = Column(name="Shop", type=ColumnType.DECIMAL, scale=2, primary_key=True, nullable=False)
COLUMNS = (
    Column(name="Text", length=5),
    Column(name="TEXT", length=9),
    Column(name="Must", nullable=False),
    Column(name="Number", type=ColumnType.NUMBER),
    Column(name="Decimal", type=ColumnType.DECIMAL, length=5, scale=2),
    Column(name="Boolean", type=ColumnType.BOOLEAN),
    Column(name="Date", type=ColumnType.DATE),
    Column(name="Other", type=ColumnType.OTHER),
)
TABLES = st.lists(st.sampled_from([ID, SHOP, *COLUMNS, Column(name="Id"), SHOP]), max_size=9).map(
    lambda columns: Table(id="g", key="t", name="T", columns=(ID, *columns[1:], *columns[:1]))
)
NAMES = st.sampled_from([column.name for column in (ID, SHOP, *COLUMNS)])
ODD_NAMES = NAMES.map(str.lower) | NAMES.map(str.upper) | st.text(max_size=2)
FITTING = st.sampled_from(["1", 1, "0", 1.0])
DATES = st.sampled_from(["2026-01-05T14:32:00Z", "2026-01-05"])
ODD = (
    st.none()
    | st.just("")
    | st.text()
    | st.booleans()
    | st.floats()
    | st.decimals()
    | st.datetimes()
    | st.sampled_from(["\ud800", [], {}, [1], "2026-01-05T14:32:00Z", "2026-02-30T14:32:00Z"])
)


def result(make, *row):
    """The row or its problems, with types, order and words."""
    try:
        made = make(*row)
    except wharfinger.PayloadError as error:
        event("rejected")
        return [(problem.path, problem.message) for problem in error.problems]
    event("made")
    return repr(made)


@st.composite
def rows(draw, table):
    """Rows that are often ordinary: one name a column, and each in its part."""
    oddity = draw(st.integers(0, 3))
    keys: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for column in table.columns:
        fitting = DATES if column.type is ColumnType.DATE else FITTING
        value = draw(fitting if draw(st.integers(0, 9)) >= oddity else ODD)
        (keys if column.primary_key else values)[column.name] = value
    for _ in range(draw(st.integers(0, oddity))):
        part = draw(st.sampled_from([keys, values]))
        part[draw(NAMES | ODD_NAMES)] = draw(FITTING | ODD)
    return keys, values


@given(st.data(), TABLES, RULES)
@EACH
def test_a_form_makes_every_row_as_it_is_made_with_care(data, table, rules):
    table = data.draw(st.sampled_from([table, None])) if table.columns else table
    form = row_form(rules, table, *LABELS)
    keys, values = data.draw(rows(table or Table(id="", key="", name="", columns=COLUMNS)))
    assert result(form.row, keys, values) == result(to_row, keys, values, rules, table)


@given(st.data(), TABLES, TABLES, RULES)
@EACH
def test_a_row_that_waited_is_what_it_would_be_if_it_were_made_when_it_is_sent(
    data, before, now, rules
):
    before, now = (data.draw(st.sampled_from([*tables, None])) for tables in ([before, now], [now]))
    keys, values = data.draw(rows(now or Table(id="", key="", name="", columns=COLUMNS)))
    payload = SendRowsAsynchronously(
        key="t", keys=keys, values=values, nulls=rules.nulls.value, empties=rules.empties.value
    )
    labels = {"keys": LABELS[0], "values": LABELS[1]}
    try:
        waiting = waiting_row(payload, DataExtension(key="t"), before, labels)
    except wharfinger.PayloadError:
        event("JSON cannot carry it")
        return
    form = form_of(payload, now, labels)
    sent = result(lambda *_: waiting.in_form(now, form), keys, values)
    assert sent == result(to_row, keys, values, rules, now)
    assert waiting.order_key == loose_identity(keys)
    if waiting.row is not None:
        assert orjson.loads(waiting.body) == {
            "keys": waiting.row.keys,
            "values": waiting.row.values,
        }
        assert waiting.row.body == waiting.body


def test_an_ordinary_row_is_made_without_the_long_way(monkeypatch):
    monkeypatch.setattr("wharfinger_sfmc.values.forming.to_row", pytest.fail)
    table = Table(id="g", key="t", name="T", columns=(SHOP, *COLUMNS, ID))
    row = RowForm(ValueRules(), table, *LABELS).row(
        {"Id": "7", "Shop": 3}, {"TEXT": "x", "Number": None, "Text": "", "Boolean": False}
    )
    assert list(row.keys.items()) == [("Shop", "3.00"), ("Id", "7")]
    assert row.values == {"TEXT": "x", "Text": "", "Boolean": False}


def test_an_ordinary_row_of_unknown_columns_is_made_without_the_long_way(monkeypatch):
    monkeypatch.setattr("wharfinger_sfmc.values.forming.to_row", pytest.fail)
    form = row_form(ValueRules(), None, *LABELS)
    for _ in range(2):
        row = form.row({"Id": "7"}, {"TEXT": "é", "Number": 1.5, "Null": None, "Empty": ""})
        assert row.keys == {"Id": "7"}
        assert row.values == {"TEXT": "é", "Number": 1.5, "Empty": ""}


@given(st.lists(rows(Table(id="", key="", name="", columns=COLUMNS)), max_size=5), RULES)
@EACH
def test_what_a_row_is_does_not_depend_on_those_before_it(several, rules):
    form = _BlindForm(rules, None, *LABELS)
    for keys, values in several:
        assert result(form.row, keys, values) == result(to_row, keys, values, rules, None)


def test_rows_of_one_mapping_share_their_form():
    table = Table(id="g", key="t", name="T", columns=(ID, *COLUMNS))
    again = Table(id="g", key="t", name="T", columns=(ID, *COLUMNS))
    form = row_form(ValueRules(), table, *LABELS)
    assert row_form(ValueRules(), table, *LABELS) is form
    assert row_form(ValueRules(), again, *LABELS) is not form  # read again, perhaps another


NUMBERS = st.integers() | st.floats() | st.integers(-(10**9), 10**9).map(lambda n: n / 1000)
SIZES = [(18, 2), (5, 2), (2, 2), (18, 0), (29, 15), (30, 20), (1, 3), (29, None), (None, 3)]


@pytest.mark.parametrize(("length", "scale"), SIZES)
@given(number=NUMBERS, is_key=st.booleans())
@example(number=-0.0, is_key=False)
@example(number=0, is_key=True)
@example(number=123456789012345.67, is_key=False)
@example(number=0.1 + 0.2, is_key=True)
@example(number=999.999, is_key=False)
@settings(EACH, max_examples=100)
def test_a_number_becomes_the_decimal_that_its_text_becomes(length, scale, number, is_key):
    column = Column(
        name="D", type=ColumnType.DECIMAL, length=length, scale=scale, primary_key=is_key
    )
    convert = converter(column)

    def sent(value):
        try:
            return convert(value)
        except UnfitError:
            return None

    exact = Decimal(repr(number)) if number == number else number  # noqa: PLR0124  # not NaN
    text = format(exact, "f") if exact == exact else "NaN"  # noqa: PLR0124  # not NaN
    assert sent(number) == sent(text)


TWO_DIGITS = st.integers(0, 99).map("{:02}".format)
LIKELY = st.one_of(st.integers(0, 32), st.integers(0, 99)).map("{:02}".format)
WRITTEN = st.builds(
    "{}{}-{}-{}T{}:{}:{}{}Z".format,
    TWO_DIGITS,
    TWO_DIGITS,
    *[LIKELY] * 5,
    st.sampled_from(["", ".000", ".010", ".999", ".5", ",500", ".1234"]),
)
MOMENTS = st.datetimes(datetime(1754, 1, 1))  # noqa: DTZ001  # is taken for UTC


def in_utc(moment):
    return moment.replace(tzinfo=UTC)


def usual(moment):
    """The forms of dates that come most often, and some that are like them."""
    there = moment.replace(tzinfo=UTC)
    return st.sampled_from(
        [
            write_moment(there),
            there.isoformat(),
            there.isoformat(timespec="seconds"),
            there.date().isoformat(),
            f"{there:%Y-%m-%dT%H:%M:%S}",
            f"{there:%G-W%V-%uT%H:%M:%S}+02:00",
            f"{there:%G-W%V-%u}",
            f"{there:%Y-%m-%dT%H:%M}.25+02:00",
        ]
    )


OFFSETS = st.sampled_from(["+02:00", "-05:30", "+14:00", "-14:45", "+00:00", "+15:00", "+0200"])
SHIFTED = st.builds("{}{}".format, WRITTEN.map(lambda text: text[:-1]), OFFSETS)
DATED = WRITTEN.map(lambda text: text[:10])


@given(
    text=WRITTEN | SHIFTED | DATED | MOMENTS.flatmap(usual) | st.text(),
    whole_seconds=st.booleans(),
)
@example(text="1753-01-01", whole_seconds=False)
@example(text="9999-12-31T23:59:59-02:00", whole_seconds=False)
@example(text="0001-01-01T00:00:00+02:00", whole_seconds=False)
@EACH
def test_a_moment_that_is_plain_to_see_is_the_one_that_is_read(text, whole_seconds):
    sure = sure_moment(text, whole_seconds=whole_seconds)
    if sure is None:
        event("not taken")
        return
    event("taken")
    moment = read_moment(text)
    assert moment is not None
    assert is_storable(moment)
    assert write_moment(moment, whole_seconds=whole_seconds) == sure


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("2026-01-31T14:32:00Z", "2026-01-31T14:32:00Z"),
        ("2026-04-30T23:59:59.010Z", "2026-04-30T23:59:59.010Z"),
        ("2026-01-31T14:32:00+02:00", "2026-01-31T12:32:00Z"),
        ("2026-12-31T20:32:00-05:45", "2027-01-01T02:17:00Z"),
        ("2024-02-29", "2024-02-29T06:00:00Z"),
        ("2026-04-31T14:32:00Z", None),
        ("2026-02-29T14:32:00Z", None),
        ("2026-02-29", None),
        ("2026-01-05T14:32:00.000Z", None),
        ("2026-01-05T14:32:00z", None),
        ("2026-01-05 14:32:00Z", None),
        ("2026-01-05T14:32:00", None),
        ("2026-01-05T14:32:00+2:00", None),
        ("2026-01-05T24:00:00Z", None),
        ("1753-01-01T06:00:00Z", None),
        ("1753-01-01", None),
        ("9999-12-31", None),
        ("2026-01-05T14:32:00Z\n", None),
        ("٢026-01-05T14:32:00Z", None),  # a digit, but not of ASCII
        ("٢026-01-05", None),
    ],
)
def test_the_usual_forms_are_plain_to_see_and_no_others(text, sure):
    assert sure_moment(text) == sure


@given(MOMENTS, st.booleans())
@EACH
def test_a_moment_is_written_in_iso_form(moment, whole_seconds):
    text = write_moment(in_utc(moment), whole_seconds=whole_seconds)
    milliseconds = 0 if whole_seconds else moment.microsecond // 1000
    exact = moment.replace(microsecond=1000 * milliseconds, tzinfo=UTC)
    assert datetime.fromisoformat(text) == exact
    assert len(text) == len("2030-01-31T09:30:00.000Z" if milliseconds else "2030-01-31T09:30:00Z")
