"""The lane contract: what an engine does for a host, whatever it is built on.

An engine keeps published events in lanes. Each connection has its own lanes, so that a vendor that
is down holds nobody else up. A worker acquires a lane and is then the only one that gets events of
it, in their order, until it releases the lane or dies. It fetches a batch, delivers it, and
acknowledges it once the vendor has answered; what is not acknowledged is handed out again, to the
same place in the order. So after a crash a batch or two of a lane may arrive twice, and nothing is
lost or overtaken.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Final, Protocol, runtime_checkable

import attrs

__all__ = [
    "DeadLetter",
    "Directed",
    "Engine",
    "EngineDownError",
    "EngineError",
    "EngineFullError",
    "EngineUrlError",
    "Fetched",
    "LaneEvent",
    "LaneLostError",
    "LaneStatus",
    "Lease",
    "Status",
    "fitting",
]

_MOST_BYTES: Final = 4 * 1024 * 1024


class EngineError(Exception):
    """The engine cannot be used as it is; the message says why and what to do."""


class EngineUrlError(EngineError):
    """The URL names no engine, or not in the way it takes one."""


class EngineDownError(EngineError):
    """The engine does not answer at present; later it may."""


class EngineFullError(EngineError):
    """So many events wait that no more are taken at present."""


class LaneLostError(EngineError):
    """This worker has the lane no longer; it must send and acknowledge nothing more of it."""


@attrs.frozen
class LaneEvent:
    """An event as an engine sees it.

    Attributes:
        id: Tells it from every other event, here and at every later try to publish it.
        contact: Whom it is about, or ``""``. Events about the same one keep their order.
        raw: The event as JSON.
        only: Names of the mappings that it is still to go through; empty for all there are.
    """

    id: str
    contact: str
    raw: bytes
    only: tuple[str, ...] = ()

    def lane(self, lanes: int) -> int:
        """Return the lane it belongs to, the same in every process.

        Args:
            lanes: How many there are.
        """
        key = self.contact.encode("utf-8", "surrogatepass") if self.contact else self.raw
        return zlib.crc32(key) % lanes


@attrs.frozen
class Fetched:
    """An event out of a lane.

    Attributes:
        event: The event.
        place: Where it stands; grows within one lease.
        again: Whether it may have been handed out before, to whomever. What must not be sent twice
            may then have been sent.
        at_ms: When it was published, in milliseconds since 1970; None where the engine does not
            know.
    """

    event: LaneEvent
    place: int
    again: bool = False
    at_ms: int | None = None


def fitting(sizes: Iterable[int]) -> int:
    """Return how many events of a batch are handed out at once: fewer where they are large.

    Args:
        sizes: Bytes of each event, in their order.

    Returns:
        At least 1, where there is one.
    """
    count = total = 0
    for size in sizes:
        if total > _MOST_BYTES:
            break
        count, total = count + 1, total + size
    return count


@attrs.frozen
class DeadLetter:
    """An event that cannot be delivered as it is.

    Attributes:
        event: The event.
        lane: Where it was.
        reason: Why, for people.
    """

    event: LaneEvent
    lane: int
    reason: str


@attrs.frozen
class LaneStatus:
    """How a lane does.

    Attributes:
        connection: Whose it is.
        lane: Its number.
        waiting: Events that nobody has fetched yet; None where nobody knows.
        held: Whether a worker has it.
        problem: What is wrong with it and what to do, or ``""``.
    """

    connection: str
    lane: int
    waiting: int | None
    held: bool
    problem: str = ""


@attrs.frozen
class Status:
    """How an engine does.

    Attributes:
        lanes: All lanes of the connections that were asked about.
        workers: How many work for each of these connections.
        dead: How many dead letters each of them has.
        problems: What is wrong with the engine itself.
    """

    lanes: tuple[LaneStatus, ...]
    workers: dict[str, int]
    dead: dict[str, int]
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether events can be published and fetched."""
        return not self.problems and not any(lane.problem for lane in self.lanes)


class Lease(Protocol):
    """A lane that this worker has.

    Attributes:
        connection: Whose lane it is.
        lane: Its number.
        epoch: Grows each time this engine acquires a lane, so that tickets of an older lease are
            told from those of this one.
    """

    connection: str
    lane: int
    epoch: int

    @property
    def is_good(self) -> bool:
        """Whether the lane is certainly still this worker's; asked before anything is sent.

        It turns false in time where a worker hangs: before others may have the lane.
        """

    async def fetch(self, most: int, wait_s: float) -> list[Fetched]:
        """Return the next events, in their order.

        Args:
            most: How many at most.
            wait_s: Seconds to wait for the first one.

        Returns:
            Events that this lease has not returned before; none where none came in time.

        Raises:
            LaneLostError: Another worker may have the lane.
        """

    async def ack(self, batch: Sequence[Fetched]) -> None:
        """Say that events are done with, and all before them.

        Args:
            batch: What `fetch` returned, from the first event that is not acknowledged on.

        Raises:
            LaneLostError: Another worker may have the lane, and gets these events again.
        """

    async def dead(self, events: Sequence[Fetched], reason: str) -> None:
        """Write dead letters; they are safe once this returns. `ack` is still to follow.

        Args:
            events: Of one batch. Written twice after a crash, a letter has the same ``id``.
            reason: Why they cannot be delivered, for people.

        Raises:
            EngineError: They could not be written.
        """

    async def stop(self) -> None:
        """Take nothing more. What `fetch` still returns has to be delivered; then it is empty."""

    async def release(self) -> None:
        """Let the lane go. What is not acknowledged goes back to its place."""


class Engine(Protocol):
    """An engine at work; made by what the entry point of its URL's scheme names.

    Attributes:
        lanes: How many lanes each connection has. Fixed once there are any: to change it, let them
            run empty first.
        beat_s: Seconds between two calls of `workers`, at most.
        lease_s: Seconds without a sign of life after which others may have a worker's lanes.
    """

    lanes: int
    beat_s: float
    lease_s: float

    async def setup(self, connections: Sequence[str]) -> None:
        """Make the lanes of connections; what is there already stays.

        From now on each of these connections gets every event that is published.

        Raises:
            EngineError: They cannot be made, or are there in another form.
        """

    async def status(self, connections: Sequence[str]) -> Status:
        """Look at the lanes of connections; nothing is changed."""

    async def publish(self, events: Sequence[LaneEvent]) -> None:
        """Put events at the ends of their lanes, in their order; all are safe once it returns.

        Where it raises, some may be there. Publish all of them again, in the same order: what is
        there twice has the same ``id``.

        Raises:
            EngineFullError: Too many wait.
            EngineDownError: It did not answer in time.
            EngineError: There are no lanes for them.
        """

    async def acquire(self, connection: str, lane: int) -> Lease | None:
        """Take a lane; None where another worker has it.

        Raises:
            EngineError: The engine does not answer, or has no such lane.
        """

    async def workers(self, connection: str) -> int:
        """Give a sign of life, and return how many workers give one for a connection.

        Leases stay good only for a while after it, so it is called every `beat_s` seconds.

        Raises:
            EngineDownError: It does not answer.
        """

    async def letters(self, connection: str, most: int) -> list[DeadLetter]:
        """Return dead letters of a connection, the oldest first; they stay where they are.

        Raises:
            EngineError: It does not answer, or has no such connection.
        """

    async def close(self) -> None:
        """Work no more: every lane is free for others at once."""


@runtime_checkable
class Directed(Protocol):
    """An engine that can hand an event to one connection and to no other."""

    async def publish_to(self, connection: str, events: Sequence[LaneEvent]) -> None:
        """Do as `Engine.publish`, for the lanes of one connection alone."""
