"""Makes instances of settings and payload classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeVar

import attrs

from wharfinger.errors import PayloadError, Problem
from wharfinger.model.fields import Field
from wharfinger.model.unset import UNSET
from wharfinger.payload.conditions import unmet
from wharfinger.payload.fields import fields_of
from wharfinger.payload.read import read_field, refuse_unknown
from wharfinger.payload.rules import shown
from wharfinger.payload.source import Given, write_body

__all__ = ["PENDING", "Body", "compile_structure", "settle", "structure", "write_instance"]

PENDING: Final = object()
"""Stands for a value that is only known once there is an event."""

T = TypeVar("T")


def structure(cls: type[T], raw: Mapping[str, Any]) -> T:
    """Make an instance of a settings or payload class.

    Args:
        cls: The class; see `fields_of`.
        raw: Values by field name, as a field mapping or a configuration gives them. It is not
            changed. Objects and lists of the instance are new; what lies deeper in them is shared.

    Returns:
        The instance, coerced and checked as `wharfinger.payload` says.

    Raises:
        PayloadError: With one problem per wrong field, in the order of the class.
        TypeError: If the class cannot be used.

    Example:
        >>> import attrs
        >>> from wharfinger.model.fields import field
        >>> @attrs.define(kw_only=True)
        ... class CreateContact:
        ...     contact_key: str = field(name="contactKey", label="Contact Key")
        >>> structure(CreateContact, {"contactKey": 42})
        CreateContact(contact_key='42')
    """
    return compile_structure(cls)(raw)


def compile_structure(cls: type[T]) -> Callable[[Mapping[str, Any]], T]:
    """Return `structure` for one class: the function to call once per event.

    Args:
        cls: The class; see `fields_of`.

    Raises:
        TypeError: If the class cannot be used.
    """
    key: Any = cls  # a class is hashable, which its type does not say
    function: Callable[[Mapping[str, Any]], T] = _compile(key)
    return function


@cache
def _compile(cls: Any) -> Callable[[Mapping[str, Any]], Any]:
    body = write_instance(cls)
    source = "\n".join(["def structure(raw):", *body.lines, ""])
    exec(compile(source, f"<{cls.__qualname__}>", "exec"), body.names)  # noqa: S102  # from literals
    function: Callable[[Mapping[str, Any]], Any] = body.names["structure"]
    return function


@attrs.frozen
class Body:
    """Lines of a function that return an instance or raise, and the names they use."""

    lines: list[str]
    names: dict[str, Any]


def write_instance(cls: type[Any], given: Mapping[str, Given] | None = None) -> Body:
    """Write how an instance is made.

    Args:
        cls: The class; see `fields_of`.
        given: What is given for each field, by name; None where all of it is in ``raw``.

    Raises:
        TypeError: If the class cannot be used.
    """
    fields = fields_of(cls)
    names: dict[str, Any] = {
        "__builtins__": {},
        **{each.__name__: each for each in (bool, dict, int, len, str, type)},
        "UNSET": UNSET,
        "cls": cls,
        "known": frozenset(field.name for field in fields),
        "check_raw": _check_raw,
        "complete": _completion(fields),
        "refusals": (TypeError, ValueError),
        "refused": _refused,
    }
    names.update((f"read_{index}", _reading(field)) for index, field in enumerate(fields))
    parameters = _parameters(cls, fields, names)
    if given is None:
        in_raw = [Given(f"raw.get({field.name!r}, UNSET)") for field in fields]
        check = ["    if type(raw) is not dict:", "        check_raw(raw)"]
        return Body([*check, *write_body(fields, in_raw, parameters, "raw")], names)
    lines = write_body(fields, [given[field.name] for field in fields], parameters)
    return Body(lines, names)


def _parameters(cls: type[Any], fields: tuple[Field, ...], names: dict[str, Any]) -> dict[str, str]:
    """Name the parameters of the class, with the defaults that absent fields take."""
    attributes = attrs.fields_dict(cls)
    parameters = {}
    for index, field in enumerate(fields):
        attribute = attributes[field.attribute]
        default: Any = attribute.default
        code = ""
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # typed as a function
            names[f"default_{index}"] = default.factory
            code = f"default_{index}()"
        elif default is not attrs.NOTHING:
            names[f"default_{index}"] = default
            code = f"default_{index}"
        parameters[attribute.alias or attribute.name] = code
    return parameters


def settle(field: Field, value: Any) -> Any:
    """Return what a field holds for good where it is given a constant.

    Args:
        field: The field, complete.
        value: The constant; `UNSET` where nothing is ever given.

    Returns:
        The value, coerced and checked, `UNSET` where it is absent. `PENDING` where that is up to
        each event: there is a problem to report, or a list or an object to be made anew.
    """
    problems: list[Problem] = []
    held = read_field(field, value, (field.name,), problems)
    return PENDING if problems or isinstance(held, (list, dict)) else held


def _reading(field: Field) -> Callable[[Any, list[Problem]], Any]:
    path = (field.name,)
    return lambda value, problems: read_field(field, value, path, problems)


def _completion(
    fields: tuple[Field, ...],
) -> Callable[[Mapping[str, Any], Mapping[str, Any], list[Problem]], None]:
    """Return the check of all fields together, which raises if there is any problem by then."""
    order = {field.name: index for index, field in enumerate(fields)}

    def complete(
        raw: Mapping[str, Any], values: Mapping[str, Any], problems: list[Problem]
    ) -> None:
        problems += [Problem((name,), message) for name, message in unmet(fields, values)]
        problems.sort(key=lambda problem: order[str(problem.path[0])])
        refuse_unknown(raw, order, (), problems)
        if problems:
            raise PayloadError(problems)

    return complete


def _check_raw(raw: Any) -> None:
    if not isinstance(raw, Mapping):
        found = "nothing" if raw is UNSET else shown(raw)
        raise PayloadError([Problem((), f"The fields must be an object, but there is {found}.")])


def _refused(error: Exception) -> PayloadError:
    """Turn what a validator of the class itself raised into a problem."""
    return PayloadError([Problem((), f"The fields do not go together: {error}")])
