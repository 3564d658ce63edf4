"""What the two data extension actions share."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

import wharfinger
from wharfinger_sfmc.api import Api, DataExtension
from wharfinger_sfmc.destination import MAX_BODY_BYTES, MAX_ROWS
from wharfinger_sfmc.encoding import to_json
from wharfinger_sfmc.errors import PRIMARY_KEY_MISMATCH, Call, Topic, failure
from wharfinger_sfmc.rows import halving, upsert

__all__ = [
    "BATCHING",
    "Row",
    "batch_size_field",
    "data_extension_of",
    "enable_batching_field",
    "id_field",
    "key_field",
    "row_encoder",
    "row_identity",
    "send_rows",
]

# The brackets of the array; the comma after each row is counted with the row.
_BRACKETS_BYTES: Final = 2

BATCHING: Final = wharfinger.BatchPolicy(
    rows=MAX_ROWS,
    bytes=MAX_BODY_BYTES - _BRACKETS_BYTES,
    # More writers than this get in each other's way inside one data extension.
    lanes=2,
)


class Row(Protocol):
    """The payload of both actions."""

    key: str | None
    id: str | None
    keys: dict[str, Any]
    values: dict[str, Any]


def key_field() -> Any:
    """Declare the field for the data extension's external key."""
    return wharfinger.field(
        label="Data Extension Key",
        description="External key of the data extension. Needed where no ID is given; with "
        "both, the key is used.",
        required=wharfinger.when_absent("id"),
    )


def id_field() -> Any:
    """Declare the field for the data extension's id."""
    return wharfinger.field(
        label="Data Extension ID",
        description="ID of the data extension. Needed where no key is given.",
        required=wharfinger.when_absent("key"),
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


def data_extension_of(payload: Row) -> DataExtension:
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


def row_identity(payload: Row) -> Hashable:
    """Return what tells one row from another, as SFMC compares primary keys.

    Text keys collide without regard to case and to spaces at the end; taking two rows for one
    here only keeps their order.
    """
    return tuple(
        sorted([(key.lower(), str(value).rstrip().lower()) for key, value in payload.keys.items()])
    )


def row_encoder(payload_class: type[Any]) -> Callable[[Row], bytes]:
    """Return the ``encode`` of an action, which names fields by the labels of its payload class."""
    labels = {field.name: field.label for field in wharfinger.fields_of(payload_class)}

    def encode(payload: Row) -> bytes:
        # These travel in the path, where text that is not valid Unicode must not get to.
        if not f"{payload.key}{payload.id}".isascii():
            to_json({"key": payload.key, "id": payload.id}, labels)
        return to_json({"keys": payload.keys, "values": payload.values}, labels)

    return encode


async def send_rows(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    """Upsert a batch of rows; all of them go to the data extension that is the batch key."""
    target: DataExtension = batch.key
    api = Api(session)
    call = Call(topic=Topic.ROWS, subject=_words(target), permissions='"Data Extensions: Write"')
    key_sets = {frozenset(payload.keys) for payload in batch.payloads}
    rows_agree = len(key_sets) == 1 and len(batch) > 1

    async def post(rows: Sequence[bytes]) -> wharfinger.RejectedError | None:
        reply = await api.upsert_rows(target, rows)
        if reply.accepted:
            return None
        error = failure(reply, call)
        # Only where rows agree on their keys is the mapping the reason; one event must not halt it.
        if error.code == PRIMARY_KEY_MISMATCH and not rows_agree:
            return _rejection(error)
        if isinstance(error, wharfinger.RejectedError):
            return error
        raise error

    return await upsert(batch.bodies, halving(post))


def _rejection(error: wharfinger.DeliveryError) -> wharfinger.RejectedError:
    return wharfinger.RejectedError(
        error.message,
        code=error.code,
        vendor_message=error.vendor_message,
        http_status=error.http_status,
        request_id=error.request_id,
    )


def _words(target: DataExtension) -> str:
    if target.key:
        return f'the data extension with the Data Extension Key "{target.key}"'
    return f'the data extension with the Data Extension ID "{target.id}"'
