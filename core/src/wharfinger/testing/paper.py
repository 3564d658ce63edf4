"""A vendor on paper: it answers as a test says, and keeps every request.

It stands on pytest-httpx, so it also hears requests that a plugin sends past its session.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal, Self

import httpx
from pytest_httpx import HTTPXMock

__all__ = [
    "GARBAGE",
    "LOOKING",
    "SENDING",
    "Answer",
    "Beside",
    "Besides",
    "Garbage",
    "Reply",
    "Vendor",
    "Wire",
    "either",
]

Reply = httpx.Response | Awaitable[httpx.Response]
"""What a vendor answers, or will have answered."""
Answer = Callable[[httpx.Request], Reply]
"""Gives the reply to a request, or raises what a lost connection raises."""
Beside = httpx.Response | Awaitable[httpx.Response | None] | None
"""What a vendor answers to a request that delivers nothing; None where it delivers."""
Besides = Callable[[httpx.Request], Beside]
"""Gives the reply to a request that delivers nothing; None for one that delivers."""

Garbage = Literal["html", "empty", "null", "list", "text", "truncated", "not-utf-8", "huge", "deep"]
"""Kinds of replies that nobody expects; see `GARBAGE`."""

SENDING: Final[ContextVar[list[httpx.Request] | None]] = ContextVar("sending", default=None)
"""Where the delivering requests of the present ``perform`` are written down."""
LOOKING: Final = ("GET", "HEAD", "OPTIONS")
"""Methods of requests that change nothing (RFC 9110, 9.2.1)."""
_VENDOR: Final = "wharfinger.testing.vendor"
_DEEP: Final = 100_000
_LARGE: Final = 1_000_000

GARBAGE: Final[Mapping[Garbage, httpx.Response]] = {
    "html": httpx.Response(
        200, headers={"Content-Type": "text/html"}, content=b"<html><p>Please wait</p></html>"
    ),
    "empty": httpx.Response(200, content=b""),
    "null": httpx.Response(200, json=None, content=b"null"),
    "list": httpx.Response(200, content=b'[1, null, "two", []]'),
    "text": httpx.Response(200, content=b'"ok"'),
    "truncated": httpx.Response(200, content=b'{"status": "accepted", "rows": [{"id": 1}, {"i'),
    "not-utf-8": httpx.Response(200, content=b'{"message": "caf\xe9 \xff\xfe"}'),
    "huge": httpx.Response(200, content=b'{"message": "' + b"x" * _LARGE + b'"}'),
    "deep": httpx.Response(200, content=b"[" * _DEEP),
}
"""Replies with the status 200 that nobody expects, by name."""


class Vendor:
    """Answers requests; made by the fixture ``vendor``.

    What is scripted is answered in its order, and the last of it for ever; until something is
    scripted, everything is accepted with ``200 {}``. Each script returns the vendor, so that they
    can be chained.

    Attributes:
        requests: Every request that came through `transport`, as it arrived.
        delivering: Those of them that ``besides`` did not answer.
        faults: What functions of the test raised where they should have answered.
        transport: What to give to ``plugins.connect(..., transport=...)``.

    Example:
        ::

            async def test_a_throttled_note_is_to_be_tried_again(vendor):
                vendor.throttles(retry_after_s=3600)
                connection = plugins.connect(CONFIG, transport=vendor.transport)
    """

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.delivering: list[httpx.Request] = []
        self.faults: list[str] = []
        self.transport: httpx.AsyncBaseTransport = _VendorTransport(self)
        self._steps: deque[Answer] = deque()
        self._besides: Besides = _nothing_besides
        self._let_go = asyncio.Event()

    @property
    def request(self) -> httpx.Request:
        """The only delivering request.

        Raises:
            ValueError: There is none, or more than one.
        """
        (only,) = self.delivering
        return only

    def answers(self, answer: Answer) -> Self:
        """Answer the next request with what a function makes of it."""
        self._steps.append(answer)
        return self

    def accepts(self, status: int = 200, **reply: Any) -> Self:
        """Accept the next request.

        Args:
            status: The HTTP status.
            reply: Arguments of ``httpx.Response``; an empty object where there are none.
        """
        facts = reply or {"json": {}}
        return self.answers(lambda _: httpx.Response(status, **facts))

    def refuses(self, status: int = 400, **reply: Any) -> Self:
        """Refuse the next request for what is in it; arguments as for `accepts`."""
        return self.accepts(status, **(reply or {"json": {"message": "Bad request"}}))

    def throttles(self, retry_after_s: float = 7, **reply: Any) -> Self:
        """Answer the next request with 429 and ``Retry-After``; `reply` as for `accepts`."""
        headers = {**reply.pop("headers", {}), "Retry-After": f"{retry_after_s:g}"}
        return self.accepts(429, headers=headers, **reply)

    def fails(self, status: int = 500, **reply: Any) -> Self:
        """Answer the next request with a fault of the server; arguments as for `accepts`."""
        return self.accepts(status, **(reply or {"text": "Something went wrong"}))

    def hangs(self) -> Self:
        """Take the next request and never answer; the time for it is over at once."""
        return self._raises(lambda request: httpx.ReadTimeout("no answer in time", request=request))

    def drops(self) -> Self:
        """Take the next request and break the connection."""
        text = "peer closed connection without sending complete message body"
        return self._raises(lambda request: httpx.RemoteProtocolError(text, request=request))

    def is_away(self) -> Self:
        """Cannot be reached for the next request: nothing is sent."""
        return self._raises(lambda request: httpx.ConnectError("no route", request=request))

    def never_answers(self) -> Self:
        """Take the next request and keep it until whoever sent it is cancelled."""

        async def wait(_: httpx.Request) -> httpx.Response:
            await self._let_go.wait()
            return httpx.Response(200, json={})

        return self.answers(wait)

    def lets_go(self) -> Self:
        """Answer at last what `never_answers` kept."""
        self._let_go.set()
        return self

    def garbles(self, kind: Garbage = "html") -> Self:
        """Answer the next request with 200 and a body that nobody expects.

        Args:
            kind: One of `GARBAGE`.
        """
        reply = GARBAGE[kind]
        return self.accepts(200, headers=reply.headers, content=reply.content)

    def besides(self, answer: Besides) -> Self:
        """Answer all requests that deliver nothing, for tokens or look-ups, apart from the script.

        Args:
            answer: Gives the reply, or None for a request that delivers.
        """
        self._besides = answer
        return self

    def forgets(self) -> Self:
        """Drop what is scripted and not answered yet."""
        self._steps.clear()
        return self

    def reply(self, request: httpx.Request) -> Reply:
        """Write a request down and answer it."""
        request = _copy(request)
        self.requests.append(request)
        with self._blamed(request):
            reply = self._reply(request)
        return self._awaited(request, reply) if inspect.isawaitable(reply) else reply

    async def _awaited(
        self, request: httpx.Request, reply: Awaitable[httpx.Response]
    ) -> httpx.Response:
        with self._blamed(request):
            return await reply

    @contextmanager
    def _blamed(self, request: httpx.Request) -> Iterator[None]:
        """Keep what a function of the test raises: the plugin is not to blame for it."""
        try:
            yield
        except httpx.HTTPError:
            raise  # as scripted
        except Exception as error:
            asked = f"{request.method} {request.url}"
            self.faults.append(f"{asked} was answered with {type(error).__name__}: {error}")
            raise

    def _reply(self, request: httpx.Request) -> Reply:
        return either(self._besides(request), lambda: self._deliver(request))

    def _deliver(self, request: httpx.Request) -> Reply:
        self.delivering.append(request)
        if (sending := SENDING.get()) is not None:
            sending.append(request)
        if not self._steps:
            return httpx.Response(200, json={})
        step = self._steps.popleft() if len(self._steps) > 1 else self._steps[0]
        return step(request)

    def _raises(self, error_for: Callable[[httpx.Request], Exception]) -> Self:
        def answer(request: httpx.Request) -> httpx.Response:
            raise error_for(request)

        return self.answers(answer)


def either(beside: Beside, answer: Callable[[], Reply]) -> Reply:
    """Return the reply to a request that delivers nothing, or the one to a delivering request.

    Args:
        beside: What ``besides`` gave, perhaps to be awaited.
        answer: Asked where that is None.
    """
    if inspect.isawaitable(beside):
        return _awaited_either(beside, answer)
    return answer() if beside is None else beside


async def _awaited_either(
    beside: Awaitable[httpx.Response | None], answer: Callable[[], Reply]
) -> httpx.Response:
    if (found := await beside) is not None:
        return found
    reply = answer()
    return await reply if inspect.isawaitable(reply) else reply


def _nothing_besides(_: httpx.Request) -> None:
    return None


def _copy(request: httpx.Request) -> httpx.Request:
    """Keep a request as it arrived: a client sends one object twice when it signs in again."""
    return httpx.Request(
        request.method,
        request.url,
        headers=request.headers,
        content=request.content,
        extensions=request.extensions,
    )


class _VendorTransport(httpx.AsyncBaseTransport):
    """Marks requests with the vendor they are for, and hands them to pytest-httpx."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._mocked = httpx.AsyncHTTPTransport(verify=False)  # nothing leaves it

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions[_VENDOR] = self._vendor
        return await self._mocked.handle_async_request(request)


class Wire:
    """Where all requests of a test come together, whichever client they are sent by.

    Args:
        mock: The fixture of pytest-httpx.

    Attributes:
        past: Requests that did not come through the transport of a vendor.
    """

    def __init__(self, mock: HTTPXMock) -> None:
        self.past: list[httpx.Request] = []
        mock.add_callback(self._answer, is_optional=True, is_reusable=True)

    def vendor(self) -> Vendor:
        """Return a fresh vendor."""
        return Vendor()

    def _answer(self, request: httpx.Request) -> Any:
        vendor = request.extensions.get(_VENDOR)
        if not isinstance(vendor, Vendor):
            self.past.append(request)
            return httpx.Response(200, json={})
        return vendor.reply(request)
