"""What compiled and interpreted mappings call while an event passes.

A function that can fail on some value takes ``at``, the place in the mapping, and raises
`RejectedError` with the code ``mapping-failed``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from wharfinger.errors import RejectedError
from wharfinger.jsontext import JsonTextError, read_json, write_json
from wharfinger.mapping.liquid.template import LiquidTemplate
from wharfinger.mapping.liquid.work import LiquidError
from wharfinger.mapping.nodes import Path, Replace
from wharfinger.mapping.paths import MAX_LENGTH, follow, parse_path
from wharfinger.mapping.template import MAX_COMPUTED_LENGTH, parse_template
from wharfinger.model.unset import UNSET

__all__ = [
    "call_custom",
    "check_event",
    "decode",
    "encode",
    "exclude_nulls",
    "flatten",
    "follow_computed",
    "is_blank",
    "kind_of",
    "map_items",
    "merge",
    "render_computed",
    "render_liquid",
    "replace",
    "substitutions",
    "text",
]

MAX_DEPTH = 200
"""Levels of nesting that are followed into a value; orjson writes no more than 254."""

_MAX_AROUND = 2_000


def kind_of(value: Any) -> str:
    """Name the type of a value for people: ``"a number"``."""
    if value is None or value is UNSET:
        return "null" if value is None else "missing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, (list, tuple)):
        return "a list"
    return "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}"


def _failed(at: str, reason: str) -> RejectedError:
    return RejectedError(
        f"The field mapping cannot be used on this event. {at}: {reason}.", code="mapping-failed"
    )


def _too_deep(at: str) -> RejectedError:
    return _failed(at, f"the value is nested deeper than {MAX_DEPTH} levels")


def check_event(event: Any) -> None:
    """Refuse what is not an event.

    Raises:
        RejectedError: Unless it is a mapping.
    """
    if not isinstance(event, Mapping):
        raise RejectedError(
            f"An event must be a JSON object, but this one is {kind_of(event)}.",
            code="mapping-failed",
        )


def text(value: Any, at: str) -> str:
    """Write a value as templates do: nothing for null, commas between items, objects as JSON."""
    return _text(value, at, MAX_DEPTH)


def _text(value: Any, at: str, depth: int) -> str:
    if isinstance(value, str):
        return value
    if value is None or value is UNSET:
        return ""
    if isinstance(value, (list, tuple)):
        if depth == 0:
            raise _too_deep(at)
        return ",".join([_text(item, at, depth - 1) for item in value])
    return _json(value, at)


def _json(value: Any, at: str) -> str:
    try:
        return write_json(value, max_depth=MAX_DEPTH)
    except JsonTextError as error:
        raise _failed(at, f"the value cannot be written as text: {error}") from error


def follow_computed(path: Any, root: Any, at: str) -> Any:
    """Follow a path that another directive made."""
    _check_computed(path, MAX_LENGTH, "path", at)
    return follow(root, parse_path(path))


def render_computed(template: Any, root: Any, at: str) -> str:
    """Render a template that another directive made."""
    _check_computed(template, MAX_COMPUTED_LENGTH, "template", at)
    return "".join(
        text(follow(root, piece.keys), at) if isinstance(piece, Path) else piece
        for piece in parse_template(template)
    )


def render_liquid(template: LiquidTemplate, root: Any, at: str) -> str:
    """Render a template of ``@liquid``."""
    try:
        return template.render(root)
    except LiquidError as error:
        raise _failed(at, str(error)) from error


def _check_computed(value: Any, length: int, name: str, at: str) -> None:
    if not isinstance(value, str):
        raise _failed(at, f"the {name} must be text, but here it is {kind_of(value)}")
    if len(value) > length:
        raise _failed(at, f"the {name} must not be longer than {length} characters")


def is_blank(value: Any) -> bool:
    """Tell what ``@if.blank`` takes for blank: null, "", 0, false, [] and a list of one such.

    In a list only "", null and lists like these count, for ``[0]`` reads "0".
    """
    if value is None or value is UNSET:
        return True
    if isinstance(value, (str, int, float)):
        return not value
    while isinstance(value, (list, tuple)):
        if len(value) != 1:
            return not value
        value = value[0]
        if value is None or value is UNSET or value == "":
            return True
    return False


def substitutions(node: Replace) -> tuple[Callable[[str, str], str], ...]:
    """Prepare the substitutions of ``@replace``; each takes a text and the place."""
    return tuple(_substitution(each.pattern, each.replacement, node) for each in node.substitutions)


_REFERENCE = re.compile(r"\$([$&`'])")


def _substitution(pattern: str, replacement: str, node: Replace) -> Callable[[str, str], str]:
    references = set(_REFERENCE.findall(replacement))
    if not references and not node.ignore_case:
        count = -1 if node.everywhere else 1
        return lambda value, _: value.replace(pattern, replacement, count)
    found = re.compile(re.escape(pattern), re.IGNORECASE if node.ignore_case else 0)

    def expand(match: re.Match[str]) -> str:
        meaning = {
            "$": "$",
            "&": match[0],
            "`": match.string[: match.start()],
            "'": match.string[match.end() :],
        }
        return _REFERENCE.sub(lambda reference: meaning[reference[1]], replacement)

    def substitute(value: str, at: str) -> str:
        if references & {"`", "'"} and len(value) > _MAX_AROUND:
            # What stands around each match is copied for each match: the square of the length.
            raise _failed(at, f"the text is longer than {_MAX_AROUND} characters")
        return found.sub(expand, value, count=0 if node.everywhere else 1)

    return substitute


def replace(value: Any, substitutes: Iterable[Callable[[str, str], str]], at: str) -> str:
    """Run the substitutions on a text, a number or a boolean; everything else becomes ``""``."""
    if not isinstance(value, (str, int, float)):
        return ""
    text = value if isinstance(value, str) else _json(value, at)
    for substitute in substitutes:
        text = substitute(text, at)
    return text


def map_items(root: Any, shape: Callable[[Any], Any]) -> Any:
    """Shape each item of a list, or one object as a list of one; leave anything else as it is."""
    if isinstance(root, Mapping):
        root = (root,)
    elif not isinstance(root, (list, tuple)):
        return root
    return [None if (value := shape(item)) is UNSET else value for item in root]


def flatten(value: Any, separator: str, at: str, *, omit_arrays: bool) -> dict[str, Any]:
    """Join the keys of nested objects and lists; empty ones vanish, null stays."""
    flat: dict[str, Any] = {}

    def put(prefix: str, value: Any, depth: int) -> None:
        entries: Iterable[tuple[Any, Any]]
        if isinstance(value, Mapping):
            entries = value.items()
        elif isinstance(value, (list, tuple)) and not omit_arrays:
            entries = enumerate(value)
        else:
            flat[prefix] = value
            return
        if depth == 0:
            raise _too_deep(at)
        for key, item in entries:
            put(f"{prefix}{separator}{key}" if prefix else str(key), item, depth - 1)

    if value is not UNSET:
        put("", value, MAX_DEPTH)
    return flat


def merge(objects: Iterable[Any], *, keep_absent: bool) -> dict[str, Any]:
    """Put objects into one, later ones over earlier ones; what is no object adds nothing.

    A list or a text adds its items under their indices. An absent value takes away what the
    objects before it gave; null is a value like any other.
    """
    merged: dict[str, Any] = {}
    for each in objects:
        if isinstance(each, Mapping):
            merged.update(each)
        elif isinstance(each, (str, list, tuple)):
            merged.update((str(index), item) for index, item in enumerate(each))
    if keep_absent:
        return merged
    return {key: value for key, value in merged.items() if value is not UNSET}


def exclude_nulls(value: Any, at: str, *, keep_absent: bool) -> Any:
    """Make null absent, in objects at every depth but not inside lists."""
    if value is None:
        return UNSET
    return _without_nulls(value, at, MAX_DEPTH, keep_absent=keep_absent)


def _without_nulls(value: Any, at: str, depth: int, *, keep_absent: bool = False) -> Any:
    if not isinstance(value, Mapping):
        return value
    if depth == 0:
        raise _too_deep(at)
    kept = {}
    for key, item in value.items():
        if item is not None and item is not UNSET:
            kept[key] = _without_nulls(item, at, depth - 1)
        elif keep_absent:
            kept[key] = UNSET
    return kept


def encode(value: Any, at: str) -> Any:
    """Write a value as JSON text; nothing for nothing."""
    return UNSET if value is UNSET else _json(value, at)


def decode(value: Any) -> Any:
    """Read JSON text; what is not JSON, or not a text, stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value)
    except ValueError:
        return value


def call_custom(function: Callable[[Any], Any], options: Any, at: str) -> Any:
    """Run a plugin's directive; whatever goes wrong in it is this event's trouble only."""
    try:
        value = function(options)
    except Exception as error:
        reason = f"the directive failed with {type(error).__name__}: {str(error)[:200]}"
        raise _failed(at, reason) from error
    return _without_absent(value, at, MAX_DEPTH)


def _without_absent(value: Any, at: str, depth: int) -> Any:
    """Take `UNSET` out of what a plugin made: an encoder would write it as text."""
    if not isinstance(value, (Mapping, list, tuple)):
        return value
    if depth == 0:
        raise _too_deep(at)
    if isinstance(value, Mapping):
        return {
            key: _without_absent(item, at, depth - 1)
            for key, item in value.items()
            if item is not UNSET
        }
    return [None if item is UNSET else _without_absent(item, at, depth - 1) for item in value]
