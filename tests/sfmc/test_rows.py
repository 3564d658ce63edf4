"""Finding bad rows, against a model of the prefix-commit rule."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection, Sequence

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import wharfinger
from wharfinger_sfmc.rows.rowsets import upsert

Status = wharfinger.Status


class Table:
    """A data extension: stores the rows before the first bad one, and from there on nothing.

    Its refusal speaks of every bad row of the request at once, in no order one could rely on, as
    SFMC's does.
    """

    def __init__(
        self,
        bad: Collection[bytes] = (),
        *,
        fails_at: int | None = None,
    ) -> None:
        self.bad = bad
        self.fails_at = fails_at
        self.stored: list[bytes] = []
        self.calls = 0

    async def send(self, rows: Sequence[bytes]) -> wharfinger.RejectedError | None:
        assert rows, "an empty request was sent"
        self.calls += 1
        if self.calls == self.fails_at:
            raise wharfinger.ThrottledError("slow down", code="rate-limited", retry_after_s=7.0)
        bad = [row for row in rows if row in self.bad]
        stop = rows.index(bad[0]) if bad else len(rows)
        self.stored += [row for row in rows[:stop] if row not in self.stored]
        if not bad:
            return None
        words = "; ".join(sorted(f"{row.decode()} is bad" for row in bad))
        return wharfinger.RejectedError(words, code="row-refused", vendor_message=words)


def rows_of(count: int) -> list[bytes]:
    return [b"row-%d" % number for number in range(count)]


def upsert_all(rows: Sequence[bytes], table: Table) -> list[wharfinger.Outcome]:
    verdicts = asyncio.run(upsert(rows, table.send))
    return [
        wharfinger.Outcome.of(verdict) if verdict else wharfinger.Outcome.delivered()
        for verdict in verdicts
    ]


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[bytes], set[bytes]]:
    rows = rows_of(draw(st.integers(1, 60)))
    density = draw(st.sampled_from([1, 2, 10, 60]))
    return rows, {row for row in rows if draw(st.integers(0, density)) == 0}


@settings(deadline=None)
@given(batches())
def test_verdicts_are_what_the_table_holds(batch):
    rows, bad = batch
    table = Table(bad)

    outcomes = upsert_all(rows, table)

    assert [row for row in rows if row not in bad] == table.stored
    for row, outcome in zip(rows, outcomes, strict=True):
        assert (outcome.status is Status.DELIVERED) == (row in table.stored)
        assert (outcome.status is Status.REJECTED) == (row in bad)


@settings(deadline=None)
@given(batches())
def test_a_bad_row_gets_the_words_about_itself_and_no_others(batch):
    rows, bad = batch

    outcomes = upsert_all(rows, Table(bad))

    for row, outcome in zip(rows, outcomes, strict=True):
        expected = f"{row.decode()} is bad" if row in bad else ""
        assert outcome.vendor_message == expected


@settings(deadline=None)
@given(batches())
def test_requests_grow_with_k_log_n(batch):
    rows, bad = batch
    table = Table(bad)

    upsert_all(rows, table)

    assert table.calls <= 1 + 2 * len(bad) * (1 + math.log2(len(rows)))


@pytest.mark.parametrize("place", range(50))
def test_one_bad_row_among_fifty_costs_at_most_eight_requests(place):
    rows = rows_of(50)
    table = Table([rows[place]])

    upsert_all(rows, table)

    assert table.calls <= 8


def test_fifty_good_rows_cost_one_request():
    table = Table()

    upsert_all(rows_of(50), table)

    assert table.calls == 1


def test_fifty_bad_rows_cost_little_more_than_one_request_each():
    rows = rows_of(50)
    table = Table(rows)

    upsert_all(rows, table)

    assert table.calls <= 65


@pytest.mark.parametrize("refused_call", range(1, 9))
def test_a_refusal_that_names_no_column_counts_only_for_a_row_that_was_alone(refused_call):
    class Whimsical(Table):
        async def send(self, rows):
            if self.calls + 1 == refused_call and len(rows) > 1:
                self.calls += 1
                return wharfinger.RejectedError("no", code="row-refused-unexplained")
            return await super().send(rows)

    rows = rows_of(20)
    table = Whimsical([rows[13]])

    outcomes = upsert_all(rows, table)

    assert [outcome.status is Status.REJECTED for outcome in outcomes].count(True) == 1
    assert outcomes[13].vendor_message == "row-13 is bad"
    assert len(table.stored) == 19


@settings(deadline=None)
@given(batches())
def test_unexplained_refusals_lead_to_the_same_verdicts(batch):
    class Silent(Table):
        async def send(self, rows):
            refusal = await super().send(rows)
            return refusal and wharfinger.RejectedError("no", code="row-refused-unexplained")

    rows, bad = batch
    table = Silent(bad)

    outcomes = upsert_all(rows, table)

    assert {
        row for row, o in zip(rows, outcomes, strict=True) if o.status is Status.REJECTED
    } == bad
    assert table.calls <= 1 + 2 * len(bad) * (1 + math.log2(len(rows)))


def test_no_rows_cost_no_request():
    table = Table()

    assert upsert_all([], table) == []
    assert table.calls == 0


@settings(deadline=None)
@given(batches(), st.integers(1, 80))
def test_a_failure_on_the_way_leaves_decided_rows_decided(batch, fails_at):
    rows, bad = batch
    table = Table(bad, fails_at=fails_at)

    outcomes = upsert_all(rows, table)

    undecided = [outcome.status is Status.RETRY for outcome in outcomes]
    assert undecided == sorted(undecided)
    for row, outcome in zip(rows, outcomes, strict=True):
        if outcome.status is Status.RETRY:
            assert outcome.retry_after_s == 7.0
        else:
            assert (outcome.status is Status.DELIVERED) == (row in table.stored)
            assert (outcome.status is Status.REJECTED) == (row in bad)


def test_a_failure_before_anything_is_decided_holds_for_every_row():
    outcomes = upsert_all(rows_of(5), Table(fails_at=1))

    assert {(outcome.status, outcome.retry_after_s) for outcome in outcomes} == {("retry", 7.0)}


@settings(deadline=None)
@given(batches())
def test_rows_that_are_known_to_be_refused_together_are_not_sent_together_again(batch):
    rows, bad = batch
    first, again = Table(bad), Table(bad)

    async def run() -> None:
        refusal = await again.send(rows)
        again.calls -= 1
        usual = await upsert(rows, first.send)
        spared = await upsert(rows, again.send, refusal)
        assert list(map(str, usual)) == list(map(str, spared))

    asyncio.run(run())

    assert again.calls == first.calls - (1 if bad else 0)
