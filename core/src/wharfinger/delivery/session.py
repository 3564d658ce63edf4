"""What an action gets to talk to its vendor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import attrs
import httpx
import stamina

from wharfinger.delivery.client import Client
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.http import ReplyTooLargeError, dialled, may_have_arrived
from wharfinger.delivery.redaction import Redactor
from wharfinger.errors import RetryError, UnknownError
from wharfinger.model.outcome import HELD_BACK

__all__ = ["Memory", "Session"]

_Kept = TypeVar("_Kept")

_HELD = "nothing was sent; it can be tried again."

# Raised before a byte of the request can have reached the vendor.
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@attrs.define
class Memory:
    """What the actions of one open connection share.

    Attributes:
        kept: What `Session.shared` made, by its class.
        skipped_s: Seconds that were not really waited, because a test turned waits off.
    """

    kept: dict[type[Any], Any] = attrs.field(factory=dict)
    skipped_s: float = 0.0


@attrs.frozen(kw_only=True)
class Session:
    """An authenticated way to one account, under its rate governor.

    Attributes:
        settings: The connection's settings, an instance of the destination's settings class.
        auth: What the destination's `Authentication` made for this connection, or None.
        idempotent: Whether a request that may have arrived may be sent again.
        previewing: Whether nothing is sent: an action then looks nothing up, and makes the
            request it would send with what it knows.
    """

    settings: Any
    auth: httpx.Auth | None = None
    idempotent: bool = True
    previewing: bool = False
    _client: Client = attrs.field(repr=False)
    _governor: Governor = attrs.field(repr=False)
    _redactor: Redactor = attrs.field(repr=False)
    _longest_s: float
    _longest_wait_s: float = 60.0
    _memory: Memory = attrs.field(factory=Memory, repr=False)
    _may_send: Callable[[], Awaitable[bool]] | None = attrs.field(default=None, repr=False)

    def with_effect(self, *, idempotent: bool) -> Session:
        """Return the same session for an action of the other effect."""
        return self if idempotent is self.idempotent else attrs.evolve(self, idempotent=idempotent)

    def asking(self, may_send: Callable[[], Awaitable[bool]] | None) -> Session:
        """Return the same session with a host that is asked before each request.

        Args:
            may_send: Awaited before a request leaves; false where it is not to. What it raises
                is taken for that.
        """
        return self if may_send is self._may_send else attrs.evolve(self, may_send=may_send)

    def shared(self, kind: type[_Kept]) -> _Kept:
        """Return the one object of a class that all actions of this open connection share.

        Args:
            kind: A class that can be made without arguments; made at the first asking.

        Example:
            ::

                sizes = session.shared(BatchSizes)
        """
        kept = self._memory.kept
        if kind not in kept:
            kept[kind] = kind()
        found: _Kept = kept[kind]
        return found

    async def wait(self, seconds: float) -> None:
        """Wait without holding up other requests of the account.

        Args:
            seconds: How long. Where tests turned waits off (``stamina.set_testing``), the time
                passes at once for `now`.
        """
        if stamina.is_testing():
            self._memory.skipped_s += max(0.0, seconds)
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(seconds)

    def now(self) -> float:
        """Return seconds that never go back, waits that tests skipped included."""
        return time.monotonic() + self._memory.skipped_s

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send one request and read the whole reply, whatever its status.

        Args:
            method: ``"POST"``.
            url: Absolute, on one of the destination's hosts; path segments already encoded.
            json: Sent as a JSON body.
            content: Sent as the body as it is; give its ``Content-Type`` in `headers`.
            headers: Further headers.
            params: Query parameters.

        Returns:
            The reply, whole. One that is larger than any reply can sensibly be, or that is not
            there after all when the time for one request is over, is no reply.

        Raises:
            RetryError: Nothing arrived, or what may have arrived may be sent again. Its code is
                ``held-back`` where the host lets nothing be sent.
            UnknownError: It may have arrived and must not be sent again.
            HostNotAllowedError: The destination never declared this host.
        """
        request = self._client.request(
            method, url, json=json, content=content, headers=headers, params=params
        )
        try:
            async with self._governor.turn(self._longest_wait_s) as turn:
                await self._check_host()
                # Within: waiting for others' sake is no part of the request.
                async with asyncio.timeout(self._longest_s):
                    self._check_open()
                    response = await self._client.send(request)
                    turn.heard(response)
                    return response
        except (TimeoutError, httpx.RequestError) as error:
            raise self._lost(request, error) from error

    async def _check_host(self) -> None:
        # Right before the request: its turn may come, and another try may be due, much later.
        if self._may_send is None:
            return
        try:
            may_send = await self._may_send()
        except Exception as error:
            raise RetryError(f"The host failed, so {_HELD}", code=HELD_BACK) from error
        if not may_send:
            raise RetryError(f"The host wants nothing sent, so {_HELD}", code=HELD_BACK)

    def _check_open(self) -> None:
        if self._client.is_closed:
            raise RetryError(
                "The connection was closed meanwhile. Nothing was sent; it can be tried again.",
                code="unreachable",
            )

    def _lost(
        self, request: httpx.Request, error: TimeoutError | httpx.RequestError
    ) -> RetryError | UnknownError:
        """Return the error of a request that has no readable reply."""
        # Signing in may have sent another request, and lost that one.
        lost, reason = _request_of(error, request), type(error).__name__
        if isinstance(error, _NOTHING_SENT):
            return RetryError(
                f"{dialled(lost)} could not be reached ({reason}). Nothing was sent; it can be "
                "tried again.",
                code="unreachable",
            )
        host = lost.url.host
        code, what = _loss(error)
        if self.idempotent or request.method == "GET" or not may_have_arrived(request):
            return RetryError(f"{host} {what} ({reason}). Sending it again is safe.", code=code)
        return UnknownError(
            f"{host} {what} after the request was sent ({reason}). It may have taken effect, so "
            "it is not repeated; check with the vendor.",
            code=code,
        )

    def redact(self, text: str) -> str:
        """Return a vendor's text with the secrets of this account taken out."""
        return self._redactor.redact(text)


def _request_of(error: Exception, otherwise: httpx.Request) -> httpx.Request:
    """Return the request that failed; an error that a plugin made itself may name none."""
    try:
        return error.request if isinstance(error, httpx.RequestError) else otherwise
    except RuntimeError:
        return otherwise


def _loss(error: Exception) -> tuple[str, str]:
    """Return the code of what went wrong, and the words for it."""
    match error:
        case ReplyTooLargeError():
            return "reply-too-large", str(error)
        case TimeoutError() | httpx.TimeoutException():
            return "timed-out", "did not answer in time"
    return "connection-lost", "broke the connection"
