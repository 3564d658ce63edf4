"""What a replay would do, with what changes in each payload, and what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Self

import attrs
from rich.console import Console
from rich.text import Text

from wharfinger_host.terminal import plural, printable, table
from wharfinger_host.working.judging import Fate, Judgement

__all__ = ["WORDS", "Plan", "as_json", "show", "show_outcomes"]

_MOST_SHOWN = 20
WORDS = {
    Fate.CHANGED: ("will be sent, with another payload than then", "green"),
    Fate.SAME: ("will be sent as then", "green"),
    Fate.DELIVERED: ("skipped: the ledger says it has been delivered", "dim"),
    Fate.MAYBE_DELIVERED: ("skipped: may have been delivered; --unknown sends it", "magenta"),
    Fate.FILTERED: ("closed: the trigger no longer matches", "dim"),
    Fate.REJECTED: ("still refused by the mapping; nothing is sent", "red"),
    Fate.NO_MAPPING: ("skipped: the configuration has no such mapping now", "yellow"),
}


@attrs.define
class Plan:
    """Judgements, counted; only the first ones are kept.

    Attributes:
        fates: How many letters have which fate, by mapping.
        first: The first letters that are more than skipped.
        overwriting: How many are older than something that was delivered about the same contact.
    """

    fates: Counter[tuple[str, str, Fate]] = attrs.field(factory=Counter)
    first: list[Judgement] = attrs.field(factory=list)
    overwriting: int = 0

    @classmethod
    def of(cls, judgements: Iterable[Judgement]) -> Self:
        """Count judgements."""
        plan = cls()
        for judged in judgements:
            letter = judged.letter
            plan.fates[letter.connection, letter.mapping, judged.fate] += 1
            plan.overwriting += bool(judged.newer)
            if len(plan.first) < _MOST_SHOWN and not judged.fate.is_skipped:
                plan.first.append(judged)
        return plan

    @property
    def acts(self) -> int:
        """How many letters are more than skipped."""
        return sum(count for (_, _, fate), count in self.fates.items() if not fate.is_skipped)


def as_json(plan: Plan, outcomes: Mapping[str, int]) -> dict[str, Any]:
    """Return it as plain data."""
    return {
        "plan": [
            {"connection": connection, "mapping": mapping, "fate": fate, "count": count}
            for (connection, mapping, fate), count in plan.fates.items()
        ],
        "overwriting": plan.overwriting,
        "first": [
            {
                "id": judged.letter.id,
                "connection": judged.letter.connection,
                "mapping": judged.letter.mapping,
                "contact": judged.letter.contact,
                "fate": judged.fate,
                "message": judged.message,
                "newer": judged.newer,
                "changes": [attrs.asdict(change) for change in judged.changes],
            }
            for judged in plan.first
        ],
        "outcomes": dict(outcomes),
    }


def show(console: Console, plan: Plan) -> None:
    """Show what will become of how many letters, and what changes in the first of them."""
    if not plan.fates:
        console.print("There is no such dead letter.", style="green")
        return
    rows = table("Count", "Mapping", "What becomes of it", numbers=("Count",))
    for (connection, mapping, fate), count in sorted(plan.fates.items()):
        words, style = WORDS[fate]
        rows.add_row(f"{count:,}", printable(f"{connection}.{mapping}"), Text(words, style))
    console.print(rows)
    for judged in plan.first:
        _show_one(console, judged)
    if (more := plan.acts - len(plan.first)) > 0:
        console.print(f"and {plural(more, 'further one')}", style="dim")
    if plan.overwriting:
        text = (
            f"{plural(plan.overwriting, 'dead letter')} older than what has been delivered about "
            "the same contact since: sent now, old values may overwrite newer ones"
        )
        console.print(text, style="yellow", soft_wrap=True)


def _show_one(console: Console, judged: Judgement) -> None:
    letter = judged.letter
    title = f"{letter.id}  {letter.connection}.{letter.mapping}  {letter.contact}: {judged.fate}"
    console.print(printable(title), style="bold", soft_wrap=True)
    if judged.message:
        console.print(printable(f"  {judged.message}"), style="red", soft_wrap=True)
    for change in judged.changes:
        for sign, value, style in (("-", change.then, "red"), ("+", change.now, "green")):
            if value is not None:
                line = printable(f"  {sign} {change.field}: {value}")
                console.print(line, style=style, soft_wrap=True)


def show_outcomes(console: Console, outcomes: Mapping[str, int]) -> None:
    """Show what became of the letters."""
    parts = [f"{count:,} {status}" for status, count in sorted(outcomes.items())]
    console.print(f"Replayed: {', '.join(parts)}", style="bold")
