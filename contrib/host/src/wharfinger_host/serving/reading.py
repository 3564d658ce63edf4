"""From the bytes of a request to what it says."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from wharfinger_host.serving.refusing import RequestRefused

__all__ = ["read_object"]


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a request is.

    SDKs send what JSON does not have: ``NaN`` (Python), halves of characters (JavaScript). Such a
    number becomes null and such a half a question mark, so that one value costs no batch.

    Raises:
        RequestRefused: It is no JSON, or no object.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        value = _read_leniently(body, error)
    if not isinstance(value, dict):
        raise RequestRefused(400, "not-an-object", "The body must be a JSON object.")
    return value


def _read_leniently(body: bytes, error: orjson.JSONDecodeError) -> Any:
    try:
        value = json.loads(body.decode(), parse_constant=lambda _: None, parse_float=_finite)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        return orjson.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        message = f"The body is not JSON: {error.msg}, at line {error.lineno} column {error.colno}."
        raise RequestRefused(400, "not-json", message) from None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
