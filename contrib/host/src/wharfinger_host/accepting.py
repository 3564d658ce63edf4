"""Taking a file of events in: read a chunk, hand it to the disk or an engine, read the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress

import attrs

from wharfinger_host.reading import EventSource, Line, Portion
from wharfinger_host.sending import Cause, Stop, Watcher
from wharfinger_host.store.errors import StoreError
from wharfinger_host.store.facts import Layout
from wharfinger_host.store.inbox import Accepted, Entry
from wharfinger_host.tally import Tally
from wharfinger_host.undelivered import UndeliveredFile, unreadable_record

__all__ = ["Acceptance"]


@attrs.define(kw_only=True)
class Acceptance:
    """One file on its way into the inbox, or an engine.

    Attributes:
        layout: Says where events belong.
        take: Takes them in, all or none, as `Store.accept` does.
        source: Where the events come from.
        unreadable: Where lines go that hold no event.
        watcher: Is shown the counts.
        tally: Counts lines; ``last_line`` is the last of which everything is safe.
        accepted: What became of the events.
    """

    layout: Layout
    take: Callable[[Sequence[Entry]], Future[Accepted]]
    source: EventSource
    unreadable: UndeliveredFile
    watcher: Watcher
    tally: Tally = attrs.field(factory=Tally)
    accepted: Accepted = attrs.field(factory=lambda: Accepted(0, 0))
    _under_way: tuple[Portion[Entry], Future[Accepted]] | None = None

    def run(self, events_per_chunk: int) -> Stop | None:
        """Accept everything.

        Args:
            events_per_chunk: Most lines that are taken at a time, all of them or none.

        Returns:
            None at the end of the events, or why it ended before.
        """
        try:
            for chunk in self.source.portions(events_per_chunk, self._entry):
                # One chunk is on its way while the next is read; none begins before
                # the one before it is safe, so that there is no gap where a run ends early.
                self._finish()
                self._under_way = chunk, self.take(chunk.lines)
            self._finish()
        except StoreError as error:
            return Stop(Cause.UNWRITABLE, str(error))
        except OSError as error:
            return self._unreadable(error)
        except KeyboardInterrupt:
            with suppress(StoreError, OSError):
                self._finish()
            return Stop(Cause.INTERRUPTED, "Interrupted.")
        return None

    def _entry(self, line: Line) -> Entry:
        return Entry.of(line.event, line.raw, self.layout)

    def _finish(self) -> None:
        """Wait until the chunk under way is safe, and count it."""
        if self._under_way is None:
            return
        chunk, future = self._under_way
        accepted = future.result()
        self._under_way = None
        self.accepted += accepted
        self.tally.events += len(chunk.lines)
        self.tally.last_line = chunk.last
        for unreadable in chunk.unreadable:
            self.tally.count_unreadable(unreadable)
            self.unreadable.write(unreadable_record(unreadable))
        self.watcher.update(self.tally)

    def _unreadable(self, error: OSError) -> Stop:
        """Tell a source that ends from a file that cannot be written."""
        try:
            self._finish()
        except (StoreError, OSError) as further:
            return Stop(Cause.UNWRITABLE, str(further))
        return Stop(
            Cause.UNREADABLE,
            f"{self.source.name} cannot be read any further, or {self.unreadable.path} not "
            f"written ({error.strerror or error}).",
        )
