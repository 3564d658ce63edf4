"""Rows as they are read back: ``/data/v1/customobjectdata/.../rowset``.

Every value is a text, names are in lower case, dates are US server time; ``items`` is absent where
there is no row. Seen in recordings and by clients against live tenants.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from typing import Any

from wharfinger_sfmc_simulator.endpoints.pages import page_number, page_of
from wharfinger_sfmc_simulator.state import RowsRead, State
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.values import Stored, as_text
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["read_more_rows", "read_rows"]

StoredRow = Mapping[str, Stored]


def read_rows(state: State, request: Request, token: Token) -> Reply:
    """Give one page of a data extension's rows, by external key."""
    table = state.table_by_key(token, request.parameters["key"])
    if table is None:
        raise ApiError(404, 30003, "The data extension was not found.")
    query = request.query_values()
    most = state.switches.rows_page_max
    read = RowsRead(
        table=table,
        page_size=min(page_number(query, "$pagesize", most), most),
        filter=query.get("$filter", ""),
        order_by=query.get("$orderby", ""),
        ends=state.clock() + timedelta(days=1),
    )
    page = page_number(query, "$page", 1)
    content = _page(state, read, page)
    return json_reply(_linked(content, state.keep_read(read), read))


def read_more_rows(state: State, request: Request, token: Token) -> Reply:
    """Give another page of a read that began earlier, by its request token."""
    guid = request.parameters["read"]
    read = state.find_read(guid)
    if read is None or read.table.definition.account != token.account:
        raise ApiError(404, 30003, "The request token was not found.")
    page = page_number(request.query_values(), "$page", 1)
    return json_reply(_linked(_page(state, read, page), guid, read))


def _page(state: State, read: RowsRead, page: int) -> dict[str, Any]:
    if state.switches.rows_filter == "refuse" and (read.filter or read.order_by):
        raise _unresolved("$filter" if read.filter else "$orderBy")
    table = read.table
    rows = list(filter(_filter(table, read.filter), table.stored()))
    if read.order_by:
        column, descending = _order(table, read.order_by)
        rows.sort(key=lambda row: _sortable(row[column]), reverse=descending)
    content: dict[str, Any] = {
        "customObjectId": table.definition.id,
        "customObjectKey": table.definition.key,
        "pageSize": read.page_size,
        "page": page,
        "count": len(rows),
        "top": 0,
    }
    items = [table.read_back(row) for row in page_of(rows, page, read.page_size)]
    return {**content, "items": items} if items else content


def _linked(content: dict[str, Any], guid: str, read: RowsRead) -> dict[str, Any]:
    path, page = f"/v1/customobjectdata/token/{guid}/rowset?$page=", content["page"]
    links = {"self": f"{path}{page}"}
    if page * read.page_size < content["count"]:
        links["next"] = f"{path}{page + 1}"
    ends = read.ends.astimezone(UTC).replace(tzinfo=None)
    return {
        "links": links,
        "requestToken": guid,
        "tokenExpireDateUtc": ends.isoformat(timespec="milliseconds"),
        **content,
    }


_AND, _EQUALS = (re.compile(rf"\s{word}\s", re.IGNORECASE) for word in ("and", "eq"))


def _filter(table: Table, text: str) -> Callable[[StoredRow], bool]:
    """Only ``column eq 'value'``, joined by ``and``; nobody should depend on more."""
    wanted = []
    for part in _AND.split(text) if text else ():
        name, *others = (each.strip() for each in _EQUALS.split(part, maxsplit=1))
        if not others:
            raise _unresolved("$filter")
        value = others[0].removeprefix("'").removesuffix("'")
        wanted.append((_column(table, name, "$filter"), value.lower()))
    return lambda row: all(as_text(row[column]).lower() == value for column, value in wanted)


def _order(table: Table, text: str) -> tuple[str, bool]:
    name, _, direction = text.strip().partition(" ")
    return _column(table, name, "$orderBy"), direction.strip().lower() == "desc"


def _column(table: Table, name: str, parameter: str) -> str:
    field = table.find(name)
    if field is None:
        raise _unresolved(parameter)
    return field.name


def _unresolved(parameter: str) -> ApiError:
    return ApiError(400, 10003, f"request parameter {parameter} could not be resolved")


def _sortable(value: Stored) -> tuple[bool, Any]:
    return value is not None, value
