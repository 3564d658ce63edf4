"""From a field mapping and a payload class to one Python function: event in, payload out.

The function reads, maps, coerces and checks each field in variables, and makes no object in
between. What is the same for every event is coerced and checked here, once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from wharfinger.mapping import nodes as n
from wharfinger.mapping.compile import compile_mapping, write_entries
from wharfinger.model.fields import Field
from wharfinger.model.unset import UNSET, Unset
from wharfinger.payload.fields import fields_of
from wharfinger.payload.instances import PENDING, settle, write_instance
from wharfinger.payload.source import Given

__all__ = ["FusedMapping", "fuse"]

_NEW_DICTS = (n.Object, n.Flatten, n.Merge)
"""Nodes that always give a dict of their own."""

_WRITTEN = (str, bool, type(None), Unset)
"""Types whose values stand in the source as they are."""


@attrs.frozen
class FusedMapping:
    """A field mapping and the payload class it fills, as one function.

    Attributes:
        function: Gives what ``compile_structure(cls)(compile_mapping(node).function(event))``
            gives, and raises what that raises.
        source: Its Python source, for people.
    """

    function: Callable[[Mapping[str, Any]], Any]
    source: str


def fuse(node: n.Node, cls: type[Any]) -> FusedMapping:
    """Compile a field mapping together with the class of its payload.

    Args:
        node: What `wharfinger.mapping.parse` made of the mapping.
        cls: The payload class; see `wharfinger.fields_of`.

    Raises:
        TypeError: If the class cannot be used.
    """
    fields = {field.name: field for field in fields_of(cls)}
    if not isinstance(node, n.Object) or any(key not in fields for key, _ in node.entries):
        return _in_turn(node, cls)
    entries, nodes = write_entries(node), dict(node.entries)
    given = {
        name: _given(field, nodes.get(name, n.Constant(UNSET)), entries.values.get(name, "UNSET"))
        for name, field in fields.items()
    }
    body = write_instance(cls, given)
    settled = {each.code: each.value for each in given.values() if each.is_settled}
    names = {**entries.names, **body.names, **settled}
    lines = ["def payload_of(event):", *entries.lines, *body.lines, ""]
    return _compiled("\n\n".join([*entries.functions, "\n".join(lines)]), names)


def _given(field: Field, node: n.Node, code: str) -> Given:
    value = settle(field, node.value) if isinstance(node, n.Constant) else PENDING
    if value is PENDING:
        return Given(code, is_new=isinstance(node, _NEW_DICTS))
    if type(value) in _WRITTEN:
        return Given(repr(value), is_settled=True, value=value)
    return Given(f"settled_{field.attribute}", is_settled=True, value=value)


def _in_turn(node: n.Node, cls: type[Any]) -> FusedMapping:
    """Compile what cannot be fused, because any field may come out of a directive."""
    mapping, body = compile_mapping(node), write_instance(cls)
    lines = ["def payload_of(event):", "    raw = fields(event)", *body.lines, ""]
    fused = _compiled("\n".join(lines), {**body.names, "fields": mapping.function})
    return FusedMapping(fused.function, f"{mapping.source}\n\n{fused.source}")


def _compiled(source: str, names: dict[str, Any]) -> FusedMapping:
    # Texts of the mapping and names of fields stand in the source as literals only.
    exec(compile(source, "<field mapping>", "exec"), names)  # noqa: S102  # generated from nodes
    return FusedMapping(names["payload_of"], source)
