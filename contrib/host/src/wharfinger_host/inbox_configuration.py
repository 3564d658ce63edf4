"""What a configuration says of the inbox: the table ``[inbox]``."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from wharfinger import Secret
from wharfinger_host.locate import Path
from wharfinger_host.setting_sources import is_reference
from wharfinger_host.suggest import did_you_mean

__all__ = ["NO_INBOX", "InboxConfig", "InboxProblem", "read_inbox"]

InboxProblem = tuple[Path, str]
"""The path of what is wrong, and what is wrong with it."""

NO_INBOX = 'There is no inbox. Write a table [inbox] with file = "wharfinger.db".'
_DAY_S = 24 * 60 * 60


@attrs.frozen(kw_only=True)
class InboxConfig:
    """How events are kept.

    Attributes:
        file: The SQLite file.
        ledger: The URL of the ledger that all workers of an engine write, or where that stands;
            None for the file.
        partitions: How many partitions a new file gets; None as it comes.
        lanes: How many lanes each connection has in an engine; None as many as partitions.
        order_key: Paths that say whom an event is about; None as it comes.
        most_waiting: Events that may wait before no more are accepted.
        keep_events_days: Days for which events are kept that every connection is done with.
        keep_letters_days: Days for which dead letters are kept.
        give_up_days: Days after which an event that is always to be tried again becomes a dead
            letter.
    """

    file: pathlib.Path
    ledger: Secret | Mapping[str, Any] | None = None
    partitions: int | None = None
    lanes: int | None = None
    order_key: tuple[str, ...] | None = None
    most_waiting: int = 10_000_000
    keep_events_days: float = 7.0
    keep_letters_days: float = 90.0
    give_up_days: float = 3.0

    @property
    def give_up_s(self) -> float:
        """The same as ``give_up_days``, in seconds."""
        return self.give_up_days * _DAY_S


def read_inbox(table: Any, folder: pathlib.Path) -> tuple[InboxConfig | None, list[InboxProblem]]:
    """Read the table, and return everything that is wrong with it.

    Args:
        table: As TOML gave it.
        folder: Relative paths begin here.
    """
    if not isinstance(table, Mapping):
        return None, [(("inbox",), 'must be a table: [inbox] with file = "wharfinger.db".')]
    problems: list[InboxProblem] = []
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in _RULES:
            message = f"is not known here. It takes {', '.join(_RULES)}."
            problems.append((("inbox", name), message + did_you_mean(name, _RULES)))
        elif not _RULES[name][0](value):
            problems.append((("inbox", name), f"must be {_RULES[name][1]}."))
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    if "file" not in table:
        problems.append((("inbox",), 'needs file = "wharfinger.db".'))
    if problems:
        return None, problems
    values["file"] = folder / values["file"]
    if isinstance(values.get("ledger"), str):
        values["ledger"] = Secret(values["ledger"])
    return InboxConfig(**values), []


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_key(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, str) and each.startswith("$.") and each[2:] for each in value)
    )


def _is_url(value: Any) -> bool:
    return is_reference(value) or (isinstance(value, str) and bool(value))


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "file": (lambda value: isinstance(value, str) and bool(value), "the path of a file, in quotes"),
    "ledger": (_is_url, '{ env = "WHARFINGER_LEDGER" }, { file = "PATH" } or a URL in quotes'),
    "partitions": (_is_count, "a whole number from 1"),
    "lanes": (_is_count, "a whole number from 1"),
    "order_key": (_is_key, 'a list of paths such as ["$.userId", "$.anonymousId"]'),
    "most_waiting": (_is_count, "a whole number from 1"),
    "keep_events_days": (_is_number, "a number of days, from 0"),
    "keep_letters_days": (_is_number, "a number of days, from 0"),
    "give_up_days": (_is_number, "a number of days, from 0"),
}
