"""Asynchronous rows: they are queued, worked on later, and every row has a result of its own.

``PUT`` and ``POST /data/v1/async/dataextensions/{extension}/rows`` submit; status and results are
read by the id of the job. Shapes follow the vendor's reference of these calls and what clients saw
in production.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from wharfinger_sfmc_simulator.clock import server_text
from wharfinger_sfmc_simulator.endpoints.naming import external_key, named_table
from wharfinger_sfmc_simulator.endpoints.pages import page_number, page_of
from wharfinger_sfmc_simulator.jobs import Job
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["get_results", "get_status", "insert_rows", "upsert_rows"]

_SCALAR = str | int | float | bool | None


def upsert_rows(state: State, request: Request, token: Token) -> Reply:
    """Queue rows to be inserted or changed."""
    return _submit(state, request, token, insert=False)


def insert_rows(state: State, request: Request, token: Token) -> Reply:
    """Queue rows to be inserted; one that exists already is an error of its own."""
    return _submit(state, request, token, insert=True)


def get_status(state: State, request: Request, token: Token) -> Reply:
    """Say how far a job is; the id around it is this call's, not the job's."""
    job = _job(state, request, token)
    if job is None:
        return _no_record(state, request)
    return json_reply(
        {
            "status": _status(job, state.clock(), state.switches),
            "requestId": state.new_guid(),
            "resultMessages": [],
        }
    )


def get_results(state: State, request: Request, token: Token) -> Reply:
    """Tell what became of each row, in the order of the rows."""
    query = request.query_values()
    switches = state.switches
    usual = switches.async_results_page
    size = page_number(query, "$pagesize", usual or 1)
    page = page_number(query, "$page", 1)
    job = _job(state, request, token)
    if job is None or (job.items is None and switches.async_results_early == "not-found"):
        return _no_record(state, request)
    items = job.items or []
    there = items[: max(0, len(items) - switches.async_lost_results)]
    count = len(items if switches.async_lost_results_count == "told" else there)
    return json_reply(
        {
            "page": page,
            "pageSize": size if usual else count,
            "count": count,
            "items": page_of(there, page, size if usual else max(count, 1)),
            "requestId": state.new_guid(),
            "resultMessages": [],
        }
    )


def _submit(state: State, request: Request, token: Token, *, insert: bool) -> Reply:
    switches = state.switches
    name = request.parameters["extension"]
    table = named_table(state, token, name)
    if _is_malformed(name, switches):
        raise ApiError(400, 10001, f"Parameter {name} is invalid.")
    if table is None:
        return _unknown_extension(state, name)
    if len(request.body) > switches.async_payload_max_bytes:
        return _too_large(switches)
    rows = _rows(request.json(switches), switches)
    if switches.async_upsert_without_key == "refuse" and not insert and not _has_key(table):
        return _no_primary_key(state)
    job_id = state.new_guid()
    state.jobs.submit(job_id, table, rows, insert=insert)
    return json_reply({"requestId": job_id, "resultMessages": []}, 202)


def _has_key(table: Table) -> bool:
    return bool(table.definition.primary_keys)


def _is_malformed(name: str, switches: Switches) -> bool:
    """Neither a key with its prefix nor a GUID; names of data extensions are never resolved."""
    if external_key(name) is not None:
        return switches.async_id_form == "id-only"
    try:
        UUID(name)
    except ValueError:
        return True
    return False


def _rows(content: Any, switches: Switches) -> Sequence[dict[str, Any]]:
    rows = content.get("items") if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise _malformed(switches, "an object with an array of items is expected.")
    if not rows:
        raise ApiError(400, switches.async_empty_code, "At least one item is required.")
    if len(rows) > switches.async_objects_max:
        message = f"At most {switches.async_objects_max} items are allowed."
        raise ApiError(switches.async_objects_max_status, 10005, message)
    for row in rows:
        if not isinstance(row, dict) or not all(isinstance(v, _SCALAR) for v in row.values()):
            raise _malformed(switches, "each item must be names and plain values.")
    return rows


def _malformed(switches: Switches, what: str) -> ApiError:
    code = switches.malformed_json_code
    return ApiError(400, code, f"JSON Deserialization Exception: {what}")


def _too_large(switches: Switches) -> Reply:
    status = switches.async_payload_too_large_status
    if status == 400:  # noqa: PLR2004 (the status of any refused request)
        raise ApiError(status, 10005, "The request is too large.")
    return Reply(status, b"<h1>Request Entity Too Large</h1>", "text/html")


def _job(state: State, request: Request, token: Token) -> Job | None:
    """The job, as soon as and as long as it has a record."""
    job = state.jobs.find(request.parameters["id"], token.account)
    return job if job and job.phase(state.clock()) != "missing" else None


def _status(job: Job, now: datetime, switches: Switches) -> dict[str, Any]:
    phase = job.phase(now)
    status: dict[str, Any] = {"callDateTime": server_text(job.submitted)}
    if phase != "pending":
        status["pickupDateTime"] = server_text(job.picked_up)
    if phase == "complete":
        status["completionDateTime"] = server_text(job.completed)
    status["hasErrors"] = job.has_errors
    status["requestStatus"] = _word(job, phase, switches)
    if phase == "complete":
        status["resultStatus"] = "Has Errors" if job.has_errors else "OK"
    return {**status, "requestId": job.id}


def _word(job: Job, phase: str, switches: Switches) -> str:
    if phase == "complete":
        return "Error" if job.failed else switches.async_complete_word
    return "Executing" if phase == "executing" and switches.async_shows_executing else "Pending"


@attrs.frozen
class _Message:
    code: str
    text: str
    type: str = "Operational"

    def reply(self, state: State, status: int) -> Reply:
        """A refusal as this service writes it, whatever its status."""
        message = {
            "resultType": self.type,
            "resultClass": "Error",
            "resultCode": self.code,
            "message": self.text,
        }
        return json_reply({"requestId": state.new_guid(), "resultMessages": [message]}, status)


def _no_record(state: State, request: Request) -> Reply:
    """The same for a job that is too young, too old, or not there at all."""
    text = (
        "Unable to locate an Async Request Status Record for the provided RequestId: "
        f"{request.parameters['id']}."
    )
    return _Message("AsyncRequestStatusNotFound", text).reply(state, 200)


def _unknown_extension(state: State, name: str) -> Reply:
    key = external_key(name)
    text = (
        "Failed to resolve the Custom Object from the provided ObjectReferenceIdentifier "
        f"[Id: {'' if key is not None else name}, Key: {key or ''}]."
    )
    switches = state.switches
    message = _Message("CustomObjectNotFound", text, switches.async_not_found_type)
    return message.reply(state, switches.async_not_found_status)


def _no_primary_key(state: State) -> Reply:
    text = "This Data Extension does not have any primary keys defined."
    return _Message("PrimaryKeyRequired", text, "Validation").reply(state, 400)
