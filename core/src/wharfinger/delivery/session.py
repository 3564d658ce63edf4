"""What an action gets to talk to its vendor."""

from __future__ import annotations

from typing import Any

import httpx

from wharfinger.delivery.governor import Governor
from wharfinger.delivery.redaction import Redactor
from wharfinger.errors import RetryError, UnknownError

__all__ = ["Session"]

# Raised before a byte of the request can have reached the vendor.
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Session:
    """An authenticated way to one account, under its rate governor.

    Attributes:
        settings: The connection's settings, an instance of the destination's settings class.
        idempotent: Whether a request that may have arrived may be sent again.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        settings: Any,
        governor: Governor,
        redactor: Redactor,
        *,
        idempotent: bool = True,
    ) -> None:
        self._client = client
        self._governor = governor
        self._redactor = redactor
        self.settings = settings
        self.idempotent = idempotent

    def with_effect(self, *, idempotent: bool) -> Session:
        """Return the same session for an action of the other effect."""
        return Session(
            self._client, self.settings, self._governor, self._redactor, idempotent=idempotent
        )

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

        Raises:
            RetryError: Nothing arrived, or what may have arrived may be sent again.
            UnknownError: It may have arrived and must not be sent again.
            HostNotAllowedError: The destination never declared this host.
        """
        request = self._client.build_request(
            method, url, json=json, content=content, headers=headers, params=params
        )
        try:
            async with self._governor:
                return await self._client.send(request)
        except _NOTHING_SENT as error:
            raise RetryError(
                f"{error.request.url.host} could not be reached ({_reason(error)}). Nothing was "
                "sent; it can be tried again.",
                code="unreachable",
            ) from error
        except httpx.RequestError as error:
            timed_out = isinstance(error, httpx.TimeoutException)
            what = "did not answer in time" if timed_out else "broke the connection"
            code = "timed-out" if timed_out else "connection-lost"
            host = error.request.url.host
            # Another request than ours was lost: signing in failed, and ours was never sent.
            if self.idempotent or method == "GET" or error.request is not request:
                raise RetryError(
                    f"{host} {what} ({_reason(error)}). Sending it again is safe.", code=code
                ) from error
            raise UnknownError(
                f"{host} {what} after the request was sent ({_reason(error)}). It may "
                "have taken effect, so it is not repeated; check with the vendor.",
                code=code,
            ) from error

    def redact(self, text: str) -> str:
        """Return a vendor's text with the secrets of this account taken out."""
        return self._redactor.redact(text)


def _reason(error: Exception) -> str:
    return type(error).__name__
