"""Send Rows Asynchronously."""

from __future__ import annotations

from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.actions import _data_extension as shared
from wharfinger_sfmc.rows.storing import Interface

__all__ = ["ACTION", "BATCHING", "SendRowsAsynchronously"]

BATCHING: Final = shared.JOBS


@attrs.define(kw_only=True)
class SendRowsAsynchronously:
    """An event as one of many rows.

    Attributes:
        key: External key of the data extension.
        id: Its id, used where there is no key.
        keys: Primary key columns and their values; the row where all match is updated.
        values: The other columns and their values.
        nulls: What becomes of null.
        empties: What becomes of the empty text.
        deadline_s: Seconds to wait for the results.
        batch_size: Most rows in one job; None for what SFMC bears.
    """

    key: str | None = shared.key_field()
    id: str | None = shared.id_field()
    keys: dict[str, Any] = wharfinger.field(
        label="Data Extension Primary Keys",
        category=wharfinger.Category.IDENTIFIER,
        description="The primary key columns of the data extension. A row is updated where all "
        "of them match, and created otherwise.",
        minimum=1,
    )
    values: dict[str, Any] = wharfinger.field(
        label="Data Extension Fields",
        category=wharfinger.Category.DATA,
        description="Columns and their values; names exactly as in the data extension.",
        minimum=1,
    )
    nulls: str = shared.nulls_field()
    empties: str = shared.empties_field()
    deadline_s: int = shared.deadline_field()
    batch_size: int | None = shared.batch_size_field()


def _interface_of(_: SendRowsAsynchronously) -> Interface:
    return Interface.ASYNC


ACTION: Final = shared.row_action(
    slug="send-rows-asynchronously",
    title="Send Rows Asynchronously",
    description="Upserts events as rows of a data extension, up to 2,500 at a time, and waits for "
    "the result of each.",
    payload=SendRowsAsynchronously,
    interface_of=_interface_of,
    aliases=("asyncDataExtension",),
)
