"""Journey entry events and their definitions.

``POST /interaction/v1/events`` is not idempotent: each accepted call is a new entry. The status is
documented; the bodies of its refusals are not known and therefore switches.
"""

from collections.abc import Mapping
from typing import Any

from wharfinger_sfmc_simulator.catalogue import EventDefinition, Field
from wharfinger_sfmc_simulator.endpoints.pages import page_number, page_of
from wharfinger_sfmc_simulator.state import JourneyEntry, State
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.values import BadValueError, convert
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["get_event_definition", "list_event_definitions", "post_event"]

_RESERVED = "eventinstanceid"


def post_event(state: State, request: Request, token: Token) -> Reply:
    """Accept one journey event; whether anybody enters is another question."""
    body = request.json(state.switches)
    if not isinstance(body, dict):
        code = state.switches.malformed_json_code
        raise ApiError(400, code, "JSON Deserialization Exception: an object is expected.")
    given = {name.lower(): value for name, value in body.items()}
    contact_key = _required(state, given, "ContactKey")
    definition = _definition(state, token, _required(state, given, "EventDefinitionKey"))
    contact = state.contacts.get(contact_key)
    if contact is not None and not contact.active:
        code = state.switches.event_inactive_contact_code
        raise ApiError(400, code, f"Contact '{contact_key}' is not active.")
    data = _data(state, definition, given.get("data"))
    instance_id = state.new_guid()
    entry = JourneyEntry(
        event_instance_id=instance_id,
        event_definition_key=definition.key,
        contact_key=contact_key,
        account=token.account,
        at=state.clock().isoformat(),
        data={**data, "eventInstanceId": instance_id},
    )
    dropped = _is_dropped(state, definition, data)
    (state.dropped_entries if dropped else state.entries).append(entry)
    return json_reply({"eventInstanceId": instance_id}, state.switches.event_status)


def list_event_definitions(state: State, request: Request, token: Token) -> Reply:
    """List the event definitions of the token's account."""
    query = request.query_values()
    size = page_number(query, "$pagesize", 50)
    definitions = list(state.event_definitions[token.account].values())
    page = page_number(query, "$page", 1)
    return json_reply(
        {
            "count": len(definitions),
            "page": page,
            "pageSize": size,
            "items": [_as_json(each) for each in page_of(definitions, page, size)],
        }
    )


def get_event_definition(state: State, request: Request, token: Token) -> Reply:
    """Read one event definition, by ``key:{key}`` or by id."""
    wanted = request.parameters["definition"]
    is_key = wanted.lower().startswith("key:")
    for definition in state.event_definitions[token.account].values():
        if (definition.key == wanted[4:]) if is_key else (definition.id == wanted.lower()):
            return json_reply(_as_json(definition))
    # The vendor was seen to answer with an unfilled template here, so clients cannot read it.
    status = state.switches.unknown_event_definition_status
    raise ApiError(status, 30000, "{{eventDefinition}} not found.")


def _required(state: State, given: Mapping[str, Any], name: str) -> str:
    value = given.get(name.lower())
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        switches = state.switches
        message = switches.event_missing_message.format(name=name)
        raise ApiError(400, switches.event_missing_code, message)
    return value


def _definition(state: State, token: Token, key: str) -> EventDefinition:
    definition = state.event_definitions[token.account].get(key)
    if definition is None:
        switches = state.switches
        message = switches.event_unknown_key_message.format(key=key)
        raise ApiError(400, switches.event_unknown_key_code, message)
    return definition


def _data(state: State, definition: EventDefinition, data: Any) -> dict[str, Any]:
    """The event's data without the reserved name, once every field was found acceptable."""
    switches = state.switches
    if data is None and not definition.fields:
        return {}
    if not isinstance(data, dict):
        message = switches.event_missing_message.format(name="Data")
        raise ApiError(400, switches.event_missing_code, message)
    kept = {name: value for name, value in data.items() if name.lower() != _RESERVED}
    given = {name.lower(): value for name, value in kept.items()}
    errors = []
    for field in definition.fields:
        try:
            convert(field, given.get(field.name.lower(), field.default), switches)
        except BadValueError as error:
            errors.append(str(error))
    if errors:
        message = f"Unable to save event data for event definition key '{definition.key}'"
        raise ApiError(400, switches.event_data_code, message, additional=errors)
    return kept


def _is_dropped(state: State, definition: EventDefinition, data: Mapping[str, Any]) -> bool:
    if state.switches.drop_events_silently or not definition.published:
        return True
    known = {field.name.lower() for field in definition.fields}
    strange = any(name.lower() not in known for name in data)
    return strange and state.switches.unknown_event_field == "drop-event"


def _as_json(definition: EventDefinition) -> dict[str, Any]:
    return {
        "id": definition.id,
        "type": "APIEvent",
        "name": definition.name,
        "eventDefinitionKey": definition.key,
        "dataExtensionId": definition.id,
        "schema": {"fields": [_field_as_json(field) for field in definition.fields]},
        "sourceApplicationExtensionId": "7db1f972-f8b7-49b6-91b5-fa218e13953d",
        "publishedInteractionCount": int(definition.published),
    }


def _field_as_json(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "dataType": field.type,
        "maxLength": field.max_length,
        "isNullable": field.is_nullable,
        "isPrimaryKey": field.primary_key,
    }
