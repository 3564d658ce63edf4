"""The readable reference: what each node gives for an event.

`compile_mapping` must agree with this file on every mapping and event; a property test holds the
two together. Nothing runs this for events in bulk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, assert_never

from wharfinger.errors import Problem
from wharfinger.mapping import functions as f
from wharfinger.mapping import nodes as n
from wharfinger.mapping.paths import follow
from wharfinger.model.unset import UNSET

__all__ = ["Inner", "interpret", "place_text", "resolve"]


def place_text(place: n.Place) -> str:
    """Write a place in the mapping as people do: ``values.Name.@template``."""
    return Problem(place, "").where or "the mapping"


def interpret(node: n.Node, event: Mapping[str, Any]) -> Any:
    """Resolve a field mapping against an event.

    Args:
        node: What `parse` made of the mapping.
        event: The event; it is not changed, and parts of it may be shared with the result.

    Returns:
        The payload, not yet checked. It is an object unless the mapping is a single directive,
        which may give anything, `wharfinger.UNSET` too.

    Raises:
        RejectedError: With the code ``mapping-failed`` if the event holds something the mapping
            cannot work on.
    """
    f.check_event(event)
    return _resolve(node, event)


Inner: TypeAlias = Callable[[n.Node, Any], Any]
"""Resolves a node inside another one against a root."""


def _resolve(node: n.Node, root: Any) -> Any:
    return resolve(node, root, _resolve)


def resolve(node: n.Node, root: Any, inner: Inner) -> Any:  # noqa: C901, PLR0911, PLR0912  # a case per node
    """Resolve one node.

    Args:
        node: What to resolve.
        root: The event, or an item of ``@arrayPath``, or what ``apply`` of ``@transform`` gave.
        inner: Is asked for every node inside this one, in the order in which they are needed.
    """
    match node:
        case n.Constant():
            return node.value
        case n.Object():
            return _object(node, root, inner)
        case n.List():
            return [_null_for_absent(inner(item, root)) for item in node.items]
        case n.Path():
            return follow(root, node.keys)
        case n.ComputedPath():
            return f.follow_computed(inner(node.text, root), root, place_text(node.at))
        case n.Template():
            return _template(node, root)
        case n.ComputedTemplate():
            return f.render_computed(inner(node.text, root), root, place_text(node.at))
        case n.If():
            return inner(node.then if _holds(node, root, inner) else node.otherwise, root)
        case n.Case():
            return _case(node, root, inner)
        case n.Replace():
            value = inner(node.value, root)
            return f.replace(value, f.substitutions(node), place_text(node.at))
        case n.ArrayPath():
            return _array_path(node, root, inner)
        case n.Flatten():
            value, at = inner(node.value, root), place_text(node.at)
            return f.flatten(value, node.separator, at, omit_arrays=node.omit_arrays)
        case n.Json(mode="encode"):
            return f.encode(inner(node.value, root), place_text(node.at))
        case n.Json():
            return f.decode(inner(node.value, root))
        case n.Liquid():
            return f.render_liquid(node.template, root, place_text(node.at))
        case n.Merge():
            objects = [inner(each, root) for each in node.objects]
            ordered = objects if node.direction == "right" else objects[::-1]
            return f.merge(ordered, keep_absent=node.keeps_absent)
        case n.Transform():
            return inner(node.mapping, inner(node.apply, root))
        case n.ExcludeWhenNull():
            value, at = inner(node.value, root), place_text(node.at)
            return f.exclude_nulls(value, at, keep_absent=node.keeps_absent)
        case n.Custom():
            options = inner(node.options, root)
            return f.call_custom(node.directive.function, options, place_text(node.at))
        case _:
            assert_never(node)


def _null_for_absent(value: Any) -> Any:
    return None if value is UNSET else value


def _object(node: n.Object, root: Any, inner: Inner) -> dict[str, Any]:
    values = {key: inner(value, root) for key, value in node.entries}
    if node.keeps_absent:
        return values
    return {key: value for key, value in values.items() if value is not UNSET}


def _template(node: n.Template, root: Any) -> str:
    at = place_text(node.at)
    return "".join(
        f.text(follow(root, piece.keys), at) if isinstance(piece, n.Path) else piece
        for piece in node.pieces
    )


def _holds(node: n.If, root: Any, inner: Inner) -> bool:
    value = inner(node.condition, root)
    if node.test == "blank":
        return not f.is_blank(value)
    return value is not UNSET and value is not None


def _case(node: n.Case, root: Any, inner: Inner) -> Any:
    value = inner(node.value, root)
    if not isinstance(value, str):
        return value
    return value.lower() if node.operator == "lower" else value.upper()


def _array_path(node: n.ArrayPath, root: Any, inner: Inner) -> Any:
    items = inner(node.root, root)
    shape = node.shape
    if shape is None:
        return items
    return f.map_items(items, lambda item: inner(shape, item))
