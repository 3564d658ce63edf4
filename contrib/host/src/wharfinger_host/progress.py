"""How far a run has come, on standard error, where a person is looking."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from wharfinger import Finding, Status
from wharfinger_host.reading import EventSource
from wharfinger_host.tally import Tally
from wharfinger_host.terminal import messages, printable
from wharfinger_host.views.findings import show_lines

__all__ = ["STYLES", "MoveProgress", "SendProgress", "statuses", "working"]

STYLES = {
    Status.DELIVERED: "green",
    Status.FILTERED: "dim",
    Status.REJECTED: "red",
    Status.RETRY: "yellow",
    Status.UNKNOWN: "magenta",
    Status.HALTED: "bold red",
}
"""The colour of each status, everywhere."""


_ROOMY = 140
"""Characters; below that the counts of outcomes take the place of bar and bytes."""


class SendProgress:
    """A progress bar of bytes, with events per second and outcomes by status.

    Args:
        source: What is read; without a size there is no percentage.
        quiet: Shows nothing, as where standard error is no terminal.
    """

    def __init__(self, source: EventSource, *, quiet: bool) -> None:
        console = messages()
        self._source = source
        self._started = time.monotonic()
        roomy = [BarColumn(bar_width=24), DownloadColumn()] if console.width >= _ROOMY else []
        self._progress = Progress(
            SpinnerColumn(),
            *roomy,
            TaskProgressColumn(show_speed=False),
            TextColumn("{task.fields[rate]}", markup=False),
            _Statuses("{task.fields[statuses]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task(
            "", total=source.size, rate="", statuses=Text("reading")
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def opened(self, findings: Mapping[str, Sequence[Finding]]) -> None:
        """Show what stands in the way of some mappings; the others go on."""
        console = self._progress.console
        for name, found in findings.items():
            if told := [finding for finding in found if finding.level != "ok"]:
                console.print(printable(f"{name}:"), style="bold", soft_wrap=True)
                show_lines(console, told)

    def update(self, tally: Tally) -> None:
        """Show the counts."""
        elapsed_s = max(time.monotonic() - self._started, 1e-6)
        self._progress.update(
            self._task,
            completed=self._source.bytes_read,
            rate=f"{tally.events / elapsed_s:,.0f} events/s",
            statuses=statuses(tally),
        )


class MoveProgress:
    """A bar of events that are moved, where a person is looking; a context manager.

    Args:
        quiet: Shows nothing, as where standard error is no terminal.
    """

    def __init__(self, *, quiet: bool) -> None:
        console = messages()
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("events"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def begin(self, events: int) -> None:
        """Say how many there are."""
        self._progress.update(self._task, total=events)

    def add(self, events: int) -> None:
        """Say that more of them are moved."""
        self._progress.advance(self._task, events)


@contextmanager
def working(text: str, *, quiet: bool = False) -> Iterator[None]:
    """Show that something is being waited for, where a person is looking.

    Args:
        text: What is being done: ``"Looking at shop"``.
        quiet: Shows nothing.
    """
    console = messages()
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(Text(printable(text))):
        yield


class _Statuses(TextColumn):
    """Shows a text that brings its own styles."""

    def render(self, task: object) -> Text:
        fields: dict[str, Text] = getattr(task, "fields", {})
        return fields["statuses"]


def statuses(tally: Tally) -> Text:
    """Return how many outcomes there are of each status, in their colours."""
    counts = tally.totals
    parts = [
        Text(f"{status.value} {counts[status]:,}", STYLES[status])
        for status in Status
        if counts[status]
    ]
    if tally.unreadable:
        parts.append(Text(f"unreadable {tally.unreadable:,}", "red"))
    return Text("  ").join(parts)
