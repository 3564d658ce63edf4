"""Laws of conversion, for any columns and any values, against the simulated tenant."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import event, given, settings

import wharfinger
import wharfinger_sfmc_simulator as simulator
from wharfinger_sfmc.api.encoding import to_json
from wharfinger_sfmc.values.columns import Column, ColumnType, Table
from wharfinger_sfmc.values.conversion import Empty, Row, ValueRules, to_row
from wharfinger_sfmc.values.identity import identity, loose_identity

EACH = settings(deadline=None, max_examples=200)
RULES = st.builds(
    ValueRules, nulls=st.sampled_from(list(Empty)), empties=st.sampled_from(list(Empty))
)

MOMENTS = st.datetimes(
    timezones=st.none() | st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
)
DATE_TEXTS = MOMENTS.map(datetime.isoformat) | st.sampled_from(
    ["2026-01-05", "1/5/2026 8:32:00 AM", "12/31/9999", "1753-01-01", "2026-01-05 14:32:00.5Z"]
)
NUMBERS = (
    st.integers()
    | st.integers(-(2**32), 2**32)
    | st.floats()
    | st.decimals()
    | st.decimals(-1000, 1000, places=3)
    | st.sampled_from([0, 1, -0.0, 1.0, 10**16, 10**29, 10**4200])
)
TEXTS = (
    st.text()
    | st.sampled_from(["", " ", "true", "FALSE", "0", " 1 ", "1,000", "en_US", "de"])
    | st.sampled_from(["ann@example.org", " a@b.cz", "+1 (555) 123-4567"])
    | st.sampled_from(["x" * 51, "🎈" * 26, "\ud800"])
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | DATE_TEXTS | MOMENTS | MOMENTS.map(datetime.date),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
FITTING: Mapping[ColumnType, st.SearchStrategy[Any]] = {
    ColumnType.TEXT: TEXTS | NUMBERS,
    ColumnType.NUMBER: st.integers(-9, 9) | st.integers(-9, 9).map(" {} ".format),
    ColumnType.DECIMAL: NUMBERS | st.decimals(-99, 99, places=3).map(str),
    ColumnType.BOOLEAN: st.sampled_from([True, False, 0, 1, "1", " False", "TRUE"]),
    ColumnType.DATE: DATE_TEXTS | MOMENTS,
    ColumnType.EMAIL: st.emails() | st.sampled_from(["a@b.cz", " A@b.cz "]),
    ColumnType.PHONE: st.sampled_from(["+1 (555) 123-4567", 5551234567, "555.123.4567 "]),
    ColumnType.LOCALE: st.sampled_from(["en", "en_us", "EN-us", "de-DE"]),
    ColumnType.OTHER: JSON,
}


def lengths(kind: ColumnType) -> st.SearchStrategy[dict[str, Any]]:
    if kind is ColumnType.TEXT:
        return st.fixed_dictionaries({"length": st.sampled_from([1, 5, 50, 4000])})
    if kind is ColumnType.DECIMAL:
        sizes = st.sampled_from([(18, 2), (29, 0), (29, 10), (3, 3), (38, 0)])
        return sizes.map(lambda pair: {"length": pair[0], "scale": pair[1]})
    return st.just({})


@st.composite
def tables(draw, kinds=tuple(kind for kind in ColumnType if kind is not ColumnType.OTHER)):
    columns = []
    for index in range(draw(st.integers(2, 5))):
        kind = draw(st.sampled_from(kinds))
        is_key = index == 0 or draw(st.integers(0, 4)) == 0
        column = Column(
            name=f"Col {index}",
            type=kind,
            primary_key=is_key,
            nullable=not is_key,
            **draw(lengths(kind)),
        )
        columns.append(column)
    return Table(id="g", key="t", name="T", columns=tuple(columns))


def written(draw, name):
    return draw(st.sampled_from([name, name.upper(), name.lower()]))


def drawn_row(draw, table):
    """A row that often fits, with names in any case, and now and then something else in it."""
    keys: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for column in table.columns:
        value = draw(FITTING[column.type] if draw(st.integers(0, 9)) else JSON)
        part = keys if column.primary_key else values
        part[written(draw, column.name)] = value
        if draw(st.integers(0, 9)) == 0:
            values[written(draw, column.name)] = value
    if draw(st.integers(0, 19)) == 0:
        draw(st.sampled_from([keys, values]))[draw(st.text(max_size=4))] = draw(JSON)
    return keys, values


def made(keys, values, rules, table) -> Row | None:
    """The row, or None where it is rejected; anything else that is raised fails the test."""
    try:
        return to_row(keys, values, rules, table)
    except wharfinger.PayloadError as error:
        error.message.encode()
        return None


def simulated(table: Table) -> simulator.Table:
    fields = tuple(
        simulator.Field(
            name=column.name,
            type=column.type,
            length=column.length,
            scale=column.scale or 0,
            primary_key=column.primary_key,
        )
        for column in table.columns
    )
    definition = simulator.DataExtension(key="t", fields=fields)
    return simulator.Table(definition, simulator.Switches())


def travelled(row: Row) -> dict[str, Any]:
    """The row as it arrives: through the bytes of a request."""
    arrived: dict[str, Any] = json.loads(to_json({"keys": row.keys, "values": row.values}, {}))
    return arrived


def read_back(column: Column, sent: Any) -> str:
    """What a column reads as, if it holds exactly what was sent."""
    if column.type is not ColumnType.DATE or sent == "":
        return str(sent)
    server = datetime.fromisoformat(sent).astimezone(timezone(timedelta(hours=-6)))
    hour, half = server.hour % 12 or 12, "AM" if server.hour < 12 else "PM"
    return f"{server.month}/{server.day}/{server.year} {hour}:{server:%M:%S} {half}"


@given(st.data(), tables(), RULES)
@EACH
def test_whatever_is_accepted_the_tenant_stores_and_reads_back_as_it_was_sent(data, table, rules):
    keys, values = drawn_row(data.draw, table)
    row = made(keys, values, rules, table)
    event("accepted" if row else "rejected")
    if row is None:
        return
    tenant, arrived = simulated(table), travelled(row)
    assert tenant.wrong_primary_key(arrived["keys"]) is None
    change = tenant.check(arrived["keys"], arrived["values"])
    assert (change.errors, change.opaque) == ((), False)
    tenant.write(change)
    [stored] = tenant.rows()
    for name, sent in {**row.values, **row.keys}.items():
        column = table.find(name)
        assert column is not None
        assert stored[name.lower()] == read_back(column, sent), column


@given(st.data(), st.none() | tables(tuple(ColumnType)), RULES)
@EACH
def test_converting_what_was_converted_changes_nothing(data, table, rules):
    keys, values = drawn_row(data.draw, table or data.draw(tables()))
    before = repr((keys, values))
    row = made(keys, values, rules, table)
    assert repr((keys, values)) == before
    if row is not None:
        clearing = attrs.evolve(rules, empties=Empty.CLEAR)
        assert repr(to_row(row.keys, row.values, clearing, table)) == repr(row)


@given(st.data(), tables(), RULES)
@EACH
def test_every_wrong_value_is_one_problem_and_right_ones_are_none(data, table, rules):
    keys, values = drawn_row(data.draw, table)
    try:
        to_row(keys, values, rules, table)
    except wharfinger.PayloadError as error:
        paths = [problem.path for problem in error.problems]
        assert len(paths) == len(set(paths))
        named = {("keys", name) for name in keys} | {("values", name) for name in values}
        missing = {("keys", column.name) for column in table.primary_keys}
        assert set(paths) <= named | missing
        good = {n: v for n, v in values.items() if ("values", n) not in paths}
        if not any(path[0] == "keys" for path in paths):
            assert made(keys, good, rules, table) is not None


# Pools in which a good deal of what is drawn twice might be one row.
ALIKE = [
    ["a", "A ", "b", " a", "á"],
    [1, "1", "01", 1.0, True, "TRUE", "+1", Decimal(1), "1.00", 2, "0", False, -0.0],
    ["2026-01-05T14:32:00Z", "2026-01-05T14:32:00.9Z", "1/5/2026 8:32:00 AM"],
    ["2026-01-05T14:32:00-00:00", datetime(2026, 1, 5, 14, 32, tzinfo=UTC)],
    ["2026-01-05", "1/5/2026", "2026-01-05 06:00", "2026-01-05T06:00:00.000Z"],
    ["ann@example.org", "Ann@example.org ", "bob@example.org"],
    [5551234567, "5551234567 ", "555-123-4567"],
    ["en_us", "en-US", "EN-US", "de"],
    [["a"], '["a"]', {"a": 1}, '{"a":1}'],
]


@pytest.mark.parametrize("kind", [None, *ColumnType])
@given(data=st.data())
@settings(EACH, max_examples=100)
def test_rows_that_are_or_might_be_the_same_are_loosely_equal(kind, data):
    pool = st.sampled_from(data.draw(st.sampled_from(ALIKE)))
    table = kind and Table(
        id="g",
        key="t",
        name="T",
        columns=(Column(name="Key", type=kind, primary_key=True, nullable=False),),
    )
    pair = [{data.draw(st.sampled_from(["Key", "KEY", "key"])): data.draw(pool)} for _ in range(2)]
    rows = [row for keys in pair if (row := made(keys, {}, ValueRules(), table))]
    if len(rows) < len(pair):
        return
    loose = {loose_identity(keys) for keys in pair}
    for keys, row in zip(pair, rows, strict=True):
        assert loose_identity(row.keys) == loose_identity(keys)
    surely = len({identity(row, table) for row in rows}) == 1
    if surely:
        assert len(loose) == 1
    if table and kind is not ColumnType.OTHER:
        tenant = simulated(table)
        changes = [tenant.check(**travelled(row)) for row in rows]
        same = changes[0].identity == changes[1].identity
        event(f"the tenant takes them for {'one' if same else 'two'}")
        assert same or not surely
        assert len(loose) == 1 or not same


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=3))
@EACH
def test_any_keys_have_a_loose_identity(keys):
    assert loose_identity(keys) == loose_identity(dict(reversed(keys.items())))
    hash(loose_identity(keys))
