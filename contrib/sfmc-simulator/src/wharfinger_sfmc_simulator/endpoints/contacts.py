"""``POST /contacts/v1/contacts``: a contact is made, or met again, by its key.

Fields follow the vendor's reference of that call, the reply follows recordings.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from wharfinger_sfmc_simulator.clock import iso_seven
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import ApiError, Reply, Request, json_reply

__all__ = ["post_contact"]

_REQUIRED_VALUE: Mapping[str, str] = {
    "Email Addresses": "HTML Enabled",
    "Email Demographics": "",
    "MobileConnect Demographics": "Locale",
    "MobilePush Demographics": "Application",
    "GroupConnect LINE Addresses": "",
    "GroupConnect LINE Subscriptions": "",
    "GroupConnect LINE Demographics": "",
}
"""The documented attribute sets, each with the value it cannot be without."""


def post_contact(state: State, request: Request, _: Token) -> Reply:
    """Make or update one contact."""
    body = request.json(state.switches)
    key, sets = _contact(body, state.switches)
    is_new = key not in state.contacts
    contact = state.contact(key)
    for name, values in sets.items():
        contact.attributes.setdefault(name, {}).update(values)
    documented = state.switches.contact_reply == "documented"
    reply: dict[str, Any] = {
        "operationStatus": "OK",
        "rowsAffetcted" if documented else "rowsAffected": 1,
        "contactKey": key,
        "contactId" if documented else "contactID": contact.id,
        "contactTypeID": 0,
        "isNewContactKey": is_new,
        "requestServiceMessageID": state.new_guid(),
        "hasErrors": False,
        "resultMessages": [],
        "serviceMessageID": state.new_guid(),
    }
    if not documented:
        reply["responseDateTime"] = iso_seven(state.clock())
    return json_reply(reply)


def _contact(body: Any, switches: Switches) -> tuple[str, dict[str, dict[str, Any]]]:
    key = body.get("contactKey") if isinstance(body, dict) else None
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    if not isinstance(key, str) or not key.strip():
        raise ApiError(400, switches.contact_request_code, "contactKey is required.")
    sets = body.get("attributeSets")
    if not isinstance(sets, list):
        raise ApiError(400, switches.contact_request_code, "attributeSets must be an array.")
    if not sets and switches.empty_attribute_sets == "refuse":
        message = "attributeSets must hold at least one attribute set."
        raise ApiError(400, switches.contact_request_code, message)
    read: dict[str, dict[str, Any]] = {}
    for each in sets:
        name, values = _attribute_set(each, switches)
        if name in read:
            raise ApiError(400, switches.contact_set_code, f"{name} is given more than once.")
        read[name] = values
    if "Email Demographics" in read and "Email Addresses" not in read:
        message = "Email Addresses is required with Email Demographics."
        raise ApiError(400, switches.contact_set_code, message)
    return key, read


def _attribute_set(content: Any, switches: Switches) -> tuple[str, dict[str, Any]]:
    name = content.get("name") if isinstance(content, dict) else None
    if not isinstance(name, str) or name not in _REQUIRED_VALUE:
        raise ApiError(400, switches.contact_set_code, f"Attribute set '{name}' does not exist.")
    values = dict(_values(content.get("items")))
    required = _REQUIRED_VALUE[name]
    if required and required not in values:
        message = f"{required} is required in attribute set '{name}'."
        raise ApiError(400, switches.contact_set_code, message)
    return name, values


def _values(items: Any) -> Iterator[tuple[str, Any]]:
    for item in items if isinstance(items, list) else ():
        values = item.get("values") if isinstance(item, dict) else None
        for value in values if isinstance(values, list) else ():
            if isinstance(value, dict) and isinstance(value.get("name"), str):
                yield value["name"], value.get("value")
