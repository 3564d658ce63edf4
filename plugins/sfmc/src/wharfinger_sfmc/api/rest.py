"""What all REST calls of one account have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import httpx

import wharfinger
from wharfinger_sfmc.api.replies import Reply, read_reply
from wharfinger_sfmc.settings import base_url

__all__ = ["Rest", "segment"]

# Salesforce asks for the charset wherever a payload may not be plain ASCII.
_JSON: Final = {"Content-Type": "application/json; charset=UTF-8"}
_SERVICE_NOT_FOUND: Final = 596
_GATEWAY_WAIT_S: Final = 1.0


def segment(text: str) -> str:
    """Encode one segment of a path, whatever it holds."""
    encoded = quote(text, safe="")
    # A segment of dots alone would climb the path.
    return encoded.replace(".", "%2E") if set(encoded) == {"."} else encoded


class Rest:
    """The REST host of one account.

    Args:
        session: The way to the account.

    Raises:
        wharfinger.ConfigurationError: The subdomain would lead to another host.
    """

    def __init__(self, session: wharfinger.Session) -> None:
        self._session = session
        self._url = base_url(session.settings, "rest")

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Reply:
        return await self._send("GET", path + _encoded(query) if query else path)

    async def _post(self, path: str, body: bytes) -> Reply:
        return await self._send("POST", path, body)

    async def _put(self, path: str, body: bytes) -> Reply:
        return await self._send("PUT", path, body)

    async def _send(self, method: str, path: str, body: bytes | None = None) -> Reply:
        reply = await self._send_once(method, path, body)
        if reply.status == _SERVICE_NOT_FOUND:
            # The gateway lost its way and let nothing through; that passes or never will.
            await self._session.wait(_GATEWAY_WAIT_S)
            reply = await self._send_once(method, path, body)
        return reply

    async def _send_once(self, method: str, path: str, body: bytes | None) -> Reply:
        headers = None if body is None else _JSON
        try:
            response = await self._session.request(
                method, self._url + path, content=body, headers=headers
            )
        except httpx.InvalidURL as error:
            raise wharfinger.RetryError(
                "A request was not sent, because a name in it is longer than any address can be.",
                code="name-too-long",
            ) from error
        return read_reply(response, self._session.redact, body)


def _encoded(query: Mapping[str, str]) -> str:
    # SFMC reads a plus as a plus: a space must be %20.
    return "?" + urlencode(query, safe="$", quote_via=quote)
