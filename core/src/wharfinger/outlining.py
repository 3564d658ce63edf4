"""What a field mapping says before any event has come, read from how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from wharfinger.errors import Problem
from wharfinger.mapping import ROOT_DIRECTIVE
from wharfinger.model.action import Action
from wharfinger.model.fields import Control, Field, Kind
from wharfinger.model.opening import Outline
from wharfinger.model.unset import UNSET
from wharfinger.payload import default_of, fields_of, read_field

__all__ = ["constants_of", "is_plain", "options_of", "outline_of"]


def outline_of(name: str, action: Action, fields: Mapping[str, Any]) -> Outline:
    """Return the outline of a mapping.

    Args:
        name: The mapping's name.
        action: Its action.
        fields: Its field mapping as it is written, defaults filled in and nothing in it that
            steers batching.
    """
    known = {field.name: field for field in fields_of(action.payload) if field.in_payload}
    if not _is_written_out(fields):
        return Outline(mapping=name, action=action.slug, mapped=frozenset(known))
    written, fixed = constants_of(fields), _held(known, fields)
    objects = {n for n, f in known.items() if f.kind is Kind.OBJECT and not f.multiple}
    plain = {n: fixed.get(n, fields.get(n)) for n in objects}
    return Outline(
        mapping=name,
        action=action.slug,
        constants=fixed,
        mapped=frozenset(fields.keys() - written.keys() - {ROOT_DIRECTIVE}),
        properties={n: tuple(v) for n, v in plain.items() if is_plain(v)},
    )


def options_of(action: Action, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the options of an action by field name, as a mapping chooses them or by default.

    An option that is wrong, or not fixed, is a problem for others to report; here its default
    stands in.
    """
    options = {f.name: f for f in fields_of(action.payload) if f.control is Control.OPTION}
    chosen, usual = _held(options, fields or {}), _held(options, {})
    return {name: chosen.get(name, usual.get(name)) for name in options}


def constants_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a field mapping writes that is the same for every event, by field name."""
    constants = {name: _constant(value) for name, value in fields.items()}
    return {name: value for name, value in constants.items() if value is not UNSET}


def is_plain(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether a part of a field mapping is an object and no directive."""
    return isinstance(value, Mapping) and not any(str(key).startswith("@") for key in value)


def _is_written_out(fields: Mapping[str, Any]) -> bool:
    """Tell whether the payload holds the fields as they are written, and no others.

    Segment's directive at the root is `@transform` as a rule, which changes the event alone.
    """
    root = fields.get(ROOT_DIRECTIVE, {})
    return is_plain(fields) and root.keys() <= {"@transform"}


def _held(known: Mapping[str, Field], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what every payload holds in these fields, by name; None and absent are left out."""
    constants = constants_of(fields)
    decided = fields.keys() - constants.keys()
    held = {n: _read(f, constants.get(n, UNSET)) for n, f in known.items() if n not in decided}
    return {name: value for name, value in held.items() if value is not UNSET and value is not None}


def _read(field: Field, value: Any) -> Any:
    problems: list[Problem] = []
    read = read_field(field, value, (field.name,), problems)
    if problems:
        return UNSET
    return default_of(field) if read is UNSET else read


def _constant(value: Any) -> Any:
    """Return what a part of a field mapping stands for; `UNSET` where that is up to each event."""
    if isinstance(value, Mapping):
        if value.keys() - {"_metadata"} == {"@literal"}:
            return _constant(value["@literal"])
        entries = {key: _constant(entry) for key, entry in value.items()}
        return entries if is_plain(value) and UNSET not in entries.values() else UNSET
    if isinstance(value, (list, tuple)):
        items = [_constant(item) for item in value]
        return UNSET if UNSET in items else items
    return value
