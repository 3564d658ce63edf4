"""Send Event to Data Extension."""

from __future__ import annotations

from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.actions import _data_extension as shared

__all__ = ["ACTION", "SendEventToDataExtension", "batching"]

batching = shared.batching


@attrs.define(kw_only=True)
class SendEventToDataExtension:
    """An event as a row.

    Attributes:
        key: External key of the data extension.
        id: Its id, used where there is no key.
        keys: Primary key columns and their values; the row where all match is updated.
        values: The other columns and their values.
        nulls: What becomes of null.
        empties: What becomes of the empty text.
        api: Which interface is used.
        deadline_s: Seconds to wait for what is stored asynchronously.
        enable_batching: Whether rows travel together.
        batch_size: Most rows in one request; None for what SFMC bears.
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
    api: str = shared.api_field()
    deadline_s: int = shared.deadline_field()
    enable_batching: bool = shared.enable_batching_field()
    batch_size: int | None = shared.batch_size_field()


ACTION: Final = shared.row_action(
    slug="send-event-to-data-extension",
    title="Send Event to Data Extension",
    description="Upserts events as rows of a data extension.",
    payload=SendEventToDataExtension,
    aliases=("dataExtension", "dataExtensionV2"),
)
