"""Findings of a check, in every command alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from wharfinger import Finding
from wharfinger_host.terminal import plural, printable, table

__all__ = ["count", "counted", "has_errors", "show_lines", "show_table"]

_STYLES = {"ok": "green", "warning": "yellow", "error": "red"}
_LEVELS = ("error", "warning", "ok")
_NARROW = 60
"""Characters; below that the columns of a table would hold two words a line."""


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether something has to be put right."""
    return any(finding.level == "error" for finding in findings)


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each level, the worst first."""
    counts: Counter[str] = Counter(finding.level for finding in findings)
    return {level: counts[level] for level in _LEVELS}


def counted(findings: Iterable[Finding]) -> str:
    """Return ``"1 error, 2 warnings, 3 ok"``."""
    counts = count(findings)
    errors, warnings = plural(counts["error"], "error"), plural(counts["warning"], "warning")
    return f"{errors}, {warnings}, {counts['ok']:,} ok"


def show_lines(console: Console, findings: Iterable[Finding]) -> None:
    """Show findings one a line: ``  LEVEL  MAPPING: SUBJECT: MESSAGE FIX``."""
    for finding in findings:
        words = f"{finding.level}  {_about(finding)}: {finding.message} {finding.fix}"
        line = printable(f"  {words.rstrip()}")
        console.print(line, style=_STYLES[finding.level], soft_wrap=True)


def show_table(console: Console, findings: Sequence[Finding]) -> None:
    """Show findings as a table, each fix under what was found.

    Where the terminal is narrow they stand one below the other. What was said before is not said
    again: one obstacle often stands in the way of several checks.
    """
    rows = table("Level", "Looked at", "Found, and what to do")
    said: set[str] = set()
    for finding in findings:
        found = "as above" if finding.message in said else finding.message
        said |= {finding.message, f"{finding.message} {finding.fix}"}
        told = printable("\n".join(filter(None, (found, finding.fix and f"→ {finding.fix}"))))
        level, about = Text(finding.level, _STYLES[finding.level]), printable(_about(finding))
        if console.width < _NARROW:
            console.print(level.append(f"  {about}"))
            console.print(told, end="\n\n")
        else:
            rows.add_row(level, about, told)
    if rows.row_count:
        console.print(rows)


def _about(finding: Finding) -> str:
    named = not finding.mapping or finding.subject == f"Mapping {finding.mapping}"
    return finding.subject if named else f"{finding.mapping}: {finding.subject}"
