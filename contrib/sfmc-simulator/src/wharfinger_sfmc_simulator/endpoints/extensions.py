"""Data extensions as they are listed and described: ``/data/v1/customobjects``."""

import fnmatch
import glob
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from wharfinger_sfmc_simulator.catalogue import FIELD_FLAGS, DataExtension, Field
from wharfinger_sfmc_simulator.clock import server_time
from wharfinger_sfmc_simulator.endpoints.pages import page_number, page_of
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = [
    "extension_as_json",
    "extension_by_id",
    "get_extension",
    "get_fields",
    "list_extensions",
    "list_folder",
]

_PAGE_SIZE = 25
_OWNER_ID = 700_000_001
_OWNER_NAME = "Simulator Admin"


def list_extensions(state: State, request: Request, token: Token) -> Reply:
    """List what matches ``$search``, 25 on a page; the caller's page size is ignored."""
    query = request.query_values()
    search = query.get("$search", "")
    if not search:
        raise ApiError(400, 10002, "$search is a required parameter")
    pattern = _like(search)
    found = [
        table
        for table in state.tables[token.account].values()
        if any(map(pattern.match, _searched(table.definition))) and _is_listed(state, table)
    ]
    return _list(state, found, page_number(query, "$page", 1), _PAGE_SIZE)


def list_folder(state: State, request: Request, token: Token) -> Reply:
    """List what is in one folder, in pages of the caller's size."""
    query = request.query_values()
    found = [
        table
        for table in state.tables[token.account].values()
        if str(table.definition.category) == request.parameters["folder"]
    ]
    order = query.get("$orderby", "").lower().split()
    if order:
        by = _ORDERS.get(order[0])
        if by is None or order[1:] not in ([], ["asc"], ["desc"]):
            raise ApiError(400, 10003, "request parameter $orderBy could not be resolved")
        found.sort(key=lambda table: by(state, table), reverse=order[1:] == ["desc"])
    size = page_number(query, "$pagesize", _PAGE_SIZE)
    return _list(state, found, page_number(query, "$page", 1), size)


def get_extension(state: State, request: Request, token: Token) -> Reply:
    """Describe one data extension, by GUID only."""
    return json_reply(extension_as_json(state, extension_by_id(state, request, token)))


def get_fields(state: State, request: Request, token: Token) -> Reply:
    """Describe its columns, in order."""
    extension = extension_by_id(state, request, token).definition
    fields = [_field_as_json(extension, i, field) for i, field in enumerate(extension.fields)]
    return json_reply({"id": extension.id, "fields": fields})


def extension_by_id(state: State, request: Request, token: Token) -> Table:
    """Return the data extension whose GUID the path tells.

    Raises:
        ApiError: 404; the token's account has none.
    """
    table = state.table_by_id(token, request.parameters["id"])
    if table is None:
        raise ApiError(404, 30003, "The data extension was not found.")
    return table


def _list(state: State, found: Sequence[Table], page: int, size: int) -> Reply:
    return json_reply(
        {
            "count": len(found),
            "page": page,
            "pageSize": size,
            "links": {},
            "items": [extension_as_json(state, table) for table in page_of(found, page, size)],
        }
    )


def _is_listed(state: State, table: Table) -> bool:
    """A search does not know a new data extension for some seconds."""
    made = state.made.get(table.definition.id)
    lag = timedelta(seconds=state.switches.search_lag_s)
    return made is None or made + lag <= state.clock()


def _like(search: str) -> re.Pattern[str]:
    """As the database matches: ``_`` is any character, ``%`` any number of them.

    Shell patterns say the same, and do not try every way to divide a text among many ``%``.
    """
    wild = {"_": "?", "%": "*"}
    pattern = "".join(wild.get(letter) or glob.escape(letter) for letter in search)
    return re.compile(fnmatch.translate(f"*{pattern}*"), re.IGNORECASE)


def _searched(extension: DataExtension) -> tuple[str, str, str]:
    return extension.name, extension.key, extension.description


def _created(state: State, table: Table) -> datetime:
    made = state.made.get(table.definition.id)
    return server_time(made) if made else state.created


def _modified(state: State, table: Table) -> datetime:
    modified = state.modified.get(table.definition.id)
    return server_time(modified) if modified else state.created


_ORDERS: Mapping[str, Callable[[State, Table], Any]] = {
    "name": lambda _, table: table.definition.name.lower(),
    "key": lambda _, table: table.definition.key.lower(),
    "createddate": _created,
    "modifieddate": _modified,
}


def _sendable_field(extension: DataExtension) -> str:
    if not extension.sendable:
        return ""
    return extension.sendable_field or next((key.name for key in extension.primary_keys), "")


def extension_as_json(state: State, table: Table) -> dict[str, Any]:
    """Return a data extension as the vendor describes it."""
    extension = table.definition
    return {
        "id": extension.id,
        "name": extension.name,
        "key": extension.key,
        "description": extension.description,
        "isActive": True,
        "isSendable": extension.sendable,
        "sendableCustomObjectField": _sendable_field(extension),
        "sendableSubscriberField": extension.subscriber_field if extension.sendable else "",
        "isTestable": extension.testable,
        "categoryId": extension.category,
        "ownerId": _OWNER_ID,
        "isObjectDeletable": True,
        "isFieldAdditionAllowed": True,
        "isFieldModificationAllowed": True,
        "createdDate": _created(state, table).isoformat(timespec="milliseconds"),
        "createdById": _OWNER_ID,
        "createdByName": _OWNER_NAME,
        "modifiedDate": _modified(state, table).isoformat(timespec="milliseconds"),
        "modifiedById": _OWNER_ID,
        "modifiedByName": _OWNER_NAME,
        "ownerName": _OWNER_NAME,
        "partnerApiObjectTypeId": 310,
        "partnerApiObjectTypeName": "DataExtension",
        "rowCount": len(table),
        "fieldCount": len(extension.fields),
        "dataRetentionProperties": {
            "isDeleteAtEndOfRetentionPeriod": False,
            "isRowBasedRetention": False,
            "isResetRetentionPeriodOnImport": False,
            **extension.retention,
        },
    }


def _field_as_json(extension: DataExtension, ordinal: int, field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": f"{extension.id[:24]}{ordinal:012x}",
        "name": field.name,
        "type": field.type,
        "ordinal": ordinal,
        "isPrimaryKey": field.primary_key,
        "isNullable": field.is_nullable,
        **{flag: flag in field.flags for flag in FIELD_FLAGS},
        "description": field.description,
        "maskType": "None",
        "storageType": "Plain",
    }
    if field.max_length is not None:
        described["length"] = field.max_length
    if field.type == "Decimal":
        described["scale"] = field.scale
    if field.default is not None:
        described["defaultValue"] = str(field.default)
    return described
