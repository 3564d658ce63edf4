"""A data extension's columns, as the tenant describes them.

What becomes of a value on its way to a column stands in `wharfinger_sfmc.values.conversion`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

import attrs

__all__ = ["Column", "ColumnType", "Table", "fold", "quoted", "truth"]

_LONGEST_SUGGESTED: Final = 128
_LONGEST_SHOWN: Final = 60
_TRUTHS: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False}
_SEPARATORS: Final = re.compile(r"[\s_.-]+")


def fold(name: str) -> str:
    """Return a column's name as SFMC compares it: reading rows back shows that it folds case."""
    return name.lower()


def quoted(name: str) -> str:
    """Return a name for a message: bounded, and printable whatever it holds."""
    text = name if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]}..."
    return f'"{text.encode("utf-8", "backslashreplace").decode()}"'


class ColumnType(StrEnum):
    """The types of "Data Extension Data Types", and `OTHER` for whatever a tenant may add."""

    TEXT = "Text"
    NUMBER = "Number"
    DECIMAL = "Decimal"
    BOOLEAN = "Boolean"
    DATE = "Date"
    EMAIL = "EmailAddress"
    PHONE = "Phone"
    LOCALE = "Locale"
    OTHER = "Other"


_TYPES: Final[Mapping[str, ColumnType]] = {kind.value.lower(): kind for kind in ColumnType}


@attrs.frozen(kw_only=True)
class Column:
    """One column.

    Attributes:
        name: As the tenant spells it.
        type: Its type.
        length: Most characters, in UTF-16 units; for Decimal all digits. None where it has none or
            the tenant does not tell.
        scale: Digits after the point of a Decimal; None where the tenant does not tell.
        primary_key: Whether it is part of the primary key.
        nullable: Whether it may be empty.
        has_default: Whether the tenant says that a new row gets a default value.
    """

    name: str
    type: ColumnType = ColumnType.TEXT
    length: int | None = None
    scale: int | None = None
    primary_key: bool = False
    nullable: bool = True
    has_default: bool = False

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Column:
        """Read one entry of ``GET /data/v1/customobjects/{id}/fields``.

        Names and types may come in any case, and members may be missing.

        Example:
            >>> Column.from_json({"name": "Email", "type": "emailaddress", "length": "254"}).length
            254
        """
        members = {name.lower(): value for name, value in entry.items()}
        primary_key = truth(members.get("isprimarykey")) is True
        return cls(
            name=str(members.get("name") or ""),
            type=_TYPES.get(str(members.get("type")).lower(), ColumnType.OTHER),
            length=_count(members.get("length")) or None,
            scale=_count(members.get("scale")),
            primary_key=primary_key,
            nullable=not primary_key and truth(members.get("isnullable")) is not False,
            has_default=members.get("defaultvalue") not in (None, ""),
        )

    def __str__(self) -> str:
        """The type as people write it: ``Text(50)``, ``Decimal(18,2)``, ``Date``."""
        sizes = [str(size) for size in (self.length, self.scale) if size is not None]
        return f"{self.type}({','.join(sizes)})" if sizes else str(self.type)


def truth(value: object) -> bool | None:
    """Return whether a member says yes, however it is written; None where it says nothing."""
    return _TRUTHS.get(str(value).strip().lower())


def _count(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if is_count else None  # type: ignore[return-value]  # is_count says it is an int


@attrs.frozen(kw_only=True, eq=False)
class Table:
    """A data extension's columns, as they were read once; every reading is another table.

    Attributes:
        id: Its GUID.
        key: Its external key.
        name: As people see it.
        columns: In the tenant's order.
    """

    id: str
    key: str
    name: str
    columns: tuple[Column, ...]

    @classmethod
    def from_json(cls, *, id: str, key: str, name: str, fields: Iterable[Any]) -> Table:  # noqa: A002  # named as the attribute
        """Make a table of the ``fields`` of that reply; entries without a name are passed over."""
        columns = (Column.from_json(entry) for entry in fields if isinstance(entry, Mapping))
        return cls(id=id, key=key, name=name, columns=tuple(c for c in columns if c.name))

    @cached_property
    def primary_keys(self) -> tuple[Column, ...]:
        """The columns that make a row's identity."""
        return tuple(column for column in self.columns if column.primary_key)

    @cached_property
    def _by_name(self) -> Mapping[str, Column]:
        folded = {fold(column.name): column for column in self.columns}
        return folded | {column.name: column for column in self.columns}

    def find(self, name: str) -> Column | None:
        """Return the column of that name; ``email`` finds ``Email``."""
        return self._by_name.get(name) or self._by_name.get(fold(name))

    def suggest(self, name: str) -> str:
        """Return ``Did you mean "Email"?``, or ``""`` where no column's name is close.

        Example:
            >>> columns = (Column(name="First Name"),)
            >>> Table(id="", key="", name="", columns=columns).suggest("first_name")
            'Did you mean "First Name"?'
        """
        if len(name) > _LONGEST_SUGGESTED:
            return ""
        bare = {_bare(column.name): column.name for column in self.columns}
        close = difflib.get_close_matches(_bare(name), bare, n=1)
        return f"Did you mean {quoted(bare[close[0]])}?" if close else ""


def _bare(name: str) -> str:
    return _SEPARATORS.sub("", fold(name))
