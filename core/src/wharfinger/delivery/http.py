"""The HTTP client of a connection: timeouts, a host allow-list, no redirects."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, cast

import attrs
import httpx

from wharfinger.delivery.client import Client
from wharfinger.delivery.redaction import Redactor
from wharfinger.delivery.watched import WatchedTransport
from wharfinger.errors import HostNotAllowedError, NotSentError

if TYPE_CHECKING:
    from wharfinger.telemetry.recording import Telemetry

__all__ = [
    "RefusingTransport",
    "ReplyTooLargeError",
    "Timeouts",
    "build_client",
    "dialled",
    "host_allowed",
    "is_loopback",
    "may_have_arrived",
    "network",
]


MOST_REPLY_BYTES: Final = 64_000_000
"""Most bytes of one reply: far above the echo of the largest request a vendor takes."""

_SENT: Final = "wharfinger.sent"
_ROUTE: Final = "wharfinger.route"
_PLAIN: Final = "http://"


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long to wait for a vendor.

    Attributes:
        connect_s: Seconds until a connection stands.
        read_s: Seconds without a byte of the reply.
        whole_s: Seconds for one request from its first byte to the last one of its reply, so that
            a reply which trickles in does not hold its lane for ever.
    """

    connect_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    read_s: float = attrs.field(default=120.0, validator=attrs.validators.gt(0))
    whole_s: float = attrs.field(default=300.0, validator=attrs.validators.gt(0))


@lru_cache(maxsize=256)
def host_allowed(host: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a host matches one of the patterns; ``*`` is exactly one DNS label."""
    labels = host.lower().rstrip(".").split(".")
    return any(
        len(labels) == len(wanted := pattern.lower().split("."))
        and all(
            expected in ("*", label) and label
            for expected, label in zip(wanted, labels, strict=True)
        )
        for pattern in patterns
    )


def is_loopback(host: str) -> bool:
    """Tell whether a host name can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class ReplyTooLargeError(httpx.ReadError):
    """A reply goes on beyond every sensible size; the rest of it is not read."""


def may_have_arrived(request: httpx.Request) -> bool:
    """Tell whether a request was sent and may have taken effect.

    One that waits to be signed in was not sent, and one that was refused for how it was signed
    had no effect.
    """
    return bool(request.extensions.get(_SENT))


def dialled(request: httpx.Request) -> str:
    """Return whom a request was for, and where that was looked for if a route leads elsewhere."""
    route = request.extensions.get(_ROUTE)
    return f"{request.url.host} (at the route {route})" if route else request.url.host


class _BoundedStream(httpx.AsyncByteStream):
    """A body that ends with an error where it grows too large for memory."""

    def __init__(
        self,
        chunks: AsyncIterable[bytes],
        close: Callable[[], Awaitable[None]],
        request: httpx.Request,
    ) -> None:
        self._chunks = chunks
        self._close = close
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for chunk in self._chunks:
            seen += len(chunk)
            _check_size(seen, self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._close()


def _check_size(seen: int, request: httpx.Request) -> None:
    if seen > MOST_REPLY_BYTES:
        raise ReplyTooLargeError(
            f"sent a reply of more than {MOST_REPLY_BYTES:,} bytes", request=request
        )


def _bounded(reply: httpx.Response, request: httpx.Request) -> httpx.Response:
    """Return a reply whose body, unpacked, is not larger than any can sensibly be.

    It is made anew only where it is packed, which nobody asked for: that costs as much again.
    """
    if reply.is_stream_consumed:
        _check_size(len(reply.content), request)
        return reply
    if "content-encoding" in reply.headers:
        return httpx.Response(
            reply.status_code,
            headers=[each for each in reply.headers.raw if each[0].lower() != b"content-encoding"],
            stream=_BoundedStream(reply.aiter_bytes(), reply.aclose, request),
            extensions=reply.extensions,
        )
    stream = cast("httpx.AsyncByteStream", reply.stream)  # an asynchronous transport gives no other
    reply.stream = _BoundedStream(stream, stream.aclose, request)
    return reply


class _GuardedTransport(httpx.AsyncBaseTransport):
    """Lets nothing out but to the hosts that the destination declared, within the budget.

    That is over HTTPS, or in plain text where the destination wrote ``http://`` before a host.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        hosts: tuple[str, ...],
        redactor: Redactor,
        spend: Callable[[str, bytes], Awaitable[None]] | None,
    ) -> None:
        self._inner = inner
        self._hosts = hosts
        plain = tuple(h.removeprefix(_PLAIN) for h in hosts if h.startswith(_PLAIN))
        self._patterns = {"https": hosts, "http": plain}
        self._redactor = redactor
        self._spend = spend

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not host_allowed(request.url.host, self._patterns.get(request.url.scheme, ())):
            places = (h if h.startswith(_PLAIN) else f"https://{h}" for h in self._hosts)
            raise HostNotAllowedError(
                f"A request to {request.url.scheme}://{request.url.host} was refused: this "
                f"destination may only talk to {', '.join(places)}. "
                "Check the settings for a host name in the wrong place.",
                code="host-not-allowed",
            )
        if self._spend is not None:
            await self._spend(request.method, request.url.raw_path)
        self._redactor.learn(request.headers.get("authorization"))
        request.extensions[_SENT] = True
        reply = await self._inner.handle_async_request(request)
        request.extensions[_SENT] = reply.status_code != httpx.codes.UNAUTHORIZED
        return _bounded(reply, request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _RoutedTransport(httpx.AsyncBaseTransport):
    """Dials another address and keeps the ``Host`` header: how a simulator stands in."""

    def __init__(self, inner: httpx.AsyncBaseTransport, route: str) -> None:
        self._inner = inner
        self._route = httpx.URL(route)
        self._dialled = lru_cache(maxsize=256)(self._dial)

    def _dial(self, url: httpx.URL) -> httpx.URL:
        there = self._route
        return url.copy_with(scheme=there.scheme, host=there.host, port=there.port)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions[_ROUTE] = self._route
        routed = httpx.Request(
            request.method,
            self._dialled(request.url),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
        return await self._inner.handle_async_request(routed)

    async def aclose(self) -> None:
        await self._inner.aclose()


class RefusingTransport(httpx.AsyncBaseTransport):
    """Records each request and refuses to send it; what a preview is made of.

    Attributes:
        refused: The requests, as they would have been sent.
    """

    def __init__(self) -> None:
        self.refused: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Record a request instead of sending it; always raises `NotSentError`."""
        await request.aread()
        self.refused.append(request)
        raise NotSentError(f"{request.method} {request.url} was not sent: this is a preview.")


def network() -> httpx.AsyncBaseTransport:
    """Return a transport over the network: aiohttp's where it is installed, else httpx's own."""
    if find_spec("aiohttp") is None:
        return httpx.AsyncHTTPTransport()
    from wharfinger.delivery.over_aiohttp import AiohttpTransport  # noqa: PLC0415  # an extra

    return AiohttpTransport()


def build_client(
    *,
    hosts: Sequence[str],
    redactor: Redactor,
    auth: httpx.Auth | None,
    timeouts: Timeouts,
    transport: httpx.AsyncBaseTransport | None = None,
    route: str | None = None,
    spend: Callable[[str, bytes], Awaitable[None]] | None = None,
    telemetry: Telemetry | None = None,
) -> Client:
    """Build the client of one connection.

    Args:
        hosts: Patterns of the hosts it may reach.
        redactor: Learns the credentials that are sent.
        auth: Signs requests in.
        timeouts: For connecting and reading.
        transport: Takes the place of the network; the allow-list still holds.
        route: An ``http://`` address on this machine that is dialled instead of every host.
        spend: Awaited with method and path before a call leaves, signing in included: it counts
            the call, and waits or refuses as the budget of the account asks for.
        telemetry: Records what leaves; None where nobody listens.
    """
    inner = transport or network()
    if route is not None:
        inner = _RoutedTransport(inner, route)
    if telemetry is not None:
        inner = WatchedTransport(inner, telemetry)
    return Client(
        _GuardedTransport(inner, tuple(hosts), redactor, spend),
        auth=auth,
        timeout=httpx.Timeout(timeouts.read_s, connect=timeouts.connect_s),
    )
