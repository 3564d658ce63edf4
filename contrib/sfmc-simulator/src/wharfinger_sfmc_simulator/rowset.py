"""How a rowset is saved, and what a failed one leaves behind.

Seen in production by clients: the call is not atomic. Rows before the first bad one are stored,
from it on nothing is, even where later rows are good. The reply is one list of messages: no row
numbers, equal messages once, in no order of rows.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.tables import NO_USABLE_COLUMN, Change, Problem, Table
from wharfinger_sfmc_simulator.wire import ApiError

__all__ = ["Row", "save_rows"]


@attrs.frozen
class Row:
    """One row as it was sent.

    Attributes:
        keys: Primary key values by column.
        values: The other values by column.
    """

    keys: Mapping[str, Any]
    values: Mapping[str, Any]


def save_rows(
    table: Table, rows: Sequence[Row], switches: Switches, generator: random.Random
) -> None:
    """Store the rows up to the first bad one.

    Args:
        table: Where to.
        rows: In the order they were sent.
        switches: Which choices hold.
        generator: Shuffles the messages, as their order says nothing about rows.

    Raises:
        ApiError: At least one row is bad. What was before it is stored all the same.
    """
    row_by_row = switches.primary_key_check == "row-by-row"
    if not row_by_row:
        for row in rows:
            _check_primary_key(table, row)
    errors: dict[str, None] = {}
    seen: set[object] = set()
    storing = True
    for row in rows:
        if storing and row_by_row:
            _check_primary_key(table, row)
        change = _change(table, row, seen, switches)
        storing = storing and change.is_clean
        errors.update(dict.fromkeys(change.errors))
        if storing:
            table.write(change)
    if not storing:
        raise _unable_to_save(table, list(errors), generator)


def _check_primary_key(table: Table, row: Row) -> None:
    wrong = table.wrong_primary_key(row.keys)
    if wrong is not None:
        raise ApiError(400, 10000, f"Primary key '{wrong.lower()}' does not exist.")


def _change(table: Table, row: Row, seen: set[object], switches: Switches) -> Change:
    change = table.check(row.keys, row.values)
    exists = switches.rowset_mode == "insert-only" and change.identity in table
    again = switches.duplicate_keys == "refuse" and change.identity in seen
    seen.add(change.identity)
    if change.is_clean and (exists or again):
        message = "Violation of PRIMARY KEY constraint. Cannot insert duplicate key."
        return attrs.evolve(change, problems=(Problem(message),))
    return change


def _unable_to_save(table: Table, errors: list[str], generator: random.Random) -> ApiError:
    """One refusal for the call; without any message where the vendor tells none."""
    generator.shuffle(errors)
    errors.sort(key=lambda message: message != NO_USABLE_COLUMN)
    return ApiError(
        400,
        10006,
        f"Unable to save rows for data extension ID {table.definition.id}",
        additional=errors or None,
    )
