"""``POST /interaction/v1/async/events`` and what became of the events afterwards.

Shapes and limits follow the vendor's pages on entering contacts into a journey in batches and on
getting their status. The status of the reply and the codes of refusals are not told there.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from wharfinger_sfmc_simulator.catalogue import EventDefinition
from wharfinger_sfmc_simulator.clock import SERVER_TIME, server_text
from wharfinger_sfmc_simulator.endpoints.entering import definition_of, enter, required
from wharfinger_sfmc_simulator.endpoints.pages import page_number, page_of
from wharfinger_sfmc_simulator.event_log import EVENT_STATES, LoggedEvent
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["get_events_status", "post_events"]

_FILTERS: Mapping[str, Callable[[LoggedEvent], str]] = {
    "contactkey": lambda event: event.contact_key,
    "requestid": lambda event: event.request_id,
    "eventinstanceid": lambda event: event.instance_id,
    "eventdefinitionkey": lambda event: event.definition_key,
}
_ORDERABLE_WITH = ("requestid", "contactkey", "eventinstanceid")
_FIRST_YEAR = 1753
_USUAL_PERIOD = timedelta(days=30)


def post_events(state: State, request: Request, token: Token) -> Reply:
    """Queue up to 100 events of one definition; each member is accepted or refused by itself."""
    switches = state.switches
    body = request.json(switches)
    if not isinstance(body, dict):
        raise _malformed(state, "an object is expected.")
    given = _folded(body)
    definition = definition_of(state, token, required(state, given, "EventDefinitionKey"))
    members = given.get("members")
    if not isinstance(members, list) or not members:
        message = switches.event_missing_message.format(name="Members")
        raise ApiError(400, switches.event_missing_code, message)
    if len(members) > switches.batch_events_max:
        message = f"At most {switches.batch_events_max} members are allowed."
        raise ApiError(400, switches.batch_events_max_code, message)
    if switches.batch_interactions_exceeded:
        raise ApiError(400, 10000, "Interaction Count Limit Exceeded")
    request_id = state.new_guid()
    told = [_member(state, definition, member, request_id) for member in members]
    return json_reply(
        {
            "requestId": request_id,
            "count": len(told),
            "notQueuedCount": sum("message" in each for each in told),
            "members": told,
        },
        switches.batch_events_status,
    )


def get_events_status(state: State, request: Request, token: Token) -> Reply:
    """List events with what became of them; at least one filter is needed."""
    query = request.query_values()
    now = state.clock()
    found = _found(state, query, token)
    order = query.get("$orderby", "").lower().split()
    if order:
        _check_order(order, query)
        found.sort(key=lambda event: event.modified(now), reverse=order[1:] == ["desc"])
    page, size = page_number(query, "$page", 1), page_number(query, "$pagesize", 50)
    name = state.switches.event_status_name
    return json_reply(
        {
            "page": page,
            "pageSize": size,
            "count": len(found),
            "items": [_as_json(event, now, name) for event in page_of(found, page, size)],
        }
    )


def _member(
    state: State, definition: EventDefinition, member: Any, request_id: str
) -> dict[str, Any]:
    """Enter one member; a refused one keeps its instance id and says why."""
    given = _folded(member) if isinstance(member, dict) else {}
    instance_id = state.new_guid()
    told: dict[str, Any] = {
        "contactKey": given.get("contactkey"),
        "eventInstanceId": instance_id,
    }
    try:
        if not isinstance(member, dict):
            raise _malformed(state, "each member must be an object.")
        told["contactKey"] = required(state, given, "ContactKey")
        enter(state, definition, told["contactKey"], given.get("data"), instance_id)
    except ApiError as error:
        message = " ".join([f"{error.message}:", *error.additional]) if error.additional else ""
        told |= {"errorcode": str(error.code), "message": message or error.message}
    state.event_log.add(
        instance_id=instance_id,
        request_id=request_id,
        contact_key=str(told["contactKey"] or ""),
        definition_key=definition.key,
        account=definition.account,
        errorcode=told.get("errorcode", ""),
        message=told.get("message", ""),
    )
    return told


def _found(state: State, query: Mapping[str, str], token: Token) -> list[LoggedEvent]:
    kind = query.get("type", "").lower()
    if kind and kind not in EVENT_STATES:
        raise _invalid("type")
    wanted = {name: query[name] for name in _FILTERS if query.get(name)}
    if not (kind or wanted):
        names = "type, contactKey, requestId, eventInstanceId or eventDefinitionKey"
        raise ApiError(400, 10002, f"At least one of {names} is required.")
    now = state.clock()
    ends = _moment(query, "enddate", now)
    starts = _moment(query, "startdate", ends - _USUAL_PERIOD)
    return [
        event
        for event in state.event_log.listed(token.account)
        if all(_FILTERS[name](event) == value for name, value in wanted.items())
        and (not kind or event.state(now) == kind)
        and starts <= event.modified(now) <= ends
    ]


def _moment(query: Mapping[str, str], name: str, default: datetime) -> datetime:
    """A moment of a query; without an offset it is server time."""
    text = query.get(name)
    if not text:
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _invalid(name) from None
    if moment.year < _FIRST_YEAR:
        raise _invalid(name)
    return moment if moment.tzinfo else moment.replace(tzinfo=SERVER_TIME)


def _check_order(order: list[str], query: Mapping[str, str]) -> None:
    known = order[0] == "modifieddate" and order[1:] in ([], ["asc"], ["desc"])
    if not (known and any(query.get(name) for name in _ORDERABLE_WITH)):
        raise _invalid("$orderBy")


def _as_json(event: LoggedEvent, now: datetime, status_name: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "eventInstanceId": event.instance_id,
        "requestId": event.request_id or None,
        "contactKey": event.contact_key,
        "eventDefinitionKey": event.definition_key,
        status_name: event.state(now),
        "modifiedDate": server_text(event.modified(now)),
    }
    if event.message:
        told |= {"errorcode": event.errorcode, "message": event.message}
    return told


def _folded(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in content.items()}


def _malformed(state: State, what: str) -> ApiError:
    code = state.switches.malformed_json_code
    return ApiError(400, code, f"JSON Deserialization Exception: {what}")


def _invalid(name: str) -> ApiError:
    return ApiError(400, 10001, f"Parameter {name} is invalid.")
