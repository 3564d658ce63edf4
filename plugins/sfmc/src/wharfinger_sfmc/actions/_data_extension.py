"""What the actions that send rows share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.account.catalog import Catalog
from wharfinger_sfmc.account.choices import ROW_CHOICES
from wharfinger_sfmc.account.preflight import open_rows
from wharfinger_sfmc.account.provisioning import PROVISION
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc.api.encoding import to_json
from wharfinger_sfmc.destination import MAX_ROWS, SLUG
from wharfinger_sfmc.rows.storing import (
    JOB_BYTES,
    JOB_ROWS,
    ROWSET_BYTES,
    Interface,
    store_rows,
)
from wharfinger_sfmc.rows.waiting import RowPayload, WaitingRow, waiting_row
from wharfinger_sfmc.values.conversion import Empty

__all__ = [
    "JOBS",
    "api_field",
    "batch_size_field",
    "batching",
    "data_extension_of",
    "deadline_field",
    "empties_field",
    "enable_batching_field",
    "id_field",
    "key_field",
    "nulls_field",
    "row_action",
]

_ROWSETS: Final = wharfinger.BatchPolicy(
    rows=MAX_ROWS,
    bytes=ROWSET_BYTES,
    # More writers than this get in each other's way inside one data extension.
    lanes=2,
)
# No data extension has a longer one, and no server takes an address of any length.
_LONGEST_NAME: Final = 1000
# Two jobs at once may deadlock each other.
JOBS: Final = wharfinger.BatchPolicy(rows=JOB_ROWS, bytes=JOB_BYTES, lanes=1)
"""How rows travel that are stored asynchronously."""


def batching(options: Mapping[str, Any]) -> wharfinger.BatchPolicy:
    """Say how rows travel, by the option ``api`` of the mapping."""
    return _ROWSETS if options.get("api") == Interface.SYNC else JOBS


def key_field() -> Any:
    """Declare the field for the data extension's external key."""
    return wharfinger.field(
        label="Data Extension Key",
        category=wharfinger.Category.DATA,
        description="External key of the data extension. Needed where no ID is given; with "
        "both, the key is used.",
        maximum=_LONGEST_NAME,
        required=wharfinger.when_absent("id"),
    )


def id_field() -> Any:
    """Declare the field for the data extension's id."""
    return wharfinger.field(
        label="Data Extension ID",
        category=wharfinger.Category.DATA,
        description="ID of the data extension. Needed where no key is given.",
        maximum=_LONGEST_NAME,
        required=wharfinger.when_absent("key"),
    )


def nulls_field() -> Any:
    """Declare the field that says what becomes of null."""
    return wharfinger.field(
        label="Null Values",
        description='What becomes of a column whose value is null: "omit" leaves it as it is in '
        'the data extension, "clear" empties it, "reject" refuses the row.',
        default=Empty.OMIT.value,
        choices=(Empty.OMIT.value, Empty.CLEAR.value, Empty.REJECT.value),
        control=wharfinger.Control.OPTION,
    )


def empties_field() -> Any:
    """Declare the field that says what becomes of the empty text."""
    return wharfinger.field(
        label="Empty Texts",
        description='What becomes of a column whose value is an empty text: "clear" empties it, '
        '"omit" leaves it as it is in the data extension, "reject" refuses the row.',
        default=Empty.CLEAR.value,
        choices=(Empty.CLEAR.value, Empty.OMIT.value, Empty.REJECT.value),
        control=wharfinger.Control.OPTION,
    )


def api_field() -> Any:
    """Declare the field that chooses the interface."""
    return wharfinger.field(
        label="API",
        description='"sync" sends up to 50 rows a request and knows at once what became of them. '
        '"async" queues up to 2,500 rows and asks for their results until the Job Deadline; it '
        'needs the permission "Data Extensions: Read" as well. "auto" queues batches of more than '
        "500 rows.",
        default=Interface.SYNC.value,
        choices=tuple(interface.value for interface in Interface),
        control=wharfinger.Control.OPTION,
    )


def deadline_field() -> Any:
    """Declare the field that bounds the waiting for a job."""
    return wharfinger.field(
        label="Job Deadline",
        description="Seconds to wait for the results of rows that are stored asynchronously. What "
        "is not known by then is unknown, and is not sent again by itself.",
        default=900,
        minimum=1,
        maximum=86_400,
        control=wharfinger.Control.OPTION,
    )


def enable_batching_field() -> Any:
    """Declare the field that turns batching off."""
    return wharfinger.field(
        label="Batch data to SFMC",
        description="Send many rows in one request. Saves API calls and avoids rate limits.",
        default=True,
        control=wharfinger.Control.BATCHING,
    )


def batch_size_field() -> Any:
    """Declare the field that bounds a batch."""
    return wharfinger.field(
        label="Batch Size",
        description="Most rows in one request.",
        default=None,
        minimum=1,
        control=wharfinger.Control.BATCH_ROWS,
    )


def data_extension_of(payload: RowPayload) -> DataExtension:
    """Return the data extension a row goes to; the key counts before the id.

    Raises:
        wharfinger.PayloadError: There is neither.
    """
    if payload.key:
        return _by_key(payload.key)
    if payload.id:
        return _by_id(payload.id)
    problem = wharfinger.Problem(("key",), "Data Extension Key or Data Extension ID is required.")
    raise wharfinger.PayloadError([problem])


# A mapping sends most of its rows to few data extensions.
@lru_cache
def _by_key(key: str) -> DataExtension:
    return DataExtension(key=key)


@lru_cache
def _by_id(id_: str) -> DataExtension:
    return DataExtension(id=id_)


def row_action(
    *,
    payload: type[Any],
    interface_of: Callable[[Any], Interface] = lambda payload: Interface(payload.api),
    **facts: Any,
) -> wharfinger.Action:
    """Make an action that sends rows.

    Args:
        payload: Its payload class.
        interface_of: Gives the interface that a payload of a mapping asks for.
        facts: What is its own: ``slug``, ``title``, ``description`` and the like.
    """
    labels = {field.name: field.label for field in wharfinger.fields_of(payload)}

    def form(payload: RowPayload, catalog: Catalog | None = None) -> WaitingRow:
        target = data_extension_of(payload)
        # These travel in the path, where text that is not valid Unicode must not get to.
        if not ((payload.key or "").isascii() and (payload.id or "").isascii()):
            to_json({"key": payload.key, "id": payload.id}, labels)
        return waiting_row(payload, target, catalog.known(target) if catalog else None, labels)

    async def perform(
        session: wharfinger.Session,
        batch: wharfinger.Batch,
        outline: wharfinger.Outline | None = None,
    ) -> Sequence[wharfinger.Outcome]:
        rows: Sequence[WaitingRow] = batch.payloads
        return await store_rows(session, rows, interface_of(rows[0].payload), labels, outline)

    async def open_mapping(
        session: wharfinger.Session, outline: wharfinger.Outline
    ) -> wharfinger.Opening:
        findings = await open_rows(session, outline)
        opened = attrs.evolve(
            action,
            perform=partial(perform, outline=outline),
            form=partial(form, catalog=session.shared(Catalog)),
        )
        if _has_two_names(outline):
            opened = attrs.evolve(opened, batch_key=None)
        return wharfinger.Opening(findings=findings, action=opened)

    action = wharfinger.Action(
        destination=SLUG,
        payload=payload,
        perform=perform,
        effect=wharfinger.Effect.IDEMPOTENT,
        form=form,
        batch_key=attrgetter("target"),
        order_key=attrgetter("order_key"),
        encode=attrgetter("body"),
        open=open_mapping,
        choices=ROW_CHOICES,
        provision=PROVISION,
        rows=wharfinger.RowFields(table="key", keys="keys", values="values"),
        **facts,
    )
    return action


def _has_two_names(outline: wharfinger.Outline) -> bool:
    """Tell whether events may name one data extension by its key here and by its id there.

    Rows of both must meet in one batch: only there it is known that both are one.
    """
    has_id = "id" in outline.mapped or "id" in outline.constants
    return "key" in outline.mapped and has_id
