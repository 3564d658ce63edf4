"""Everything the simulator does that no source settles, each as a named switch.

A switch stands for a choice: either nothing is known and the value is ours, or sources disagree.
The day a tenant answers differently, only a default changes.
"""

from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

import attrs

from wharfinger_sfmc_simulator.extension_switches import ExtensionSwitches
from wharfinger_sfmc_simulator.queue_switches import QueueSwitches
from wharfinger_sfmc_simulator.switching import SwitchError
from wharfinger_sfmc_simulator.switching import switch as _switch

__all__ = [
    "SwitchError",
    "Switches",
    "change_switches",
    "choices_in_words",
    "read_switches",
    "shown",
]


@attrs.frozen(kw_only=True)
class Switches(QueueSwitches, ExtensionSwitches):
    """The choices the simulator makes; each field is one switch.

    What each means stands in its metadata under ``about``; `describe_switches` lists them, and so
    does ``wharfinger-sfmc-simulator --list-switches``.

    Example:
        >>> Switches(event_status=200).event_status
        200
    """

    expires_in: int = _switch(
        1079,
        "`expires_in` of a token reply, in seconds (recordings say 1079, documents 1080).",
        group="Tokens",
    )
    token_lifetime_s: int = _switch(
        1200, "How long a token is honoured, in seconds; longer than `expires_in` admits."
    )
    instance_urls: Literal["full", "bare-host"] = _switch(
        "full",
        "Instance URLs of a token reply: with scheme and trailing slash as recorded, or the bare "
        "host as in one documented sample.",
    )
    bad_grant_status: int = _switch(400, "Status for an unsupported `grant_type`.")
    invalid_request_status: int = _switch(400, "Status for a token request that lacks a field.")
    invalid_scope_status: int = _switch(400, "Status for a scope the client was not granted.")
    bad_account_status: int = _switch(401, "Status for an `account_id` the client may not use.")
    bad_account_error: str = _switch("unauthorized_client", "`error` for such an `account_id`.")
    ip_refused_status: int = _switch(401, "Status for an address that is not allow-listed.")
    ip_refused_error: str = _switch("unauthorized_client", "`error` for such an address.")

    errorcode_as_text: bool = _switch(
        False,
        "Write `errorcode` as a text (clients have met both numbers and texts).",
        group="Every REST reply",
    )
    missing_scope: Literal["403", "401-on-rows"] = _switch(
        "403",
        "A missing scope: 403 with 20002 everywhere, or 401 Not Authorized on rowset calls, as one "
        "client reports.",
    )
    malformed_json_code: int = _switch(10004, "`errorcode` for a body that is not JSON.")

    contact_reply: Literal["recorded", "documented"] = _switch(
        "recorded",
        "Names in a contact reply: `rowsAffected`, `contactID`, `responseDateTime` as recorded, or "
        "`rowsAffetcted`, `contactId` and no time as documented.",
        group="Contacts",
    )
    empty_attribute_sets: Literal["accept", "refuse"] = _switch(
        "accept", "An empty `attributeSets`: production clients send it, documents ask for one."
    )
    contact_request_code: int = _switch(
        10003, "`errorcode` for a contact without `contactKey` or an `attributeSets` array."
    )
    contact_set_code: int = _switch(10000, "`errorcode` for a bad or unknown attribute set.")

    event_status: Literal[201, 200] = _switch(
        201, "Status of an accepted journey event (an older page says 200).", group="Journey events"
    )
    event_unknown_key_code: int = _switch(30003, "`errorcode` for an unknown event definition.")
    event_unknown_key_message: str = _switch(
        "Event definition key '{key}' not found.",
        "Message for an unknown event definition.",
        names=("key",),
    )
    event_missing_code: int = _switch(10002, "`errorcode` for a missing top-level event field.")
    event_missing_message: str = _switch(
        "{name} is required.", "Message for a missing top-level event field.", names=("name",)
    )
    event_data_code: int = _switch(10006, "`errorcode` for event data that cannot be converted.")
    event_inactive_contact_code: int = _switch(
        30001, "`errorcode` for an event of a contact that is not active."
    )
    unknown_event_field: Literal["ignore", "drop-event"] = _switch(
        "ignore",
        "A name in `Data` the event does not define: accept without it, or answer 201 and silently "
        "drop the contact, as practitioners report.",
    )
    drop_events_silently: bool = _switch(
        False, "Answer every event with success and let nobody enter."
    )

    rowset_mode: Literal["upsert", "insert-only"] = _switch(
        "upsert",
        "Rowset upserts as documented, or refuses existing keys as one tool notes.",
        group="Rowset",
    )
    payload_max_bytes: int = _switch(5_000_000, "Largest rowset body, in bytes.")
    payload_too_large_status: int = _switch(
        413, "Status for a larger body; the reply is not JSON then."
    )
    empty_rowset_code: int = _switch(10003, "`errorcode` for an empty array of rows.")
    unknown_data_extension_code: int = _switch(
        10001, "`errorcode` for an unknown data extension (some see 10000)."
    )
    primary_key_check: Literal["before-rows", "row-by-row"] = _switch(
        "before-rows",
        "Rows that name wrong primary keys: refuse the call before any row is stored, or when the "
        "row's turn comes.",
    )
    null_value: Literal["accept", "opaque-error"] = _switch(
        "accept",
        "null for a nullable column: stored, or 10006 without `additionalErrors`, as a blog says.",
    )
    null_message: str = _switch(
        "{column}: The value for column [{column}] cannot be null.",
        "Message for null or nothing in a required column.",
        names=("column",),
    )
    unparsable_message: str = _switch(
        "{column}: The value for column [{column}] is not a valid {type}. "
        "Parse error [Invalid{type}]",
        "Message for a value that is no Number, Decimal, Date, Boolean or Locale.",
        names=("column", "type"),
    )
    unknown_column: Literal["ignore", "refuse"] = _switch(
        "ignore", "A column that does not exist, beside one that does."
    )
    column_case: Literal["ignore", "exact"] = _switch(
        "ignore", "Whether `email` writes the column `Email`."
    )
    duplicate_keys: Literal["last-wins", "refuse"] = _switch(
        "last-wins", "One primary key twice in one rowset."
    )
    key_case: Literal["ignore", "exact"] = _switch(
        "ignore", "Whether primary keys `A@x` and `a@x` are one row."
    )
    key_trailing_spaces: Literal["ignore", "exact"] = _switch(
        "ignore", "Whether primary keys `a` and `a ` are one row."
    )

    number_with_decimals: Literal["refuse", "truncate"] = _switch(
        "refuse", "12.5 for a Number column.", group="Values"
    )
    empty_text: Literal["clears", "refuse"] = _switch(
        "clears", "An empty text for a Date, Number, Decimal or Boolean column: null, or refused."
    )

    rows_filter: Literal["works", "refuse"] = _switch(
        "works",
        "`$filter` and `$orderBy` when rows are read; some tenants refuse them.",
        group="Reading",
    )
    rows_page_max: int = _switch(2500, "Most rows on one page when rows are read.")
    unknown_event_definition_status: int = _switch(
        404, "Status when an unknown event definition is read (the code seen is 30000)."
    )


def read_switches(assignments: Iterable[str], base: Switches | None = None) -> Switches:
    """Return switches with assignments such as ``event_status=200`` applied in order.

    Args:
        assignments: ``name=value`` each; booleans are ``true`` or ``false``.
        base: Where to start; the defaults if not given.

    Raises:
        SwitchError: A name or a value does not exist; the message lists what there is.
    """
    return change_switches(base or Switches(), dict(map(_parse, assignments)))


def change_switches(base: Switches, values: dict[str, Any]) -> Switches:
    """Return ``base`` with ``values`` set, each checked against its type.

    Raises:
        SwitchError: A name or a value does not exist.
    """
    for name, value in values.items():
        _check(_field(name), value)
    return attrs.evolve(base, **values)


def _field(name: str) -> "attrs.Attribute[Any]":
    for field in attrs.fields(Switches):
        if field.name == name:
            return field
    import difflib  # noqa: PLC0415 (only a mistake needs it)

    names = [field.name for field in attrs.fields(Switches)]
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]}?" if near else "--list-switches shows them all."
    raise SwitchError(f"There is no switch {name!r}; {hint}")


def _check(field: "attrs.Attribute[Any]", value: object) -> None:
    kind: Any = field.type
    if get_origin(kind) is Literal:
        fits = any(value == choice and type(value) is type(choice) for choice in get_args(kind))
    else:
        fits = type(value) is kind
    if not fits:
        raise SwitchError(f"{field.name} cannot be {shown(value)} {choices_in_words(kind)}.")


def _parse(assignment: str) -> tuple[str, Any]:
    name, equals, text = assignment.partition("=")
    if not equals:
        raise SwitchError(f"{assignment!r} is not name=value.")
    name, text = name.strip().replace("-", "_"), text.strip()
    kind: Any = _field(name).type
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    value: Any = text
    if kind is bool:
        value = {"true": True, "false": False}.get(text.lower(), text)
    elif kind is int or any(isinstance(choice, int) for choice in choices):
        value = int(text) if text.removeprefix("-").isdecimal() else text
    return name, value


def choices_in_words(kind: Any) -> str:
    """Return which values a switch of some type may have, in brackets."""
    if get_origin(kind) is Literal:
        return "(one of " + ", ".join(map(shown, get_args(kind))) + ")"
    return {bool: "(true or false)", int: "(a whole number)"}.get(kind, "(a text)")


def shown(value: object) -> str:
    """Return a value as it is written after ``--switch name=``."""
    return str(value).lower() if isinstance(value, bool) else str(value)
