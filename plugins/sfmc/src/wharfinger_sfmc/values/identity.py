"""When two rows are the same row: surely, and possibly.

How SFMC compares primary keys is not known in all its parts: text is thought to collide without
regard to case and to blanks at the end, and a column's type decides whether 7 and "07" are one.
So there are two questions. Rows may be merged where they are surely the same; their order must be
kept wherever they might be.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any, Final

from wharfinger_sfmc.values.columns import Table
from wharfinger_sfmc.values.conversion import Row
from wharfinger_sfmc.values.converters import UnfitError, as_text
from wharfinger_sfmc.values.dates import read_moment

__all__ = ["identity", "loose_identity"]

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,4})?", re.ASCII)
_LONGEST_NUMBER: Final = 4300
_EXACT: Final = Context(prec=_LONGEST_NUMBER)
_NUMBER_STARTS: Final = frozenset("0123456789+-.")
_UNCOMPARED: Final = frozenset({"Mn", "Me", "Cc", "Cf"})
_TRUTHS: Final[Mapping[str, str]] = {"true": "1", "false": "0"}


def identity(row: Row, table: Table | None) -> Hashable:
    """Return what is equal only for rows that are surely the same row of one data extension.

    Args:
        row: As `wharfinger_sfmc.values.conversion.to_row` made it.
        table: The table it was made with, if any.
    """
    # 1, 1.0 and true are equal for Python, and not for a column of unknown type.
    if table is not None:  # then every row has the same columns in the same order
        return tuple([(type(value), str(value)) for value in row.keys.values()])
    return frozenset((name, type(value), str(value)) for name, value in row.keys.items())


def loose_identity(keys: Mapping[str, Any]) -> Hashable:
    """Return what is equal for any two keys that SFMC might take for one row.

    That is: whatever the columns' types and the collation, as far as both keep a number's value
    and count a date's whole seconds. Case, accents, blanks around a text and characters that do
    not show make no difference; ``7``, ``"07"`` and ``7.0`` are one, and so are ``true``,
    ``"TRUE"`` and ``1``, one instant however it is written, and ``en_us`` and ``en-US``. Keys that
    are equal here may well be two rows: use it to keep an order, never to merge.

    Args:
        keys: Primary key columns and their values, as mapped or converted.
    """
    parts = []
    for name, value in keys.items():
        parts.append((_folded(name), _loose(value)))
    if len(parts) > 1:
        parts.sort()  # an order of its own: lanes go by how an order key is written
    return tuple(parts)


def _loose(value: Any) -> str:
    if isinstance(value, str):
        return _loose_text(value)
    if isinstance(value, datetime):
        return _loose_moment(value) or str(value)
    try:
        return _loose_text(as_text(value))
    except UnfitError:
        return f"cannot be sent: {type(value).__name__}"


def _loose_text(value: str) -> str:
    text = _folded(value)
    if text[:1] not in _NUMBER_STARTS:
        return _TRUTHS.get(text, text)
    if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text):
        number = Decimal(text)
        return str(number.normalize(_EXACT)) if number else "0"
    return _loose_moment(text.upper()) or text


def _loose_moment(value: object) -> str | None:
    moment = read_moment(value)
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC).replace(microsecond=0).isoformat()
    except OverflowError:
        return None


def _folded(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        spaced = " ".join(decomposed.split())  # some blanks are control characters, too
        text = "".join(c for c in spaced if unicodedata.category(c) not in _UNCOMPARED)
    return text.strip().lower().replace("_", "-")
