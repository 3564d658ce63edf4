"""How a journey event is checked and entered; events sent alone and in batches share it."""

from collections.abc import Mapping
from typing import Any

from wharfinger_sfmc_simulator.catalogue import EventDefinition
from wharfinger_sfmc_simulator.state import JourneyEntry, State
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.values import BadValueError, convert
from wharfinger_sfmc_simulator.wire import ApiError

__all__ = ["definition_of", "enter", "required"]

_RESERVED = "eventinstanceid"


def required(state: State, given: Mapping[str, Any], name: str) -> str:
    """Return a text that must be there.

    Args:
        state: The tenant's memory.
        given: What was sent, by lower-case name.
        name: As the vendor spells it.

    Raises:
        ApiError: It is missing or no text.
    """
    value = given.get(name.lower())
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        switches = state.switches
        message = switches.event_missing_message.format(name=name)
        raise ApiError(400, switches.event_missing_code, message)
    return value


def definition_of(state: State, token: Token, key: str) -> EventDefinition:
    """Return the event definition of that key.

    Raises:
        ApiError: The token's account has none.
    """
    definition = state.event_definitions[token.account].get(key)
    if definition is None:
        switches = state.switches
        message = switches.event_unknown_key_message.format(key=key)
        raise ApiError(400, switches.event_unknown_key_code, message)
    return definition


def enter(
    state: State,
    definition: EventDefinition,
    contact_key: str,
    data: object,
    instance_id: str | None = None,
) -> str:
    """Accept an event; whether anybody enters is another question.

    Args:
        state: The tenant's memory.
        definition: Which event.
        contact_key: Whose.
        data: ``Data`` as it was sent, or None.
        instance_id: What it is called; a new GUID if not given.

    Returns:
        Its instance id.

    Raises:
        ApiError: The contact is not active, or the data cannot be converted.
    """
    contact = state.contacts.get(contact_key)
    if contact is not None and not contact.active:
        code = state.switches.event_inactive_contact_code
        raise ApiError(400, code, f"Contact '{contact_key}' is not active.")
    kept = _data(state, definition, data)
    instance_id = instance_id or state.new_guid()
    entry = JourneyEntry(
        event_instance_id=instance_id,
        event_definition_key=definition.key,
        contact_key=contact_key,
        account=definition.account,
        at=state.clock().isoformat(),
        data={**kept, "eventInstanceId": instance_id},
    )
    dropped = _is_dropped(state, definition, kept)
    (state.dropped_entries if dropped else state.entries).append(entry)
    return instance_id


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
