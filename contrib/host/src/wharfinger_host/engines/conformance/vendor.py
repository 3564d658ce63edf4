"""The vendor of the suite: takes batches on a socket, refuses what is poison, and counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import attrs
import orjson

from wharfinger_host.engines.contract import LaneEvent

__all__ = ["Counts", "Vendor", "events_of"]

_POLL_S = 0.01


@attrs.frozen(kw_only=True)
class Counts:
    """What became of the events of a trial.

    Attributes:
        events: How many were published.
        lost: How many never arrived.
        gaps: How many arrived although the one before, about the same contact, had not.
        stale: For how many contacts the last to arrive was not the newest.
        duplicates: How many arrived more than once, each time by itself.
        dead: How many are dead letters.
        dead_lost: How many of those that were refused are none.
        dead_again: How many dead letters are there twice.
        moves: How often a lane went from one worker to another.
        stall_s: The longest time in which nothing new arrived, in seconds.
        took_s: Seconds from the first to the last.
    """

    events: int
    lost: int
    gaps: int
    stale: int
    duplicates: int
    dead: int
    dead_lost: int
    dead_again: int
    moves: int
    stall_s: float
    took_s: float


def events_of(count: int, contacts: int, poison_every: int = 0) -> list[LaneEvent]:
    """Return events about contacts in turn, each with its number among those of its contact.

    Args:
        count: How many.
        contacts: About how many.
        poison_every: Each of these is refused; 0 for none.
    """
    return [
        LaneEvent(
            f"e{index}",
            f"contact-{index % contacts}",
            orjson.dumps(
                {
                    "contact": index % contacts,
                    "number": index // contacts,
                    "poison": bool(poison_every) and index % poison_every == poison_every - 1,
                }
            ),
        )
        for index in range(count)
    ]


@attrs.define(eq=False)
class Vendor:
    """Listens on loopback, and counts.

    Attributes:
        latency_s: Seconds an answer takes.
        port: Where it listens.
    """

    latency_s: float = 0.02
    port: int = 0
    _next: dict[int, int] = attrs.field(factory=dict)
    _last: dict[int, int] = attrs.field(factory=dict)
    _seen: set[tuple[int, int]] = attrs.field(factory=set)
    _refused: set[tuple[int, int]] = attrs.field(factory=set)
    _workers: dict[int, str] = attrs.field(factory=dict)
    _gaps: int = 0
    _duplicates: int = 0
    _moves: int = 0
    _first_s: float | None = None
    _newest_s: float = 0.0
    _stall_s: float = 0.0
    _server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Take connections from now on."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Take none any more."""
        if self._server is not None:
            self._server.close()

    @property
    def arrived(self) -> int:
        """How many different events arrived."""
        return len(self._seen)

    async def until(self, count: float, within_s: float) -> bool:
        """Wait until so many events arrived, and tell whether they did.

        Args:
            count: How many.
            within_s: Seconds without anything new after which it gives up.
        """
        before, since_s = self.arrived, time.monotonic()
        while self.arrived < count:
            if self.arrived != before:
                before, since_s = self.arrived, time.monotonic()
            if time.monotonic() - since_s > within_s:
                return False
            await asyncio.sleep(_POLL_S)
        return True

    def counts(self, events: Sequence[LaneEvent], letters: Sequence[str]) -> Counts:
        """Count.

        Args:
            events: What was published.
            letters: The ids of the dead letters.
        """
        wanted = {_place(orjson.loads(event.raw)): event.id for event in events}
        newest: dict[int, int] = {}
        for contact, number in wanted:
            newest[contact] = max(number, newest.get(contact, 0))
        refused = {wanted[place] for place in self._refused}
        return Counts(
            events=len(wanted),
            lost=len(wanted.keys() - self._seen),
            gaps=self._gaps,
            stale=sum(self._last.get(contact) != number for contact, number in newest.items()),
            duplicates=self._duplicates,
            dead=len(set(letters)),
            dead_lost=len(refused - set(letters)),
            dead_again=len(letters) - len(set(letters)),
            moves=self._moves,
            stall_s=round(self._stall_s, 2),
            took_s=round(self._newest_s - (self._first_s or self._newest_s), 2),
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                said = orjson.loads(line)
                # The time of a vendor is over when its answer is lost, not when it is read.
                refused = self._take(said["worker"], said["lane"], said["events"])
                await asyncio.sleep(self.latency_s)
                writer.write(orjson.dumps(refused) + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # a worker was killed
        finally:
            writer.close()

    def _take(self, worker: str, lane: int, events: Sequence[Any]) -> list[int]:
        if self._workers.setdefault(lane, worker) != worker:
            self._workers[lane] = worker
            self._moves += 1
        return [index for index, event in enumerate(events) if self._note(event)]

    def _note(self, event: Any) -> bool:
        contact, number = place = _place(event)
        self._last[contact] = number
        if place in self._seen:
            self._duplicates += 1
        else:
            self._gaps += number > self._next.get(contact, 0)
            self._next[contact] = max(number + 1, self._next.get(contact, 0))
            self._seen.add(place)
            now_s = time.monotonic()
            if self._first_s is None:
                self._first_s = now_s
            else:
                self._stall_s = max(self._stall_s, now_s - self._newest_s)
            self._newest_s = now_s
        if event["poison"]:
            self._refused.add(place)
        return bool(event["poison"])


def _place(event: Any) -> tuple[int, int]:
    return int(event["contact"]), int(event["number"])
