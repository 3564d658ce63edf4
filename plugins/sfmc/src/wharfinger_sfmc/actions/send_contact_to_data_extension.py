"""Send Contact to Data Extension."""

from __future__ import annotations

from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.actions import _data_extension as shared

__all__ = ["ACTION", "SendContactToDataExtension", "batching"]

batching = shared.batching


@attrs.define(kw_only=True)
class SendContactToDataExtension:
    """A contact as a row.

    Attributes:
        key: External key of the data extension.
        id: Its id, used where there is no key.
        keys: Primary key columns and their values; ``contactKey`` is always one of them.
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
        description="The primary key columns of the data extension. Contact Key must be one.",
        minimum=1,
        properties={
            "contactKey": wharfinger.Field(
                label="Contact Key",
                category=wharfinger.Category.IDENTIFIER,
                description="Identifies the contact; the data extension needs a primary key "
                'column "contactKey".',
                required=True,
                minimum=1,
            )
        },
    )
    values: dict[str, Any] = wharfinger.field(
        label="Contact Fields",
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
    slug="send-contact-to-data-extension",
    title="Send Contact to Data Extension",
    description="Upserts contacts as rows of a data extension.",
    payload=SendContactToDataExtension,
    default_trigger='type = "identify"',
    default_fields={"keys": {"contactKey": {"@path": "$.userId"}}},
    aliases=("contactDataExtension", "contactDataExtensionV2"),
)
