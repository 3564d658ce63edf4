"""Columns for a data extension that does not exist yet, from sample rows.

A type is chosen only where every sample has it; in doubt a column becomes Text, which takes
whatever comes later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol

import attrs

from wharfinger_sfmc.values.columns import Column, ColumnType, fold, quoted
from wharfinger_sfmc.values.converters import (
    MAX_DIGITS,
    MAX_TEXT,
    Convert,
    UnfitError,
    as_text,
    converter,
    counted,
    read_decimal,
    text_length,
)
from wharfinger_sfmc.values.dates import is_iso

__all__ = ["InferredColumn", "RowLike", "Seen", "advice", "infer_columns", "widen"]

_LENGTHS: Final = (50, 100, 254, 500, 1000, 2000, MAX_TEXT)
_UNSEEN_LENGTH: Final = 254
_LONGEST_KEY: Final = 254
_ADVISED_COLUMNS: Final = 50
_USUAL_DIGITS: Final = 18
_USUAL_SCALE: Final = 2
_SIZES: Final[Mapping[ColumnType, int]] = {
    ColumnType.EMAIL: 254,
    ColumnType.PHONE: 50,
    ColumnType.LOCALE: 5,
}
_WORDS: Final[Mapping[ColumnType, str]] = {
    ColumnType.TEXT: "texts",
    ColumnType.NUMBER: "whole numbers of 32 bits",
    ColumnType.DECIMAL: "numbers",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.DATE: "dates",
    ColumnType.EMAIL: "e-mail addresses",
    ColumnType.PHONE: "phone numbers",
    ColumnType.LOCALE: "locales",
}
_NAMED: Final[Mapping[ColumnType, frozenset[str]]] = {
    ColumnType.PHONE: frozenset({"phone", "mobile", "telephone", "tel", "cell", "fax", "msisdn"}),
    ColumnType.LOCALE: frozenset({"locale", "language", "lang", "culture"}),
}
_NAME_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TAKES: Final[Mapping[ColumnType, Convert]] = {
    kind: converter(Column(name="", type=kind)) for kind in _WORDS
} | {ColumnType.TEXT: as_text}


class RowLike(Protocol):
    """A sample: what a mapping made of one event, or a converted row."""

    @property
    def keys(self) -> Mapping[str, Any]:
        """Primary key columns and their values."""

    @property
    def values(self) -> Mapping[str, Any]:
        """Other columns and their values."""


@attrs.frozen(kw_only=True)
class Seen:
    """What the samples of one column have in common.

    Attributes:
        samples: Values that were neither null nor an empty text.
        nulls: Samples that were null or an empty text.
        kinds: The types the values were written in.
        fits: The types whose columns would take every value, if they were large enough.
        longest: Characters of the longest value as text, in UTF-16 units.
        whole_digits: Most digits before the point of those that are numbers.
        scale: Most digits after the point of those that are numbers.
    """

    samples: int = 0
    nulls: int = 0
    kinds: frozenset[ColumnType] = frozenset()
    fits: frozenset[ColumnType] = frozenset(_WORDS)
    longest: int = 0
    whole_digits: int = 0
    scale: int = 0


@attrs.frozen(kw_only=True)
class InferredColumn:
    """A column to create.

    Attributes:
        column: The column.
        why: The reason for its type, for people.
        seen: What the samples were like.
    """

    column: Column
    why: str
    seen: Seen


def infer_columns(
    rows: Iterable[RowLike], keys: Sequence[str], values: Sequence[str] = ()
) -> tuple[InferredColumn, ...]:
    """Choose a column for each name that is mapped or occurs in the samples.

    Args:
        rows: Samples, as mapped.
        keys: Names mapped to primary key columns, in order.
        values: Names mapped to other columns, in order. Names that only the samples know follow.

    Returns:
        One column per name; names that differ only in case are one, in the first spelling.
    """
    samples = list(rows)
    key_names = _names([keys, *(row.keys for row in samples)])
    other_names = _names([values, *(row.values for row in samples)])
    names = key_names | {f: name for f, name in other_names.items() if f not in key_names}
    found: dict[str, list[Any]] = {folded: [] for folded in names}
    for row in samples:
        for name, value in row.keys.items():
            found[fold(name)].append(value)
        for name, value in row.values.items():
            if fold(name) not in key_names:  # a primary key may be repeated
                found[fold(name)].append(value)
    return tuple(
        _infer(name, _seen(found[folded]), primary_key=folded in key_names)
        for folded, name in names.items()
    )


def advice(columns: Sequence[InferredColumn]) -> tuple[str, ...]:
    """Return in words what is possible, but not advised."""
    remarks = []
    if len(columns) > _ADVISED_COLUMNS:
        remarks.append(
            f"{len(columns)} columns: SFMC advises at most {_ADVISED_COLUMNS} per call. Map fewer "
            "of them, or expect slower requests."
        )
    for each in columns:
        column = each.column
        if column.primary_key and (column.length or 0) > _LONGEST_KEY:
            remarks.append(
                f"{quoted(column.name)} is a primary key of {column.length:,} characters. Use a "
                f"shorter one, of {_LONGEST_KEY} at most."
            )
        if each.seen.longest > MAX_TEXT and column.type is ColumnType.TEXT:
            remarks.append(
                f"{quoted(column.name)} has values of up to {each.seen.longest:,} characters, and "
                f"no column holds more than {MAX_TEXT:,}: they will be rejected."
            )
    return tuple(remarks)


def widen(existing: Column, inferred: InferredColumn) -> str | None:
    """Say why a column that exists cannot take all samples as they are; None where it can."""
    seen, kind = inferred.seen, existing.type
    if not seen.samples or kind is ColumnType.OTHER:
        return None
    name = f"{quoted(existing.name)} is {existing}"
    if kind not in seen.fits:
        return f"{name}, but of {_values(seen)}, not all are {_WORDS[kind]}."
    if kind is ColumnType.DECIMAL:
        return _too_few_digits(existing, seen, name)
    sized = kind in _SIZES or kind is ColumnType.TEXT
    if sized and existing.length is not None and seen.longest > existing.length:
        return f"{name}, but the longest of {_values(seen)} has {seen.longest:,} characters."
    return None


def _too_few_digits(existing: Column, seen: Seen, name: str) -> str | None:
    room = (existing.length or MAX_DIGITS) - (existing.scale or 0)
    if seen.whole_digits > room:
        return f"{name}, but there are values with {seen.whole_digits} digits before the point."
    if existing.scale is not None and seen.scale > existing.scale:
        return f"{name}, but there are values with {seen.scale} digits after the point."
    return None


def _names(parts: Iterable[Iterable[str]]) -> dict[str, str]:
    """The first spelling of every name, by its folded form."""
    names: dict[str, str] = {}
    for part in parts:
        for name in part:
            names.setdefault(fold(name), name)
    return names


def _seen(values: Sequence[Any]) -> Seen:
    present = [value for value in values if value is not None and value != ""]
    fits = frozenset(kind for kind, takes in _TAKES.items() if _takes_all(takes, present))
    numbers = [n for value in present if (n := read_decimal(value)) is not None]
    return Seen(
        samples=len(present),
        nulls=len(values) - len(present),
        kinds=frozenset(map(_kind, present)),
        fits=fits,
        longest=max(map(_length, present), default=0),
        whole_digits=max((_digits(n)[0] for n in numbers), default=0),
        scale=max((_digits(n)[1] for n in numbers), default=0),
    )


def _digits(number: Decimal) -> tuple[int, int]:
    """Digits before and after the point, without zeros at either end."""
    whole, _, fraction = format(number.copy_abs(), "f").partition(".")
    return len(whole.lstrip("0")), len(fraction.rstrip("0"))


def _takes_all(takes: Convert, values: Iterable[Any]) -> bool:
    try:
        for value in values:
            takes(value)
    except UnfitError:
        return False
    return True


def _kind(value: Any) -> ColumnType:
    """The type a value is written in, without reading more into a text than is there."""
    if isinstance(value, bool):
        return ColumnType.BOOLEAN
    if isinstance(value, int) and _takes_all(_TAKES[ColumnType.NUMBER], [value]):
        return ColumnType.NUMBER
    if isinstance(value, (int, float, Decimal)):
        return ColumnType.DECIMAL
    if isinstance(value, date) or (isinstance(value, str) and is_iso(value)):
        return ColumnType.DATE
    is_email = _takes_all(_TAKES[ColumnType.EMAIL], [value])
    return ColumnType.EMAIL if is_email else ColumnType.TEXT


def _length(value: Any) -> int:
    try:
        return text_length(as_text(value))
    except UnfitError:  # it will be rejected, whatever the column
        return 0


def _infer(name: str, seen: Seen, *, primary_key: bool) -> InferredColumn:
    kind, why = _choice(name, seen, primary_key=primary_key)
    length, scale = _size(kind, seen)
    column = Column(
        name=name,
        type=kind,
        length=length,
        scale=scale,
        primary_key=primary_key,
        nullable=not primary_key,
    )
    return InferredColumn(column=column, why=f"{column}: {why}", seen=seen)


def _choice(name: str, seen: Seen, *, primary_key: bool) -> tuple[ColumnType, str]:
    if not seen.samples:
        return ColumnType.TEXT, "no sample has a value, so nothing is known of it"
    kind = _named_type(name, seen) or _common_type(seen)
    if kind is ColumnType.TEXT:
        return kind, f"longest of {_values(seen)} has {counted(seen.longest, 'character')}"
    all_are = f"of {_values(seen)}, all are"
    if kind is ColumnType.DATE and primary_key:
        reason = "but SFMC rounds dates, so a date makes no good primary key"
        return ColumnType.TEXT, f"{all_are} {_WORDS[kind]}, {reason}"
    return kind, f"{all_are} {_WORDS[kind]}"


def _named_type(name: str, seen: Seen) -> ColumnType | None:
    words = {word.lower() for word in _NAME_WORDS.findall(name)}
    for kind, names in _NAMED.items():
        if kind in seen.fits and words & names:
            return kind
    return None


def _common_type(seen: Seen) -> ColumnType:
    kinds = seen.kinds
    if kinds <= {ColumnType.NUMBER, ColumnType.DECIMAL}:
        kind = ColumnType.NUMBER if len(kinds) == 1 and ColumnType.NUMBER in kinds else None
        kind = kind or ColumnType.DECIMAL
        fitting = max(_USUAL_SCALE, seen.scale) + seen.whole_digits <= MAX_DIGITS
        return kind if kind in seen.fits and fitting else ColumnType.TEXT
    [kind, *others] = kinds
    return kind if not others and kind in seen.fits else ColumnType.TEXT


def _size(kind: ColumnType, seen: Seen) -> tuple[int | None, int | None]:
    """Length and scale of a new column."""
    if kind is ColumnType.DECIMAL:
        scale = max(_USUAL_SCALE, seen.scale)
        whole_digits = max(_USUAL_DIGITS - _USUAL_SCALE, seen.whole_digits)
        return min(whole_digits + scale, MAX_DIGITS), scale
    if kind is not ColumnType.TEXT:
        return _SIZES.get(kind), None
    if not seen.samples:
        return _UNSEEN_LENGTH, None
    roomy = (length for length in _LENGTHS if 2 * length >= 3 * seen.longest)
    return next(roomy, MAX_TEXT), None


def _values(seen: Seen) -> str:
    return counted(seen.samples, "value")
