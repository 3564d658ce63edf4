"""What was moved from the inbox to an engine, or would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from rich.console import Console

from wharfinger_host.engines.moving import Moved
from wharfinger_host.store.moving import Waits
from wharfinger_host.terminal import plural, printable, table

__all__ = ["Migration", "as_json", "show"]


@attrs.frozen(kw_only=True)
class Migration:
    """A move.

    Attributes:
        engine: Its URL, without the password.
        before: What waited for each connection.
        moved: What was done, by connection; None where it was only looked at.
        after: What waits now.
        strangers: For how many events of connections that the configuration does not have.
        problem: Why it ended early, or ``""``.
    """

    engine: str
    before: Mapping[str, Waits]
    moved: Mapping[str, Moved] | None
    after: Mapping[str, Waits]
    strangers: Mapping[str, int]
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to be moved, or would be."""
        stays = self.strangers or any(each.left for each in self.before.values())
        waits = any(each.ahead or each.aside or each.sending for each in self.after.values())
        return not (self.problem or stays or (waits and self.moved is not None))


def as_json(found: Migration) -> dict[str, Any]:
    """Return it as plain data."""
    return {
        "ok": found.is_whole,
        "engine": found.engine,
        "dry_run": found.moved is None,
        "problem": found.problem or None,
        "connections": [
            {
                "name": name,
                "in_the_log": waits.ahead,
                "put_aside": waits.aside,
                "moved": None if found.moved is None else _moved(found, name).events,
                "unknown": waits.sending if found.moved is None else _moved(found, name).unknown,
                "left": waits.left,
                "still_waiting": found.after[name].ahead + found.after[name].aside,
            }
            for name, waits in found.before.items()
        ],
        "strangers": dict(found.strangers),
    }


def show(console: Console, found: Migration) -> None:
    """Show a line for each connection, and what stays.

    Args:
        console: Where.
        found: What was done.
    """
    done = "to move" if found.moved is None else "moved"
    columns = ("connection", "in the log", "put aside", done, "unknown")
    shown = table(*columns, numbers=columns[1:])
    for name, waits in found.before.items():
        moved = _moved(found, name)
        if found.moved is None:
            moved = Moved(waits.ahead + waits.aside, waits.sending)
        numbers = (waits.ahead, waits.aside, moved.events, moved.unknown)
        shown.add_row(printable(name), *(f"{number:,}" for number in numbers))
    console.print(shown)
    for text in _what_stays(found):
        console.print(printable(text), style="yellow", soft_wrap=True)
    if found.problem:
        console.print(printable(found.problem), style="bold red", soft_wrap=True)
        text = "What was moved stays moved. The same command goes on where it was."
        console.print(text, style="yellow", soft_wrap=True)
    elif found.moved is None:
        console.print("Nothing was changed.", style="bold")
    elif found.is_whole:
        text = f"Nothing waits in the inbox any more. {found.engine} has it."
        console.print(printable(text), style="bold", soft_wrap=True)


def _moved(found: Migration, name: str) -> Moved:
    return (found.moved or {}).get(name, Moved())


def _what_stays(found: Migration) -> list[str]:
    texts = [
        f"Not moved: {plural(count, 'event')} put aside for {name}.{mapping}, which the "
        "configuration does not have or has switched off. Switch it on and move again, or let go "
        "with `wharfinger forget`."
        for name, waits in found.before.items()
        for mapping, count in waits.left.items()
    ]
    texts += [
        f"Not moved: {plural(count, 'event')} of {name}, which the configuration does not have. "
        "`wharfinger forget` lets go."
        for name, count in found.strangers.items()
    ]
    for name, waits in found.after.items():
        left = waits.ahead + waits.aside
        if left and found.moved is not None and not found.problem:
            texts.append(
                f"Accepted meanwhile: {plural(left, 'event')} for {name}. Let `accept` and `serve` "
                "use --engine, and move again."
            )
    return texts
