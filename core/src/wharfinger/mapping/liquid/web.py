"""Filters for HTML, addresses, Base64 and JSON."""

from __future__ import annotations

import base64
import re
from math import isfinite
from typing import Any
from urllib.parse import quote, unquote

import attrs

from wharfinger.mapping.liquid.values import is_list, is_nothing, is_number, json_text, text
from wharfinger.mapping.liquid.work import LiquidError, Work
from wharfinger.model.unset import UNSET

__all__ = [
    "base64_decode",
    "base64_encode",
    "cgi_escape",
    "escape",
    "escape_once",
    "json",
    "strip_html",
    "uri_escape",
    "url_decode",
    "url_encode",
]

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}
_CHARACTERS = {entity: char for char, entity in _ENTITIES.items()}
_ESCAPED = str.maketrans(_ENTITIES)
_ENTITY = re.compile("|".join(_CHARACTERS))
_BROKEN_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_LONGEST_ENTITY = 5


def escape(work: Work, value: Any) -> str:
    """Write ``& < > " '`` as entities."""
    written = text(value, work)
    work.use((_LONGEST_ENTITY - 1) * len(written))
    return written.translate(_ESCAPED)


def escape_once(work: Work, value: Any) -> str:
    """Write ``& < > " '`` as entities, but leave entities of theirs as they are."""
    plain = _ENTITY.sub(lambda entity: _CHARACTERS[entity[0]], text(value, work))
    return escape(work, plain)


def strip_html(work: Work, value: Any) -> str:
    """Take out tags, comments, and scripts and styles with what they hold."""
    whole = text(value, work)
    script, style, comment = (_Ahead(whole, end) for end in ("</script>", "</style>", "-->"))
    closing = _Ahead(whole, ">")
    line_ends = [_Ahead(whole, char) for char in "\n\r\u2028\u2029"]
    kept, done = [], 0
    start = whole.find("<")
    while start != -1:
        end = -1
        if whole.startswith("<script", start):
            end = script.end_from(start + len("<script"))
        elif whole.startswith("<style", start):
            end = style.end_from(start + len("<style"))
        if end == -1:
            end = closing.end_from(start + 1)
            if any(-1 < line.end_from(start) < end for line in line_ends):
                end = -1  # a tag stands on one line
        if end == -1 and whole.startswith("<!--", start):
            end = comment.end_from(start + len("<!--"))
        if end == -1:
            start = whole.find("<", start + 1)
            continue
        kept.append(whole[done:start])
        done, start = end, whole.find("<", end)
    return "".join(kept) + whole[done:]


@attrs.define
class _Ahead:
    """Finds the next of some text; it is not searched for again before it is reached."""

    whole: str
    sought: str
    _at: int = -2

    def end_from(self, start: int) -> int:
        """Return where the next one at or behind ``start`` ends; -1 if there is none."""
        if self._at != -1 and self._at < start:
            self._at = self.whole.find(self.sought, start)
        return -1 if self._at == -1 else self._at + len(self.sought)


def _quoted(work: Work, value: Any, safe: str) -> str:
    try:
        written = quote(text(value, work), safe=safe)
    except UnicodeEncodeError as error:
        raise LiquidError("half a character cannot be part of an address") from error
    work.use(len(written))
    return written


def url_encode(work: Work, value: Any) -> str:
    """Write a text as part of an address, with ``+`` for a space."""
    return _quoted(work, value, "!*'()").replace("%20", "+")


def cgi_escape(work: Work, value: Any) -> str:
    """Write a text as part of an address, with ``+`` for a space and escapes for ``!'()*``."""
    return _quoted(work, value, "").replace("%20", "+")


def uri_escape(work: Work, value: Any) -> str:
    """Write an address with escapes where it needs them."""
    return _quoted(work, value, ";,/?:@&=+$!*'()#[]")


def url_decode(work: Work, value: Any) -> str:
    """Read a part of an address, where ``+`` is a space."""
    written = text(value, work)
    try:
        if _BROKEN_ESCAPE.search(written):
            raise LiquidError("url_decode found a % that no two hexadecimal digits follow")
        return unquote(written, errors="strict").replace("+", " ")
    except UnicodeDecodeError as error:
        raise LiquidError("url_decode found bytes that are not UTF-8") from error


def base64_encode(work: Work, value: Any) -> str:
    """Write the UTF-8 of a text in Base64."""
    written = text(value, work).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    work.use(len(written))
    return base64.b64encode(written.encode()).decode()


def base64_decode(work: Work, value: Any) -> str:
    """Read a text from Base64 of either alphabet; what does not belong to it is left out."""
    sixes = text(value, work).translate({ord("-"): "+", ord("_"): "/"}).partition("=")[0]
    sixes = _NOT_BASE64.sub("", sixes)
    whole = len(sixes) - (len(sixes) % 4 == 1)
    padded = sixes[:whole] + "=" * (-whole % 4)
    return base64.b64decode(padded).decode("utf-8", "replace")


def json(work: Work, value: Any) -> Any:
    """Write a value as JSON; nothing for nothing, and null for what is no number any more."""
    return UNSET if value is UNSET else json_text(_written(value, work), work)


def _written(value: Any, work: Work) -> Any:
    if is_list(value):  # an item may come out of a calculation
        work.use(len(value))
        return [None if _is_unwritten(item) else item for item in value]
    return None if _is_unwritten(value) else value


def _is_unwritten(item: Any) -> bool:
    return is_nothing(item) or (is_number(item) and not isfinite(item))
