"""Two questions about two rows: surely the same, or possibly."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from wharfinger_sfmc.values.columns import Column, Table
from wharfinger_sfmc.values.conversion import Row
from wharfinger_sfmc.values.identity import identity, loose_identity

LAST = datetime.max.replace(tzinfo=timezone(timedelta(hours=-6)))  # has no name in UTC
HUGE = 10**5000  # more digits than Python writes
TABLE = Table(id="g", key="k", name="n", columns=(Column(name="Id", primary_key=True),))


def test_rows_are_surely_the_same_only_with_equal_keys():
    def known(value):
        return identity(Row({"Id": value}, {}), TABLE)

    def unknown(value):
        return identity(Row({"Id": value}, {}), None)

    for of in (known, unknown):
        assert of("a") == of("a")
        assert len({of(value) for value in ("a", "A", "a ", "1", 1, 1.0, True)}) == 7
    assert identity(Row({"a": 1, "b": 2}, {}), None) == identity(Row({"b": 2, "a": 1}, {}), None)
    assert identity(Row({"a": 1, "b": 2}, {}), None) != identity(Row({"a": 2, "b": 1}, {}), None)


@pytest.mark.parametrize(
    "values",
    [
        ["a@x", "A@X ", " a@x", "Á@x", "a\u200b@x"],
        [7, "7", "07", 7.0, " +7.00 ", Decimal(7), "7e0"],
        [True, "TRUE", 1, "1", "1.0"],
        [False, "false", 0, "0", -0.0],
        [
            "2026-01-05T14:32:00Z",
            "2026-01-05T14:32:00.400Z",
            "2026-01-05 15:32:00+01:00",
            "1/5/2026 8:32:00 AM",
            "1/5/2026\t8:32:00 am",
            datetime(2026, 1, 5, 14, 32, tzinfo=UTC),
        ],
        [date(2026, 1, 5), "2026-01-05", "1/5/2026", "2026-01-05T06:00:00Z"],
        ["en_us", "en-US"],
        [["a"], '["a"]'],
        [1e-7, "0.0000001"],
        ["straße", "STRASSE"],
    ],
)
def test_keys_that_might_be_one_row_are_loosely_equal(values):
    assert len({loose_identity({"Key": value}) for value in values}) == 1
    assert loose_identity({"KEY": values[0]}) == loose_identity({"key": values[0]})


def test_keys_that_cannot_be_one_row_are_loosely_different():
    values = ["a", "b", "7", "70", "-7", "7.5", "true", "0", "2026-01-05", "2026-01-06", None]
    assert len({loose_identity({"Key": value}) for value in values}) == len(values)
    assert loose_identity({"a": 1}) != loose_identity({"b": 1})
    assert loose_identity({"a": 1, "b": 2}) != loose_identity({"a": 2, "b": 1})


def test_the_loose_identity_of_anything_can_be_had():
    circle: list[object] = []
    circle.append(circle)
    for value in (circle, object(), math.nan, HUGE, "\ud800", "9" * 9999, LAST, b"x"):
        assert loose_identity({"Key": value}) == loose_identity({"key": value})
