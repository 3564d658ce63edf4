"""Writes the Python source of the function that makes instances of one class.

Each field is read in a line or two: a value that already is what its field holds is taken as it
is, everything else goes to ``read_N``. So the rules stand in `read_field` only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wharfinger.model.fields import Condition, Field, Kind
from wharfinger.payload.fields import STRINGS

__all__ = ["write_source"]

_TYPES = {
    Kind.STRING: "str",
    Kind.TEXT: "str",
    Kind.INTEGER: "int",
    Kind.NUMBER: "int",
    Kind.BOOLEAN: "bool",
    Kind.OBJECT: "dict",
}


def write_source(fields: Sequence[Field], arguments: Mapping[str, str]) -> str:
    """Write ``def structure(raw)``.

    Args:
        fields: The fields of the class. The one at index N is read into ``f_N``, with ``read_N``.
        arguments: What to call the class with: parameter name and expression.
    """
    lines = ["if type(raw) is not dict:", "    check_raw(raw)", "problems = []"]
    for index, field in enumerate(fields):
        lines += _read(field, f"f_{index}", f"read_{index}")
    tests = ["problems", "not raw.keys() <= known", *_conditions(fields)]
    values = ", ".join(f"{field.name!r}: f_{index}" for index, field in enumerate(fields))
    lines += [f"if {' or '.join(tests)}:", f"    complete(raw, {{{values}}}, problems)", "try:"]
    passed = ", ".join(f"{name}={value}" for name, value in arguments.items())
    lines += [f"    return cls({passed})", "except refusals as error:"]
    lines += ["    raise refused(error) from error"]
    return "\n".join(["def structure(raw):", *(f"    {line}" for line in lines), ""])


def _read(field: Field, variable: str, read: str) -> list[str]:
    given = f"{variable} = raw.get({field.name!r}, UNSET)"
    there = "" if field.required is True else f"{variable} is not UNSET"
    slowly = f"    {variable} = {read}({variable}, problems)"
    ready = _ready(field, variable, variable)
    if ready is None:
        return [given, f"if {there}:", slowly] if there else [given, slowly.lstrip()]
    if field.kind is Kind.OBJECT:
        otherwise = f"elif {there}:" if there else "else:"
        return [given, f"if {ready}:", f"    {variable} = {variable}.copy()", otherwise, slowly]
    return [given, f"if {there} and not ({ready}):" if there else f"if not ({ready}):", slowly]


def _ready(field: Field, variable: str, given: str) -> str | None:
    """Write the test that a value is what its field holds; None if there is no quick one.

    Args:
        field: The field.
        variable: Name of the value.
        given: What to write where the value is first looked at; may assign it to the name.
    """
    if field.multiple or field.secret or field.choices or field.pattern or field.format:
        return None
    if field.kind not in _TYPES or field.check or not field.additional_properties:
        return None
    tests = [f"type({given}) is {_TYPES[field.kind]}"]
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


def _conditions(fields: Sequence[Field]) -> list[str]:
    """Write tests that hold wherever a conditional requirement could be unmet, and seldom else."""
    places = {field.name: index for index, field in enumerate(fields)}
    tests = []
    for index, field in enumerate(fields):
        if isinstance(field.required, Condition):
            test, other = f"f_{index} is UNSET", f"f_{places[field.required.field]}"
            if field.required.operator == "absent":
                test += f" and (not {other} or type({other}) is not str or {other}.isspace())"
            tests.append(test)
    return tests
