"""Writes the Python source that makes instances of one class.

Each field is read in a line or two: a value that already is what its field holds is taken as it
is, everything else goes to ``read_N``. So the rules stand in `read_field` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from wharfinger.model.fields import Condition, Field, Kind
from wharfinger.model.unset import UNSET
from wharfinger.payload.conditions import holds
from wharfinger.payload.fields import STRINGS

__all__ = ["Given", "write_body"]

_TYPES = {
    Kind.STRING: "str",
    Kind.TEXT: "str",
    Kind.INTEGER: "int",
    Kind.NUMBER: "int",
    Kind.BOOLEAN: "bool",
    Kind.OBJECT: "dict",
}


@attrs.frozen
class Given:
    """What is given for a field, as far as it is known when the source is written.

    Attributes:
        code: A Python expression for it, which gives ``UNSET`` for nothing.
        is_new: Whether it always is a dict that nothing else holds, and so need not be copied.
        is_settled: Whether the field holds one value for good: ``code`` gives it, coerced and
            checked.
        value: That value.
    """

    code: str
    is_new: bool = False
    is_settled: bool = False
    value: Any = UNSET


def write_body(
    fields: Sequence[Field],
    given: Sequence[Given],
    parameters: Mapping[str, str],
    raw: str = "",
) -> list[str]:
    """Write the lines of a function that returns an instance or raises.

    Args:
        fields: The fields of the class. The one at index N is held in ``f_N`` unless it is
            settled, and read by ``read_N``.
        given: What is given for each of them.
        parameters: What the class takes for each of them: the name of the parameter, and an
            expression for its default, ``""`` if it has none.
        raw: Name of an object that holds what is given, and may hold what is no field.
    """
    places = [each.code if each.is_settled else f"f_{i}" for i, each in enumerate(given)]
    lines = ["problems = []"]
    for index, (field, each) in enumerate(zip(fields, given, strict=True)):
        if not each.is_settled:
            lines += _read(field, each, f"f_{index}", f"read_{index}")
    unknown = [f"not {raw}.keys() <= known"] if raw else []
    tests = ["problems", *unknown, *_conditions(fields, given, places)]
    values = ", ".join(
        f"{field.name!r}: {place}" for field, place in zip(fields, places, strict=True)
    )
    lines += [f"if {' or '.join(tests)}:", f"    complete({raw or {}}, {{{values}}}, problems)"]
    passed = ", ".join(map(_argument, given, places, *zip(*parameters.items(), strict=True)))
    lines += ["try:", f"    return cls({passed})", "except refusals as error:"]
    lines += ["    raise refused(error) from error"]
    return [f"    {line}" for line in lines]


def _argument(given: Given, place: str, name: str, default: str) -> str:
    if default and given.is_settled and given.value is UNSET:
        return f"{name}={default}"
    if default and not given.is_settled:
        return f"{name}={place} if {place} is not UNSET else {default}"
    return f"{name}={place}"


def _read(field: Field, given: Given, variable: str, read: str) -> list[str]:
    lines = [f"{variable} = {given.code}"]
    there = "" if field.required is True else f"{variable} is not UNSET"
    slowly = f"    {variable} = {read}({variable}, problems)"
    ready = _ready(field, variable, variable, is_new=given.is_new)
    if ready is None:
        return [*lines, f"if {there}:", slowly] if there else [*lines, slowly.lstrip()]
    if field.kind is Kind.OBJECT and given.is_new:
        return [*lines, f"if not ({ready}):", slowly] if ready else lines
    if field.kind is Kind.OBJECT:
        otherwise = f"elif {there}:" if there else "else:"
        return [*lines, f"if {ready}:", f"    {variable} = {variable}.copy()", otherwise, slowly]
    return [*lines, f"if {there} and not ({ready}):" if there else f"if not ({ready}):", slowly]


def _ready(field: Field, variable: str, given: str, *, is_new: bool = False) -> str | None:
    """Write the test that a value is what its field holds; None if there is no quick one.

    Args:
        field: The field.
        variable: Name of the value.
        given: What to write where the value is first looked at; may assign it to the name.
        is_new: Whether it is a dict for certain.
    """
    if field.multiple or field.secret or field.choices or field.pattern or field.format:
        return None
    if field.kind not in _TYPES or field.check or not field.additional_properties:
        return None
    tests = [f"type({given}) is {_TYPES[field.kind]}"]
    if field.kind is Kind.OBJECT and is_new:
        tests.clear()
    if field.kind in STRINGS and field.required is not False:
        tests.append(f"{variable} and not {variable}.isspace()")
    size = variable if field.kind in (Kind.INTEGER, Kind.NUMBER) else f"len({variable})"
    if field.minimum is not None:
        tests.append(f"{size} >= {field.minimum!r}")
    if field.maximum is not None:
        tests.append(f"{size} <= {field.maximum!r}")
    for index, declared in enumerate(field.properties.values()):
        test = _ready_property(declared, variable, f"{variable}_{index}")
        if test is None:
            return None
        tests.append(test)
    return " and ".join(tests)


def _ready_property(field: Field, owner: str, variable: str) -> str | None:
    if isinstance(field.required, Condition) or field.kind is Kind.OBJECT:
        return None
    given = f"({variable} := {owner}.get({field.name!r}, UNSET))"
    if field.required:
        return _ready(field, variable, given)
    ready = _ready(field, variable, variable)
    if ready is None or field.default is not None:
        return None
    return f"({given} is UNSET or {ready})"


def _conditions(
    fields: Sequence[Field], given: Sequence[Given], places: Sequence[str]
) -> list[str]:
    """Write tests that hold wherever a conditional requirement could be unmet, and seldom else."""
    index_of = {field.name: index for index, field in enumerate(fields)}
    tests = []
    for field, own, place in zip(fields, given, places, strict=True):
        condition = field.required
        if not isinstance(condition, Condition) or (own.is_settled and own.value is not UNSET):
            continue
        test, index = f"{place} is UNSET", index_of[condition.field]
        if given[index].is_settled:
            if not holds(condition, given[index].value):
                continue
        elif condition.operator == "absent":
            other = places[index]
            test += f" and (not {other} or type({other}) is not str or {other}.isspace())"
        tests.append(test)
    return tests
