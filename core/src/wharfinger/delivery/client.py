"""The HTTP client of a connection: makes requests, signs them in, and reads replies whole.

It takes httpx's place as a client, not as a library: requests, replies, transports and signing in
are httpx's. What it leaves out (cookies, redirects, proxies, event hooks) took most of the time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self

import httpx

__all__ = ["Client"]

# The reply as it is: unpacking costs more than a loopback or a data centre's network does.
_HEADERS: Final = {"User-Agent": "wharfinger", "Accept-Encoding": "identity"}
_NO_AUTH: Final = httpx.Auth()


class Client:
    """Sends requests over a transport.

    Args:
        transport: Where they go.
        auth: Signs them in.
        timeout: For connecting and reading.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        auth: httpx.Auth | None,
        timeout: httpx.Timeout,
    ) -> None:
        self._transport = transport
        self._auth = auth or _NO_AUTH
        self._timeout = timeout.as_dict()
        self.is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection; nothing can be sent any more."""
        if not self.is_closed:
            self.is_closed = True
            await self._transport.aclose()

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Request:
        """Make a request; arguments as for `Session.request`.

        Raises:
            httpx.InvalidURL: The address cannot be one.
        """
        return httpx.Request(
            method,
            _parsed(url),
            headers={**_HEADERS, **headers} if headers else _HEADERS,
            params=params,
            content=content,
            json=json,
            extensions={"timeout": self._timeout},
        )

    async def send(self, request: httpx.Request) -> httpx.Response:
        """Sign a request in, send it, and return the reply, read whole.

        Raises:
            httpx.RequestError: There is no reply, or half of one; it names the request that was
                lost, which may be one that signs in.
            RuntimeError: It is closed.
        """
        if self.is_closed:
            raise RuntimeError("This client is closed.")
        signing = self._auth.async_auth_flow(request)
        following: httpx.Request | None = await anext(signing)
        try:
            while following is not None:
                sent = following
                with _naming(sent):
                    reply = await self._transport.handle_async_request(sent)
                reply.request = sent
                try:
                    following = await _next(signing, reply)
                    with _naming(sent):
                        await reply.aread()
                finally:
                    await reply.aclose()
        finally:
            await signing.aclose()
        return reply


async def _next(
    signing: AsyncGenerator[httpx.Request, httpx.Response], reply: httpx.Response
) -> httpx.Request | None:
    """Return what is to be sent after a reply; None where that reply is the answer."""
    try:
        return await signing.asend(reply)
    except StopAsyncIteration:
        return None


@contextmanager
def _naming(request: httpx.Request) -> Iterator[None]:
    """Let an error say which request it is about."""
    try:
        yield
    except httpx.RequestError as error:
        error.request = request
        raise


@lru_cache(maxsize=256)
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)
