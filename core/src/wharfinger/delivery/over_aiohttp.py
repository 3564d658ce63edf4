"""httpx's requests over aiohttp, which needs a fraction of the time per request.

What its errors mean is told apart exactly, because an event that must not happen twice is
repeated only where nothing of it was sent.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import httpx
from yarl import URL

__all__ = ["AiohttpTransport"]

_KEEP_ALIVE_S: Final = 5.0
"""Seconds that an idle connection is kept, as httpx does; servers keep it longer as a rule."""
_READ_AT_ONCE: Final = 16_000_000
"""Bytes of a reply up to which it is read whole, if it says how long it is."""
_LARGE_BODY: Final = 2**20
"""Bytes of a request from which aiohttp wants to write it in pieces."""
# What httpx would add is in the request already, and nothing else is to be.
_NOT_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends httpx's requests over aiohttp; as many at a time as are asked for.

    It keeps no cookies, follows no redirects, unpacks nothing and looks at no proxy variable.
    """

    def __init__(self) -> None:
        self._tls = httpx.create_ssl_context()  # takes longer than a request may
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            httpx.TransportError: `httpx.ConnectError` and `httpx.ConnectTimeout` only where
                nothing was sent.
        """
        body = await request.aread()
        with _errors_of_httpx():
            reply = await self._opened().request(
                request.method,
                _url_of(request),
                headers=request.headers.multi_items(),
                data=(io.BytesIO(body) if len(body) > _LARGE_BODY else body) or None,
                allow_redirects=False,
                timeout=_timeout_of(request),
            )
            if _is_small(reply):
                return httpx.Response(
                    reply.status, headers=reply.raw_headers, content=await _whole(reply)
                )
        return httpx.Response(reply.status, headers=reply.raw_headers, stream=_Body(reply))

    async def aclose(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # the governor knows how many are good
                    keepalive_timeout=_KEEP_ALIVE_S,
                    ssl=self._tls,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=_NOT_ADDED,
            )
        return self._session


class _Body(httpx.AsyncByteStream):
    """The body of a reply that is read piece by piece."""

    def __init__(self, reply: aiohttp.ClientResponse) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors_of_httpx():
            async for chunk in self._reply.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        self._reply.close()


def _url_of(request: httpx.Request) -> URL:
    return URL(str(request.url), encoded=True)


def _timeout_of(request: httpx.Request) -> aiohttp.ClientTimeout:
    seconds = request.extensions.get("timeout", {})
    return aiohttp.ClientTimeout(
        total=None, sock_connect=seconds.get("connect"), sock_read=seconds.get("read")
    )


def _is_small(reply: aiohttp.ClientResponse) -> bool:
    length = reply.content_length
    return (
        length is not None and length <= _READ_AT_ONCE and "Content-Encoding" not in reply.headers
    )


async def _whole(reply: aiohttp.ClientResponse) -> bytes:
    try:
        return await reply.read()
    except BaseException:
        reply.close()
        raise


@contextmanager
def _errors_of_httpx() -> Iterator[None]:
    """Raise what httpx would raise."""
    try:
        yield
    except (aiohttp.ConnectionTimeoutError, aiohttp.ServerFingerprintMismatch) as error:
        raise httpx.ConnectTimeout(str(error)) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except aiohttp.ServerTimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except aiohttp.InvalidURL as error:
        raise httpx.UnsupportedProtocol(str(error)) from error
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientResponseError) as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except aiohttp.ClientPayloadError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error)) from error
