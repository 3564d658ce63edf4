"""Upserting rows and telling the truth about each of them.

A refused rowset is not atomic, and its reply cannot be mapped to rows: SFMC stores the rows before
the first bad one and nothing from there on (seen in production by clients). So the bad rows are
found by sending parts. A part that is accepted proves all its rows stored. A part that is refused
for a column proves its row bad where all its other rows are stored, and SFMC's words are about
that row; any other refusal counts only for a row that was sent alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import wharfinger
from wharfinger_sfmc.errors import ROW_REFUSED, TOO_LARGE

__all__ = ["Send", "halving", "upsert"]

Send = Callable[[Sequence[bytes]], Awaitable[wharfinger.RejectedError | None]]
"""Sends rows in one request. Gives None where all are stored, the refusal where at least one is
bad, and raises any other `wharfinger.DeliveryError` where the rows are not the reason."""

_STORED: Final = wharfinger.Outcome.delivered(http_status=200)


async def upsert(rows: Sequence[bytes], send: Send) -> list[wharfinger.Outcome]:
    """Store every good row, and find the bad ones with few requests.

    Works from left to right. One request stores all rows if none is bad; each bad row costs a
    binary search, so k bad rows among n take at most ``1 + 2k(1 + log2 n)`` requests. After two
    bad rows the next part is as long as the distance between them, so rows that are all bad take
    little more than one request each.

    Args:
        rows: Encoded rows, in the order of their events.
        send: Sends a part of them.

    Returns:
        One outcome per row. If something other than a row goes wrong half-way, the rows that are
        decided keep their outcome and the others get that error's.

    Raises:
        wharfinger.DeliveryError: Something other than a row went wrong, and no row is decided.
    """
    outcomes: list[wharfinger.Outcome] = []
    length, last_bad = len(rows), -len(rows)
    try:
        while (start := len(outcomes)) < len(rows):
            end = min(start + length, len(rows))
            refusal = await send(rows[start:end])
            if refusal is None:
                outcomes += [_STORED] * (end - start)
                length *= 2
            elif bad := await _first_bad(rows[:end], refusal, outcomes, send):
                length, last_bad = len(outcomes) - last_bad, len(outcomes)
                outcomes.append(wharfinger.Outcome.of(bad))
    except wharfinger.DeliveryError as error:
        if not outcomes:
            raise
        outcomes += [wharfinger.Outcome.of(error)] * (len(rows) - len(outcomes))
    return outcomes


async def _first_bad(
    rows: Sequence[bytes],
    refusal: wharfinger.RejectedError,
    outcomes: list[wharfinger.Outcome],
    send: Send,
) -> wharfinger.RejectedError | None:
    """Find the first bad row of a refused part, and enter the rows before it as stored.

    Args:
        rows: All rows up to the end of the refused part.
        refusal: What was said about the part.
        outcomes: Of the rows before the part; grows while the search moves right.
        send: Sends a part.

    Returns:
        Why the next row is refused; None where the search found no bad row and entered all.
    """
    end, together = len(rows), len(rows) - len(outcomes)
    while end - (start := len(outcomes)) > 1:
        middle = (start + end) // 2
        answer = await send(rows[start:middle])
        if answer is None:
            outcomes += [_STORED] * (middle - start)
        else:
            refusal, end, together = answer, middle, middle - start
    if together == 1 or refusal.code == ROW_REFUSED:
        return refusal
    alone = await send(rows[start:end])
    if alone is None:
        outcomes.append(_STORED)
    return alone


def halving(post: Send) -> Send:
    """Return a `Send` that sends in halves what is too large for SFMC, and remembers the size.

    A single row that is too large stays refused.
    """
    most = 0

    async def send(rows: Sequence[bytes]) -> wharfinger.RejectedError | None:
        nonlocal most
        most = most or len(rows)
        part, rest = rows[:most], rows[most:]
        refusal = await post(part)
        if refusal is not None and refusal.code == TOO_LARGE and len(part) > 1:
            most = len(part) // 2
            return await send(rows)
        if refusal is not None or not rest:
            return refusal
        return await send(rest)

    return send
