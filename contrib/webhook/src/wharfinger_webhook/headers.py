"""Headers of the user's own: which names and values may be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["headers_problem", "name_problem", "read_lines", "secret_headers_problem"]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""What a name of a header may be made of (RFC 9110, 5.6.2)."""
_VALUE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")
"""Printable ASCII: a line break would begin a header, or a body, of its own."""
_OURS: Final = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade"),
        *("te", "trailer", "expect", "content-type", "content-encoding", "accept-encoding"),
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    }
)


def name_problem(name: object) -> str | None:
    """Say in words why this cannot be the name of a header; None where it can."""
    if not isinstance(name, str) or not _TOKEN.fullmatch(name):
        return "A header's name must be one word of letters, digits and hyphens."
    if name.lower() in _OURS or name.lower().startswith("proxy-"):
        return f"The header {name} is set by wharfinger or by the connection. Take it out."
    return None


def headers_problem(headers: Mapping[str, Any]) -> str | None:
    """Say in words why these headers cannot be sent; None where they can.

    Example:
        >>> headers_problem({"X-Source": "shop"})
        >>> headers_problem({"Authorization": "Bearer abc"})
        'Headers: Authorization is a secret. Put it into Secret Headers.'
    """
    for name, value in headers.items():
        if str(name).lower() == "authorization":
            return "Headers: Authorization is a secret. Put it into Secret Headers."
        if problem := name_problem(name):
            return f"Headers: {problem}"
        if not isinstance(value, str) or not _VALUE.fullmatch(value):
            return f"Headers: the value of {name} must be one line of plain ASCII text."
    if len({name.lower() for name in headers}) < len(headers):
        return "Headers: one of them is there twice."
    return None


def secret_headers_problem(text: str) -> str | None:
    """Say in words why these lines are no headers, without a word of them; None where they are."""
    headers: dict[str, str] = {}
    for number, line in enumerate(_lines(text), 1):
        name, colon, value = line.partition(":")
        where = f"Secret Headers, line {number}:"
        if not colon:
            return f'{where} write it as "Name: value".'
        if name_problem(name.strip()):
            return f"{where} this name cannot be sent."
        if not _VALUE.fullmatch(value.strip()):
            return f"{where} the value must be plain ASCII text."
        if name.strip().lower() in headers:
            return f"{where} this header is there already."
        headers[name.strip().lower()] = value
    return None


def read_lines(text: str) -> dict[str, str]:
    r"""Read lines of ``Name: value`` that were found to be headers.

    Example:
        >>> read_lines("X-Key: abc\nX-Tenant: 7")
        {'X-Key': 'abc', 'X-Tenant': '7'}
    """
    pairs = (line.partition(":") for line in _lines(text))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _lines(text: str) -> list[str]:
    # Not splitlines: what else may end a line must not get past the check of a value.
    return [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
