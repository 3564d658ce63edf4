"""Values as TOML text that is pleasant to read; the standard library only reads TOML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

__all__ = ["comment", "entries", "fits", "header", "key", "value"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LITERAL = re.compile(r"[^'\x00-\x1f\x7f]*")
_LARGEST = 2**63 - 1
_DEEPEST = 16
_WIDEST = 100


def fits(data: Any, depth: int = _DEEPEST) -> bool:
    """Tell whether TOML can hold a value: it knows no null, and integers of 64 bits only."""
    if data is None or depth == 0:
        return False
    if isinstance(data, Mapping):
        return all(fits(inner, depth - 1) for inner in data.values())
    if isinstance(data, list):
        return all(fits(inner, depth - 1) for inner in data)
    return not isinstance(data, int) or -_LARGEST - 1 <= data <= _LARGEST


def comment(text: str) -> str:
    """Return text as one comment, control characters shown and lines joined."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    return f"# {' '.join(shown.split())}"


def header(*path: str) -> str:
    """Return the header of a table: ``[connections.shop]``."""
    return f"[{'.'.join(map(key, path))}]"


def entries(table: Mapping[str, Any]) -> Iterable[str]:
    """Give one line per entry, plain objects opened by one level: ``values.Total = ...``."""
    for name, data in table.items():
        if _is_plain(data):
            yield from (f"{key(name)}.{key(inner)} = {value(data[inner])}" for inner in data)
        else:
            yield f"{key(name)} = {value(data)}"


def key(name: str) -> str:
    """Return a key, in quotes where it needs them."""
    return name if _BARE.fullmatch(name) else _basic(name)


def value(data: Any) -> str:
    """Return a value on one line, or a long list with one line per item."""
    line = _inline(data)
    if isinstance(data, list) and len(line) > _WIDEST:
        return "\n".join(["[", *(f"  {_inline(item)}," for item in data), "]"])
    return line


def _inline(data: Any) -> str:
    if isinstance(data, Mapping):
        inner = ", ".join(f"{key(name)} = {_inline(each)}" for name, each in data.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(data, list):
        return f"[{', '.join(map(_inline, data))}]"
    if isinstance(data, str):
        wants_literal = '"' in data or "\\" in data
        return f"'{data}'" if wants_literal and _LITERAL.fullmatch(data) else _basic(data)
    return _number(data)


def _is_plain(data: Any) -> bool:
    return isinstance(data, Mapping) and bool(data) and not any(k.startswith("@") for k in data)


def _basic(text: str) -> str:
    # JSON and TOML escape alike, but for one character that JSON leaves as it is.
    return orjson.dumps(text).decode().replace("\x7f", "\\u007f")


def _number(data: Any) -> str:
    if isinstance(data, float):
        text = repr(data)
        mantissa, e, exponent = text.partition("e")
        return f"{mantissa}e{int(exponent)}" if e else text
    return orjson.dumps(data).decode()
