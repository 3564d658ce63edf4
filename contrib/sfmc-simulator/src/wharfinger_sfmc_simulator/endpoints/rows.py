"""``POST /hub/v1/dataevents/{extension}/rowset``: rows are upserted, up to the first bad one."""

from typing import Any

from wharfinger_sfmc_simulator.rowset import Row, save_rows
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["post_rowset"]


def post_rowset(state: State, request: Request, token: Token) -> Reply:
    """Save rows and echo them, or say once for all of them what is wrong."""
    switches = state.switches
    table = _table(state, token, request.parameters["extension"])
    if len(request.body) > switches.payload_max_bytes:
        status = switches.payload_too_large_status
        return Reply(status, b"<h1>Request Entity Too Large</h1>", "text/html")
    rows = _rows(request.json(switches), switches)
    save_rows(table, rows, switches, state.generator)
    return json_reply([{"keys": row.keys, "values": row.values} for row in rows])


def _table(state: State, token: Token, wanted: str) -> Table:
    """By ``key:{external key}`` or by id; without the prefix a key is no id."""
    if wanted.lower().startswith("key:"):
        name = wanted[4:]
        table = state.table_by_key(token, name)
    else:
        name = wanted
        table = state.table_by_id(token, name)
    if table is None:
        code = state.switches.unknown_data_extension_code
        raise ApiError(400, code, f"Parameter {name} is invalid.")
    return table


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
