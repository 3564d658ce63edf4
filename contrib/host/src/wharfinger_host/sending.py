"""Sending a file of events: read a chunk, deliver it, account for every line of it, go on."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from enum import StrEnum
from types import FrameType
from typing import Protocol

import attrs

from wharfinger import Connection, Finding, Outcome, Receipt, Status, stack_of
from wharfinger_host.reading import Chunk, EventSource, Line
from wharfinger_host.tally import SETTLED, Tally
from wharfinger_host.undelivered import UndeliveredFile, outcome_record, unreadable_record

__all__ = ["Cause", "Run", "Stop", "Watcher"]

logger = logging.getLogger(__name__)


class Cause(StrEnum):
    """Why a run ended before its events did."""

    INTERRUPTED = "interrupted"
    HALTED = "halted"
    UNREADABLE = "read-failed"
    UNWRITABLE = "write-failed"
    BROKEN = "broken"


@attrs.frozen
class Stop:
    """The end of a run that did not reach the end of its events.

    Attributes:
        cause: Why.
        message: The same for people, with what is certain and what is not.
    """

    cause: Cause
    message: str


class Watcher(Protocol):
    """Shows how far a run has come."""

    def opened(self, findings: Mapping[str, Sequence[Finding]]) -> None:
        """Look at what was found when the connections opened, by their names."""

    def update(self, tally: Tally) -> None:
        """Look at the counts; called after every chunk."""


@attrs.define(kw_only=True)
class Run:
    """One run over a file of events.

    Reading happens between the deliveries, outside the event loop: Ctrl-C ends a read that waits
    for a pipe at once, and a delivery by cancelling it.

    Attributes:
        connections: What the events go to, by name.
        source: Where they come from.
        undelivered: Where everything goes that was not delivered.
        watcher: Is shown the counts.
        tally: The counts.
    """

    connections: Mapping[str, Connection]
    source: EventSource
    undelivered: UndeliveredFile
    watcher: Watcher
    tally: Tally = attrs.field(factory=Tally)

    def send(self, events_per_chunk: int) -> Stop | None:
        """Send everything and account for every line.

        Args:
            events_per_chunk: Most lines that are read, delivered and recorded at a time.

        Returns:
            None at the end of the events, or why the run ended before.
        """
        for name, connection in self.connections.items():
            for mapping in connection.mappings:
                self.tally.counts[name, mapping] = Counter()
        stack = AsyncExitStack()
        with asyncio.Runner() as runner:
            try:
                runner.run(self._open(stack))
                self.watcher.opened({n: each.findings for n, each in self.connections.items()})
                return self._send(runner, events_per_chunk)
            except KeyboardInterrupt:
                return Stop(Cause.INTERRUPTED, f"Interrupted after line {self.tally.last_line:,}.")
            finally:
                runner.run(stack.aclose())

    async def _open(self, stack: AsyncExitStack) -> None:
        for connection in self.connections.values():
            await stack.enter_async_context(connection)

    def _send(self, runner: asyncio.Runner, events_per_chunk: int) -> Stop | None:
        chunks = self.source.chunks(events_per_chunk)
        while True:
            try:
                chunk = next(chunks, None)
            except OSError as error:
                return Stop(
                    Cause.UNREADABLE,
                    f"{self.source.name} cannot be read any further ({error.strerror or error}); "
                    f"everything up to line {self.tally.last_line:,} is accounted for.",
                )
            if chunk is None:
                return None
            stop = self._take(runner, chunk)
            self.watcher.update(self.tally)
            if stop:
                return stop

    def _take(self, runner: asyncio.Runner, chunk: Chunk) -> Stop | None:
        """Deliver one chunk and record what became of it, whatever happens meanwhile."""
        stop = None
        receipts: Mapping[str, Sequence[Receipt]]
        try:
            answers = runner.run(self._deliver(chunk.lines))
        except KeyboardInterrupt:
            receipts = self._under_way(runner, chunk)
            stop = Stop(
                Cause.INTERRUPTED,
                f"Interrupted. Events up to line {chunk.last:,} were under way: what became of "
                "them is unknown.",
            )
        else:
            broken = {n: answer for n, answer in answers.items() if isinstance(answer, Exception)}
            receipts = {
                **{n: answer for n, answer in answers.items() if not isinstance(answer, Exception)},
                **self._all_unknown(broken, chunk, _BROKEN),
            }
            stop = _broken(broken) if broken else None
        with _interrupt_deferred():
            stop = self._record(chunk, receipts) or stop
        return stop or self._halted(chunk, receipts)

    async def _deliver(self, lines: Sequence[Line]) -> dict[str, list[Receipt] | Exception]:
        events = [line.event for line in lines]
        connections = self.connections.values()
        answers = await asyncio.gather(
            *(connection.deliver(events) for connection in connections), return_exceptions=True
        )
        given: dict[str, list[Receipt] | Exception] = {}
        for name, answer in zip(self.connections, answers, strict=True):
            if isinstance(answer, BaseException) and not isinstance(answer, Exception):
                raise answer
            given[name] = answer
        return given

    def _under_way(self, runner: asyncio.Runner, chunk: Chunk) -> dict[str, list[Receipt]]:
        """Tell the events that may have been sent from those that never would be."""
        try:
            return runner.run(self._previewed(chunk.lines))
        except (Exception, KeyboardInterrupt):  # noqa: BLE001  # unknown is true of any event
            return self._all_unknown(self.connections, chunk, _INTERRUPTED)

    async def _previewed(self, lines: Sequence[Line]) -> dict[str, list[Receipt]]:
        events = [line.event for line in lines]
        receipts = {}
        for name, connection in self.connections.items():
            unsure = dict.fromkeys(connection.mappings, _INTERRUPTED)
            preview = await connection.preview(events)
            receipts[name] = [Receipt({**unsure, **given.outcomes}) for given in preview.receipts]
        return receipts

    def _all_unknown(
        self, names: Mapping[str, object], chunk: Chunk, outcome: Outcome
    ) -> dict[str, list[Receipt]]:
        return {
            name: [Receipt(dict.fromkeys(self.connections[name].mappings, outcome))]
            * len(chunk.lines)
            for name in names
        }

    def _record(self, chunk: Chunk, receipts: Mapping[str, Sequence[Receipt]]) -> Stop | None:
        """Count every outcome; write down every event that is not settled."""
        failed: OSError | None = None
        for unreadable in chunk.unreadable:
            self.tally.count_unreadable(unreadable)
            failed = failed or self._write(unreadable_record(unreadable))
        for index, line in enumerate(chunk.lines):
            self.tally.events += 1
            for name, given in receipts.items():
                for mapping, outcome in given[index].outcomes.items():
                    self.tally.count(name, mapping, line.number, outcome)
                    if outcome.status not in SETTLED and not failed:
                        failed = self._write(outcome_record(line, name, mapping, outcome))
        first, self.tally.last_line = self.tally.last_line + 1, chunk.last
        if failed is None:
            return None
        return Stop(
            Cause.UNWRITABLE,
            f"{self.undelivered.path} cannot be written ({failed.strerror or failed}). Lines "
            f"{first:,} to {chunk.last:,} were sent and are counted below, but not everything of "
            "them that was not delivered is in the file.",
        )

    def _halted(self, chunk: Chunk, receipts: Mapping[str, Sequence[Receipt]]) -> Stop | None:
        """Stop where a person is needed and nothing comes through: more events change nothing."""
        outcomes = [
            ((name, mapping), outcome)
            for name, given in receipts.items()
            for receipt in given
            for mapping, outcome in receipt.outcomes.items()
        ]
        halted = {key: out for key, out in outcomes if out.status is Status.HALTED}
        if not halted or any(outcome.status is Status.DELIVERED for _, outcome in outcomes):
            return None
        # What could not be opened has been told; it keeps no event from the other mappings.
        if halted.keys() <= (idle := self._idle()) and self.tally.counts.keys() - idle:
            return None
        (name, _), outcome = next(iter(halted.items()))
        errors = (each for each in self.connections[name].findings if each.level == "error")
        told = any(each.message in outcome.message for each in errors)
        message = _TOLD if told else outcome.message
        return Stop(Cause.HALTED, f"Stopped at line {chunk.last:,}. {message}")

    def _idle(self) -> set[tuple[str, str]]:
        """Return the mappings that are halted since their connection opened."""
        return {
            (name, finding.mapping)
            for name, connection in self.connections.items()
            for finding in connection.findings
            if finding.level == "error" and finding.mapping
        }

    def _write(self, record: dict[str, object]) -> OSError | None:
        try:
            self.undelivered.write(record)
        except OSError as error:
            return error
        return None


_TOLD = "What was found when the connection opened has to be put right first."
_INTERRUPTED = Outcome(
    status=Status.UNKNOWN,
    code="interrupted",
    message="The run was interrupted while this event was under way; it may have been delivered.",
)
_BROKEN = Outcome(
    status=Status.UNKNOWN,
    code="delivery-broken",
    message="Delivery broke off in an unforeseen way; this event may have been delivered.",
)


def _broken(errors: Mapping[str, Exception]) -> Stop:
    for name, error in errors.items():
        logger.error("the connection %s broke off: %s", name, stack_of(error))
    which = ", ".join(f"{name} ({type(error).__name__})" for name, error in errors.items())
    return Stop(Cause.BROKEN, f"Delivery broke off in an unforeseen way: {which}.")


@contextmanager
def _interrupt_deferred() -> Iterator[None]:
    """Let Ctrl-C wait until a chunk is on record, so that no event is left out or twice in it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = False

    def remember(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True

    before = signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
