"""Where a field mapping means something else here than it does in Segment's engine.

Each is a documented mend; this finds those that a mapping may run into, by looking at it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wharfinger_host.segment.reading import Place

__all__ = ["differences"]

_QUOTED_KEY = re.compile(r"""\[\s*(?:'([^']*)'|"([^"]*)")\s*\]""")
_NAMED_KEY = re.compile(r"(?:^|\.)\[([^]['\".\d][^]['\".]*)\](?=[.[]|$)")
_UNREACHABLE = re.compile(r"""[.'"]|\[\d""")
_ROOT_KEY = re.compile(r"""^\$\[['"]""")
_INHERITED = frozenset(
    {
        "length",
        "constructor",
        "prototype",
        "__proto__",
        "toString",
        "valueOf",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
    }
)
_LARGEST_EXACT = 2**53
_FALSY = (0, False, "", None)

Found = Iterator[tuple[Place, str]]


def differences(value: Any, at: Place = ()) -> Found:
    """Give every place in a field mapping that is read differently, with how.

    Args:
        value: The mapping, or a part of it.
        at: Its place.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if check := _CHECKS.get(key):
                yield from check(inner, (*at, key))
            yield from differences(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from differences(inner, (*at, index))
    elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST_EXACT:
        yield at, f"{value} keeps all its digits here; Segment rounds it."


def _path(source: Any, at: Place) -> Found:
    if not isinstance(source, str):
        return
    keys = [single or double for single, double in _QUOTED_KEY.findall(source)]
    if odd := [key for key in keys if _UNREACHABLE.search(key)]:
        yield at, f'the key "{odd[0]}" is reached here; Segment never reaches it.'
    elif _ROOT_KEY.match(source):
        yield at, f"{source} is reached here; Segment never reaches a quoted key right after $."
    if names := _NAMED_KEY.findall(source):
        yield at, f'[{names[0]}] is the key "{names[0]}" here; Segment keeps the brackets.'
    plain = re.split(r"[.\[\]]", _QUOTED_KEY.sub("", source))
    if inherited := [part for part in plain if part in _INHERITED]:
        how = "is only ever a key here; Segment also gives what JavaScript has under that name."
        yield at, f'"{inherited[0]}" {how}'


def _template(source: Any, at: Place) -> Found:
    if not isinstance(source, str):
        return
    if "{{{" in source:
        yield at, "what {{{...}}} gives is not read as a template again here; Segment does that."
    for placeholder in re.findall(r"\{\{([^{}]+)\}", source):
        yield from _path(placeholder.strip(), at)


def _array_path(source: Any, at: Place) -> Found:
    if isinstance(source, list) and source:
        yield from _path(source[0], (*at, 0))


def _if(source: Any, at: Place) -> Found:
    if not isinstance(source, Mapping):
        return
    if "else" in source and _is_falsy(source["else"]):
        yield (*at, "else"), f"{_shown(source['else'])} is given here; Segment gives nothing."
    for test in ("exists", "blank"):
        if test in source and _is_falsy(source[test]):
            yield (*at, test), f"{_shown(source[test])} is a condition here; Segment refuses it."


def _json(source: Any, at: Place) -> Found:
    if not isinstance(source, Mapping):
        return
    mode = source.get("mode")
    if isinstance(mode, str) and mode != mode.lower():
        yield (*at, "mode"), f'"{mode}" is "{mode.lower()}" here; Segment gives nothing.'
    if "value" in source and _is_falsy(source["value"]):
        yield (*at, "value"), f"{_shown(source['value'])} is a value here; Segment refuses it."


def _merge(source: Any, at: Place) -> Found:
    direction = source.get("direction") if isinstance(source, Mapping) else None
    if isinstance(direction, str) and direction != direction.lower() == "left":
        yield (*at, "direction"), f'"{direction}" is "left" here; in Segment it is "right".'


_CHECKS: Mapping[str, Callable[[Any, Place], Found]] = {
    "@path": _path,
    "@template": _template,
    "@arrayPath": _array_path,
    "@if": _if,
    "@json": _json,
    "@merge": _merge,
}


def _is_falsy(value: Any) -> bool:
    return not isinstance(value, (list, Mapping)) and value in _FALSY


def _shown(value: Any) -> str:
    names = {None: "null", False: "false", "": "empty text"}
    return names[value] if value is None or value is False or value == "" else str(value)
