"""Data extensions as they are listed and described: ``/data/v1/customobjects``."""

import re
from typing import Any

from wharfinger_sfmc_simulator.catalogue import DataExtension, Field
from wharfinger_sfmc_simulator.endpoints.pages import page_number, page_of
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["get_extension", "get_fields", "list_extensions"]

_PAGE_SIZE = 25
_CATEGORY = 12345
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
        if any(map(pattern.search, _searched(table.definition)))
    ]
    page = page_number(query, "$page", 1)
    return json_reply(
        {
            "count": len(found),
            "page": page,
            "pageSize": _PAGE_SIZE,
            "links": {},
            "items": [_as_json(state, table) for table in page_of(found, page, _PAGE_SIZE)],
        }
    )


def get_extension(state: State, request: Request, token: Token) -> Reply:
    """Describe one data extension, by GUID only."""
    return json_reply(_as_json(state, _table(state, request, token)))


def get_fields(state: State, request: Request, token: Token) -> Reply:
    """Describe its columns, in order."""
    extension = _table(state, request, token).definition
    fields = [_field_as_json(extension, i, field) for i, field in enumerate(extension.fields)]
    return json_reply({"id": extension.id, "fields": fields})


def _table(state: State, request: Request, token: Token) -> Table:
    table = state.table_by_id(token, request.parameters["id"])
    if table is None:
        raise ApiError(404, 30003, "The data extension was not found.")
    return table


def _like(search: str) -> re.Pattern[str]:
    """As the database matches: ``_`` is any character, ``%`` any number of them."""
    parts = {"_": ".", "%": ".*"}
    pattern = "".join(parts.get(letter) or re.escape(letter) for letter in search)
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


def _searched(extension: DataExtension) -> tuple[str, str, str]:
    return extension.name, extension.key, extension.description


def _as_json(state: State, table: Table) -> dict[str, Any]:
    extension = table.definition
    created = state.created.isoformat(timespec="milliseconds")
    sendable = next(iter(extension.primary_keys), None) if extension.sendable else None
    return {
        "id": extension.id,
        "name": extension.name,
        "key": extension.key,
        "description": extension.description,
        "isActive": True,
        "isSendable": extension.sendable,
        "sendableCustomObjectField": sendable.name if sendable else "",
        "sendableSubscriberField": "_SubscriberKey" if sendable else "",
        "isTestable": False,
        "categoryId": _CATEGORY,
        "ownerId": _OWNER_ID,
        "isObjectDeletable": True,
        "isFieldAdditionAllowed": True,
        "isFieldModificationAllowed": True,
        "createdDate": created,
        "createdById": _OWNER_ID,
        "createdByName": _OWNER_NAME,
        "modifiedDate": created,
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
        "isTemplateField": False,
        "isInheritable": False,
        "isOverridable": False,
        "isHidden": False,
        "isReadOnly": False,
        "mustOverride": False,
        "description": "",
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
