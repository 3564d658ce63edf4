"""What a connection's configuration may hold, read from plain JSON-like data.

Only the shape is read here; whether names mean anything is for `wharfinger.connection`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import cattrs
import httpx
from cattrs.errors import (
    AttributeValidationNote,
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationNote,
)

from wharfinger.delivery.budget import Budget
from wharfinger.delivery.circuit import CircuitPolicy
from wharfinger.delivery.http import Timeouts, is_loopback
from wharfinger.delivery.retry import RetryPolicy
from wharfinger.errors import Problem
from wharfinger.suggest import did_you_mean

__all__ = ["BatchOverride", "ConnectionConfig", "MappingConfig", "read_configuration"]


@attrs.frozen(kw_only=True)
class BatchOverride:
    """A mapping's own say in how its payloads travel; what is None stays as the plugin said."""

    rows: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.ge(1))
    )
    bytes: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.ge(1))
    )
    age_s: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.gt(0))
    )
    lanes: int | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.ge(1))
    )


@attrs.frozen(kw_only=True)
class MappingConfig:
    """One mapping as it is written: an action, a trigger and a field mapping."""

    action: str
    trigger: str = ""
    fields: Mapping[str, Any] = attrs.field(factory=dict)
    batch: BatchOverride | None = None
    enabled: bool = True


@attrs.frozen(kw_only=True)
class ConnectionConfig:
    """One connection as it is written."""

    destination: str
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    mappings: dict[str, MappingConfig] = attrs.field(factory=dict)
    route: str | None = None
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    timeouts: Timeouts = attrs.field(factory=Timeouts)
    budget: Budget | None = None
    circuit: CircuitPolicy = attrs.field(factory=CircuitPolicy)


def read_configuration(source: Any) -> tuple[ConnectionConfig, list[Problem]]:
    """Read one connection as far as it can be read.

    Args:
        source: The connection's table, with secrets already in place.

    Returns:
        The configuration without the parts that have the wrong shape, and what is wrong with
        those. A destination that is missing is ``""``.
    """
    if not isinstance(source, Mapping):
        return ConnectionConfig(destination=""), [Problem((), str(_wrong("a table", source)))]
    known = [attribute.name for attribute in attrs.fields(ConnectionConfig)]
    problems = [
        Problem((name,), f"is not known here. {did_you_mean(name, known)}")
        for name in source
        if name not in known
    ]
    if "destination" not in source:
        problems.append(Problem(("destination",), "is missing."))
    parts = _Parts(source, (), problems)
    mappings = _Parts(parts.take("mappings", Mapping[str, Any], {}), ("mappings",), problems)
    config = ConnectionConfig(
        destination=parts.take("destination", str, ""),
        settings=parts.take("settings", Mapping[str, Any], {}),
        route=parts.take("route", str, None),
        retry=parts.take("retry", RetryPolicy, RetryPolicy()),
        timeouts=parts.take("timeouts", Timeouts, Timeouts()),
        budget=parts.take("budget", Budget, None),
        circuit=parts.take("circuit", CircuitPolicy, CircuitPolicy()),
        mappings={
            name: mapping
            for name in mappings.source
            if (mapping := mappings.take(name, MappingConfig, None))
        },
    )
    if config.route is not None and not _is_route(config.route):
        problems.append(Problem(("route",), _NO_ROUTE.format(config.route)))
    return config, problems


@attrs.frozen
class _Parts:
    """A table whose entries are read one by one, so that one wrong entry hides no other."""

    source: Mapping[str, Any]
    path: tuple[str, ...]
    problems: list[Problem]

    def take(self, name: str, wanted: Any, otherwise: Any) -> Any:
        if name not in self.source:
            return otherwise
        try:
            return _converter.structure(self.source[name], wanted)
        except (ClassValidationError, _WrongTypeError) as error:
            self.problems.extend(_problems(error, (*self.path, name)))
            return otherwise


def _is_route(route: str) -> bool:
    try:
        url = httpx.URL(route)
    except httpx.InvalidURL:
        return False
    return url.scheme in ("http", "https") and is_loopback(url.host)


_NO_ROUTE = (
    "{!r} is not an address on this machine. A route sends every request, secrets included, to "
    'another place, so it must look like "http://127.0.0.1:8025".'
)


class _WrongTypeError(TypeError):
    pass


def _wrong(wanted: str, value: Any) -> _WrongTypeError:
    return _WrongTypeError(f"must be {wanted}, but it is {_describe(value)}.")


def _strict(value: Any, wanted: Any) -> Any:
    """Take a value as it is, and never turn None into "None" or "false" into True."""
    number_as_float = wanted is float and isinstance(value, int)
    if isinstance(value, bool) is not (wanted is bool) or not (
        isinstance(value, wanted) or number_as_float
    ):
        raise _wrong(_NAMES[wanted], value)
    return value


def _plain_mapping(value: Any, _: Any) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong("a table", value)
    return value


_NAMES: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def _describe(value: Any) -> str:
    for kinds, name in _DESCRIPTIONS:
        if isinstance(value, kinds):
            return name
    return f"a {type(value).__name__}"


_DESCRIPTIONS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "null"),
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    (Mapping, "a table"),
    ((list, tuple), "a list"),
)


def _make_converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for primitive in _NAMES:
        converter.register_structure_hook(primitive, _strict)
    converter.register_structure_hook_func(
        lambda wanted: wanted == Mapping[str, Any], _plain_mapping
    )

    def table_of(wanted: Any, made_by: cattrs.Converter) -> Any:
        structure = cattrs.gen.make_dict_structure_fn(
            wanted, made_by, _cattrs_forbid_extra_keys=True
        )

        def checked(value: Any, target: Any) -> Any:
            return structure(_plain_mapping(value, target), target)

        return checked

    converter.register_structure_hook_factory(attrs.has, table_of)
    return converter


_converter = _make_converter()


def _problems(error: BaseException, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Flatten what cattrs collected into problems with paths."""
    for inner in error.exceptions if isinstance(error, BaseExceptionGroup) else [error]:
        where = path
        for note in getattr(inner, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                where = (*path, note.name)
            elif isinstance(note, IterableValidationNote):
                where = (*path, note.index)
        if isinstance(inner, BaseExceptionGroup):
            yield from _problems(inner, where)
        elif isinstance(inner, ForbiddenExtraKeysError):
            known = [a.name for a in attrs.fields(inner.cl)]
            for name in sorted(inner.extra_fields):
                yield Problem((*where, name), f"is not known here. {did_you_mean(name, known)}")
        elif isinstance(inner, KeyError):
            yield Problem((*path, str(inner.args[0])), "is missing.")
        elif isinstance(inner, _WrongTypeError):
            yield Problem(where, str(inner))
        else:
            yield Problem(where, f"{inner}.")
