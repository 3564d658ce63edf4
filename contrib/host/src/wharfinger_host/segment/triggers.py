"""Both readings of a trigger: that of the documented language, and that of Segment's engine."""

from __future__ import annotations

from functools import lru_cache

import wharfinger
from wharfinger_host.segment.report import Kind, Note, Severity

__all__ = ["cause_of", "trigger_notes"]


def cause_of(text: str) -> str:
    """Say in words why the two readings of a trigger part."""
    if remarks := _lint(text):
        return " ".join(f'"{remark.written}": {remark.segment}' for remark in remarks)
    reading = wharfinger.read_as_segment(text)
    if reading.error:
        return f"Segment's engine cannot read it and takes nothing: {reading.error}"
    return f"Segment's engine reads it as: {reading.describe()}"


def trigger_notes(text: str | None, action: wharfinger.Action) -> list[Note]:
    """Return what there is to say about the trigger of a mapping.

    Args:
        text: The trigger, or None where Segment keeps none.
        action: Whose default applies where there is none.
    """
    if text is None or not text.strip():
        return [_no_trigger(action)]
    notes = [_differs(_said_of(remark), remark.fix) for remark in _lint(text)]
    if notes:
        message = "As a whole, Segment's engine takes other events than the text says."
        as_there = wharfinger.read_as_segment(text).describe()
        notes.append(_differs(message, f"To do exactly what it does, write: {as_there}"))
    return notes


def _said_of(remark: wharfinger.TriggerRemark) -> str:
    documented = f'"{remark.written}": as documented: {remark.documented}'
    return f"{documented} Segment's engine: {remark.segment}"


def _differs(message: str, next_step: str) -> Note:
    return Note(
        kind=Kind.DIFFERS,
        severity=Severity.WARNING,
        where="trigger",
        message=message,
        next_step=next_step,
    )


def _no_trigger(action: wharfinger.Action) -> Note:
    default = action.default_trigger
    applies = f"would take the action's own, {default}" if default else "needs one"
    return Note(
        kind=Kind.CHANGED,
        severity=Severity.WARNING,
        where="trigger",
        message="There is no trigger. Segment takes no event without one, so the mapping is "
        f"disabled; enabled, it {applies}.",
        next_step="Write a trigger and take enabled = false out.",
    )


@lru_cache
def _lint(text: str) -> tuple[wharfinger.TriggerRemark, ...]:
    """Look for an event the two readings part on, which takes a while."""
    return tuple(wharfinger.lint_trigger(text))
