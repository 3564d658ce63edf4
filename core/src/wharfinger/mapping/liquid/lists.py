"""Filters that take a list or give one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wharfinger.mapping.liquid.values import (
    as_list,
    equal,
    is_list,
    is_nothing,
    is_true,
    number,
    read,
    script_text,
    size_of,
    text,
)
from wharfinger.mapping.liquid.work import Work
from wharfinger.model.unset import UNSET

__all__ = [
    "compact",
    "first",
    "join",
    "last",
    "pop",
    "push",
    "shift",
    "size",
    "slice_",
    "split",
    "sum_",
    "unshift",
    "where",
]


def _items(work: Work, value: Any) -> list[Any]:
    items = as_list(value)
    work.use(len(items))
    return list(items)


def size(_: Work, value: Any) -> int:
    """Count the characters of a text or the items of a list."""
    return size_of(value)


def first(_: Work, value: Any) -> Any:
    """Give the first item or character."""
    return _at(value, 0)


def last(_: Work, value: Any) -> Any:
    """Give the last item or character."""
    return _at(value, -1)


def _at(value: Any, index: int) -> Any:
    if size_of(value):
        return value[index]
    return UNSET if is_list(value) else ""


def join(work: Work, value: Any, separator: Any = UNSET) -> str:
    """Write the items of a list with a separator between, a space if none is given."""
    between = " " if is_nothing(separator) else text(separator, work)
    items = _items(work, value)
    work.use(len(items) * len(between))
    return between.join(
        ["" if is_nothing(item) else script_text(item, work) for item in items],
    )


def split(work: Work, value: Any, separator: Any = UNSET) -> list[str]:
    """Split a text; empty texts at the end are left out."""
    whole, between = text(value, work), text(separator, work)
    parts = whole.split(between) if between else list(whole)
    while parts and not parts[-1]:
        parts.pop()
    work.use(len(parts))
    return parts


def compact(work: Work, value: Any) -> list[Any]:
    """Leave null out of a list."""
    return [item for item in _items(work, value) if not is_nothing(item)]


def push(work: Work, value: Any, item: Any = UNSET) -> list[Any]:
    """Put an item at the end of a list."""
    return [*_items(work, value), item]


def unshift(work: Work, value: Any, item: Any = UNSET) -> list[Any]:
    """Put an item at the start of a list."""
    return [item, *_items(work, value)]


def pop(work: Work, value: Any) -> list[Any]:
    """Leave the last item out."""
    return _items(work, value)[:-1]


def shift(work: Work, value: Any) -> list[Any]:
    """Leave the first item out."""
    return _items(work, value)[1:]


def slice_(work: Work, value: Any, begin: Any, length: Any = 1) -> Any:
    """Give so many items or characters from a place on; a negative place counts from the end."""
    if is_nothing(value):
        return []
    whole = value if is_list(value) else text(value, work)
    start, count = number(begin, work), number(1 if length is UNSET else length, work)
    if start < 0:
        start += len(whole)
    from_, to = _bound(start, len(whole)), _bound(start + count, len(whole))
    work.use(max(0, to - from_))
    return whole[from_:to]


def _bound(index: float, length: int) -> int:
    if index != index:  # noqa: PLR0124  # true of NaN alone
        return 0
    index = int(max(-length, min(length, index)))
    return index + length if index < 0 else index


def sum_(work: Work, value: Any, key: Any = UNSET) -> float:
    """Add up the items of a list, or what each has under a path; what is no number adds nothing."""
    total: float = 0
    reads = _reader(work, key) if is_true(key) and key != "" else None
    for item in _items(work, value):
        found = number(reads(item) if reads else item, work)
        total += 0 if found != found else found  # noqa: PLR0124  # true of NaN alone
    return total


def where(work: Work, value: Any, key: Any, wanted: Any = UNSET) -> list[Any]:
    """Keep the items that have a value under a path; without a value, those that have any."""
    reads = _reader(work, key)
    return [
        item
        for item in _items(work, value)
        if (is_true(reads(item)) if wanted is UNSET else equal(reads(item), wanted, work))
    ]


def _reader(work: Work, key: Any) -> Callable[[Any], Any]:
    keys: Sequence[str] = text(key, work).split(".")

    def reads(item: Any) -> Any:
        work.use(len(keys))
        for each in keys:
            item = read(item, each)
        return item

    return reads
