"""Many rows of one data extension: the ordinary ones at once, all others with care.

Most rows name columns as the tenant spells them, and their values fit. Such a row is made in one
pass. As soon as anything about a row is odd, `to_row` makes it from the start, or says what is
wrong with it. Both ways give the same row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from wharfinger_sfmc.values.columns import Table, fold
from wharfinger_sfmc.values.conversion import Empty, Row, ValueRules, is_empty, to_row
from wharfinger_sfmc.values.converters import UnfitError, converter, general, text_limit

__all__ = ["RowForm", "row_form"]


class RowForm:
    """How rows of one mapping are brought into SFMC's form; made once for all of them.

    Args:
        rules: What to do with null and empty text.
        table: The data extension; None where its columns cannot be read.
        keys_label: Label of the field with the primary keys, for messages.
        values_label: Label of the field with the other columns, for messages.
    """

    def __init__(
        self, rules: ValueRules, table: Table | None, keys_label: str, values_label: str
    ) -> None:
        self._rules = rules
        self._table = table
        self._labels = {"keys_label": keys_label, "values_label": values_label}
        columns = table.columns if table and _are_named_apart(table) else ()
        self._keys = [(c.name, converter(c)) for c in columns if c.primary_key]
        self._others = {c.name: converter(c) for c in columns if not c.primary_key}
        self._limits = {c.name: text_limit(c) for c in columns if not c.primary_key}
        self._clearable = {c.name for c in columns if c.nullable}

    def row(self, keys: Mapping[str, Any], values: Mapping[str, Any]) -> Row:
        """Bring a row into SFMC's form.

        Args:
            keys: Primary key columns and their values, as mapped.
            values: Other columns and their values, as mapped.

        Raises:
            wharfinger.PayloadError: As `to_row` does.
        """
        row = self.usual_row(keys, values)
        return row or to_row(keys, values, self._rules, self._table, **self._labels)

    def usual_row(self, keys: Mapping[str, Any], values: Mapping[str, Any]) -> Row | None:
        """Bring a row into SFMC's form in one pass; None where anything about it is odd.

        Args:
            keys: As for `row`.
            values: As for `row`.
        """
        try:
            made_keys, made = self._made_keys(keys), self._made(values)
        except (KeyError, UnfitError):
            return None
        return Row(made_keys, made) if made_keys and made else None

    def _made_keys(self, keys: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, convert in self._keys:
            value = keys[name]
            if not value and is_empty(value):
                return {}
            made[name] = convert(value)
        return made if len(made) == len(keys) else {}

    def _made(self, values: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(values)
        limits = self._limits
        for name, value in values.items():
            # Most values are texts that stay as they are, and a call for each would cost most.
            if type(value) is str and value.isascii() and 0 < len(value) <= limits[name]:
                continue
            convert = self._others[name]
            if value or not is_empty(value):
                made[name] = convert(value)
                continue
            rule = self._rules.nulls if value is None else self._rules.empties
            if rule is Empty.OMIT:
                del made[name]
            elif rule is Empty.CLEAR and name in self._clearable:
                made[name] = ""
            else:
                return {}
        return made


class _BlindForm(RowForm):
    """The form of rows whose columns cannot be read: values stay much as they are."""

    _names: tuple[str, ...] = ()

    def _made_keys(self, keys: Mapping[str, Any]) -> dict[str, Any]:
        if not _are_plain(keys) or any(map(is_empty, keys.values())):
            return {}
        return {name: general(value) for name, value in keys.items()}

    def _made(self, values: Mapping[str, Any]) -> dict[str, Any]:
        names = tuple(values)
        if names != self._names:  # rows of one mapping are named alike
            if not _are_plain(names):
                return {}
            self._names = names
        made: dict[str, Any] = {}
        for name, value in values.items():
            if value or not is_empty(value):
                made[name] = general(value)
                continue
            rule = self._rules.nulls if value is None else self._rules.empties
            if rule is Empty.REJECT:
                return {}
            if rule is Empty.CLEAR:
                made[name] = ""
        return made


@lru_cache(maxsize=256)
def row_form(rules: ValueRules, table: Table | None, keys_label: str, values_label: str) -> RowForm:
    """Return the form of the rows of one mapping, the same object each time.

    Args:
        rules: As for `RowForm`.
        table: As for `RowForm`.
        keys_label: As for `RowForm`.
        values_label: As for `RowForm`.
    """
    kind = _BlindForm if table is None else RowForm
    return kind(rules, table, keys_label, values_label)


def _are_plain(names: Collection[str]) -> bool:
    """Tell whether no two names are one for SFMC, and all of them are ordinary text."""
    return all(map(str.isascii, names)) and len(set(map(fold, names))) == len(names)


def _are_named_apart(table: Table) -> bool:
    return len({column.name for column in table.columns}) == len(table.columns)
