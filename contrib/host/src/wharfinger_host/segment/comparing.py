"""Running both readings of every trigger on captured events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

import wharfinger
from wharfinger_host.reading import EventSource, Line
from wharfinger_host.segment.converting import ConnectionDraft
from wharfinger_host.segment.report import Comparison, Disagreement
from wharfinger_host.segment.triggers import cause_of

__all__ = ["compare"]


@attrs.frozen
class _Both:
    """Both readings of the trigger of one mapping."""

    connection: str
    mapping: str
    text: str
    matches: Callable[[Mapping[str, Any]], bool]
    takes: Callable[[Mapping[str, Any]], bool]


def compare(drafts: Iterable[ConnectionDraft], source: EventSource) -> Comparison:
    """Run both readings of every trigger on events.

    Args:
        drafts: The connections; each mapping's trigger, or that of its action, is compared.
        source: The events; they are read once, line by line.

    Raises:
        OSError: The events can no longer be read.
    """
    comparison = Comparison()
    readings = list(_readings(drafts, comparison.skipped))
    comparison.triggers = len(readings)
    lines: dict[tuple[int, bool], list[int]] = {}
    for read in source.lines():
        if not isinstance(read, Line):
            comparison.unreadable += read.counts
            continue
        comparison.events += 1
        for index, both in enumerate(readings):
            here = both.matches(read.event)
            if here is not both.takes(read.event):
                lines.setdefault((index, here), []).append(read.number)
    for (index, here), found in sorted(lines.items()):
        both = readings[index]
        comparison.disagreements.append(
            Disagreement(
                connection=both.connection,
                mapping=both.mapping,
                here=here,
                segment=not here,
                lines=found,
                cause=cause_of(both.text),
            )
        )
    return comparison


def _readings(drafts: Iterable[ConnectionDraft], skipped: dict[str, str]) -> Iterator[_Both]:
    for draft in drafts:
        for name, mapping in draft.mappings.items():
            text = mapping.table.get("trigger", "")
            try:
                here = wharfinger.compile_trigger(text or mapping.action.default_trigger)
            except wharfinger.TriggerError as error:
                skipped[f"{draft.report.name}.{name}"] = error.message
                continue
            segment = wharfinger.read_as_segment(text)
            yield _Both(draft.report.name, name, text, here, segment.takes)
