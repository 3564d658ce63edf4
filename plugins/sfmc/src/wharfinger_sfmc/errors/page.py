"""The reference page "SFMC's replies", written from the table of rules.

``python -m wharfinger_sfmc.errors.page > docs/reference/sfmc-outcomes.md`` writes it anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Final

import wharfinger
from wharfinger_sfmc.errors.rule import Rule, Topic
from wharfinger_sfmc.errors.rules import RULES

__all__ = ["outcomes_page"]

_INTRODUCTION: Final = """\
# SFMC's replies

What becomes of an event when Salesforce Marketing Cloud answers with anything but a success. The
table is the one the plugin works with, and this page is written from it: the first row that fits a
reply counts. [Outcomes](outcomes.md) explains the words of the third column.

A request that must not take effect twice (a journey event whose mapping delivers at most once) is
repeated only where the reply proves that nothing took effect: 401, 408, 429, 596, and a 503 in
which SFMC says that it is unavailable or when to come again. A connection that never stood proves
the same. Everything else is `unknown`, and settled by SFMC's list of events where that is possible.

A request that may be repeated is, and what its repetition is refused for counts. But if a reply
before was lost or proved nothing, what was refused may be there all the same: then the outcome is
`unknown` with the code `outcome-unknown`. Only a row for which SFMC names a column or a primary key
is `rejected` even then. So it is within one delivery; what the host offers again hours later is
judged by what SFMC says then.

| name | about | reply | outcome | code | what it means, and the next step |
|---|---|---|---|---|---|
"""
_ABOUT: Final = {
    Topic.TOKEN: "signing in",
    Topic.ACCOUNT: "the account",
    Topic.CONTACT: "a contact",
    Topic.EVENT: "a journey event",
    Topic.EVENTS: "a batch of journey events",
    Topic.ROWS: "rows",
    Topic.JOB: "a job of asynchronous rows",
    Topic.CATALOGUE: "the catalogue",
    Topic.CREATION: "making a data extension",
}
_STATUSES: Final = (
    (wharfinger.RejectedError, wharfinger.Status.REJECTED),
    (wharfinger.RetryError, wharfinger.Status.RETRY),
    (wharfinger.UnknownError, wharfinger.Status.UNKNOWN),
    (wharfinger.HaltedError, wharfinger.Status.HALTED),
)
_WORDS: Final = {
    "subject": "*what was asked for*",
    "permissions": "*the permissions of the action*",
    "vendor": "*SFMC's words*",
}
_HUNDRED: Final = 100


def outcomes_page() -> str:
    """Return the page as MyST Markdown."""
    return _INTRODUCTION + "".join(f"| {' | '.join(_cells(rule))} |\n" for rule in RULES)


def _cells(rule: Rule) -> Iterator[str]:
    yield f"`{rule.name}`"
    yield "anything" if rule.topics == set(Topic) else _listed(_ABOUT[t] for t in rule.topics)
    yield "; ".join(_conditions(rule)) or "any other"
    yield next(f"`{status}`" for error, status in _STATUSES if issubclass(rule.error, error))
    yield f"`{rule.code}`"
    yield _escaped(re.sub(r"\{(\w+)\}", lambda found: _WORDS[found[1]], rule.message))


def _conditions(rule: Rule) -> Iterator[str]:
    if rule.statuses:
        yield f"HTTP {_ranges(rule.statuses)}"
    if rule.errorcodes:
        yield f"`errorcode` {_ranges(rule.errorcodes)}"
    if rule.result_code:
        yield f"result code `{rule.result_code}`"
    if rule.text:
        yield f"text matches `{_escaped(rule.text.pattern)}`"
    if rule.details is not None:
        yield "with single errors" if rule.details else "without single errors"
    if rule.names_wait is not None:
        yield "says how long to wait" if rule.names_wait else "does not say how long to wait"
    if rule.repeatable is not None:
        yield "may be repeated" if rule.repeatable else "must not be repeated"


def _ranges(numbers: Collection[int]) -> str:
    """Write numbers as people do: ``2xx``, ``400 to 403``, ``404, 409``."""
    ordered = sorted(numbers)
    starts = [ordered[0], *(b for a, b in pairwise(ordered) if b != a + 1)]
    ends = [*(a for a, b in pairwise(ordered) if b != a + 1), ordered[-1]]
    return ", ".join(map(_range, starts, ends))


def _range(start: int, end: int) -> str:
    if end - start == _HUNDRED - 1 and start % _HUNDRED == 0:
        return f"{start // _HUNDRED}xx"
    if end - start > 1:
        return f"{start} to {end}"
    return str(start) if start == end else f"{start}, {end}"


def _listed(words: Iterator[str]) -> str:
    return ", ".join(sorted(words))


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    sys.stdout.write(outcomes_page())
