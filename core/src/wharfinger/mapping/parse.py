"""From the JSON of a field mapping to nodes, with everything that is wrong reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wharfinger.errors import MappingError
from wharfinger.mapping.directives import BUILT_IN, READERS
from wharfinger.mapping.functions import kind_of
from wharfinger.mapping.nodes import Node
from wharfinger.mapping.reader import Reader, is_directive
from wharfinger.mapping.reserved import ROOT_DIRECTIVE, is_internal
from wharfinger.model.action import Directive

__all__ = ["BUILT_IN", "parse"]


def parse(source: Any, *, directives: Mapping[str, Directive] | None = None) -> Node:
    """Read a field mapping.

    Args:
        source: The mapping as JSON gives it: an object whose values may be directives, or one
            directive. It is not changed and not kept. Segment's reserved keys are understood:
            ``__segment_internal_directive`` makes the other keys the ``mapping`` of its directive;
            the sync mode and others say nothing about fields and are left out.
        directives: The directives of plugins, by name.

    Returns:
        The root node, for `compile_mapping` and `interpret`.

    Raises:
        MappingError: With every problem, each with its path from ``source`` inwards.

    Example:
        >>> from wharfinger.mapping import interpret
        >>> interpret(parse({"contactKey": {"@path": "$.userId"}}), {"userId": "u-1"})
        {'contactKey': 'u-1'}
    """
    reader = Reader(READERS, directives or {})
    node = _root(reader, source)
    if reader.problems:
        raise MappingError(reader.problems)
    return node


def _root(reader: Reader, source: Any) -> Node:
    if not isinstance(source, Mapping):
        return reader.refuse((), f"A field mapping must be an object, not {kind_of(source)}.")
    fields = {key: value for key, value in source.items() if not is_internal(key)}
    if ROOT_DIRECTIVE in fields:
        return _root_directive(reader, fields.pop(ROOT_DIRECTIVE), fields)
    return reader.node(fields, ())


def _root_directive(reader: Reader, source: Any, fields: dict[str, Any]) -> Node:
    at = (ROOT_DIRECTIVE,)
    if not isinstance(source, Mapping) or len(source) != 1 or not is_directive(source):
        return reader.refuse(at, "must hold one directive, and nothing else.")
    [(name, options)] = source.items()
    if not isinstance(options, Mapping):
        return reader.refuse((*at, name), f"must be an object, but it is {kind_of(options)}.")
    return reader.node({name: {**options, "mapping": fields}}, at)
