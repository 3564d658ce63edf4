"""Turning payloads into the bytes of a request body."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

import wharfinger

__all__ = ["to_json"]

_EVEN: Final = frozenset({str, int, bool, type(None)})
"""Types of most values; none of them is a number that is not finite."""


def to_json(document: Mapping[str, Any], labels: Mapping[str, str]) -> bytes:
    """Encode a JSON object as compact UTF-8.

    Args:
        document: What is sent; its values come from events.
        labels: Per property of the document the label its field has for people.

    Raises:
        wharfinger.PayloadError: It holds something JSON cannot carry, such as NaN; each problem
            names the label and the entry.
    """
    try:
        return _dumps(document)
    except ValueError as error:
        raise wharfinger.PayloadError(_problems(document, labels)) from error


def _dumps(value: Any) -> bytes:
    try:
        body = orjson.dumps(value)
    except TypeError:
        return _dumps_slowly(value)
    # orjson writes NaN and infinity as null, and a silent null would clear a column.
    if b"null" in body and _holds_odd_number(value):
        raise ValueError("a number that is not finite")
    return body


def _dumps_slowly(value: Any) -> bytes:
    """Encode what orjson will not: integers of more than 64 bits."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _holds_odd_number(document: Any) -> bool:
    waiting = [document]
    for value in waiting:  # which grows on the way
        if type(value) in _EVEN:
            continue
        if isinstance(value, float) and not math.isfinite(value):
            return True
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)
    return False


def _problems(
    document: Mapping[str, Any], labels: Mapping[str, str]
) -> Iterator[wharfinger.Problem]:
    for part, content in document.items():
        label = labels.get(part, part)
        entries = content if isinstance(content, Mapping) else {None: content}
        for name, value in entries.items():
            try:
                _dumps({"name": name, "value": value})
            except ValueError as error:
                path = (part,) if name is None else (part, str(name))
                where = label if name is None else f'{label}: "{name}"'
                yield wharfinger.Problem(path, f"{where} cannot be sent as JSON: {_words(error)}.")


def _words(error: ValueError) -> str:
    """A surrogate's text in the error would break whoever prints it."""
    return "its text is not valid Unicode" if isinstance(error, UnicodeError) else str(error)
