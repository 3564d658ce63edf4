"""Journey entry events and their definitions.

``POST /interaction/v1/events`` is not idempotent: each accepted call is a new entry. The status is
documented; the bodies of its refusals are not known and therefore switches.
"""

from typing import Any

from wharfinger_sfmc_simulator.catalogue import EventDefinition, Field
from wharfinger_sfmc_simulator.endpoints.entering import definition_of, enter, required
from wharfinger_sfmc_simulator.endpoints.pages import page_number, page_of
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["get_event_definition", "list_event_definitions", "post_event"]


def post_event(state: State, request: Request, token: Token) -> Reply:
    """Accept one journey event; whether anybody enters is another question."""
    body = request.json(state.switches)
    if not isinstance(body, dict):
        code = state.switches.malformed_json_code
        raise ApiError(400, code, "JSON Deserialization Exception: an object is expected.")
    given = {name.lower(): value for name, value in body.items()}
    contact_key = required(state, given, "ContactKey")
    definition = definition_of(state, token, required(state, given, "EventDefinitionKey"))
    instance_id = enter(state, definition, contact_key, given.get("data"))
    state.event_log.add(
        instance_id=instance_id,
        contact_key=contact_key,
        definition_key=definition.key,
        account=token.account,
    )
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
