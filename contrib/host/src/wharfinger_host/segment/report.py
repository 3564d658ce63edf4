"""What an import has to say: per mapping what was taken, changed, left out or means otherwise."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import attrs

__all__ = [
    "Comparison",
    "ConnectionReport",
    "Disagreement",
    "Kind",
    "MappingReport",
    "Note",
    "Report",
    "Severity",
]


class Severity(StrEnum):
    """What a note asks of its reader."""

    INFO = "info"
    """Nothing."""
    WARNING = "warning"
    """A look: something may behave differently from before."""
    ERROR = "error"
    """Work: the configuration does not do this yet."""


class Kind(StrEnum):
    """What became of the thing a note is about."""

    TAKEN = "taken"
    CHANGED = "changed"
    LEFT_OUT = "left out"
    DIFFERS = "differs"
    """Taken as it is, and read differently by Segment."""
    PROBLEM = "problem"
    """Taken, and wrong in the eyes of core."""


@attrs.frozen(kw_only=True)
class Note:
    """One thing to know about an import.

    Attributes:
        kind: What became of it.
        severity: What it asks of the reader.
        where: Its place inside the mapping or connection: ``fields.values.Total``; or ``""``.
        message: What was found and why it is so. Never holds a secret.
        next_step: What to do, or ``""``.
    """

    kind: Kind
    severity: Severity
    where: str = ""
    message: str
    next_step: str = ""


@attrs.define(kw_only=True)
class MappingReport:
    """What became of one subscription.

    Attributes:
        origin: Its name in Segment, or its place in the file.
        place: Where it stands in the file: ``data.subscriptions[0]``.
        segment_action: The action Segment names.
        name: Its name in the configuration; ``""`` where it was not taken.
        action: Slug of the action it became; ``""`` where there is none.
        enabled: Whether it takes events.
        notes: What there is to say, in the order it was found.
    """

    origin: str
    place: str
    segment_action: str
    name: str = ""
    action: str = ""
    enabled: bool = True
    notes: list[Note] = attrs.field(factory=list)

    @property
    def state(self) -> str:
        """``"taken"``, ``"changed"`` or ``"left out"``, for the mapping as a whole."""
        if not self.name:
            return Kind.LEFT_OUT
        unchanged = all(note.kind in (Kind.TAKEN, Kind.DIFFERS) for note in self.notes)
        return Kind.TAKEN if unchanged else Kind.CHANGED


@attrs.define(kw_only=True)
class ConnectionReport:
    """What became of one destination of Segment.

    Attributes:
        origin: Its name in Segment, or its place in the file.
        name: Name of the connection; ``""`` where it was not taken.
        destination: Slug of the installed destination.
        variables: Environment variables that must hold its secrets.
        notes: What there is to say about its settings.
        mappings: Its subscriptions, in the order of the file.
    """

    origin: str
    name: str = ""
    destination: str = ""
    variables: list[str] = attrs.field(factory=list)
    notes: list[Note] = attrs.field(factory=list)
    mappings: list[MappingReport] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class Disagreement:
    """Events that a trigger takes in one reading and not in the other.

    Attributes:
        connection: Name of the connection.
        mapping: Name of the mapping.
        here: Whether wharfinger takes them.
        segment: Whether Segment takes them.
        lines: Their lines in the file of events.
        cause: Why, in words.
    """

    connection: str
    mapping: str
    here: bool
    segment: bool
    lines: list[int]
    cause: str


@attrs.define(kw_only=True)
class Comparison:
    """Both readings of every trigger, on captured events.

    Attributes:
        events: How many events were read.
        unreadable: Lines that hold no event.
        triggers: How many triggers were compared.
        skipped: Mappings whose trigger could not be compared, with the reason.
        disagreements: Where the readings part.
    """

    events: int = 0
    unreadable: int = 0
    triggers: int = 0
    skipped: dict[str, str] = attrs.field(factory=dict)
    disagreements: list[Disagreement] = attrs.field(factory=list)


@attrs.define(kw_only=True)
class Report:
    """Everything there is to say about one import.

    Attributes:
        source: The file that was read.
        output: The configuration that was written, or None.
        fields_files: Files of fields beside it.
        notes: What concerns the whole file.
        connections: What became of each destination.
        comparison: Both readings of the triggers on events, where there were events.
    """

    source: str
    output: pathlib.Path | None = None
    fields_files: list[pathlib.Path] = attrs.field(factory=list)
    notes: list[Note] = attrs.field(factory=list)
    connections: list[ConnectionReport] = attrs.field(factory=list)
    comparison: Comparison | None = None

    @property
    def ok(self) -> bool:
        """Whether everything was taken, and core finds nothing wrong with it."""
        return all(note.severity is not Severity.ERROR for note in self.all_notes())

    def all_notes(self) -> Iterator[Note]:
        """Give every note, from the file down to the mappings."""
        yield from self.notes
        for connection in self.connections:
            yield from connection.notes
            for mapping in connection.mappings:
                yield from mapping.notes

    def mappings(self) -> Iterator[MappingReport]:
        """Give the mappings of every connection."""
        for connection in self.connections:
            yield from connection.mappings

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "ok": self.ok,
            "source": self.source,
            "output": str(self.output) if self.output else None,
            "fields_files": [str(file) for file in self.fields_files],
            "notes": _as_json(self.notes),
            "connections": [
                {
                    **_without(connection, "notes", "mappings"),
                    "notes": _as_json(connection.notes),
                    "mappings": [
                        {
                            **_without(mapping, "notes"),
                            "state": str(mapping.state),
                            "notes": _as_json(mapping.notes),
                        }
                        for mapping in connection.mappings
                    ],
                }
                for connection in self.connections
            ],
            "comparison": attrs.asdict(self.comparison) if self.comparison else None,
        }


def _as_json(notes: Iterable[Note]) -> list[dict[str, Any]]:
    return [attrs.asdict(note) for note in notes]


def _without(record: Any, *left_out: str) -> dict[str, Any]:
    return attrs.asdict(record, filter=lambda attribute, _: attribute.name not in left_out)
