"""Reads the JSON of a field mapping: objects, lists, constants, and the shape of options.

A reader goes on after a problem, so that one look at a mapping finds all of them. The directives
themselves are in `wharfinger.mapping.directives`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any, Protocol

import attrs

from wharfinger.errors import Problem
from wharfinger.mapping.functions import kind_of
from wharfinger.mapping.nodes import Constant, Custom, List, Node, Object, Place
from wharfinger.model.action import Directive
from wharfinger.model.unset import UNSET
from wharfinger.suggest import did_you_mean

__all__ = ["ABSENT", "MAX_DEPTH", "REFUSED", "ReadDirective", "Reader", "is_directive", "shown"]

MAX_DEPTH = 64
"""Most keys and list indices from the root of a mapping to a value in it."""

ABSENT = Constant(UNSET)
"""Stands for an option that is left out, and for a literal that means nothing."""

REFUSED = Constant(UNSET)
"""Stands for what could not be read; told from `ABSENT` by identity."""

_METADATA = "_metadata"
_LONGEST_SHOWN = 60
_MOST_SHOWN = 5


class ReadDirective(Protocol):
    """Reads the options of one directive, at a place in the mapping."""

    def __call__(self, reader: Reader, source: Any, at: Place, /, *, keeps_absent: bool) -> Node:
        """Return its node; ``keeps_absent`` is that of the objects it makes."""


@attrs.define
class Reader:
    """Reads one mapping.

    Attributes:
        built_in: What reads the options of each built-in directive.
        custom: The directives of plugins, by name.
        problems: Everything wrong so far, in the order of the mapping.
    """

    built_in: Mapping[str, ReadDirective]
    custom: Mapping[str, Directive]
    problems: list[Problem] = attrs.field(factory=list)

    def refuse(self, at: Place, message: str) -> Constant:
        """Note a problem, and give a node to go on with."""
        self.problems.append(Problem(at, message))
        return REFUSED

    def node(self, source: Any, at: Place, *, keeps_absent: bool = False) -> Node:
        """Read any value: a directive, an object, a list or a constant."""
        if len(at) > MAX_DEPTH:
            return self.refuse(at, f"is nested deeper than {MAX_DEPTH} keys.")
        if isinstance(source, Mapping):
            if is_directive(source):
                return self.directive(source, at, keeps_absent=keeps_absent)
            return self._object(source, at, keeps_absent=keeps_absent)
        if isinstance(source, (list, tuple)):
            return List(tuple(self.node(item, (*at, i)) for i, item in enumerate(source)))
        return self._constant(source, at)

    def directive(self, source: Mapping[str, Any], at: Place, *, keeps_absent: bool) -> Node:
        """Read a directive object such as ``{"@path": "$.userId"}``."""
        names = [key for key in source if key != _METADATA]
        if len(names) > 1:
            listed = ", ".join(f'"{shown(name)}"' for name in names[:_MOST_SHOWN])
            return self.refuse(at, f"must have one directive and nothing beside it, not {listed}.")
        name = names[0]
        options, inside = source[name], (*at, name)
        if read := self.built_in.get(name):
            return read(self, options, inside, keeps_absent=keeps_absent)
        if directive := self.custom.get(name):
            return self._custom(directive, options, inside)
        known = did_you_mean(shown(name), {*self.built_in, *self.custom})
        return self.refuse(inside, f"is not a directive. {known}")

    def text_or_directive(self, source: Any, at: Place) -> Node:
        """Read what must be a string, or a directive that may give one."""
        if isinstance(source, str) or (isinstance(source, Mapping) and is_directive(source)):
            return self.node(source, at)
        return self.refuse(at, f"must be text or a directive, but it is {kind_of(source)}.")

    def object_or_directive(self, source: Any, at: Place, *, keeps_absent: bool = False) -> Node:
        """Read what must be an object, or a directive that may give one."""
        if isinstance(source, Mapping):
            return self.node(source, at, keeps_absent=keeps_absent)
        return self.refuse(at, f"must be an object or a directive, but it is {kind_of(source)}.")

    def options(
        self, source: Any, at: Place, *, needed: Collection[str], known: Collection[str] = ()
    ) -> Mapping[str, Any] | None:
        """Check the keys of a directive's options; None if there is no going on."""
        if not isinstance(source, Mapping) or any(_starts_with_at(key) for key in source):
            found = kind_of(source) if not isinstance(source, Mapping) else "a directive"
            self.refuse(at, f"must be an object with its options, but it is {found}.")
            return None
        missing = [name for name in needed if name not in source]
        for name in missing:
            self.refuse(at, f'needs "{name}".')
        for name in source:
            if name not in needed and name not in known and name != _METADATA:
                listed = did_you_mean(shown(name), [*needed, *known])
                self.refuse((*at, str(name)), f"is not an option here. {listed}")
        return None if missing else source

    def one_of(self, source: Any, at: Place, choices: Collection[str]) -> str | None:
        """Read a constant word; its case does not matter."""
        if isinstance(source, str) and source.lower() in choices:
            return source.lower()
        listed = " or ".join(f'"{choice}"' for choice in choices)
        found = f'"{shown(source)}"' if isinstance(source, str) else kind_of(source)
        self.refuse(at, f"must be {listed}, but it is {found}.")
        return None

    def flag(self, options: Mapping[str, Any], name: str, at: Place, *, default: bool) -> bool:
        """Read a constant boolean."""
        value = options.get(name, default)
        if not isinstance(value, bool):
            self.refuse((*at, name), f"must be true or false, but it is {kind_of(value)}.")
            return default
        return value

    def short_text(self, source: Any, at: Place, shortest: int, longest: int | None) -> str | None:
        """Read a constant string of some length."""
        if not isinstance(source, str):
            self.refuse(at, f"must be text, but it is {kind_of(source)}.")
        elif len(source) < shortest:
            self.refuse(at, "must not be empty.")
        elif longest is not None and len(source) > longest:
            self.refuse(at, f"must have {longest} characters at most, but it has {len(source)}.")
        else:
            return source
        return None

    def _object(self, source: Mapping[Any, Any], at: Place, *, keeps_absent: bool) -> Node:
        entries = []
        for key, value in source.items():
            if isinstance(key, str):
                entries.append((key, self.node(value, (*at, key))))
            else:
                self.refuse(at, f"must have text as keys, but {key!r} is {kind_of(key)}.")
        return Object(tuple(entries), keeps_absent)

    def _constant(self, source: Any, at: Place) -> Node:
        if source is None or isinstance(source, (str, bool, int)):
            return Constant(source)
        if isinstance(source, float) and isfinite(source):
            return Constant(source)
        found = str(source) if isinstance(source, float) else kind_of(source)
        return self.refuse(at, f"must be a JSON value, but it is {found}. Write it as text.")

    def _custom(self, directive: Directive, source: Any, at: Place) -> Node:
        if directive.check:
            try:
                self.problems += [Problem(at, str(text)) for text in directive.check(source)]
            except Exception as error:  # noqa: BLE001  # a plugin's check may fail in any way
                self.refuse(at, f"could not be checked: {type(error).__name__}: {error}")
        return Custom(directive, self.node(source, at), at)


def shown(text: Any) -> str:
    """Cut what someone wrote to what an error message bears."""
    whole = str(text)
    return whole if len(whole) <= _LONGEST_SHOWN else f"{whole[:_LONGEST_SHOWN]}..."


def _starts_with_at(key: Any) -> bool:
    return isinstance(key, str) and key.startswith("@")


def is_directive(source: Mapping[Any, Any]) -> bool:
    """Tell whether an object wants to be a directive: one of its keys starts with ``@``."""
    return any(map(_starts_with_at, source))
