"""How much travels in one request, and what that is learnt from."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import wharfinger
from wharfinger_sfmc.api.replies import Reply
from wharfinger_sfmc.rows.sizes import BatchSizes, Size


def size(rows: int = 50, most_bytes: int = 5_000_000) -> Size:
    return Size(most_rows=rows, most_bytes=most_bytes)


async def watch(sizes: Size, rows: int, status: int = 200, row_bytes: int = 10) -> None:
    async def request() -> Reply:
        return Reply(status=status)

    await sizes.watch(request(), [b"x" * row_bytes] * rows)


def parts(sizes: Size, rows: list[bytes]) -> list[list[bytes]]:
    found, start = [], 0
    while start < len(rows):
        end = start + sizes.fitting(rows, start)
        found.append(rows[start:end])
        start = end
    return found


row_lists = st.lists(st.integers(1, 30).map(lambda length: b"x" * length), max_size=60)


@settings(deadline=None)
@given(row_lists, st.integers(1, 20), st.integers(1, 100))
def test_parts_hold_every_row_in_order_and_never_too_much(rows, most_rows, most_bytes):
    found = parts(size(most_rows, most_bytes), rows)

    assert [row for part in found for row in part] == rows
    for part in found:
        assert len(part) <= most_rows
        assert len(b",".join(part)) <= most_bytes or len(part) == 1


@settings(deadline=None)
@given(row_lists, st.integers(1, 20), st.integers(1, 100))
def test_no_part_ends_before_it_must(rows, most_rows, most_bytes):
    found = parts(size(most_rows, most_bytes), rows)

    for part, after in pairwise(found):
        grown = [*part, after[0]]
        assert len(grown) > most_rows or len(b",".join(grown)) > most_bytes


@pytest.mark.parametrize("status", [408, 413, 504])
async def test_a_request_that_was_too_much_halves_the_next(status):
    sizes = size()

    await watch(sizes, 50, status)
    await watch(sizes, 25, status)

    assert sizes.rows == 12


async def test_a_request_that_got_no_answer_in_time_halves_the_next():
    sizes = size()

    async def request() -> Reply:
        raise wharfinger.RetryError("too slow", code="timed-out")

    with pytest.raises(wharfinger.RetryError):
        await sizes.watch(request(), [b"x"] * 20)

    assert sizes.rows == 10


@pytest.mark.parametrize("code", ["connection-lost", "unreachable", "reply-too-large"])
async def test_other_trouble_says_nothing_about_the_size(code):
    sizes = size()

    async def request() -> Reply:
        raise wharfinger.RetryError("no", code=code)

    with pytest.raises(wharfinger.RetryError):
        await sizes.watch(request(), [b"x"] * 20)

    assert (sizes.rows, sizes.request_bytes) == (50, 5_000_000)


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 502, 503])
async def test_other_replies_say_nothing_about_the_size(status):
    sizes = size()

    await watch(sizes, 50, status)

    assert (sizes.rows, sizes.request_bytes) == (50, 5_000_000)


async def test_so_many_bytes_are_not_sent_again_even_in_fewer_rows():
    sizes = size()

    await watch(sizes, 50, 413, row_bytes=1_000)

    assert sizes.fitting([b"x" * 30_000] * 2) == 1


async def test_one_row_that_is_too_large_says_nothing_about_the_others():
    sizes = size()

    await watch(sizes, 1, 413, row_bytes=4_000_000)

    assert (sizes.rows, sizes.request_bytes) == (50, 5_000_000)


async def test_a_row_smaller_than_what_was_taken_is_not_too_large_by_itself():
    sizes = size()
    await watch(sizes, 3, 400, row_bytes=100)

    with pytest.raises(wharfinger.RetryError):
        await watch(sizes, 1, 413, row_bytes=300)
    await watch(sizes, 1, 413, row_bytes=303)  # which is the row's own fault


async def test_ten_full_requests_that_went_well_double_the_size_up_to_the_first():
    sizes = size(rows=30)
    await watch(sizes, 30, 413)

    seen = []
    for _ in range(20):
        await watch(sizes, sizes.rows)
        seen.append(sizes.rows)

    assert seen == [15] * 9 + [30] * 11
    assert sizes.request_bytes == 4 * 328, "a byte less than was refused, doubled twice"


async def test_small_requests_that_went_well_prove_nothing():
    sizes = size()
    await watch(sizes, 50, 504)

    for _ in range(100):
        await watch(sizes, 3)

    assert sizes.rows == 25


async def test_trouble_starts_the_count_again():
    sizes = size()
    await watch(sizes, 50, 504)
    for _ in range(9):
        await watch(sizes, 25)
    await watch(sizes, 25, 504)
    for _ in range(9):
        await watch(sizes, 12)

    assert sizes.rows == 12


async def test_a_size_is_remembered_per_kind_of_request():
    known = BatchSizes()
    one = known.of("one", most_rows=50, most_bytes=100)
    await watch(one, 50, 504)

    assert known.of("one", most_rows=50, most_bytes=100) is one
    assert known.of("other", most_rows=50, most_bytes=100).rows == 50


def test_memory_does_not_grow_with_what_events_name():
    known = BatchSizes()
    for number in range(3_000):
        known.of(number, most_rows=50, most_bytes=100)

    assert len(known._known) == 1_000
    assert known.of(2_999, most_rows=7, most_bytes=7).most_rows == 50
