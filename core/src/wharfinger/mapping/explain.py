"""How each value of a payload came to be: a tree of steps, recorded while a mapping is resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from wharfinger.mapping import functions as f
from wharfinger.mapping import nodes as n
from wharfinger.mapping.interpret import resolve
from wharfinger.model.unset import UNSET

__all__ = ["Step", "explain", "path_text", "replay"]


@attrs.frozen
class Step:
    """One step from an event to a payload.

    Attributes:
        name: What gave the value: a directive, ``"constant"``, ``"object"`` or ``"list"``.
        detail: Its options in short: ``"$.properties.total"``; ``""`` where there are none.
        value: What it gave; `wharfinger.UNSET` for nothing.
        inputs: What it asked for, each under a name: a key, an index, or the part it plays.
        node: The part of the mapping.
        root: What paths started from here: the event, or an item of a list.
    """

    name: str
    detail: str
    value: Any
    inputs: tuple[tuple[str, Step], ...]
    node: n.Node = attrs.field(repr=False)
    root: Any = attrs.field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the step and all steps before it as plain data."""
        found: dict[str, Any] = {"step": self.name}
        if self.detail:
            found["detail"] = self.detail
        if self.value is UNSET:
            found["absent"] = True
        else:
            found["value"] = _plain(self.value)
        if self.inputs:
            found["inputs"] = [{"for": name, **step.as_json()} for name, step in self.inputs]
        return found


def _plain(value: Any) -> Any:
    """Leave out what an object of ``@merge`` holds to say that a key is absent."""
    if isinstance(value, dict) and UNSET in value.values():
        return {key: item for key, item in value.items() if item is not UNSET}
    return value


def explain(node: n.Node, event: Mapping[str, Any]) -> Step:
    """Resolve a field mapping and record every step.

    Args:
        node: What `wharfinger.mapping.parse` made of the mapping.
        event: The event; it is not changed.

    Raises:
        RejectedError: As `wharfinger.mapping.interpret` does.
    """
    f.check_event(event)
    return _step(node, event)


def replay(step: Step) -> Any:
    """Compute the value of a step again, out of nothing but what the steps before it gave.

    An explanation is true if this is the payload; a test holds it to that.
    """
    given = iter([replay(before) for _, before in step.inputs])
    return resolve(step.node, step.root, lambda _node, _root: next(given))


def _step(node: n.Node, root: Any) -> Step:
    before: list[tuple[n.Node, Step]] = []

    def inner(child: n.Node, child_root: Any) -> Any:
        step = _step(child, child_root)
        before.append((child, step))
        return step.value

    value = resolve(node, root, inner)
    names = _names_of_inputs(node)
    inputs = tuple(
        (names.get(id(child), str(index)), step) for index, (child, step) in enumerate(before)
    )
    name, detail = _words(node)
    return Step(name, detail, value, inputs, node, root)


def _names_of_inputs(node: n.Node) -> dict[int, str]:
    """Name nodes inside a node by the part they play; items of a list go by their index."""
    if isinstance(node, n.Object):
        return {id(child): key for key, child in node.entries}
    if isinstance(node, (n.List, n.Merge)):
        return {}
    parts = attrs.fields(type(node))
    return {
        id(child): part.name
        for part in parts
        if attrs.has(type(child := getattr(node, part.name))) and part.name != "shape"
    }


def _words(node: n.Node) -> tuple[str, str]:
    """Return the name of a node as people write it, and its options in short."""
    details = _DETAILS.get(type(node))
    if isinstance(node, n.Custom):
        name = node.directive.name
    elif isinstance(node, (n.Constant, n.Object, n.List)):
        name = type(node).__name__.lower()
    else:
        written = type(node).__name__.removeprefix("Computed")
        name = f"@{written[0].lower()}{written[1:]}"
    return name, details(node) if details else ""


def _piece(piece: str | n.Path) -> str:
    return piece if isinstance(piece, str) else f"{{{{{path_text(piece.keys)}}}}}"


def path_text(keys: tuple[str, ...]) -> str:
    """Write keys as a path that reads them: ``$.properties['a.b']``."""
    text = "$"
    for key in keys:
        plain = key.replace("_", "").replace("-", "").replace(" ", "").isalnum()
        text += f".{key}" if plain else f"[{key!r}]"
    return text


_DETAILS: Mapping[type, Callable[[Any], str]] = {
    n.Path: lambda node: path_text(node.keys),
    n.Template: lambda node: "".join(map(_piece, node.pieces)),
    n.Replace: lambda node: ", ".join(
        f"{each.pattern!r} by {each.replacement!r}" for each in node.substitutions
    ),
    n.If: lambda node: node.test,
    n.Case: lambda node: node.operator,
    n.Flatten: lambda node: repr(node.separator),
    n.Json: lambda node: node.mode,
    n.Merge: lambda node: node.direction,
}
