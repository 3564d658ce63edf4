"""The REST calls of one account, one method each.

Each method returns SFMC's reply, read and whatever it says; `wharfinger_sfmc.errors` knows what
a refusal means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import attrs
import httpx

import wharfinger
from wharfinger_sfmc.replies import Reply, read_reply
from wharfinger_sfmc.settings import base_url

__all__ = ["Api", "DataExtension"]

# Salesforce asks for the charset wherever a payload may not be plain ASCII.
_JSON: Final = {"Content-Type": "application/json; charset=UTF-8"}


def _same_guid(value: str | None) -> str | None:
    return value.lower() if value else value


@attrs.frozen(kw_only=True)
class DataExtension:
    """A data extension as a request addresses it: by its external key, or else by its id.

    Attributes:
        key: The external key.
        id: The id, used where there is no key. Two spellings of one id are equal.
    """

    key: str | None = None
    id: str | None = attrs.field(default=None, eq=_same_guid)

    @property
    def path(self) -> str:
        """The encoded path segment; the prefix ``key:`` tells a key from an id."""
        return f"key:{_segment(self.key)}" if self.key else _segment(self.id or "")

    def __str__(self) -> str:
        return f"key:{self.key}" if self.key else f"id:{self.id}"


def _segment(text: str) -> str:
    encoded = quote(text, safe="")
    # A segment of dots alone would climb the path.
    return encoded.replace(".", "%2E") if set(encoded) == {"."} else encoded


class Api:
    """The REST calls of one account.

    Args:
        session: The way to the account.

    Raises:
        wharfinger.ConfigurationError: The subdomain would lead to another host.
    """

    def __init__(self, session: wharfinger.Session) -> None:
        self._session = session
        self._url = base_url(session.settings, "rest")

    async def create_contact(self, contact: bytes) -> Reply:
        """Create a contact where none has its key; ``POST /contacts/v1/contacts``.

        Args:
            contact: ``{"contactKey": ..., "attributeSets": [...]}`` as JSON.
        """
        return await self._post("/contacts/v1/contacts", contact)

    async def send_event(self, event: bytes) -> Reply:
        """Enter a contact with an event; ``POST /interaction/v1/events``. Never idempotent.

        Args:
            event: ``{"contactKey": ..., "eventDefinitionKey": ..., "data": {...}}`` as JSON.
        """
        return await self._post("/interaction/v1/events", event)

    async def upsert_rows(self, target: DataExtension, rows: Sequence[bytes]) -> Reply:
        """Upsert rows synchronously; ``POST /hub/v1/dataevents/{key:... or id}/rowset``.

        Not atomic: where a row is refused, those before it are stored and those after it are not.

        Args:
            target: Where they go.
            rows: Each ``{"keys": {...}, "values": {...}}`` as JSON.
        """
        return await self._post(
            f"/hub/v1/dataevents/{target.path}/rowset", b"[" + b",".join(rows) + b"]"
        )

    async def token_context(self) -> Reply:
        """Ask where the token acts; ``GET /platform/v1/tokenContext``. Needs no permission."""
        return self._read(
            await self._session.request("GET", f"{self._url}/platform/v1/tokenContext")
        )

    async def _post(self, path: str, body: bytes) -> Reply:
        return self._read(
            await self._session.request("POST", self._url + path, content=body, headers=_JSON)
        )

    def _read(self, response: httpx.Response) -> Reply:
        return read_reply(response, self._session.redact)
