"""Numbers and JSON as JavaScript writes them, so that texts made here and in Segment agree.

The one difference is on purpose: whole numbers keep all their digits, however many.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson

__all__ = ["JsonTextError", "number_text", "read_json", "write_json"]

_PLAIN_FROM, _PLAIN_BELOW = 1e-6, 1e21
_LONG_NUMBER = re.compile(r"[0-9]{19}")


class JsonTextError(ValueError):
    """A value that JSON cannot hold; the message ends the sentence "cannot be written: ..."."""


def number_text(number: float) -> str:
    """Write a number: ``5.0`` as ``5``, ``1e21`` as ``1e+21``, ``1e-7`` as ``1e-7``.

    Raises:
        JsonTextError: If it is not finite, or has more digits than Python writes.
    """
    if isinstance(number, int):
        try:
            return str(number)
        except ValueError as error:
            raise JsonTextError("it is a number with thousands of digits") from error
    if not isfinite(number):
        raise JsonTextError(f"it is {number}, which is not a number in JSON")
    shortest = repr(number)
    if _PLAIN_FROM <= abs(number) < _PLAIN_BELOW:
        return format(Decimal(shortest.removesuffix(".0")), "f")
    return "0" if number == 0 else shortest.replace("e-0", "e-")


def write_json(value: Any, *, max_depth: int) -> str:
    """Write a value as compact JSON.

    Args:
        value: Anything that came out of JSON, and what mappings make of it.
        max_depth: Levels of nesting to follow.

    Raises:
        JsonTextError: If it holds something that is not JSON, or is nested deeper.
    """
    parts: list[str] = []
    _write(value, parts.append, max_depth)
    return "".join(parts)


def _write(value: Any, put: Callable[[str], None], depth: int) -> None:
    if value is None or isinstance(value, bool):
        put("null" if value is None else "true" if value else "false")
    elif isinstance(value, str):
        put(_quoted(value))
    elif isinstance(value, (int, float)):
        put(number_text(value))
    elif depth == 0:
        raise JsonTextError("it is nested too deep")
    elif isinstance(value, (list, tuple)):
        _write_all("[]", value, lambda item: _write(item, put, depth - 1), put)
    elif isinstance(value, Mapping):

        def entry(key: Any) -> None:
            if not isinstance(key, str):
                raise JsonTextError(f"it has a key that is a {type(key).__name__}, not a text")
            put(_quoted(key) + ":")
            _write(value[key], put, depth - 1)

        _write_all("{}", value, entry, put)
    else:
        raise JsonTextError(f"it holds a {type(value).__name__}, which is not JSON")


def _write_all(
    brackets: str, items: Any, write: Callable[[Any], None], put: Callable[[str], None]
) -> None:
    put(brackets[0])
    for index, item in enumerate(items):
        if index:
            put(",")
        write(item)
    put(brackets[1])


def _quoted(text: str) -> str:
    try:
        return orjson.dumps(text).decode()
    except orjson.JSONEncodeError:  # half a surrogate pair, which only an escape can carry
        return json.dumps(text)


def read_json(text: str) -> Any:
    """Read JSON with all digits of its whole numbers.

    Raises:
        ValueError: If it is not JSON, or is nested too deep to be read.
    """
    value = orjson.loads(text)
    if not _LONG_NUMBER.search(text):
        return value
    try:
        return json.loads(text)  # slower, and without orjson's limit of 64 bits
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
