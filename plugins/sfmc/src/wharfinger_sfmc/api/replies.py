"""Reading SFMC's replies, whatever shape they have.

SFMC answers in several envelopes: the REST error (``message``, ``errorcode``, sometimes
``additionalErrors``), the OAuth error of the token endpoint (``error``, ``error_description``),
the contact reply (``hasErrors``, ``resultMessages``), and whatever the gateway in front of it
writes. The spelling of names differs between pages and recordings, so it is folded.
"""

from __future__ import annotations

import math
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import attrs
import httpx
import orjson

__all__ = ["Reply", "bounded", "folded", "read_reply", "whole_number"]

_OBJECT: Final = re.compile(rb"(\xef\xbb\xbf)?\s*\{")
_ARRAY: Final = re.compile(rb"\s*\[")
_MAX_VENDOR_CHARACTERS: Final = 500
_EXCERPT_BYTES: Final = 16_000
_DETAIL_LISTS: Final = ("additionalerrors", "validationerrors")
_REQUEST_IDS: Final = ("requestservicemessageid", "servicemessageid", "requestid")


@attrs.define(kw_only=True)
class Reply:
    """One reply of SFMC.

    Attributes:
        status: HTTP status.
        fields: The reply's JSON object with its names in lower case; empty where the body is
            something else.
        body: The reply's body as it came.
        headers: The reply's headers.
        is_empty: Whether there is no body at all.
        is_echo: Whether the body is what was sent, byte for byte.
        errorcode: SFMC's own number for the error, or None.
        details: What SFMC said about single columns or rows, word for word.
        result_codes: Codes of the result messages that are errors.
        reported_errors: Whether the body says that something failed, whatever the status.
        vendor_message: What SFMC said, secrets taken out, at most 500 characters.
        request_id: SFMC's name for the request, where it gave one.
    """

    status: int
    fields: Mapping[str, Any] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    is_empty: bool = False
    is_echo: bool = False
    errorcode: int | None = None
    details: tuple[str, ...] = ()
    result_codes: frozenset[str] = frozenset()
    reported_errors: bool = False
    vendor_message: str = ""
    request_id: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether SFMC accepted the request: a 2xx that reports no error in its body."""
        return httpx.codes.is_success(self.status) and not self.reported_errors

    @property
    def entries(self) -> int | None:
        """How many entries the reply's JSON array has; None where the body is no array."""
        return _entries(self.body)

    @property
    def retry_after_s(self) -> float | None:
        """How long SFMC asked to wait, in seconds, or None."""
        return _retry_after_s(self.headers, self.fields)

    @property
    def date(self) -> datetime | None:
        """When SFMC answered, by its own clock, or None where it did not say."""
        return _moment(self.headers.get("date", ""))

    def objects(self, name: str) -> list[dict[str, Any]] | None:
        """Return a list of objects that the reply holds, each with its names in lower case.

        Args:
            name: Of the list, in lower case: ``"items"``.

        Returns:
            None where there is no such list, or where anything but objects is in it: what stands
            at which place could then not be told.
        """
        found = self.fields.get(name)
        if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
            return None
        return [folded(entry) for entry in found]

    def number(self, name: str) -> int | None:
        """Return a whole number that the reply holds, be it written as a number or as text."""
        return whole_number(self.fields.get(name))


def read_reply(
    response: httpx.Response, redact: Callable[[str], str] = str, sent: bytes | None = None
) -> Reply:
    """Read a reply that has arrived completely.

    Args:
        response: The reply; its body has been read.
        redact: Takes the account's secrets out of a text.
        sent: The body it answers, if there was one.
    """
    body = response.content
    fields = _json_object(body)
    reply = Reply(
        status=response.status_code,
        fields=fields,
        body=body,
        headers=response.headers,
        is_empty=not body or body.isspace(),
        is_echo=body == sent,
    )
    # A rowset comes back as an array: there is nothing to be read in it.
    return reply if reply.accepted and not fields else _with_words(reply, redact)


def _with_words(reply: Reply, redact: Callable[[str], str]) -> Reply:
    """Return a reply with what SFMC said in its body."""
    fields = reply.fields
    has_errors = str(fields.get("haserrors")).lower() == "true"
    failures = [
        entry
        for entry in _objects(fields.get("resultmessages"))
        if has_errors or str(entry.get("resultclass")).lower() == "error"
    ]
    details = tuple(
        dict.fromkeys(
            text
            for entry in (*(e for n in _DETAIL_LISTS for e in _objects(fields.get(n))), *failures)
            if (text := _text(entry.get("message")))
        )
    )
    spoken = "; ".join(details) or _first_text(fields, "message", "error_description", "error")
    return attrs.evolve(
        reply,
        errorcode=whole_number(fields.get("errorcode")),
        details=details,
        result_codes=frozenset(_text(entry.get("resultcode")) for entry in failures),
        reported_errors=has_errors or bool(failures),
        vendor_message=bounded(redact(spoken or _excerpt(reply))),
        request_id=_first_text(fields, *_REQUEST_IDS) or None,
    )


def _json_object(body: bytes) -> dict[str, Any]:
    # A rowset comes back as an array of megabytes; only an object can hold an error.
    if not _OBJECT.match(body):
        return {}
    try:
        return folded(orjson.loads(body.removeprefix(BOM_UTF8)))
    except orjson.JSONDecodeError:
        return {}


def _entries(body: bytes) -> int | None:
    if not _ARRAY.match(body):
        return None
    try:
        return len(orjson.loads(body))
    except orjson.JSONDecodeError:
        return None


def folded(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a JSON object with their names in lower case."""
    return {name.lower(): value for name, value in entry.items()}


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, dict):
            yield folded(entry)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _first_text(fields: Mapping[str, Any], *names: str) -> str:
    return next((text for name in names if (text := _text(fields.get(name)))), "")


def whole_number(value: Any) -> int | None:
    """Return a number that SFMC writes as a number here and as text there; None for the rest."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _excerpt(reply: Reply) -> str:
    """What a gateway wrote instead of JSON; nothing where the reply is a plain success."""
    if httpx.codes.is_success(reply.status):
        return ""
    return reply.body[:_EXCERPT_BYTES].decode(errors="replace")


def bounded(text: str) -> str:
    """Return SFMC's words on one line, at most 500 characters of them."""
    words = " ".join(text.split())
    if len(words) <= _MAX_VENDOR_CHARACTERS:
        return words
    return words[: _MAX_VENDOR_CHARACTERS - 1] + "…"


def _retry_after_s(headers: Mapping[str, str], fields: Mapping[str, Any]) -> float | None:
    """The header counts before the body ("Rate Limiting Errors"); it is seconds or a date."""
    header = headers.get("retry-after", "").strip()
    for value in (header, fields.get("retryafter")):
        if (seconds := _seconds(value)) is not None:
            return seconds
    return _seconds_until(header)


def _seconds(value: Any) -> float | None:
    if isinstance(value, str):
        value = float(value) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _seconds_until(header: str) -> float | None:
    moment = _moment(header)
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _moment(header: str) -> datetime | None:
    """Read a moment as HTTP writes it; without an offset it is UTC."""
    try:
        moment = parsedate_to_datetime(header)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
