"""From rows of events to requests: what becomes one row, what must wait for what.

Rows of one primary key collapse: the last value of each column wins, and every event gets the
outcome of that row. Rows that only might be one row never travel in one request, because nobody
knows which of them SFMC would keep: they go one after the other, in the order of their events.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from types import TracebackType
from typing import Final, Protocol

import attrs

import wharfinger
from wharfinger_sfmc.errors import TOO_LARGE
from wharfinger_sfmc.rows.rowsets import Rowsets, upsert
from wharfinger_sfmc.rows.sizes import Size
from wharfinger_sfmc.values.columns import Table, fold
from wharfinger_sfmc.values.conversion import Row
from wharfinger_sfmc.values.identity import identity, loose_identity

__all__ = ["HELD_BACK", "PlannedRow", "Unsent", "Way", "carry_out", "held_back", "merged", "plan"]

HELD_BACK: Final = "held-back"

_SETTLED: Final = frozenset({wharfinger.Status.DELIVERED, wharfinger.Status.REJECTED})


class Way(Protocol):
    """A way to store rows of one data extension."""

    @property
    def size(self) -> Size:
        """How much travels in one request."""

    @property
    def doubts(self) -> Collection[bytes]:
        """Encoded rows that may be stored, although nothing says so."""

    def encode(self, row: Row) -> bytes:
        """Return the bytes that a row is in a request."""

    async def store(self, rows: Sequence[bytes]) -> list[wharfinger.Outcome]:
        """Send encoded rows and say what became of each.

        Returns:
            One outcome per row; for fewer rows, from the front, where the others are to be sent
            by themselves.
        """


@attrs.define
class PlannedRow:
    """One row to store, and the events that ask for it.

    Attributes:
        row: As it is sent: all versions in one.
        versions: What each event says, in their order.
        sources: Index of each version's event.
        wave: How many rows that might be this one come before it.
        in_doubt: Whether it, or some of its versions, may be stored although nothing says so.
    """

    row: Row
    versions: list[Row]
    sources: list[int]
    wave: int
    in_doubt: bool = False


class Unsent:
    """Goes on past what a preview does not send, and says so in the end.

    A preview is stopped at every request; whoever stopped with it would show but the first one.
    """

    def __init__(self) -> None:
        self._error: wharfinger.NotSentError | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if not isinstance(error, wharfinger.NotSentError):
            return False
        self._error = error
        return True

    def check(self) -> None:
        """Raise what was passed over, if anything.

        Raises:
            wharfinger.NotSentError: This is a preview.
        """
        if self._error is not None:
            raise self._error


def plan(rows: Iterable[tuple[int, Row]], table: Table | None) -> list[list[PlannedRow]]:
    """Decide which rows are stored together.

    Args:
        rows: Each with the index of its event, in the order of the events.
        table: Their data extension, where it is known.

    Returns:
        Waves, to be stored one after the other; no two rows of a wave might be one row.
    """
    waves: list[list[PlannedRow]] = []
    latest: dict[Hashable, PlannedRow] = {}
    for source, row in rows:
        loose = loose_identity(row.keys) if row.loose is None else row.loose
        before = latest.get(loose)
        if before is not None and identity(before.row, table) == identity(row, table):
            before.versions.append(row)
            before.sources.append(source)
            before.row = merged([before.row, row])
            continue
        wave = 0 if before is None else before.wave + 1
        latest[loose] = PlannedRow(row, [row], [source], wave)
        if wave == len(waves):
            waves.append([])
        waves[wave].append(latest[loose])
    return waves


def merged(versions: Sequence[Row]) -> Row:
    """Return the row that is left when versions of one row are stored one after the other."""
    values: dict[str, object] = {}
    spellings: dict[str, str] = {}
    for version in versions:
        for name, value in version.values.items():
            # Where the columns are not known, two events may spell one of them differently.
            before = spellings.setdefault(fold(name), name)
            if before != name:
                del values[before]
                spellings[fold(name)] = name
            values[name] = value
    return Row(versions[-1].keys, values)


async def carry_out(
    waves: Iterable[Sequence[PlannedRow]], way: Way, rowsets: Rowsets
) -> dict[int, wharfinger.Outcome]:
    """Store planned rows in order, as many at a time as may travel together.

    Once a row is neither stored nor refused for good, nothing more is sent, so that no later row
    overtakes it.

    Args:
        waves: As `plan` made them.
        way: How they are sent.
        rowsets: How the versions of one row are told apart where the row is refused: those from
            the first event on that SFMC takes are stored, and each bad one is refused alone.

    Returns:
        One outcome per event, by its index.

    Raises:
        wharfinger.NotSentError: This is a preview; it has seen every request.
    """
    outcomes: dict[int, wharfinger.Outcome] = {}
    held: wharfinger.Outcome | None = None
    unsent = Unsent()
    for wave in waves:
        bodies = [way.encode(planned.row) for planned in wave]
        start = 0
        while start < len(wave):
            end = start + way.size.fitting(bodies, start)
            part = wave[start:end]
            stored: Sequence[wharfinger.Outcome] = ()
            with unsent:
                if held is None:
                    stored = await _store(bodies[start:end], way)
                    for planned, body in zip(part, bodies[start:end], strict=True):
                        planned.in_doubt = body in way.doubts
                    found = await _by_source(part, stored, rowsets)
                    held = held_back(found.values())
                else:
                    found = {source: held for planned in part for source in planned.sources}
                outcomes |= found
            start += len(stored) or len(part)
    unsent.check()
    return outcomes


async def _store(bodies: Sequence[bytes], way: Way) -> list[wharfinger.Outcome]:
    """Store rows that travel together; one outcome per row, for fewer rows from the front."""
    too_large = _oversize(bodies[0], way.size)
    return [too_large] if too_large else await way.store(bodies)


async def _by_source(
    part: Sequence[PlannedRow], stored: Sequence[wharfinger.Outcome], rowsets: Rowsets
) -> dict[int, wharfinger.Outcome]:
    """Return the outcome of each event whose row was sent.

    The versions of a row that is refused are told apart, unless something is to be sent before.
    """
    rows = list(zip(part, stored, strict=False))
    found = {source: outcome for planned, outcome in rows for source in planned.sources}
    held = held_back(stored)
    for planned, outcome in rows:
        if outcome.status is wharfinger.Status.REJECTED and len(planned.versions) > 1:
            if held is None:
                each = await _told_apart(planned, outcome, rowsets)
            else:
                each = [held] * len(planned.sources)
            found.update(zip(planned.sources, each, strict=True))
    return found


async def _told_apart(
    planned: PlannedRow, outcome: wharfinger.Outcome, rowsets: Rowsets
) -> list[wharfinger.Outcome]:
    """Store the good versions of a row that was refused, the way bad rows are sought."""

    async def send(versions: Sequence[Row]) -> wharfinger.RejectedError | None:
        body = rowsets.encode(merged(versions))
        if too_large := _oversize(body, rowsets.size):
            return _refusal_of(too_large)
        try:
            return await rowsets.send([body])
        finally:
            planned.in_doubt |= body in rowsets.doubts

    verdicts = await upsert(planned.versions, send, _refusal_of(outcome))
    return rowsets.outcomes(verdicts)


def _oversize(body: bytes, size: Size) -> wharfinger.Outcome | None:
    if len(body) <= size.most_bytes:
        return None
    return wharfinger.Outcome(
        status=wharfinger.Status.REJECTED,
        code=TOO_LARGE,
        message=f"The row is {len(body):,} bytes in SFMC's form, and a request takes at most "
        f"{size.most_bytes:,}. Map fewer or shorter values.",
    )


def _refusal_of(outcome: wharfinger.Outcome) -> wharfinger.RejectedError:
    return wharfinger.RejectedError(
        outcome.message,
        code=outcome.code,
        vendor_message=outcome.vendor_message,
        http_status=outcome.http_status,
        request_id=outcome.request_id,
    )


def held_back(outcomes: Iterable[wharfinger.Outcome]) -> wharfinger.Outcome | None:
    """Return the outcome of rows that must wait for those before them; None where all is settled.

    Args:
        outcomes: Of the rows before them.
    """
    unsettled = next((outcome for outcome in outcomes if outcome.status not in _SETTLED), None)
    if unsettled is None or unsettled.status is wharfinger.Status.HALTED:
        return unsettled
    return wharfinger.Outcome(
        status=wharfinger.Status.RETRY,
        code=HELD_BACK,
        message="Nothing was sent yet: an earlier row of the same data extension is not settled, "
        "and no row may overtake it.",
        retry_after_s=unsettled.retry_after_s,
    )
