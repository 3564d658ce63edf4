"""From a payload's keys and values to a row in SFMC's form.

SFMC converts what it is sent, ignores columns it does not know, and refuses a whole request for
one bad value. So a row is brought into the form that leaves nothing to convert, and what would be
lost, changed or refused is rejected here, by the name of its column.

==============  ================================================================================
Column          What is sent, and what is rejected
==============  ================================================================================
Text            Text as it is. Numbers and booleans become text, without exponent (``12.5``,
                ``true``); dates become ISO text; objects and lists become compact JSON. Text
                longer than the column (4,000 where it has no length), counted in UTF-16 units, is
                rejected, never cut.
Number          A whole number of 32 bits. ``12.0`` and ``" 12 "`` are 12. Fractions, booleans
                and separators are rejected.
Decimal         Text with exactly the column's digits after the point, rounded half up, from a
                number or a plain text. Rejected: too many digits before the point, separators,
                exponents in texts, and a primary key that would have to be rounded.
Boolean         true or false, from a boolean, 1, 0, or one of them as text in any case.
Date            ``YYYY-MM-DDTHH:MM:SSZ``, from a text in ISO 8601 or in US form (month first).
                Without an offset it is SFMC's server time: UTC-6, without daylight saving.
                Milliseconds are kept where there are some, but not in a primary key. Numbers, and
                dates outside 1753 to 9999, are rejected.
EmailAddress    One plausible address of at most 254 characters, without blanks around it.
Phone           7 to 15 digits with ``+ - . ( )`` and blanks, at most 50 characters, as they are;
                SFMC's own rule is not known.
Locale          ``en-US`` or ``en``; ``en_us`` becomes ``en-US``.
any but Text    Objects and lists are rejected.
other types,    Text, booleans and finite numbers as they are; dates as for Date, without time as
no table        they are; objects and lists become compact JSON.
primary keys    Exactly the columns of the data extension's primary key; null and empty text are
                rejected. Repeated among the values, a key is dropped if it is the same, and
                rejected if not.
null,           By the mapping's rule: the column is left out, cleared (sent as ``""``, which is
empty text      all that is known to clear a column) or rejected. A column that must not be empty
                cannot be cleared. A text of blanks is not empty.
unknown column  Rejected: SFMC would ignore it and lose the value.
two spellings   ``email`` and ``Email`` are one column: rejected, unless both have one value.
nothing left    A row that has lost all its values still has to arrive. SFMC wants one column among
                the values, so a primary key column is repeated there.
==============  ================================================================================

Converting what was converted changes nothing, where empty text clears.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.values.columns import Column, Table, fold, quoted
from wharfinger_sfmc.values.converters import Convert, UnfitError, converter, general, text_length

__all__ = ["Empty", "Row", "ValueRules", "is_empty", "to_row"]

_OMITTED: Final = object()
_TWICE: Final = (
    "is given twice, in different spellings and with different values, and SFMC takes both for one "
    "column. Map one of them."
)


class Empty(StrEnum):
    """What becomes of a column that would be null or an empty text."""

    OMIT = "omit"
    CLEAR = "clear"
    REJECT = "reject"


@attrs.frozen(kw_only=True, cache_hash=True)
class ValueRules:
    """What a mapping wants for values that are not there.

    Attributes:
        nulls: For null.
        empties: For the empty text.
    """

    nulls: Empty = Empty.OMIT
    empties: Empty = Empty.CLEAR


@attrs.define
class Row:
    """A row in SFMC's form.

    Attributes:
        keys: The primary key, by column; in the tenant's spelling and order of columns where the
            table is known.
        values: What else is sent, by column.
        loose: The loose identity of the keys, where it is known by now.
        body: The row as it stands in a rowset, where it is encoded by now.
    """

    keys: dict[str, Any]
    values: dict[str, Any]
    loose: Hashable = attrs.field(default=None, eq=False, repr=False)
    body: bytes | None = attrs.field(default=None, eq=False, repr=False)


def to_row(
    keys: Mapping[str, Any],
    values: Mapping[str, Any],
    rules: ValueRules,
    table: Table | None,
    *,
    keys_label: str = "Data Extension Primary Keys",
    values_label: str = "Data Extension Fields",
) -> Row:
    """Bring a row into SFMC's form.

    Args:
        keys: Primary key columns and their values, as mapped.
        values: Other columns and their values, as mapped.
        rules: What to do with null and empty text.
        table: The data extension; None where its columns cannot be read. Then only the rules for
            ``no table`` hold.
        keys_label: Label of the field ``keys``, for messages.
        values_label: Label of the field ``values``, for messages.

    Raises:
        wharfinger.PayloadError: One problem per wrong value; its path is ``("keys", name)`` or
            ``("values", name)``.
    """
    making = _Making(rules, table, {"keys": keys_label, "values": values_label})
    making.take("keys", keys, making.key_value)
    making.check_keys()
    making.take("values", values, making.other_value)
    if making.problems:
        raise wharfinger.PayloadError(making.problems)
    return making.row()


@attrs.frozen
class _Target:
    """Where a value goes.

    Attributes:
        column: The column; None where the table is not known.
        convert: Brings a value into its form.
    """

    column: Column | None
    convert: Convert


_ANYTHING: Final = _Target(None, general)


@lru_cache(maxsize=256)
def _targets(table: Table) -> Mapping[str, _Target]:
    return {column.name: _Target(column, converter(column)) for column in table.columns}


class _Making:
    """One row while it is made."""

    def __init__(self, rules: ValueRules, table: Table | None, labels: Mapping[str, str]) -> None:
        self._rules = rules
        self._table = table
        self._targets = _targets(table) if table is not None else {}
        self._labels = labels
        self._made: dict[str, dict[str, Any]] = {"keys": {}, "values": {}}
        self._named_keys: set[str] = set()
        self.problems: list[wharfinger.Problem] = []

    def take(
        self, part: str, given: Mapping[str, Any], form: Callable[[str, _Target, Any], Any]
    ) -> None:
        """Convert one part, noting every problem."""
        made = self._made[part]
        spellings: dict[str, str] = {}
        for name, value in given.items():
            try:
                target = self._target(name)
                spelled = target.column.name if target.column else name
                formed = form(spelled, target, value)
            except UnfitError as error:
                self._note(part, name, str(error))
                continue
            if formed is _OMITTED:
                continue
            if self._table is None:
                spelled = spellings.setdefault(fold(name), name)
            if spelled not in made:
                made[spelled] = formed
            elif not _same(made[spelled], formed):
                self._note(part, name, _TWICE)

    def key_value(self, spelled: str, target: _Target, value: Any) -> Any:
        """Convert a value of the primary key."""
        self._named_keys.add(spelled)
        if target.column is not None and not target.column.primary_key:
            raise UnfitError(
                f"is not a primary key column. {self._key_names()} Map other columns under "
                f"{self._labels['values']}."
            )
        if is_empty(value):
            raise UnfitError(
                f"is {_found(value)}, and a primary key needs a value. Map a value that every "
                "event has, or let the trigger pass only events that have it."
            )
        return target.convert(value)

    def other_value(self, spelled: str, target: _Target, value: Any) -> Any:
        """Convert a value of another column; drop a primary key that says the same again."""
        if is_empty(value):
            return self._empty(target, value)
        converted = target.convert(value)
        if target.column is None or not target.column.primary_key:
            return converted
        keys = self._made["keys"]
        if spelled in keys and not _same(keys[spelled], converted):
            raise UnfitError(
                f"is a primary key column, and its value under {self._labels['keys']} is another "
                f"one. Map it under {self._labels['keys']} only."
            )
        return _OMITTED

    def check_keys(self) -> None:
        """Note primary key columns that are missing."""
        if self._table is None:
            if not self._named_keys:
                self._note("keys", None, "is empty. Map the data extension's primary key columns.")
            return
        if not self._table.primary_keys and not self.problems:
            self._note("keys", None, f"cannot be used. {self._key_names()}")
        for column in self._table.primary_keys:
            if column.name not in self._named_keys:
                self._note(
                    "keys", column.name, f"is missing. {self._key_names()} Map each of them."
                )

    def row(self) -> Row:
        """Return the row, when no problem was noted."""
        keys, values = self._made["keys"], self._made["values"]
        if self._table is not None:
            keys = {column.name: keys[column.name] for column in self._table.primary_keys}
        if not values:
            name = next(iter(keys))
            values = {name: keys[name]}
        return Row(keys, values)

    def _target(self, name: str) -> _Target:
        if self._table is None:
            text_length(name)
            return _ANYTHING
        target = self._targets.get(name)
        if target is not None:
            return target
        column = self._table.find(name)
        if column is None:
            suggestion = self._table.suggest(name) or "Correct the name, or add the column."
            raise UnfitError(
                f"is not a column of {self._where()}; SFMC would drop its value. {suggestion}"
            )
        return self._targets[column.name]

    def _empty(self, target: _Target, value: str | None) -> Any:
        rule = self._rules.nulls if value is None else self._rules.empties
        if rule is Empty.OMIT:
            return _OMITTED
        if rule is Empty.REJECT:
            raise UnfitError(
                f"is {_found(value)}, which this mapping rejects. Map a value that every event "
                "has, or let the mapping leave such columns out."
            )
        column = target.column
        if column is not None and (column.primary_key or not column.nullable):
            raise UnfitError(
                f"is {_found(value)}, but its column must not be empty in {self._where()}. Map a "
                "value, or make the column nullable."
            )
        return ""

    def _where(self) -> str:
        return f"the data extension {self._name()}"

    def _name(self) -> str:
        return quoted(self._table.name or self._table.key) if self._table else ""

    def _key_names(self) -> str:
        names = ", ".join(quoted(c.name) for c in self._table.primary_keys) if self._table else ""
        if not names:
            return (
                f"Data extension {self._name()} has no primary key, and SFMC updates rows by their "
                "primary key only. Use a data extension that has one."
            )
        return f"The primary key of {self._where()} is {names}."

    def _note(self, part: str, name: str | None, message: str) -> None:
        label = self._labels[part]
        where = label if name is None else f"{label}: {quoted(name)}"
        path = (part,) if name is None else (part, name)
        self.problems.append(wharfinger.Problem(path, f"{where} {message}"))


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def is_empty(value: Any) -> bool:
    """Tell whether a value is null or the empty text, for which a mapping has rules."""
    return value is None or (isinstance(value, str) and not value)


def _found(value: str | None) -> str:
    return "null" if value is None else "an empty text"
