"""The rows of one data extension: checked, upserted, read back."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from wharfinger_sfmc_simulator.catalogue import DataExtension, Field
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.values import (
    BadValueError,
    Stored,
    as_text,
    convert,
)

__all__ = ["NO_USABLE_COLUMN", "Change", "Problem", "Table"]

NO_USABLE_COLUMN = "At least one existing field is required in the values property"
"""Seen in production for a row whose ``values`` name no column there is."""

Identity = tuple[Stored, ...]


@attrs.frozen
class Problem:
    """Why a row cannot be written.

    Attributes:
        message: The vendor's, for rows that are saved at once.
        column: The column with the bad value; empty where it is the row as a whole.
        null: Whether a value is missing, rather than wrong.
    """

    message: str
    column: str = ""
    null: bool = False


@attrs.frozen
class Change:
    """One row as it would be written, or why it cannot be.

    Attributes:
        identity: What makes it the same row as another, folded as the vendor compares keys.
        columns: What to store, by column name.
        problems: All that is wrong with the row.
        opaque: Refused without a message.
    """

    identity: Identity
    columns: Mapping[str, Stored]
    problems: tuple[Problem, ...] = ()
    opaque: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether it can be written."""
        return not (self.problems or self.opaque)

    @property
    def errors(self) -> tuple[str, ...]:
        """The vendor's messages; all bad columns of the row."""
        return tuple(problem.message for problem in self.problems)


class Table:
    """One data extension with its rows.

    Args:
        definition: Its key, id and columns.
        switches: Which choices hold.

    Attributes:
        definition: What it is; the columns never change.
        deleted: Whether the data extension is gone, so that nothing can be written to it.
    """

    def __init__(self, definition: DataExtension, switches: Switches) -> None:
        self.definition = definition
        self.deleted = False
        self._switches = switches
        self._fields = {self._fold(field.name): field for field in definition.fields}
        self._keys = {self._fold(field.name): field for field in definition.primary_keys}
        self._rows: dict[Identity, dict[str, Stored]] = {}
        for row in definition.rows:
            change = self.check(row, row)
            if not change.is_clean:
                raise ValueError(f"{definition.key}: {'; '.join(change.errors)}")
            self.write(change)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, identity: object) -> bool:
        return identity in self._rows

    def stored(self) -> Iterator[Mapping[str, Stored]]:
        """Give the rows as they are stored, by column name, oldest first."""
        yield from self._rows.values()

    def read_back(self, row: Mapping[str, Stored]) -> dict[str, dict[str, str]]:
        """Return a stored row as the vendor reads it back.

        Names are in lower case and every value is a text; primary keys stand apart.
        """
        keys: dict[str, str] = {}
        values: dict[str, str] = {}
        for field in self.definition.fields:
            part = keys if field.primary_key else values
            part[field.name.lower()] = as_text(row[field.name])
        return {"keys": keys, "values": values} if keys else {"values": values}

    def rows(self) -> list[dict[str, str]]:
        """Return every row as it is read back, keys and values in one, oldest first."""
        return [
            {field.name.lower(): as_text(row[field.name]) for field in self.definition.fields}
            for row in self._rows.values()
        ]

    def wrong_primary_key(self, keys: Mapping[str, object]) -> str | None:
        """Return the name because of which ``keys`` is refused, or None if it fits exactly."""
        given = {self._fold(name): name for name in keys}
        for folded, name in given.items():
            if folded not in self._keys:
                return name
        for folded, field in self._keys.items():
            if folded not in given:
                return field.name
        return None if self._keys else ""

    def missing_primary_keys(self, names: Iterable[str]) -> list[str]:
        """Return the primary key columns that are not among some names."""
        given = set(map(self._fold, names))
        return [field.name for folded, field in self._keys.items() if folded not in given]

    def check(self, keys: Mapping[str, Any], values: Mapping[str, Any]) -> Change:
        """Return the change a row asks for, with every error it has. Nothing is written.

        Args:
            keys: Primary key values by column; other names are passed over.
            values: Further values by column; primary keys in it are passed over.
        """
        writing = _Writing(self._switches)
        for name, value in keys.items():
            key_field = self._keys.get(self._fold(name))
            if key_field:
                writing.take(key_field, value)
        usable = self._take_values(values, writing)
        if not usable:
            nothing = Problem(NO_USABLE_COLUMN)
            return Change((), {}, (nothing, *writing.problems), writing.opaque)
        identity = self._identity(writing.columns)
        if identity not in self._rows:
            self._complete(writing)
        return Change(identity, writing.columns, tuple(writing.problems), writing.opaque)

    def write(self, change: Change) -> None:
        """Store a clean change: a new row, or the columns it names of the row there is."""
        row = self._rows.get(change.identity)
        if row is None:
            self._rows[change.identity] = dict(change.columns)
            return
        kept = {field.name for field in self.definition.primary_keys}
        row.update({name: v for name, v in change.columns.items() if name not in kept})

    def find(self, name: str) -> Field | None:
        """Return the column of that name, by the case rule that holds."""
        return self._fields.get(self._fold(name))

    def _take_values(self, values: Mapping[str, Any], writing: "_Writing") -> bool:
        usable = False
        for name, value in values.items():
            field = self._fields.get(self._fold(name))
            if field is None:
                if self._switches.unknown_column == "refuse":
                    message = f"{name}: The column [{name}] does not exist."
                    writing.problems.append(Problem(message, name))
                continue
            usable = True
            if not field.primary_key:
                writing.take(field, value)
        return usable

    def _complete(self, writing: "_Writing") -> None:
        """A new row has every column: what was not given gets its default."""
        for field in self.definition.fields:
            if field.name not in writing.seen:
                writing.take(field, field.default, given=False)

    def _identity(self, columns: Mapping[str, Stored]) -> Identity:
        if not self._keys:
            return (len(self._rows),)
        return tuple(self._folded(columns.get(field.name)) for field in self._keys.values())

    def _folded(self, value: Stored) -> Stored:
        if not isinstance(value, str):
            return value
        if self._switches.key_case == "ignore":
            value = value.lower()
        return value.rstrip(" ") if self._switches.key_trailing_spaces == "ignore" else value

    def _fold(self, name: str) -> str:
        return name.lower() if self._switches.column_case == "ignore" else name


@attrs.define
class _Writing:
    """The columns of one row as they are converted one after the other."""

    switches: Switches
    columns: dict[str, Stored] = attrs.field(factory=dict)
    seen: set[str] = attrs.field(factory=set)
    problems: list[Problem] = attrs.field(factory=list)
    opaque: bool = False

    def take(self, field: Field, value: object, *, given: bool = True) -> None:
        """Convert one value; what is not possible is noted, not raised."""
        self.seen.add(field.name)
        try:
            self.columns[field.name] = convert(field, value, self.switches)
        except BadValueError as error:
            self.problems.append(Problem(str(error), field.name, error.null))
        else:
            refused = given and value is None and self.switches.null_value == "opaque-error"
            self.opaque = self.opaque or refused
