"""What the worker needs of a configuration, and who tells a person how it goes."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import attrs
from rich.status import Status as Spinner

import wharfinger
from wharfinger import Finding, Outcome, Status
from wharfinger_host.configuration import Configuration
from wharfinger_host.inbox_configuration import InboxConfig
from wharfinger_host.logs import tell
from wharfinger_host.looking import failure
from wharfinger_host.progress import statuses
from wharfinger_host.store.errors import DiskFullError, NotNowError, ServerDownError
from wharfinger_host.store.retention import Retention
from wharfinger_host.tally import Tally
from wharfinger_host.terminal import messages, plural
from wharfinger_host.views.findings import show_lines
from wharfinger_host.working.lane import Ticket
from wharfinger_host.working.verdicts import Patience
from wharfinger_host.working.worker import Loaded

__all__ = ["Report", "loaded", "patience_of", "retention_of"]

_SHOW_EVERY_S = 0.25


def loaded(
    configuration: Configuration, connections: Mapping[str, wharfinger.Connection]
) -> dict[str, Loaded]:
    """Return connections with the configuration they were made of."""
    return {
        name: Loaded(configuration.connections[name], connection)
        for name, connection in connections.items()
    }


def patience_of(inbox: InboxConfig) -> Patience:
    """Return how long the worker waits."""
    return Patience(give_up_s=inbox.give_up_s)


def retention_of(inbox: InboxConfig) -> Retention:
    """Return how long things are kept."""
    return Retention(events_days=inbox.keep_events_days, letters_days=inbox.keep_letters_days)


@attrs.define(eq=False)
class Report:
    """Tells a person on standard error how the work goes, and counts; a context manager.

    Attributes:
        progress: Whether to show counts all the time.
        tally: Outcomes by mapping; what is offered again and again is counted once.
    """

    progress: bool = False
    tally: Tally = attrs.field(factory=Tally)
    _stack: ExitStack = attrs.field(factory=ExitStack)
    _spinner: Spinner | None = None
    _shown_s: float = 0.0
    _halted: set[tuple[str, str, str]] = attrs.field(factory=set)
    _down: bool = False

    def __enter__(self) -> Self:
        if self.progress:
            self._spinner = self._stack.enter_context(messages().status("waiting for events"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def opened(self, connection: str, findings: Sequence[Finding]) -> None:
        """Show what stands in the way of some mappings."""
        self._halted = {each for each in self._halted if each[0] != connection}
        if told := [finding for finding in findings if finding.level != "ok"]:
            tell(
                "opened", f"{connection}:", style="bold", connection=connection, findings=len(told)
            )
            show_lines(messages(), told)

    def recovered(self, connection: str, events: int) -> None:
        """Say what the last program left behind."""
        text = f"{connection}: {plural(events, 'event')} may have been delivered when the program "
        text += "ended last time; they are dead letters with the status unknown"
        facts = {"connection": connection, "count": events}
        tell("recovered", text, style="yellow", level=logging.WARNING, **facts)

    def settled(self, connection: str, mapping: str, ticket: Ticket, outcome: Outcome) -> None:
        """Count an outcome, and say when something halts."""
        waits = outcome.status in (Status.RETRY, Status.HALTED)
        if not waits or ticket.offer is None:
            self.tally.count(connection, mapping, ticket.seq, outcome)
        if outcome.status == Status.HALTED:
            halt = (connection, mapping, outcome.code)
            if halt not in self._halted:
                self._halted.add(halt)
                text = f"{connection}.{mapping} is halted: {outcome.message} Its events are kept."
                facts = {"connection": connection, "mapping": mapping, "code": outcome.code}
                tell("halted", text, style="bold red", level=logging.ERROR, **facts)
        if (
            self._spinner is not None
            and (now_s := time.monotonic()) > self._shown_s + _SHOW_EVERY_S
        ):
            self._shown_s = now_s
            self._spinner.update(statuses(self.tally))

    def disk_full(self, error: NotNowError) -> None:
        """Say what is full or down, and what to do."""
        self._down = isinstance(error, ServerDownError)
        if isinstance(error, ServerDownError):
            text = f"The ledger {error.place} does not answer as it should ({error.reason}). "
            text += "Nothing is taken from the engine or sent meanwhile, and outcomes wait in "
            text += "memory. Once it does, work goes on by itself."
            tell("ledger-down", text, style="bold red", level=logging.ERROR)
        elif isinstance(error, DiskFullError):
            self._say_full(error)

    def _say_full(self, error: DiskFullError) -> None:
        text = f"The disk is full: {error.path} can take nothing more ({error.room}). Nothing is "
        text += "taken from the inbox or sent meanwhile, and outcomes wait in memory. Make room on "
        text += "that disk, and work goes on by itself."
        tell("disk-full", text, style="bold red", level=logging.ERROR)

    def disk_has_room(self) -> None:
        """Say that work goes on."""
        if self._down:
            tell("ledger-up", "The ledger answers again, and everything is written; work goes on.")
            return
        text = "There is room on the disk again, and everything is written; work goes on."
        tell("disk-has-room", text)

    def reloaded(self, changed: list[str], gone: list[str]) -> None:
        """Say what changed."""
        parts = [f"changed: {', '.join(changed)}"] * bool(changed)
        parts += [f"gone: {', '.join(gone)}"] * bool(gone)
        text = f"The configuration was read again; {'; '.join(parts) or 'nothing changed'}."
        tell("reloaded", text, changed=changed, gone=gone)

    def stopping(self) -> None:
        """Say that what is under way is being ended."""
        tell("stopping", "Ending what is under way; once more stops at once.", style="yellow")

    def failed(self, connection: str, error: Exception) -> None:
        """Say that a connection broke off."""
        text = f"{connection}: {failure(connection, error).message}"
        tell("failed", text, style="bold red", level=logging.ERROR, connection=connection)
