"""Rows that are saved at once, under ``/hub/v1/dataevents/{extension}``.

``POST .../rowset`` upserts many, up to the first bad one.
``PUT .../rows/{key}:{value}`` upserts one.
"""

from typing import Any

from wharfinger_sfmc_simulator.endpoints.naming import external_key, named_table
from wharfinger_sfmc_simulator.rowset import Row, save_rows
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["post_rowset", "put_row"]


def post_rowset(state: State, request: Request, token: Token) -> Reply:
    """Save rows and echo them, or say once for all of them what is wrong."""
    switches = state.switches
    table = _table(state, token, request.parameters["extension"])
    if len(request.body) > switches.payload_max_bytes:
        return _too_large(switches)
    rows = _rows(request.json(switches), switches)
    save_rows(table, rows, switches, state.generator)
    return json_reply([_as_json(row) for row in rows])


def put_row(state: State, request: Request, token: Token) -> Reply:
    """Save the one row whose primary key the path tells, and echo it."""
    switches = state.switches
    table = _table(state, token, request.parameters["extension"])
    if len(request.body) > switches.payload_max_bytes:
        return _too_large(switches)
    row = Row(_path_keys(request.parameters["keys"]), _values(request.json(switches), switches))
    save_rows(table, [row], switches, state.generator)
    return json_reply(_as_json(row))


def _as_json(row: Row) -> dict[str, Any]:
    return {"keys": row.keys, "values": row.values}


def _too_large(switches: Switches) -> Reply:
    status = switches.payload_too_large_status
    return Reply(status, b"<h1>Request Entity Too Large</h1>", "text/html")


def _table(state: State, token: Token, wanted: str) -> Table:
    """By ``key:{external key}`` or by id; without the prefix a key is no id."""
    table = named_table(state, token, wanted)
    if table is None:
        key = external_key(wanted)
        code = state.switches.unknown_data_extension_code
        raise ApiError(400, code, f"Parameter {wanted if key is None else key} is invalid.")
    return table


def _path_keys(text: str) -> dict[str, str]:
    """``{name}:{value}``, further ones behind commas; a comma within a value is misread."""
    keys: dict[str, str] = {}
    for part in text.split(","):
        name, colon, value = part.partition(":")
        if not (name and colon):
            raise ApiError(400, 10001, f"Parameter {part} is invalid.")
        keys[name] = value
    return keys


def _values(content: Any, switches: Switches) -> dict[str, Any]:
    values = content.get("values") if isinstance(content, dict) else None
    if not isinstance(values, dict):
        message = "JSON Deserialization Exception: an object with values is expected."
        raise ApiError(400, switches.malformed_json_code, message)
    return values


def _rows(content: Any, switches: Switches) -> list[Row]:
    malformed = switches.malformed_json_code
    if not isinstance(content, list):
        message = "JSON Deserialization Exception: an array of rows is expected."
        raise ApiError(400, malformed, message)
    if not content:
        raise ApiError(400, switches.empty_rowset_code, "At least one row is required.")
    rows = []
    for each in content:
        keys = (each.get("keys") or {}) if isinstance(each, dict) else None
        values = (each.get("values") or {}) if isinstance(each, dict) else None
        if not isinstance(keys, dict) or not isinstance(values, dict):
            message = "JSON Deserialization Exception: keys and values must be objects."
            raise ApiError(400, malformed, message)
        rows.append(Row(keys, values))
    return rows
