"""Upserting rows and telling the truth about each of them.

A refused rowset is not atomic, and its reply cannot be mapped to rows: SFMC stores the rows before
the first bad one and nothing from there on (seen in production by clients). So the bad rows are
found by sending parts. A part that is accepted proves all its rows stored. A part that is refused
for a column proves its row bad where all its other rows are stored, and SFMC's words are about
that row; any other refusal counts only for a row that was sent alone.

What a reply to a rowset means:

====================================  =============================================================
Reply                                 What becomes of its rows
====================================  =============================================================
200, an array of as many entries      Stored.
200, no body                          Stored: the status says so.
200, an array of fewer or more,       No evidence: ``retry`` with ``unexpected-reply``; upserting
an object, text, HTML, half a body    them again is harmless.
200 that reports errors               No evidence: ``retry`` with ``save-failed``.
400 about columns                     One row is bad: it is sought, and ``rejected``.
400 about the primary key             The mapping is wrong: ``halted``. Where rows differ in their
                                      keys, the one at fault is sought, and ``rejected``.
400 with 10006 and no reason          Sent twice more, after waits, then sought. A row that is still
                                      refused alone while others are stored is ``rejected`` with
                                      ``row-refused-unexplained``; where nothing can be stored, all
                                      are ``retry``.
413                                   Sent in halves, and the size is remembered. A row that is too
                                      large alone is ``rejected``; ``retry`` if SFMC took more
                                      before.
408, 504, silence after sending       ``retry``, and the size halves.
429, other 5xx, 3xx, no connection,   ``retry``; rows that are decided keep their outcome.
a reply without end
401 after a fresh token, 403, 404,    ``halted``.
596, an unknown data extension
====================================  =============================================================

A row of a request without evidence, or of one that was refused for the columns of another row, may
be stored. It is in doubt from then on: what would end as ``rejected`` for anything but its own
columns is ``unknown``. A rowset that is refused without a reason puts no row in doubt, because the
row that is refused alone without one is taken for its bad row.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import wharfinger
from wharfinger_sfmc.api.calls import Api, DataExtension
from wharfinger_sfmc.api.encoding import to_json
from wharfinger_sfmc.api.replies import Reply
from wharfinger_sfmc.errors import (
    PRIMARY_KEY_MISMATCH,
    ROW_REFUSED,
    TOO_LARGE,
    Call,
    InDoubtError,
    failure,
    leaves_doubt,
)
from wharfinger_sfmc.rows.sizes import Size
from wharfinger_sfmc.values.conversion import Row

__all__ = ["ROW_UNEXPLAINED", "Rowsets", "Send", "no_evidence", "upsert"]

ROW_UNEXPLAINED: Final = "row-refused-unexplained"

_SAVE_FAILED: Final = "save-failed"
_BAD_REQUEST: Final = 400
_STORED: Final = wharfinger.Outcome.delivered(http_status=200)
_REPEATS_S: Final = (1.0, 4.0)
"""Seconds before each repetition of a request that was refused without a reason."""
_HOPELESS_ROWS: Final = 3
"""So many single rows are refused without a reason before it is SFMC and not the rows."""

_Row = TypeVar("_Row")
Send = Callable[[Sequence[_Row]], Awaitable[wharfinger.RejectedError | None]]
"""Sends rows as one part. Gives None where all are stored, the refusal where at least one is bad,
and raises any other `wharfinger.DeliveryError` where the rows are not the reason."""


class _OpaqueError(wharfinger.RejectedError):
    """SFMC refused rows without a reason.

    Attributes:
        transient: The error where it is SFMC's trouble, and not the row's.
    """

    def __init__(self, transient: wharfinger.RetryError, subject: str) -> None:
        super().__init__(
            f"SFMC refused this row of {subject} again and again and named no column, while it "
            "took others. Compare its values with the columns; null and empty texts come first.",
            code=ROW_UNEXPLAINED,
            vendor_message=transient.vendor_message,
            http_status=transient.http_status,
            request_id=transient.request_id,
        )
        self.transient = transient


async def upsert(
    rows: Sequence[_Row],
    send: Send[_Row],
    refusal: wharfinger.RejectedError | None = None,
) -> list[wharfinger.DeliveryError | None]:
    """Store every good row, and find the bad ones with few requests.

    Works from left to right. One request stores all rows if none is bad; each bad row costs a
    binary search, so k bad rows among n take at most ``1 + 2k(1 + log2 n)`` requests. After two
    bad rows the next part is as long as the distance between them, so rows that are all bad take
    little more than one request each.

    Args:
        rows: In the order of their events.
        send: Sends a part of them.
        refusal: What was said about all of them, where they were sent already.

    Returns:
        Per row why it is not stored, None where it is. If something other than a row goes wrong
        half-way, the rows that are decided keep their verdict and the others get that error.
    """
    verdicts: list[wharfinger.DeliveryError | None] = []
    length, last_bad = len(rows), -len(rows)
    try:
        while (start := len(verdicts)) < len(rows):
            end = min(start + length, len(rows))
            if refusal is None:
                refusal = await send(rows[start:end])
            if refusal is None:
                verdicts += [None] * (end - start)
                length *= 2
            elif bad := await _first_bad(rows[:end], refusal, verdicts, send):
                length, last_bad = len(verdicts) - last_bad, len(verdicts)
                verdicts.append(bad)
            refusal = None
    except wharfinger.DeliveryError as error:
        verdicts += [error] * (len(rows) - len(verdicts))
    return verdicts


async def _first_bad(
    rows: Sequence[_Row],
    refusal: wharfinger.RejectedError,
    verdicts: list[wharfinger.DeliveryError | None],
    send: Send[_Row],
) -> wharfinger.RejectedError | None:
    """Find the first bad row of a refused part, and enter the rows before it as stored.

    Args:
        rows: All rows up to the end of the refused part.
        refusal: What was said about the part.
        verdicts: Of the rows before the part; grows while the search moves right.
        send: Sends a part.

    Returns:
        Why the next row is refused; None where the search found no bad row and entered all.
    """
    end, together = len(rows), len(rows) - len(verdicts)
    while end - (start := len(verdicts)) > 1:
        middle = (start + end) // 2
        answer = await send(rows[start:middle])
        if answer is None:
            verdicts += [None] * (middle - start)
        else:
            refusal, end, together = answer, middle, middle - start
    if together == 1 or refusal.code == ROW_REFUSED:
        return refusal
    alone = await send(rows[start:end])
    if alone is None:
        verdicts.append(None)
    return alone


class Rowsets:
    """The synchronous way to one data extension, for the rows of one call.

    Args:
        session: The way to the account.
        target: Where the rows go.
        call: What is asked, in the words of errors.
        size: How much travels in one request.
        mixed_keys: Whether the rows differ in the names of their primary keys, or there is but
            one: then a wrong name is a row's fault and not the mapping's.

    Attributes:
        size: As given.
        doubts: Rows that a request may have stored, although its reply does not say so.
    """

    def __init__(
        self,
        session: wharfinger.Session,
        target: DataExtension,
        call: Call,
        size: Size,
        *,
        mixed_keys: bool,
    ) -> None:
        self._session = session
        self._api = Api(session)
        self._target = target
        self._call = call
        self.size = size
        self.doubts: set[bytes] = set()
        self._mixed_keys = mixed_keys
        self._stored_some = False
        self._patient = True
        self._hopeless = 0

    def encode(self, row: Row) -> bytes:
        """Return a row as ``{"keys": {...}, "values": {...}}``."""
        return row.body or to_json({"keys": row.keys, "values": row.values}, {})

    async def store(self, rows: Sequence[bytes]) -> list[wharfinger.Outcome]:
        """Store encoded rows; one outcome per row."""
        return self.outcomes(await upsert(rows, self.send))

    def outcomes(
        self, verdicts: Sequence[wharfinger.DeliveryError | None]
    ) -> list[wharfinger.Outcome]:
        """Turn verdicts into outcomes; rows that share a verdict share the outcome."""
        known = {id(verdict): self._outcome(verdict) for verdict in verdicts}
        return [known[id(verdict)] for verdict in verdicts]

    def _outcome(self, verdict: wharfinger.DeliveryError | None) -> wharfinger.Outcome:
        if verdict is None:
            return _STORED
        if isinstance(verdict, _OpaqueError) and not self._stored_some:
            verdict = verdict.transient
        return wharfinger.Outcome.of(verdict)

    async def send(self, rows: Sequence[bytes]) -> wharfinger.RejectedError | None:
        """Send rows in as many requests as their size asks for, up to the first refusal."""
        start = 0
        while start < len(rows):
            part = rows[start : start + self.size.fitting(rows, start)]
            refusal = await self._post_patiently(part)
            if refusal is None:
                self._stored_some = True
                start += len(part)
            elif refusal.code != TOO_LARGE or len(part) == 1:
                return refusal
        return None

    async def _post_patiently(self, part: Sequence[bytes]) -> wharfinger.RejectedError | None:
        """Repeat what is refused without a reason: this passes as a rule.

        Of requests of many rows only the first is repeated; what is left is sought by splitting.
        """
        alone = len(part) == 1
        refusal = await self._post(part)
        if not isinstance(refusal, _OpaqueError) or not (alone or self._patient):
            return refusal
        for wait_s in _REPEATS_S:
            await self._session.wait(wait_s)
            refusal = await self._post(part)
            if not isinstance(refusal, _OpaqueError):
                return refusal
        self._patient = False
        self._hopeless += alone
        if self._hopeless >= _HOPELESS_ROWS and not self._stored_some:
            raise refusal.transient
        return refusal

    async def _post(self, part: Sequence[bytes]) -> wharfinger.RejectedError | None:
        try:
            refusal = await self._answer(part)
        except wharfinger.DeliveryError as error:
            if leaves_doubt(error):
                self.doubts.update(part)
            raise
        if refusal is not None and len(part) > 1 and _is_about_one(refusal):
            self.doubts.update(part)
        return refusal

    async def _answer(self, part: Sequence[bytes]) -> wharfinger.RejectedError | None:
        request = self._api.upsert_rows(self._target, part)
        reply = await self.size.watch(request, part)
        if not reply.accepted:
            return self._refusal(reply)
        # What came back as it was sent has an entry for each row, and need not be read.
        if reply.is_empty or reply.is_echo or reply.entries == len(part):
            return None
        raise no_evidence(reply, self._call)

    def _refusal(self, reply: Reply) -> wharfinger.RejectedError:
        """Return why a row is refused, or raise what is no row's fault."""
        error = failure(reply, self._call)
        if isinstance(error, wharfinger.RejectedError):
            return error
        if error.code == PRIMARY_KEY_MISMATCH and self._mixed_keys:
            return _rejection(error)
        is_opaque = error.code == _SAVE_FAILED and reply.status == _BAD_REQUEST
        if isinstance(error, wharfinger.RetryError) and is_opaque:
            return _OpaqueError(error, self._call.subject)
        raise error


def _is_about_one(refusal: wharfinger.RejectedError) -> bool:
    """Tell whether SFMC has found a bad row in a request, and stored those before it.

    Where it gives no reason, the row that is refused alone without one is taken for that row.
    """
    return refusal.code != TOO_LARGE and not isinstance(refusal, _OpaqueError)


def no_evidence(reply: Reply, call: Call) -> InDoubtError:
    """Return the error of a success that proves nothing about rows."""
    return InDoubtError(
        "SFMC answered with success, but not with what it is known to answer, so nobody knows "
        f"what became of rows for {call.subject}. Sending them again is safe.",
        code="unexpected-reply",
        http_status=reply.status,
        request_id=reply.request_id,
    )


def _rejection(error: wharfinger.DeliveryError) -> wharfinger.RejectedError:
    return wharfinger.RejectedError(
        error.message,
        code=error.code,
        vendor_message=error.vendor_message,
        http_status=error.http_status,
        request_id=error.request_id,
    )
