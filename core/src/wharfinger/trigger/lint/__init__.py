"""The linter: where Segment's own engine reads a trigger differently.

A trigger gets remarks only where there is a well-formed event that one reading takes and the
other does not; well-formed is what `wharfinger.trigger.lint.witness` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from wharfinger.errors import TriggerError
from wharfinger.trigger.compile import compile_tree
from wharfinger.trigger.lint.paths import PATHS
from wharfinger.trigger.lint.pieces import Pieces
from wharfinger.trigger.lint.rule import Rule
from wharfinger.trigger.lint.structure import STRUCTURE
from wharfinger.trigger.lint.values import VALUES
from wharfinger.trigger.lint.witness import Search, is_plain
from wharfinger.trigger.nodes import Condition, Span
from wharfinger.trigger.parse import MAX_TEXT, parse
from wharfinger.trigger.segment import SegmentTrigger, read_as_segment

__all__ = ["RULES", "TriggerRemark", "lint_trigger"]

RULES: Final[tuple[Rule, ...]] = (*STRUCTURE, *PATHS, *VALUES)
"""Every rule, in the order in which remarks about one place are given."""

_MAX_WRITTEN: Final = 100


@attrs.frozen
class TriggerRemark:
    """One place where Segment's engine reads something else.

    Attributes:
        code: Stable name of the rule; ``segment-differs`` where no rule knows the reason.
        span: First character of the place and the one after the last.
        written: What stands there.
        documented: What it means as documented, which is what it means here.
        segment: What Segment's engine really does.
        fix: What to write, so that both agree or the meaning is kept.
        event: An event that one of the two readings takes, and the other does not; the same for
            all remarks about a trigger. None where the trigger is too large to look for one.
    """

    code: str
    span: Span
    written: str
    documented: str
    segment: str
    fix: str
    event: Mapping[str, Any] | None = attrs.field(default=None, eq=False, repr=False)


def lint_trigger(text: str) -> list[TriggerRemark]:
    """Say where Segment's engine reads a trigger differently from its documentation.

    Args:
        text: The trigger as it was written; every text is allowed. One that is no trigger here
            takes no event, so it gets remarks where Segment takes some.

    Returns:
        Remarks in the order of the text; none where both take the same events. Only well-formed
        events count: ``type`` is text, ``event`` and ``name`` are text or missing, ``userId`` is
        a plain value, and what a path goes through is an object or missing.

    Example:
        >>> [remark.code for remark in lint_trigger("type = 'track'")]
        ['single-quotes']
    """
    segment = read_as_segment(text)
    try:
        tree = parse(text)
    except TriggerError as error:
        tree, refusal = None, error.message.partition("\n")[0]
    else:
        refusal = ""
    described = _described(segment)
    if tree is not None and tree == described and is_plain(tree):
        return []
    takes = compile_tree(tree) if tree else _takes_nothing
    search = Search(takes, segment, tuple(each for each in (tree, described) if each))
    event = search.run()
    if event is None and not search.gave_up:
        return []
    remarks = _by_rules(text, event) if len(text) <= MAX_TEXT else []
    return remarks or [_fallback(text, segment, refusal, event)]


def _described(segment: SegmentTrigger) -> Condition | None:
    try:
        return parse(segment.describe())
    except TriggerError:  # longer or with more parentheses than a trigger may be
        return None


def _takes_nothing(_event: Mapping[str, Any]) -> bool:
    return False


def _by_rules(text: str, event: Mapping[str, Any] | None) -> list[TriggerRemark]:
    pieces = Pieces.of(text)
    remarks = []
    for rule in RULES:
        for (start, end), details in rule.find(pieces):
            written = text[start:end]
            named = {**details, "written": _clip(written)}
            documented, segment = rule.documented.format(**named), rule.segment.format(**named)
            fix = rule.fix.format(**named)
            remarks.append(
                TriggerRemark(rule.code, (start, end), written, documented, segment, fix, event)
            )
    return sorted(remarks, key=lambda remark: remark.span)


def _fallback(
    text: str, segment: SegmentTrigger, refusal: str, event: Mapping[str, Any] | None
) -> TriggerRemark:
    if segment.error is None:
        does = f"It does the same as: {_clip(segment.describe())}"
    else:
        does = "It cannot be read: it takes no event."
    return TriggerRemark(
        "segment-differs",
        (0, len(text)),
        text,
        f"It is refused: {refusal}" if refusal else "It is read as written.",
        does,
        "Write what is meant with one condition per `=`, `!=`, contains(…) or match(…).",
        event,
    )


def _clip(text: str) -> str:
    return text if len(text) <= _MAX_WRITTEN else f"{text[:_MAX_WRITTEN]}…"
