"""Which rows become one, which wait for others, and what becomes of them, against a paper table."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import wharfinger
from wharfinger_sfmc.rows.planning import HELD_BACK, carry_out, held_back, merged, plan
from wharfinger_sfmc.rows.sizes import Size
from wharfinger_sfmc.values.columns import Column, ColumnType, Table
from wharfinger_sfmc.values.conversion import Row, ValueRules, to_row
from wharfinger_sfmc.values.identity import identity, loose_identity

Status = wharfinger.Status
TABLE = Table(
    id="1",
    key="orders",
    name="Orders",
    columns=(
        Column(name="Id", primary_key=True),
        Column(name="A"),
        Column(name="B"),
        Column(name="N", type=ColumnType.NUMBER),
    ),
)
DELIVERED = wharfinger.Outcome.delivered(http_status=200)


def row(name: str, table: Table | None = None, **values: Any) -> Row:
    return to_row({"Id": name}, values or {"A": "-"}, ValueRules(), table)


def planned(*rows: Row, table: Table | None = None) -> list[list[tuple[Row, list[int]]]]:
    waves = plan(enumerate(rows), table)
    return [[(each.row, each.sources) for each in wave] for wave in waves]


class PaperTable:
    """A data extension that refuses values it does not like, as SFMC does: all after the first.

    It stands in for both ways: `store` of planned rows, and `send` of versions of one row.
    """

    def __init__(self, *, most_rows: int = 50, most_bytes: int = 10_000) -> None:
        self.size = Size(most_rows=most_rows, most_bytes=most_bytes)
        self.doubts: set[bytes] = set()
        self.stored: dict[str, dict[str, Any]] = {}
        self.requests: list[list[dict[str, Any]]] = []
        self.fails: dict[int, wharfinger.DeliveryError] = {}

    def encode(self, row: Row) -> bytes:
        return json.dumps({"keys": row.keys, "values": row.values}).encode()

    async def send(self, rows: Sequence[bytes]) -> wharfinger.RejectedError | None:
        decoded = [json.loads(row) for row in rows]
        self.requests.append(decoded)
        if error := self.fails.get(len(self.requests)):
            raise error
        for each in decoded:
            if "bad" in each["values"].values():
                return wharfinger.RejectedError("bad", code="row-refused", vendor_message="bad")
            self.stored.setdefault(each["keys"]["Id"].lower(), {}).update(each["values"])
        return None

    async def store(self, rows: Sequence[bytes]) -> list[wharfinger.Outcome]:
        try:
            refusals = [await self.send([row]) for row in rows]
        except wharfinger.DeliveryError as error:
            return [wharfinger.Outcome.of(error)] * len(rows)
        return self.outcomes(refusals)

    def outcomes(self, verdicts: Sequence[Any]) -> list[wharfinger.Outcome]:
        return [wharfinger.Outcome.of(v) if v else DELIVERED for v in verdicts]


def carry(rows: Sequence[Row], table: PaperTable) -> list[wharfinger.Outcome]:
    async def run() -> dict[int, wharfinger.Outcome]:
        return await carry_out(plan(enumerate(rows), None), table, table)  # type: ignore[arg-type]  # a paper table is both ways

    outcomes = asyncio.run(run())
    return [outcomes[index] for index in range(len(rows))]


def test_rows_of_different_keys_are_one_wave():
    (wave,) = planned(row("a"), row("b"), row("c"))

    assert [sources for _, sources in wave] == [[0], [1], [2]]


def test_rows_of_one_key_become_one_row_whose_last_values_win():
    ((found,),) = planned(row("a", A="1", B="1"), row("a", B="2"), row("a", A="3"))

    assert found == (Row({"Id": "a"}, {"A": "3", "B": "2"}), [0, 1, 2])


def test_a_row_of_nothing_but_its_key_changes_nothing_of_the_others():
    empty = to_row({"Id": "a"}, {"A": None}, ValueRules(), TABLE)

    ((found,),) = planned(row("a", TABLE, A="1"), empty, table=TABLE)

    assert found[0].values["A"] == "1"


@pytest.mark.parametrize("other", ["A", "a ", "á", "a\u200b"])
def test_rows_that_might_be_one_never_travel_together(other):
    waves = planned(row("a", A="1"), row(other, A="2"), row("b"), row("a", A="3"))

    assert [[sources for _, sources in wave] for wave in waves] == [[[0], [2]], [[1]], [[3]]]


def test_names_in_two_spellings_are_one_column_where_columns_are_not_known():
    versions = [row("a", email="1", B="1"), row("a", Email="2"), row("a", EMAIL="3", B="2")]

    assert merged(versions).values == {"EMAIL": "3", "B": "2"}


rows = st.lists(
    st.builds(
        lambda name, values: to_row({"Id": name}, values, ValueRules(), None),
        st.sampled_from(["a", "A", "a ", "b", "B", "c", "7", "07"]),
        st.dictionaries(
            st.sampled_from(["A", "B", "C"]), st.sampled_from(["1", "2", "3"]), min_size=1
        ),
    ),
    max_size=25,
)


@settings(deadline=None)
@given(rows)
def test_every_event_is_in_exactly_one_row_of_its_own_key(drawn):
    waves = plan(enumerate(drawn), None)

    sources = [source for wave in waves for each in wave for source in each.sources]
    assert sorted(sources) == list(range(len(drawn)))
    for wave in waves:
        assert len({loose_identity(each.row.keys) for each in wave}) == len(wave)
        for each in wave:
            of_sources = {identity(drawn[source], None) for source in each.sources}
            assert of_sources == {identity(each.row, None)}


@settings(deadline=None)
@given(rows, st.integers(1, 5))
def test_what_is_stored_is_what_serial_storing_would_leave(drawn, most_rows):
    table, serial = PaperTable(most_rows=most_rows), PaperTable()

    outcomes = carry(drawn, table)

    for each in drawn:
        asyncio.run(serial.send([serial.encode(each)]))
    assert {outcome.status for outcome in outcomes} <= {Status.DELIVERED}
    assert table.stored == serial.stored


@settings(deadline=None)
@given(rows, st.sets(st.integers(0, 24), max_size=6))
def test_a_bad_version_of_a_row_is_rejected_and_what_it_hides_is_stored(drawn, places):
    drawn = [
        Row(each.keys, {**each.values, f"Own {place}": "bad"}) if place in places else each
        for place, each in enumerate(drawn)
    ]
    table, serial = PaperTable(), PaperTable()

    outcomes = carry(drawn, table)

    for each in drawn:
        asyncio.run(serial.send([serial.encode(each)]))
    assert {n for n, o in enumerate(outcomes) if o.status is Status.REJECTED} == {
        place for place in places if place < len(drawn)
    }
    assert table.stored == serial.stored


def test_a_bad_value_that_a_later_event_mends_costs_nobody_anything():
    table = PaperTable()

    outcomes = carry([row("a", A="bad"), row("a", A="good")], table)

    assert [outcome.status for outcome in outcomes] == [Status.DELIVERED] * 2
    assert len(table.requests) == 1


def test_a_row_that_is_too_large_is_rejected_without_a_request():
    table = PaperTable(most_bytes=200)

    outcomes = carry([row("a"), row("b", A="x" * 300), row("c")], table)

    assert [outcome.code for outcome in outcomes] == ["delivered", "too-large", "delivered"]
    assert sorted(table.stored) == ["a", "c"]
    assert "200" in outcomes[1].message


def test_versions_that_are_too_large_only_together_are_stored_one_after_the_other():
    table = PaperTable(most_bytes=200)

    outcomes = carry([row("a", A="x" * 130), row("a", B="y" * 130)], table)

    assert [outcome.status for outcome in outcomes] == [Status.DELIVERED] * 2
    assert table.stored["a"] == {"A": "x" * 130, "B": "y" * 130}


def test_nothing_is_sent_after_a_row_that_is_not_settled():
    table = PaperTable(most_rows=1)
    table.fails[2] = wharfinger.ThrottledError("slow", code="rate-limited", retry_after_s=7.0)

    outcomes = carry([row("a"), row("b"), row("c"), row("A")], table)

    assert [outcome.code for outcome in outcomes] == [
        "delivered",
        "rate-limited",
        HELD_BACK,
        HELD_BACK,
    ]
    assert {outcome.retry_after_s for outcome in outcomes[1:]} == {7.0}
    assert len(table.requests) == 2


def test_what_halts_halts_what_comes_after_it():
    table = PaperTable(most_rows=1)
    table.fails[1] = wharfinger.HaltedError("gone", code="data-extension-not-found")

    outcomes = carry([row("a"), row("b")], table)

    assert outcomes[0] == outcomes[1]
    assert outcomes[1].status is Status.HALTED


def test_versions_are_not_told_apart_while_something_is_not_settled():
    table = PaperTable()
    refused = wharfinger.Outcome.of(wharfinger.RejectedError("bad", code="row-refused"))
    lost = wharfinger.Outcome.of(wharfinger.RetryError("lost", code="deadlocked"))

    async def store(rows: Sequence[bytes]) -> list[wharfinger.Outcome]:
        return [refused, lost][: len(rows)]

    table.store = store  # type: ignore[method-assign]  # says what an asynchronous job may say

    outcomes = carry([row("a", A="1"), row("b"), row("a", A="bad")], table)

    assert [outcome.code for outcome in outcomes] == [HELD_BACK, "deadlocked", HELD_BACK]
    assert table.requests == []


def test_a_way_that_takes_fewer_rows_is_asked_again_for_the_others():
    table = PaperTable()
    whole = table.store

    async def store(rows: Sequence[bytes]) -> list[wharfinger.Outcome]:
        return await whole(rows[:2])

    table.store = store  # type: ignore[method-assign]  # as a job does that was too large

    outcomes = carry([row(name) for name in "abcde"], table)

    assert [outcome.status for outcome in outcomes] == [Status.DELIVERED] * 5


def test_an_unknown_outcome_holds_back_as_retry_because_nothing_was_sent():
    unknown = wharfinger.Outcome.of(wharfinger.UnknownError("?", code="job-unfinished"))

    held = held_back([DELIVERED, unknown])

    assert held is not None
    assert (held.status, held.code) == (Status.RETRY, HELD_BACK)
    assert held_back([DELIVERED]) is None
