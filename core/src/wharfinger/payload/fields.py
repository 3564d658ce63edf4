"""Reads a settings or payload class into its fields."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

import attrs

from wharfinger.model.fields import METADATA_KEY, Category, Condition, Control, Field, Kind
from wharfinger.model.secret import Secret
from wharfinger.model.unset import Unset
from wharfinger.suggest import did_you_mean

__all__ = ["STRINGS", "fields_of"]

STRINGS: Final = frozenset({Kind.STRING, Kind.TEXT})
_COUNTED: Final = STRINGS | {Kind.OBJECT, Kind.NUMBER, Kind.INTEGER}

_KINDS: Final[Mapping[Any, Kind]] = {
    str: Kind.STRING,
    int: Kind.INTEGER,
    float: Kind.NUMBER,
    bool: Kind.BOOLEAN,
    datetime: Kind.DATETIME,
    Secret: Kind.STRING,
    dict: Kind.OBJECT,
    dict[str, Any]: Kind.OBJECT,
    Mapping[str, Any]: Kind.OBJECT,
}
# A whole name or the last word of one: userId, contact_key, email. Not: paid, monkey.
_IDENTIFIES: Final = re.compile(
    r"(.*[_\W])?(id|key|email|phone|mobile)|.*[a-z0-9](Id|ID|Key|Email|Phone|Mobile)",
    re.DOTALL,
)
_NARROWER: Final = {(Kind.STRING, Kind.TEXT), (Kind.NUMBER, Kind.INTEGER)}
_CONTROLS: Final[Mapping[Control | None, Kind]] = {
    Control.BATCHING: Kind.BOOLEAN,
    Control.BATCH_ROWS: Kind.INTEGER,
}


def fields_of(cls: type[Any]) -> tuple[Field, ...]:
    """Read the fields of a settings or payload class.

    What a field does not say itself is taken from the class: its name from the attribute, kind,
    list and secrecy from the annotation. ``| None`` says that the field may be absent; only
    ``allow_null`` makes None a value.

    Args:
        cls: An attrs class whose fields are made with `wharfinger.field`. Other attributes are
            left alone if they have a default.

    Returns:
        The fields in the order of the class, complete.

    Raises:
        TypeError: If the class cannot be used; names class and attribute.
    """
    key: Any = cls  # a class is hashable, which its type does not say
    return _fields_of(key)


@cache
def _fields_of(cls: Any) -> tuple[Field, ...]:
    if not (isinstance(cls, type) and attrs.has(cls)):
        raise TypeError(f"{cls!r} is not an attrs class.")
    hints = _hints(cls)
    fields = []
    for attribute in attrs.fields(cls):
        where = f"{cls.__qualname__}.{attribute.name}"
        declared = attribute.metadata.get(METADATA_KEY)
        if isinstance(declared, Field):
            annotated = _annotated(declared, hints[attribute.name], where)
            field = attrs.evolve(annotated, attribute=attribute.name)
            fields.append(_checked(field, declared.name or attribute.name, where))
        elif attribute.init and attribute.default is attrs.NOTHING:
            raise TypeError(f"{where} has no default and is not made with wharfinger.field.")
    _check_together(fields, cls.__qualname__)
    return tuple(fields)


def _hints(cls: type[Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls)
    except NameError as error:
        raise TypeError(
            f"{cls.__qualname__}: an annotation names {error.name}, which its module has not got "
            "at run time. Import it outside of TYPE_CHECKING."
        ) from error


def _annotated(field: Field, hint: Any, where: str) -> Field:
    """Complete a field from its annotation; refuse an annotation that says something else."""
    members = {hint}
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        members = {each for each in typing.get_args(hint) if each not in (types.NoneType, Unset)}
    if members == {int, float}:
        members = {float}
    [annotation, *others] = members
    if annotation is Any:
        return field
    multiple = typing.get_origin(annotation) is list
    single = typing.get_args(annotation)[0] if multiple else annotation
    kind = _KINDS.get(single)
    if others or kind is None:
        raise TypeError(
            f"{where}: no field can be annotated {hint!r}. Use str, int, float, bool, datetime, "
            "dict[str, Any], Secret, a list of one of these, or one of these | None."
        )
    if field.multiple and not multiple:
        raise TypeError(f"{where}: multiple=True needs a list as its annotation, not {hint!r}.")
    if field.secret and single is not Secret:
        raise TypeError(f"{where}: secret=True needs Secret as its annotation, not {hint!r}.")
    if field.kind not in (kind, Kind.STRING) and (kind, field.kind) not in _NARROWER:
        raise TypeError(f"{where}: kind={field.kind.value!r} does not agree with {hint!r}.")
    kind = kind if field.kind is Kind.STRING else field.kind
    return attrs.evolve(field, kind=kind, multiple=multiple, secret=single is Secret)


def _checked(field: Field, name: str, where: str) -> Field:
    """Name a field and its declared properties; refuse facts that make no sense together."""
    for nonsense in _nonsense(field):
        raise TypeError(f"{where}: {nonsense}.")
    properties = {
        key: _checked(each, key, f"{where}.{key}") for key, each in field.properties.items()
    }
    _check_together(list(properties.values()), where)
    category = _category_of(field, name)
    if field.secret and category is not Category.SECRET:
        raise TypeError(f"{where}: a secret cannot be of the category {str(category)!r}.")
    return attrs.evolve(field, name=name, properties=properties, category=category)


def _category_of(field: Field, name: str) -> Category:
    """Return what the values of a field may give away, inferred where nobody said it."""
    if field.category is not None:
        return field.category
    if field.secret:
        return Category.SECRET
    if field.format == "email" or _IDENTIFIES.fullmatch(name):
        return Category.IDENTIFIER
    return Category.DATA


def _nonsense(field: Field) -> Iterator[str]:
    counted = field.multiple or field.kind in _COUNTED
    text = field.kind in STRINGS
    if not counted and (field.minimum is not None or field.maximum is not None):
        yield f"minimum and maximum mean nothing for a {field.kind.value}"
    if None not in (field.minimum, field.maximum) and field.minimum > field.maximum:  # type: ignore[operator]  # neither is None
        yield "minimum is above maximum"
    if not text and (field.pattern or field.format or field.secret):
        yield f"pattern, format and secret mean nothing for a {field.kind.value}"
    if field.properties and field.kind is not Kind.OBJECT:
        yield f"a {field.kind.value} has no properties"
    if field.control in _CONTROLS and (
        field.multiple or field.kind is not _CONTROLS[field.control]
    ):
        yield f"control={str(field.control)!r} does not suit a {field.kind.value}"
    if isinstance(field.default, (list, dict, set)):
        yield "instances would share this default; use attrs.Factory"
    if isinstance(field.default, attrs.Factory) and field.default.takes_self:  # type: ignore[arg-type]  # typed as a function
        yield "a default made from the instance is not supported"
    if field.pattern is not None:
        try:
            re.compile(field.pattern)
        except re.error as error:
            yield f"pattern is not a regular expression: {error}"


def _check_together(fields: list[Field], where: str) -> None:
    names = [field.name for field in fields]
    for field in fields:
        if names.count(field.name) > 1:
            raise TypeError(f"{where}: two fields are named {field.name!r}.")
        if isinstance(field.required, Condition) and field.required.field not in names:
            raise TypeError(
                f"{where}: {field.name!r} is required depending on {field.required.field!r}, "
                f"which is no field. {did_you_mean(field.required.field, names)}"
            )
