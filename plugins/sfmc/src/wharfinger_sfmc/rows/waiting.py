"""Rows that wait: brought into SFMC's form as soon as there is a payload, and encoded once.

Most rows are sent as they waited. One whose data extension was not known yet, or was read again
since, is brought into form when it is sent; so is one that does not fit, because only then it is
certain that its columns are those of today.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

import attrs

import wharfinger
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc.api.encoding import to_json
from wharfinger_sfmc.errors import PRIMARY_KEY_MISMATCH, ROW_REFUSED, doubt_mark, doubted
from wharfinger_sfmc.values.columns import Table
from wharfinger_sfmc.values.conversion import Empty, Row, ValueRules
from wharfinger_sfmc.values.forming import RowForm, row_form
from wharfinger_sfmc.values.identity import loose_identity

__all__ = ["RowPayload", "WaitingRow", "form_of", "waiting_row"]

_CONCLUSIVE: Final = frozenset({ROW_REFUSED, PRIMARY_KEY_MISMATCH})
"""Refusals by columns: what they are about was refused by every request before, too."""
_MAY_BE_STORED: Final = (
    "An earlier request may have stored it all the same: SFMC's reply to that one was lost or is "
    "no proof. Look for the row in the data extension; sending it again is harmless."
)


class RowPayload(Protocol):
    """What the payloads of all actions that send rows have."""

    key: str | None
    id: str | None
    keys: dict[str, Any]
    values: dict[str, Any]
    nulls: str
    empties: str
    deadline_s: int


@attrs.define
class WaitingRow:
    """A row from the moment its payload is made.

    Attributes:
        payload: What it is made of.
        target: The data extension that the payload names.
        order_key: Equal for rows that SFMC might take for one row, so that they keep order.
        table: The columns it was compared with; None where they were not known.
        row: It in SFMC's form; None where anything about it is odd.
        body: It as JSON, in SFMC's form or else as mapped.
        in_doubt: Whether a request may have stored it, although no reply says so.
    """

    payload: RowPayload
    target: DataExtension
    order_key: Hashable
    table: Table | None
    row: Row | None
    body: bytes
    in_doubt: bool = doubt_mark()

    def in_form(self, table: Table | None, form: RowForm) -> Row:
        """Return the row in SFMC's form.

        Args:
            table: The columns of the data extension at this moment.
            form: That of the rows of its mapping, for these columns.

        Raises:
            wharfinger.PayloadError: A value does not fit.
        """
        if self.row is not None and self.table is table:
            return self.row
        return form.row(self.payload.keys, self.payload.values)

    def told(self, outcome: wharfinger.Outcome) -> wharfinger.Outcome:
        """Return what may be said of the row: in doubt, only SFMC's words on columns refuse it."""
        is_refused = outcome.status is wharfinger.Status.REJECTED
        if not (self.in_doubt and is_refused) or outcome.code in _CONCLUSIVE:
            return outcome
        return doubted(outcome, _MAY_BE_STORED)


def waiting_row(
    payload: RowPayload, target: DataExtension, table: Table | None, labels: Mapping[str, str]
) -> WaitingRow:
    """Take a payload as far as it goes before it is sent.

    Args:
        payload: The payload.
        target: The data extension that it names.
        table: Its columns, as far as they are known.
        labels: Per field of the payload the label it has for people.

    Raises:
        wharfinger.PayloadError: It holds something JSON cannot carry.
    """
    order_key = loose_identity(payload.keys)
    row = form_of(payload, table, labels).usual_row(payload.keys, payload.values)
    if row is None:
        body = to_json({"keys": payload.keys, "values": payload.values}, labels)
    else:
        row.loose = order_key  # bringing keys into form does not change it
        row.body = body = to_json({"keys": row.keys, "values": row.values}, labels)
    return WaitingRow(payload, target, order_key, table, row, body)


def form_of(payload: RowPayload, table: Table | None, labels: Mapping[str, str]) -> RowForm:
    """Return the form of the rows of a mapping.

    Args:
        payload: Any payload of that mapping.
        table: The data extension's columns, where they are known.
        labels: Per field of the payload the label it has for people.
    """
    return row_form(_rules(payload.nulls, payload.empties), table, labels["keys"], labels["values"])


@lru_cache
def _rules(nulls: str, empties: str) -> ValueRules:
    return ValueRules(nulls=Empty(nulls), empties=Empty(empties))
