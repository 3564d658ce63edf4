"""How much travels in one request, learnt from what SFMC bears."""

from __future__ import annotations

from collections.abc import Awaitable, Hashable, Sequence
from typing import Final

import attrs

import wharfinger
from wharfinger_sfmc.api.replies import Reply

__all__ = ["BatchSizes", "Size"]

_FULL_REQUESTS: Final = 10
"""How many full requests have to go well before they grow."""
_MOST_KNOWN: Final = 1000
"""An event may name any data extension; memory must not grow with what it names."""
_TIMED_OUT: Final = "timed-out"
_SLOW: Final = frozenset({408, 504})
_BAD_REQUEST: Final = 400
_TOO_LARGE: Final = 413


@attrs.define(kw_only=True)
class Size:
    """How much travels to one data extension in one request.

    It halves where SFMC finds a request too large or does not get it done in time, and doubles
    after ten full requests that went well, up to what it was at first.

    Attributes:
        most_rows: Most rows at the best of times.
        most_bytes: Most bytes of all encoded rows and the commas between them, likewise.
        rows: Most rows now.
        request_bytes: Most bytes now.
        borne_bytes: Bytes of the largest request that SFMC worked on.
    """

    most_rows: int
    most_bytes: int
    rows: int = attrs.field(default=attrs.Factory(lambda self: self.most_rows, takes_self=True))
    request_bytes: int = attrs.field(
        default=attrs.Factory(lambda self: self.most_bytes, takes_self=True)
    )
    borne_bytes: int = attrs.field(default=0, init=False)
    _full_requests: int = attrs.field(default=0, init=False)

    def fitting(self, rows: Sequence[bytes], start: int = 0) -> int:
        """Return how many rows may travel together, from `start` on; at least one.

        Args:
            rows: Encoded.
            start: Index of the first of them.
        """
        part = rows[start : start + self.rows]
        fitting = len(part)
        size = sum(map(len, part)) + fitting - 1  # the last row has no comma behind it
        while fitting > 1 and size > self.request_bytes:
            fitting -= 1
            size -= len(part[fitting]) + 1
        return max(1, fitting)

    async def watch(self, request: Awaitable[Reply], rows: Sequence[bytes]) -> Reply:
        """Wait for the reply to a request, and learn from it.

        Args:
            request: The request under way.
            rows: What it holds, encoded.

        Raises:
            wharfinger.DeliveryError: As the request does.
            wharfinger.RetryError: One row is found too large that is smaller than what SFMC took:
                then it is not the row.
        """
        size = sum(map(len, rows)) + len(rows) - 1
        try:
            reply = await request
        except wharfinger.RetryError as error:
            if error.code == _TIMED_OUT:
                self._was_slow(len(rows))
            raise
        if reply.status == _TOO_LARGE:
            self._was_too_large(len(rows), size)
            return reply
        if reply.accepted or reply.status == _BAD_REQUEST:
            self.borne_bytes = max(self.borne_bytes, size)
        if reply.accepted:
            self._went_well(len(rows), size)
        elif reply.status in _SLOW:
            self._was_slow(len(rows))
        return reply

    def _went_well(self, rows: int, size: int) -> None:
        if self.rows >= self.most_rows and self.request_bytes >= self.most_bytes:
            return
        self._full_requests += rows >= self.rows or 2 * size > self.request_bytes
        if self._full_requests >= _FULL_REQUESTS:
            self._full_requests = 0
            self.rows = min(2 * self.rows, self.most_rows)
            self.request_bytes = min(2 * self.request_bytes, self.most_bytes)

    def _was_slow(self, rows: int) -> None:
        self.rows = max(1, min(self.rows, rows) // 2)
        self._full_requests = 0

    def _was_too_large(self, rows: int, size: int) -> None:
        if rows > 1:
            self._was_slow(rows)
            self.request_bytes = min(self.request_bytes, size) - 1
        elif size <= self.borne_bytes:
            raise wharfinger.RetryError(
                "SFMC finds a row too large that is smaller than what it took before. It can be "
                "sent again.",
                code="unexpected-reply",
                http_status=_TOO_LARGE,
            )


class BatchSizes:
    """The sizes of one open connection; ``session.shared(BatchSizes)``."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Size] = {}

    def of(self, target: Hashable, *, most_rows: int, most_bytes: int) -> Size:
        """Return the size that holds for a kind of request; the same object for everybody.

        Args:
            target: What tells it from others: the data extension and the way there.
            most_rows: As for `Size`.
            most_bytes: As for `Size`.
        """
        if target not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[target] = Size(most_rows=most_rows, most_bytes=most_bytes)
        return self._known[target]
