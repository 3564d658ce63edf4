"""A data extension as a client asks for it: what must be there, and what is refused.

The rules were seen by clients against live tenants: every flag of every field must be sent, what is
missing is told one at a time, and some messages mislead. Codes nobody wrote down are switches.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import attrs

from wharfinger_sfmc_simulator.catalogue import (
    FIELD_FLAGS,
    FIELD_TYPES,
    DataExtension,
    Field,
)
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.values import BadValueError, convert
from wharfinger_sfmc_simulator.wire import ApiError

__all__ = ["changed_extension", "new_extension"]

_Value = TypeVar("_Value")

_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_SUBSCRIBER_FIELDS = ("_SubscriberKey", "_SubscriberID")
_FIELD_FLAGS = ("isPrimaryKey", "isNullable", *FIELD_FLAGS)
_MAX_TEXT, _MAX_PRECISION = 4000, 29


def new_extension(content: Any, guid: str, account: int, switches: Switches) -> DataExtension:
    """Return the data extension a body describes.

    Args:
        content: The decoded body.
        guid: GUID it shall have; also its external key where the body gives none.
        account: MID it shall belong to.
        switches: Which choices hold.

    Raises:
        ApiError: 400 with the first thing that is missing or cannot be.
    """
    body = _Content(content, switches)
    name = body.required("name", str)
    category = body.required("categoryId", int)
    key = body.optional("key", str) or guid
    if len(key) > switches.key_max_length:
        message = f"key cannot be longer than {switches.key_max_length} characters."
        raise body.invalid(message)
    extension = DataExtension(
        key=key,
        name=name,
        id=guid,
        account=account,
        description=body.optional("description", str) or "",
        category=category,
        testable=body.optional("isTestable", bool) or False,
        retention=body.optional("dataRetentionProperties", dict) or {},
        fields=_fields(body.required("fields", list), switches),
    )
    if body.optional("isSendable", bool) and switches.sendable_creation == "two-steps":
        raise body.invalid("A data extension is made sendable after it was created.")
    return _sendable(extension, body)


def changed_extension(extension: DataExtension, content: Any, switches: Switches) -> DataExtension:
    """Return a data extension with what can be changed of it: retention and sendability.

    Args:
        extension: As it is.
        content: The decoded body; what it names besides is passed over, as the vendor does.
        switches: Which choices hold.

    Raises:
        ApiError: 400; it would not be possible.
    """
    body = _Content(content, switches)
    retention = body.optional("dataRetentionProperties", dict) or {}
    extension = attrs.evolve(extension, retention={**extension.retention, **retention})
    return _sendable(extension, body)


class _Content:
    """An object of a body, whose members are taken out with the vendor's refusals."""

    def __init__(self, content: Any, switches: Switches, owner: str = "") -> None:
        self._switches = switches
        self._owner = owner
        if not isinstance(content, dict):
            raise self.malformed("an object is expected.")
        self._content: Mapping[str, Any] = content

    def required(self, name: str, kind: type[_Value]) -> _Value:
        """Return a member that must be there and may not be empty."""
        value = self.optional(name, kind)
        if value in (None, "", []):
            raise self.missing(name)
        return value

    def optional(self, name: str, kind: type[_Value]) -> _Value | None:
        """Return a member, or None where it is absent or null."""
        value = self._content.get(name)
        if value is None:
            return None
        if kind is int and isinstance(value, str) and _NUMBER.fullmatch(value):
            value = int(value)  # clients send the id of a folder as a text, and it works
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.malformed(f"{name} is of the wrong type.")
        return value

    def missing(self, name: str) -> ApiError:
        """Something is not there."""
        message = f"{name} is required{self._owner}"
        return ApiError(400, self._switches.creation_missing_code, message)

    def invalid(self, message: str) -> ApiError:
        """Something cannot be."""
        return ApiError(400, self._switches.creation_invalid_code, message)

    def malformed(self, what: str) -> ApiError:
        """Something has the wrong type."""
        code = self._switches.malformed_json_code
        return ApiError(400, code, f"JSON Deserialization Exception: {what}")


def _sendable(extension: DataExtension, body: _Content) -> DataExtension:
    """With what the body says about sending; a column and a subscriber's field are needed then."""
    sendable = body.optional("isSendable", bool)
    column = body.optional("sendableCustomObjectField", str)
    subscriber = body.optional("sendableSubscriberField", str)
    if sendable is None:
        return extension
    if not sendable:
        return attrs.evolve(extension, sendable=False, sendable_field="")
    if not column:
        raise body.missing("sendableCustomObjectField")
    if not subscriber:
        raise body.missing("sendableSubscriberField")
    found = next((f.name for f in extension.fields if f.name.lower() == column.lower()), None)
    if found is None:
        raise body.invalid(f"sendableCustomObjectField is invalid: {column}")
    if subscriber not in _SUBSCRIBER_FIELDS:
        raise body.invalid(f"sendableSubscriberField is invalid: {subscriber}")
    return attrs.evolve(extension, sendable=True, sendable_field=found, subscriber_field=subscriber)


def _fields(contents: Sequence[Any], switches: Switches) -> tuple[Field, ...]:
    """The columns, in the order of their ordinals."""
    fields: list[tuple[int, Field]] = []
    names: set[str] = set()
    for index, content in enumerate(contents):
        body = _Content(content, switches, " for Field")
        field = _field(body, switches)
        if field.name.lower() in names:
            raise body.invalid(f"A field with the name {field.name} exists already.")
        names.add(field.name.lower())
        ordinal = body.optional("ordinal", int)
        if ordinal is None and switches.field_ordinal == "required":
            raise body.missing("ordinal")
        fields.append((index if ordinal is None else ordinal, field))
    return tuple(field for _, field in sorted(fields, key=lambda each: each[0]))


def _field(body: _Content, switches: Switches) -> Field:
    name = body.required("name", str)
    kind = body.required("type", str)
    if kind not in FIELD_TYPES:
        raise body.invalid(f"fieldType is invalid: {kind}")
    flags = {flag: body.required(flag, bool) for flag in _FIELD_FLAGS}
    primary_key, nullable = flags.pop("isPrimaryKey"), flags.pop("isNullable")
    if primary_key and nullable:
        raise body.invalid(f"The primary key field {name} cannot be nullable.")
    field = Field(
        name=name,
        type=kind,
        length=_length(body, name, kind, switches, primary_key=primary_key),
        scale=_scale(body),
        primary_key=primary_key,
        nullable=nullable,
        default=body.optional("defaultValue", str),
        description=body.optional("description", str) or "",
        flags=tuple(flag for flag, holds in flags.items() if holds),
    )
    _check_precision(body, field)
    _check_default(body, field, switches)
    return field


def _length(
    body: _Content, name: str, kind: str, switches: Switches, *, primary_key: bool
) -> int | None:
    """The length that is stored; types that have none pass it over."""
    given, usual = body.optional("length", int), FIELD_TYPES[kind]
    if kind == "EmailAddress" and given != usual:
        raise body.invalid(switches.email_length_message.format(name=name))
    if kind == "Text" and primary_key and given is None:
        message = "A text field with no length specified cannot be used as a primary key"
        raise body.invalid(message)
    if usual is None or given is None:
        return None
    most = {"Text": _MAX_TEXT, "Decimal": _MAX_PRECISION}.get(kind, usual)
    if not 1 <= given <= most:
        raise body.invalid(f"The length of field {name} must be from 1 to {most}.")
    return given


def _scale(body: _Content) -> int:
    scale = body.optional("scale", int)
    return 2 if scale is None else scale


def _check_precision(body: _Content, field: Field) -> None:
    if field.type == "Decimal" and not 0 <= field.scale <= (field.max_length or 0):
        raise body.invalid(f"The scale of field {field.name} must be from 0 to its length.")


def _check_default(body: _Content, field: Field, switches: Switches) -> None:
    if field.default is None:
        return
    try:
        convert(field, field.default, switches)
    except BadValueError as error:
        raise body.invalid(str(error)) from None
