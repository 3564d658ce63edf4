"""What is in the account: data extensions, their columns, event definitions.

Rows are never read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

import attrs
import orjson

from wharfinger_sfmc.api.replies import Reply, folded, whole_number
from wharfinger_sfmc.api.rest import Rest, segment
from wharfinger_sfmc.errors import FORBIDDEN, Call, Topic, failure
from wharfinger_sfmc.permissions import READ_ROWS, WRITE_ROWS, words
from wharfinger_sfmc.values.columns import Column, truth

__all__ = [
    "EVERYTHING",
    "EventDefinition",
    "ListedExtension",
    "Lookups",
    "NewExtension",
    "Page",
    "search_words",
]

EVERYTHING: Final = "_"
"""What matches every data extension; ``$search`` must not be empty."""
# Those of a fixed list are ignored where another size is asked for.
_EXTENSIONS_ON_A_PAGE: Final = 25
_EVENTS_ON_A_PAGE: Final = 50
_PATTERN_SIGNS: Final = "[]%^"

# Each must stand in each field of a new data extension, or SFMC refuses it.
_FLAGS: Final = (
    "isTemplateField",
    "isHidden",
    "isReadOnly",
    "isInheritable",
    "isOverridable",
    "mustOverride",
)

_Listed = TypeVar("_Listed")


@attrs.frozen
class Page(Generic[_Listed]):
    """One page of a list.

    Attributes:
        items: What is on it.
        next_page: The page after it, or None where it is the last.
    """

    items: Sequence[_Listed]
    next_page: int | None = None


@attrs.frozen(kw_only=True)
class ListedExtension:
    """A data extension as it is listed.

    Attributes:
        id: Its GUID.
        key: Its external key.
        name: As people see it.
        description: What somebody wrote about it.
        columns: How many it has; None where SFMC does not say.
    """

    id: str
    key: str
    name: str
    description: str = ""
    columns: int | None = None


@attrs.frozen(kw_only=True)
class EventDefinition:
    """What a journey can be entered by.

    Attributes:
        key: What events name it by.
        name: As people see it.
        fields: What its events carry; empty where it defines nothing or SFMC does not say.
        journeys: How many published journeys listen to it; None where SFMC does not say.
    """

    key: str
    name: str
    fields: tuple[Column, ...] = ()
    journeys: int | None = None


@attrs.frozen(kw_only=True)
class NewExtension:
    """A data extension to create.

    Attributes:
        key: Its external key.
        name: As people will see it.
        folder: Id of its folder.
        columns: In order; at least one is a primary key.
        subscriber_column: The column whose values are subscriber keys, which makes mail possible;
            None where no mail is sent to its rows.
    """

    key: str
    name: str
    folder: str
    columns: tuple[Column, ...]
    subscriber_column: str | None = None


class Lookups(Rest):
    """The REST calls about what is in the account.

    Every method raises a `wharfinger.DeliveryError` where SFMC does not say what was asked:
    `wharfinger.HaltedError` with ``permission-missing`` or ``not-authorized`` where it must not.
    """

    async def data_extensions(self, search: str, page: int = 1) -> Page[ListedExtension]:
        """List data extensions, 25 a page; ``GET /data/v1/customobjects``.

        What was made within the last seconds may be missing (seen in production by clients).

        Args:
            search: Found in name, key or description; `EVERYTHING` finds all.
            page: From 1.
        """
        query = {"$search": search or EVERYTHING, "$page": str(page)}
        reply = await self._get("/data/v1/customobjects", query)
        return _page(reply, _EXTENSIONS, page, _EXTENSIONS_ON_A_PAGE, _listed)

    async def data_extension(self, extension_id: str) -> ListedExtension | None:
        """Read one by its GUID; ``GET /data/v1/customobjects/{id}``. None where it is not there."""
        reply = await self._get(f"/data/v1/customobjects/{segment(extension_id)}")
        return None if _is_absent(reply) else _listed(_entry(reply, _EXTENSIONS, "id").fields)

    async def fields(self, extension_id: str) -> Sequence[Any] | None:
        """Read its columns; ``GET /data/v1/customobjects/{id}/fields``. None where it is gone.

        A list in which a column has no name, or none says whether it is a primary key, is no
        answer: rows would be rejected for what nobody said.
        """
        reply = await self._get(f"/data/v1/customobjects/{segment(extension_id)}/fields")
        if _is_absent(reply):
            return None
        fields = _entry(reply, _EXTENSIONS, "fields").objects("fields")
        if not (fields and _are_columns(fields)):
            raise failure(attrs.evolve(reply, fields={}), _EXTENSIONS)
        return fields

    async def create_data_extension(self, new: NewExtension) -> ListedExtension | None:
        """Create one; ``POST /data/v1/customobjects``. None where its key or name is taken."""
        subject = f'creating the data extension with the Data Extension Key "{new.key}"'
        call = Call(topic=Topic.CREATION, subject=subject, permissions=words(WRITE_ROWS))
        reply = await self._post("/data/v1/customobjects", _encoded(new))
        if not reply.accepted and failure(reply, call).code == "already-exists":
            return None
        return _listed(_entry(reply, call, "id").fields)

    async def event_definitions(self, page: int = 1) -> Page[EventDefinition]:
        """List event definitions; ``GET /interaction/v1/eventDefinitions``.

        Args:
            page: From 1.
        """
        query = {"$page": str(page), "$pageSize": str(_EVENTS_ON_A_PAGE)}
        reply = await self._get("/interaction/v1/eventDefinitions", query)
        return _page(reply, _EVENTS, page, _EVENTS_ON_A_PAGE, _event_definition)

    async def event_definition(self, key: str) -> EventDefinition | None:
        """Read one by its key; ``GET /interaction/v1/eventDefinitions/key:{key}``.

        Returns:
            It; None where SFMC does not find it in this way. What it answers then is not
            documented, so only the list proves that there is none.
        """
        reply = await self._get(f"/interaction/v1/eventDefinitions/key:{segment(key)}")
        # What SFMC says of a key it does not know has no code of its own.
        if reply.status in _ABSENT and failure(reply, _EVENTS).code not in FORBIDDEN:
            return None
        found = _event_definition(_entry(reply, _EVENTS, "eventdefinitionkey").fields)
        return found if found.key == key else None


_ABSENT: Final = frozenset({400, 404})
_EXTENSIONS: Final = Call(
    topic=Topic.CATALOGUE, subject="reading data extensions", permissions=words(READ_ROWS)
)
_EVENTS: Final = Call(
    topic=Topic.CATALOGUE,
    subject="reading event definitions",
    permissions=words(["journeys_read"]),
)


def search_words(text: str) -> str:
    """Return what to search for to find a text among others.

    The search is thought to match as a database's ``LIKE`` does, since ``_`` finds everything; so
    the longest part without signs that stand for something else is searched for.

    Example:
        >>> search_words("orders [2030]")
        'orders '
    """
    for sign in _PATTERN_SIGNS:
        text = text.replace(sign, "\0")
    return max(text.split("\0"), key=len) or EVERYTHING


def _is_absent(reply: Reply) -> bool:
    """SFMC answers 404 for an id it does not know, and 400 for one that cannot be an id."""
    return reply.status in _ABSENT and failure(reply, _EXTENSIONS).code == "not-found"


def _are_columns(fields: Sequence[Mapping[str, Any]]) -> bool:
    named = all(isinstance(field.get("name"), str) and field["name"] for field in fields)
    return named and any(truth(field.get("isprimarykey")) is not None for field in fields)


def _entry(reply: Reply, call: Call, needed: str) -> Reply:
    """Return a reply that holds what is needed; any other one is an error."""
    if not reply.accepted or needed not in reply.fields:
        raise failure(reply, call)
    return reply


def _page(
    reply: Reply, call: Call, page: int, size: int, read: Callable[[Mapping[str, Any]], _Listed]
) -> Page[_Listed]:
    count = reply.number("count")
    items = [] if count == 0 else reply.objects("items")
    if not reply.accepted or items is None:
        raise failure(reply, call)
    size = reply.number("pagesize") or size
    # Where sums do not add up, only an empty page is surely the last one.
    more = len(items) >= size if count is None else (page - 1) * size + len(items) != count
    return Page([read(item) for item in items], page + 1 if items and more else None)


def _listed(entry: Mapping[str, Any]) -> ListedExtension:
    return ListedExtension(
        id=_text(entry.get("id")),
        key=_text(entry.get("key")),
        name=_text(entry.get("name")),
        description=_text(entry.get("description")),
        columns=whole_number(entry.get("fieldcount")),
    )


def _event_definition(entry: Mapping[str, Any]) -> EventDefinition:
    schema = entry.get("schema")
    fields = schema.get("fields") if isinstance(schema, Mapping) else None
    described = fields if isinstance(fields, list) else []
    return EventDefinition(
        key=_text(entry.get("eventdefinitionkey")),
        name=_text(entry.get("name")),
        fields=tuple(_event_field(each) for each in described if isinstance(each, Mapping)),
        journeys=whole_number(entry.get("publishedinteractioncount")),
    )


def _event_field(entry: Mapping[str, Any]) -> Column:
    members = folded(entry)
    renamed = {"type": members.get("datatype"), "length": members.get("maxlength")}
    return Column.from_json({**members, **renamed})


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _encoded(new: NewExtension) -> bytes:
    definition: dict[str, Any] = {
        "name": new.name,
        "key": new.key,
        "description": "Created by wharfinger.",
        "categoryId": int(new.folder),
        "isSendable": new.subscriber_column is not None,
        "fields": [_field(place, column) for place, column in enumerate(new.columns)],
    }
    if new.subscriber_column is not None:
        definition["sendableCustomObjectField"] = new.subscriber_column
        definition["sendableSubscriberField"] = "_SubscriberKey"
    return orjson.dumps(definition)


def _field(place: int, column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": str(column.type),
        "ordinal": place,
        "isPrimaryKey": column.primary_key,
        "isNullable": column.nullable,
        **dict.fromkeys(_FLAGS, False),
    }
    if column.length is not None:
        field["length"] = column.length
    if column.scale is not None:
        field["scale"] = column.scale
    return field
