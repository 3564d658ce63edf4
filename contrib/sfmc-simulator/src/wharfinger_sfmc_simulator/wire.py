"""One request and one reply, apart from any server or client library."""

import re
import struct
from collections.abc import Iterator, Mapping
from itertools import repeat
from typing import Any, Literal
from urllib.parse import unquote

import attrs
import orjson

from wharfinger_sfmc_simulator.switches import Switches

__all__ = [
    "DOCUMENTATION",
    "ApiError",
    "RecordedRequest",
    "Reply",
    "Request",
    "json_reply",
    "render",
]

DOCUMENTATION = (
    "https://developer.salesforce.com/docs/atlas.en-us.mc-apis.meta/mc-apis/error-handling.htm"
)
_VENDOR_HOST = re.compile(r"([a-z0-9-]+)\.(auth|rest|soap)\.marketingcloudapis\.com")
_JSON = "application/json; charset=utf-8"
_BLANKS = b" " * 65_536
_ONE_BYTE = struct.Struct("B").pack


@attrs.frozen
class Request:
    """What a client sent.

    Attributes:
        method: In capitals.
        host: The ``Host`` header, with its port if it has one.
        raw_path: The path as it was sent, still percent-encoded, without the query.
        query: The query as it was sent, without ``?``.
        headers: By lower-case name.
        body: All of it.
        parameters: What the route's placeholders matched, percent-decoded.
    """

    method: str
    host: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    parameters: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def segments(self) -> list[str]:
        """The path's segments, percent-decoded; double slashes count as one."""
        return [unquote(part) for part in self.raw_path.split("/") if part]

    @property
    def vendor_host(self) -> tuple[str, str] | None:
        """Subdomain and service (auth, rest, soap), or None when addressed plainly."""
        found = _VENDOR_HOST.fullmatch(self.host.partition(":")[0].lower())
        return (found[1], found[2]) if found else None

    def json(self, switches: Switches) -> Any:
        """Return the decoded body.

        Raises:
            ApiError: 400 with 10004, the vendor's answer to a body that is not JSON, or is nested
                so deeply that it could not be echoed or shown.
        """
        try:
            content = orjson.loads(self.body)
            orjson.dumps(content)  # reading bears more depth than writing
        except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
            code = switches.malformed_json_code
            raise ApiError(400, code, f"JSON Deserialization Exception: {error}") from None
        return content

    def query_values(self) -> dict[str, str]:
        """Return the query's values by lower-case name.

        Raises:
            ApiError: 400 with 10003 where a space was sent as ``+``, which the vendor refuses.
        """
        values: dict[str, str] = {}
        for pair in filter(None, self.query.split("&")):
            name, _, value = pair.partition("=")
            name = unquote(name)
            if "+" in value:
                raise ApiError(400, 10003, f"request parameter {name} could not be resolved")
            values[name.lower()] = unquote(value)
        return values


@attrs.frozen
class Reply:
    """What goes back, and how.

    Attributes:
        status: HTTP status.
        body: Of the content type beside it.
        content_type: Left out of the reply where it is empty.
        headers: Further headers.
        ending: ``answer`` is a reply as usual; ``hang`` never answers; ``drop`` breaks the
            connection without a byte; ``cut`` breaks it in the middle of the body.
        delay_s: Seconds to wait before the first byte; for a dripping body before each byte of it.
        flow: How the body travels: ``steady`` as usual; ``stalled`` stops in the middle of it and
            is silent from then on; ``dripping`` comes byte by byte.
        filled_to: Least size of the body as it travels, in bytes; blanks are sent after it.
    """

    status: int
    body: bytes = b""
    content_type: str = _JSON
    headers: Mapping[str, str] = attrs.field(factory=dict)
    ending: Literal["answer", "hang", "drop", "cut"] = "answer"
    delay_s: float = 0.0
    flow: Literal["steady", "stalled", "dripping"] = "steady"
    filled_to: int = 0

    def pieces(self) -> Iterator[bytes]:
        """Give what travels of the body, piece by piece; nothing large is made in memory."""
        if self.ending == "cut" or self.flow == "stalled":
            yield self.body[: len(self.body) // 2]
        elif self.flow == "dripping":
            yield from map(_ONE_BYTE, self.body)
            yield from repeat(b" ", self.filled_to - len(self.body))
        else:
            yield self.body
            yield from self._filling()

    def _filling(self) -> Iterator[bytes]:
        missing = self.filled_to - len(self.body)
        yield from repeat(_BLANKS, missing // len(_BLANKS))
        if missing > 0:
            yield _BLANKS[: missing % len(_BLANKS)]


@attrs.frozen
class RecordedRequest:
    """One line of the simulator's log. Headers, queries and bodies are not kept: no secrets.

    Attributes:
        at: When it came, as ISO 8601 by the simulator's clock.
        method: In capitals.
        host: As the client wrote it.
        path: As it was sent, percent-encoded, without the query.
        status: What was answered, or None where the client never saw a status.
        request_bytes: Size of the body that came.
        reply_bytes: Size of the reply's body, without blanks that a fault added.
        fault: Kind of the fault that struck it, or an empty text.
    """

    at: str
    method: str
    host: str
    path: str
    status: int | None
    request_bytes: int
    reply_bytes: int
    fault: str


class ApiError(Exception):
    """The vendor refuses a REST request with its usual envelope.

    Args:
        status: HTTP status.
        code: The envelope's ``errorcode``.
        message: The envelope's ``message``.
        documentation: The envelope's ``documentation``, usually empty.
        additional: Messages of ``additionalErrors``, each with code 10000; None leaves it out.
        headers: Further headers.
        more: Further members of the envelope, such as ``retryAfter``.
    """

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        documentation: str = "",
        additional: list[str] | None = None,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.documentation = documentation
        self.additional = additional
        self.headers = headers or {}
        self.more = more or {}
        super().__init__(message)


def json_reply(content: object, status: int = 200) -> Reply:
    """Return a reply that carries ``content`` as JSON."""
    return Reply(status, orjson.dumps(content))


def render(error: ApiError, switches: Switches) -> Reply:
    """Return the reply an error stands for."""
    content = {**_envelope(error.message, error.code, error.documentation, switches), **error.more}
    if error.additional is not None:
        content["additionalErrors"] = [
            _envelope(message, 10000, "", switches) for message in error.additional
        ]
    return attrs.evolve(json_reply(content, error.status), headers=error.headers)


def _envelope(message: str, code: int, documentation: str, switches: Switches) -> dict[str, Any]:
    errorcode = str(code) if switches.errorcode_as_text else code
    return {"message": message, "errorcode": errorcode, "documentation": documentation}
