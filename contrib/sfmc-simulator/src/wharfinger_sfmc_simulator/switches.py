"""Everything the simulator does that no source settles, each as a named switch.

A switch stands for a choice: either nothing is known and the value is ours, or sources disagree.
The day a tenant answers differently, only a default changes.
"""

import string
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

import attrs

__all__ = [
    "SwitchError",
    "Switches",
    "change_switches",
    "describe_switches",
    "read_switches",
]


class SwitchError(ValueError):
    """A switch has no such name or no such value; the message says which there are."""


def _switch(default: Any, about: str, *, names: tuple[str, ...] = ()) -> Any:
    """A field with its meaning; ``names`` are the placeholders a message template may use."""
    return attrs.field(
        default=default,
        metadata={"about": about},
        validator=_template(names) if names else None,
    )


def _template(names: tuple[str, ...]) -> Any:
    def check(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
        try:
            used = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
        except ValueError as error:
            raise SwitchError(f"{attribute.name}: not a message template: {error}.") from None
        if used - set(names):
            allowed = ", ".join(f"{{{name}}}" for name in names)
            raise SwitchError(f"{attribute.name}: a message may use {allowed} and nothing else.")

    return check


@attrs.frozen(kw_only=True)
class Switches:
    """The choices the simulator makes; each field is one switch.

    What each means stands in its metadata under ``about``; `describe_switches` lists them, and so
    does ``wharfinger-sfmc-simulator --list-switches``.

    Example:
        >>> Switches(event_status=200).event_status
        200
    """

    # Tokens
    expires_in: int = _switch(
        1079, "`expires_in` of a token reply, in seconds (recordings say 1079, documents 1080)."
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

    # Every REST reply
    errorcode_as_text: bool = _switch(
        False, "Write `errorcode` as a text (clients have met both numbers and texts)."
    )
    missing_scope: Literal["403", "401-on-rows"] = _switch(
        "403",
        "A missing scope: 403 with 20002 everywhere, or 401 Not Authorized on rowset calls, as one "
        "client reports.",
    )
    malformed_json_code: int = _switch(10004, "`errorcode` for a body that is not JSON.")

    # Contacts
    contact_reply: Literal["recorded", "documented"] = _switch(
        "recorded",
        "Names in a contact reply: `rowsAffected`, `contactID`, `responseDateTime` as recorded, or "
        "`rowsAffetcted`, `contactId` and no time as documented.",
    )
    empty_attribute_sets: Literal["accept", "refuse"] = _switch(
        "accept", "An empty `attributeSets`: production clients send it, documents ask for one."
    )
    contact_request_code: int = _switch(
        10003, "`errorcode` for a contact without `contactKey` or an `attributeSets` array."
    )
    contact_set_code: int = _switch(10000, "`errorcode` for a bad or unknown attribute set.")

    # Journey events
    event_status: Literal[201, 200] = _switch(
        201, "Status of an accepted journey event (an older page says 200)."
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

    # Rowset
    rowset_mode: Literal["upsert", "insert-only"] = _switch(
        "upsert", "Rowset upserts as documented, or refuses existing keys as one tool notes."
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

    # Values
    number_with_decimals: Literal["refuse", "truncate"] = _switch(
        "refuse", "12.5 for a Number column."
    )
    empty_text: Literal["clears", "refuse"] = _switch(
        "clears", "An empty text for a Date, Number, Decimal or Boolean column: null, or refused."
    )

    # Reading
    rows_filter: Literal["works", "refuse"] = _switch(
        "works", "`$filter` and `$orderBy` when rows are read; some tenants refuse them."
    )
    rows_page_max: int = _switch(2500, "Most rows on one page when rows are read.")
    unknown_event_definition_status: int = _switch(
        404, "Status when an unknown event definition is read (the code seen is 30000)."
    )


def describe_switches(switches: Switches | None = None) -> str:
    """Return a table of every switch, its value, its other values and its meaning, for people."""
    present = switches or Switches()
    return "\n\n".join(
        f"{field.name} = {_shown(getattr(present, field.name))}{_choices(field.type)}\n"
        f"    {field.metadata['about']}"
        for field in attrs.fields(Switches)
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
        raise SwitchError(f"{field.name} cannot be {_shown(value)}{_choices(kind)}.")


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


def _choices(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " (one of " + ", ".join(map(_shown, get_args(kind))) + ")"
    return {bool: " (true or false)", int: " (a whole number)"}.get(kind, " (a text)")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
