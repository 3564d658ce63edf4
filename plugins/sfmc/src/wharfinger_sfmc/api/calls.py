"""The REST calls of one account, one method each.

Each method returns SFMC's reply, read and whatever it says; `wharfinger_sfmc.errors` knows what
a refusal means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import attrs

from wharfinger_sfmc.api.replies import Reply
from wharfinger_sfmc.api.rest import Rest, segment

__all__ = ["Api", "DataExtension"]


def _same_guid(value: str | None) -> str | None:
    return value.lower() if value else value


@attrs.frozen(kw_only=True, cache_hash=True)
class DataExtension:
    """A data extension as a request addresses it: by its external key, or else by its id.

    Attributes:
        key: The external key.
        id: The id, used where there is no key. Two spellings of one id are equal.
    """

    key: str | None = None
    id: str | None = attrs.field(default=None, eq=_same_guid)

    @cached_property
    def path(self) -> str:
        """The encoded path segment; the prefix ``key:`` tells a key from an id."""
        return f"key:{segment(self.key)}" if self.key else segment(self.id or "")

    def __str__(self) -> str:
        return f"key:{self.key}" if self.key else f"id:{self.id}"


class Api(Rest):
    """The REST calls of delivery."""

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

    async def send_events(self, events: bytes) -> Reply:
        """Enter up to 100 contacts with events; ``POST /interaction/v1/async/events``.

        Never idempotent. The reply's ``members`` stand in the order of the request.

        Args:
            events: ``{"eventDefinitionKey": ..., "members": [{"contactKey": ..., "data": ...}]}``
                as JSON.
        """
        return await self._post("/interaction/v1/async/events", events)

    async def event_statuses(self, filters: Mapping[str, str]) -> Reply:
        """Ask what became of journey events; ``GET /interaction/v1/async/events/status``.

        Args:
            filters: ``contactKey``, ``eventDefinitionKey``, ``requestId``, ``eventInstanceId`` or
                ``type``, at least one; ``$page``, ``$pageSize``, ``startDate``, ``endDate``.
        """
        return await self._get("/interaction/v1/async/events/status", filters)

    async def submit_rows(self, target: DataExtension, rows: Sequence[bytes]) -> Reply:
        """Queue rows for upserting; ``PUT /data/v1/async/dataextensions/{...}/rows``.

        Success means queued and nothing else; ``requestId`` names the job.

        Args:
            target: Where they go.
            rows: Each a flat object of column names and values as JSON.
        """
        path = f"/data/v1/async/dataextensions/{target.path}/rows"
        body = b'{"items":[' + b",".join(rows) + b"]}"
        return await self._put(path, body)

    async def job_status(self, job: str) -> Reply:
        """Ask how far a job is; ``GET /data/v1/async/{job}/status``. The reply names another id."""
        return await self._get(f"/data/v1/async/{segment(job)}/status")

    async def job_results(self, job: str, page: int) -> Reply:
        """Read one page of a job's results; ``GET /data/v1/async/{job}/results``.

        Args:
            job: What `submit_rows` was answered.
            page: From 1.
        """
        return await self._get(f"/data/v1/async/{segment(job)}/results", {"$page": str(page)})

    async def token_context(self) -> Reply:
        """Ask where the token acts; ``GET /platform/v1/tokenContext``. Needs no permission."""
        return await self._get("/platform/v1/tokenContext")
