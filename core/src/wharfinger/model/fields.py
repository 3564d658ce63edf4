"""Fields of settings and payloads: what a form, a check and a mapping need to know of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal

import attrs

__all__ = [
    "Category",
    "Condition",
    "Control",
    "Field",
    "Kind",
    "field",
    "when_absent",
    "when_equal",
]

METADATA_KEY = "wharfinger"


class Kind(StrEnum):
    """The type of a field's value."""

    STRING = "string"
    TEXT = "text"
    """A string of several lines; the difference is for forms only."""
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    OBJECT = "object"


class Control(StrEnum):
    """What a field steers instead of travelling to the vendor; its value must be a constant."""

    OPTION = "option"
    """Anything: how the action works for this mapping. It reaches the payload like any field, and
    ``wharfinger_batching`` as one of the mapping's options."""

    BATCHING = "batching"
    """A boolean: whether this mapping's payloads are batched at all."""
    BATCH_ROWS = "batch-rows"
    """An integer: an upper bound on the rows of one batch."""


class Category(StrEnum):
    """What a field's value may give away, and so how a log shows it; see `redacted`."""

    SECRET = "secret"  # noqa: S105  # the word itself
    """It lets one in: it is never shown."""
    IDENTIFIER = "identifier"
    """It names a person or an account: a short hash is shown, the same while a process runs."""
    DATA = "data"
    """Anything else: its type and its length are shown."""


@attrs.frozen
class Condition:
    """A circumstance under which a field is required, looked at after coercion.

    Attributes:
        field: Name of the other field of the same class.
        operator: ``"absent"``, ``"present"``, ``"is"`` or ``"is-not"``.
        value: What ``"is"`` and ``"is-not"`` compare with.
    """

    field: str
    operator: Literal["absent", "present", "is", "is-not"]
    value: Any = None


def when_absent(field: str) -> Condition:
    """Require a field where another one has no value."""
    return Condition(field, "absent")


def when_equal(field: str, value: Any) -> Condition:
    """Require a field where another one has this value."""
    return Condition(field, "is", value)


@attrs.frozen(kw_only=True)
class Field:
    """One field of a settings or payload class, or one declared property of an object field.

    Attributes:
        name: The key in configurations, mappings and schemas; ``""`` until a class gives it.
        attribute: The attribute of the class that holds the value; ``""`` for properties.
        label: What people read: ``"Contact Key"``. Errors name the field by it.
        description: One or two sentences for forms and documentation.
        kind: The type of one value.
        multiple: Whether the value is a list of `kind`.
        required: True, False, or the condition under which it is.
        allow_null: Whether None is a value of its own, and not the same as absent.
        default: The value taken where none is given; None is no default.
        choices: The only values allowed, or empty for any.
        minimum: Smallest number, or fewest characters, entries or properties.
        maximum: Largest number, or most characters, entries or properties.
        pattern: Regular expression that the whole of a string must match.
        pattern_hint: The pattern in words, for the error: ``"must be digits only"``.
        format: ``"email"``, ``"uri"`` or ``"date-time"``; checked on strings.
        properties: Declared properties of an object, by name.
        additional_properties: Whether an object takes other keys as well.
        secret: Whether the value is kept in a `Secret`.
        check: A rule of its own: gets one value, coerced, in plain text where it is secret, and
            returns what is wrong as a whole sentence, or None. A pure function: a constant is
            looked at once, when a connection opens.
        control: What the field steers, where it does not travel to the vendor.
        category: What its value may give away. Where nothing is said, a class infers it: what is
            secret is a secret; an email address, and what is called an id, a key, an email or a
            phone, is an identifier; everything else is data.
    """

    name: str = ""
    attribute: str = ""
    label: str
    description: str = ""
    kind: Kind = attrs.field(default=Kind.STRING, converter=Kind)
    multiple: bool = False
    required: bool | Condition = False
    allow_null: bool = False
    default: Any = None
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    pattern_hint: str = ""
    format: Literal["email", "uri", "date-time"] | None = None
    properties: Mapping[str, Field] = attrs.field(factory=dict)
    additional_properties: bool = True
    secret: bool = False
    check: Callable[[Any], str | None] | None = None
    control: Control | None = attrs.field(
        default=None, converter=attrs.converters.optional(Control)
    )
    category: Category | None = attrs.field(
        default=None, converter=attrs.converters.optional(Category)
    )

    @property
    def in_payload(self) -> bool:
        """Whether payloads carry it: it steers nothing, or how the action works."""
        return self.control in (None, Control.OPTION)


def field(*, label: str, default: Any = attrs.NOTHING, **facts: Any) -> Any:
    """Declare one field of a settings or payload class.

    The type of the value is read from the annotation: ``str``, ``int``, ``float``, ``bool``,
    ``datetime``, ``dict[str, Any]``, `Secret`, a list of one of these, or one of these
    ``| None``. A field without a default is required, unless ``required`` says otherwise.

    Args:
        label: What people read; errors name the field by it.
        default: The value where none is given. Give ``None`` for an optional field.
        facts: Any other attribute of `Field`, for example ``name="contactKey"`` where the
            wire's name differs from the attribute's, ``required=when_absent("id")``,
            ``minimum=1``, ``kind="text"``.

    Returns:
        What ``attrs`` needs in a class body.

    Example:
        >>> import attrs
        >>> @attrs.define(kw_only=True)
        ... class CreateContact:
        ...     contact_key: str = field(name="contactKey", label="Contact Key")
    """
    facts.setdefault("required", default is attrs.NOTHING)
    declared = Field(label=label, default=None if default is attrs.NOTHING else default, **facts)
    # A conditionally required field may be absent, so the instance needs something to hold.
    if default is attrs.NOTHING and declared.required is not True:
        default = None
    return attrs.field(default=default, kw_only=True, metadata={METADATA_KEY: declared})
