"""What an import took over, what it changed, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console

from wharfinger_host.segment.report import (
    Comparison,
    ConnectionReport,
    Kind,
    MappingReport,
    Note,
    Report,
    Severity,
)
from wharfinger_host.terminal import plural, printable, table

__all__ = ["show"]

_STYLES = {Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.ERROR: "red"}
_SHOWN_LINES = 10


def show(console: Console, report: Report) -> None:
    """Show what became of each mapping, what there is to say about it, and where it was written."""
    _show_notes(console, report.notes)
    for connection in report.connections:
        _show_connection(console, connection)
    if report.comparison is not None:
        _show_comparison(console, report.comparison)
    _show_summary(console, report)


def _show_connection(console: Console, connection: ConnectionReport) -> None:
    became = f"{connection.name}, a connection to {connection.destination}"
    heading = f"{connection.origin}: {became if connection.name else 'left out'}"
    console.print(printable(heading), style="bold", soft_wrap=True)
    _show_notes(console, connection.notes)
    if not connection.mappings:
        return
    shown = table("mapping", "in Segment", "its action", "action", "what became of it")
    for mapping in connection.mappings:
        cells = (
            mapping.name or "-",
            mapping.origin,
            mapping.segment_action,
            mapping.action or "-",
            f"{mapping.state}{'' if mapping.enabled else ', disabled'}",
        )
        shown.add_row(*map(printable, cells), style=_style_of(mapping))
    console.print(shown)
    for mapping in connection.mappings:
        if mapping.notes:
            heading = mapping.name or f"{mapping.origin} ({mapping.place})"
            console.print(printable(heading), style="bold", soft_wrap=True)
            _show_notes(console, mapping.notes)


def _style_of(mapping: MappingReport) -> str:
    if any(note.severity is Severity.ERROR for note in mapping.notes):
        return "red"
    return "green" if mapping.state == Kind.TAKEN else ""


def _show_notes(console: Console, notes: Iterable[Note]) -> None:
    for note in notes:
        where = f"{note.where}: " if note.where else ""
        next_step = f" {note.next_step}" if note.next_step else ""
        text = f"  {note.severity:<8} {note.kind:<9} {where}{note.message}{next_step}"
        console.print(printable(text), style=_STYLES[note.severity], soft_wrap=True)


def _show_comparison(console: Console, comparison: Comparison) -> None:
    for mapping, reason in comparison.skipped.items():
        text = f"{mapping}: its trigger was not compared: {reason}"
        console.print(printable(text), style="yellow", soft_wrap=True)
    if comparison.unreadable:
        text = f"{plural(comparison.unreadable, 'line')} of the events hold no event"
        console.print(text, style="yellow", soft_wrap=True)
    for found in comparison.disagreements:
        takes = "wharfinger takes" if found.here else "Segment takes"
        leaves = "Segment does not" if found.here else "wharfinger does not"
        text = (
            f"{found.connection}.{found.mapping}: {takes} {plural(len(found.lines), 'event')} that "
            f"{leaves} ({_said(found.lines)}): {found.cause}"
        )
        console.print(printable(text), style="yellow", soft_wrap=True)
    console.print(
        f"{plural(comparison.triggers, 'trigger')} compared on "
        f"{plural(comparison.events, 'event')}: "
        f"{plural(len(comparison.disagreements), 'disagreement')}",
        style="bold",
        soft_wrap=True,
    )


def _said(lines: Sequence[int]) -> str:
    text = ", ".join(map(str, lines[:_SHOWN_LINES]))
    more = f" and {len(lines) - _SHOWN_LINES:,} more" if len(lines) > _SHOWN_LINES else ""
    return f"line{'' if len(lines) == 1 else 's'} {text}{more}"


def _show_summary(console: Console, report: Report) -> None:
    states = [mapping.state for mapping in report.mappings()]
    counts = ", ".join(
        f"{states.count(state)} {state}" for state in dict.fromkeys(states) if states.count(state)
    )
    errors = sum(note.severity is Severity.ERROR for note in report.all_notes())
    console.print(
        f"{plural(len(states), 'mapping')}{f': {counts}' if counts else ''}; "
        f"{plural(errors, 'error')}",
        style="bold red" if errors else "bold green",
        soft_wrap=True,
    )
    variables = [name for connection in report.connections for name in connection.variables]
    if variables:
        console.print(printable(f"Secrets to set: {', '.join(variables)}"), soft_wrap=True)
    if report.output is not None:
        files = ", ".join(map(str, (report.output, *report.fields_files)))
        console.print(printable(f"Written: {files}"), style="bold", soft_wrap=True)
