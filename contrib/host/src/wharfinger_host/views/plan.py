"""What is to be made at the vendor, as a diff that people read before they say yes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wharfinger import Action, Change, Plan, fields_of, json_schema
from wharfinger_host.planning import Planned, changes_of
from wharfinger_host.preparing import Asked
from wharfinger_host.samples import Samples
from wharfinger_host.terminal import plural, printable
from wharfinger_host.views.describe import show_fields
from wharfinger_host.views.findings import has_errors, show_lines

__all__ = ["as_json", "options_as_json", "show", "show_applied", "show_next", "show_options"]

_SIGNS = {"create": ("+", "green"), "keep": ("=", "dim"), "by-hand": ("!", "bold yellow")}
_MOST_UNREADABLE = 3
_WIDE = 90
"""Characters; below that a reason stands under what it is the reason of."""


def as_json(samples: Samples, planned: Sequence[Planned]) -> dict[str, Any]:
    """Return plans, and what became of them, as plain data."""
    changes = changes_of(planned)
    return {
        "ok": not any(has_errors(each.findings) for each in planned),
        "events": len(samples.events),
        "unreadable": len(samples.unreadable),
        "changes": {kind: changes[kind] for kind in _SIGNS},
        "connections": [_connection_as_json(each) for each in planned],
    }


def show(console: Console, samples: Samples, planned: Sequence[Planned]) -> None:
    """Show every plan as a diff, and below it what a person should know."""
    _show_samples(console, samples)
    for each in planned:
        if each.obstacle:
            console.print(printable(each.connection.name), style="bold", soft_wrap=True)
            show_lines(console, [each.obstacle])
        for plan in each.plans:
            _show_plan(console, each.connection.name, plan)
        for mapping in each.unplanned:
            action = each.connection.mappings[mapping].action.title
            line = f"{each.connection.name}.{mapping}: {action} makes nothing at the vendor"
            console.print(printable(line), style="dim", soft_wrap=True)
    console.print()
    console.print(_summary(planned), style="bold")


def show_next(console: Console, planned: Sequence[Planned], asked: Asked) -> None:
    """Say what to run after a plan was looked at."""
    changes = changes_of(planned)
    if any(each.obstacle for each in planned):
        _say(console, "Find out why not: ", asked.command("doctor", events=False))
    if changes["create"]:
        _say(console, "Make it: ", asked.command("apply"))
    elif changes["by-hand"]:
        _say(console, "Do the lines with ! by hand, then look again: ", asked.command("plan"))


def show_applied(console: Console, planned: Sequence[Planned], asked: Asked) -> None:
    """Show what became of applied plans, and what to do next."""
    for each in planned:
        if each.applied:
            console.print(printable(each.connection.name), style="bold", soft_wrap=True)
            show_lines(console, each.applied)
    console.print()
    if any(has_errors(each.findings) for each in planned):
        _say(console, "See what is left: ", asked.command("plan"))
    elif changes_of(planned)["by-hand"]:
        _say(console, "Do the lines with ! by hand, then look again: ", asked.command("plan"))
    else:
        _say(console, "Look whether all is well: ", asked.command("doctor", events=False))


def options_as_json(actions: Sequence[Action]) -> dict[str, Any]:
    """Return what can be wished for as JSON Schema, action by action."""
    return {
        "actions": [
            {
                "destination": action.destination,
                "action": action.slug,
                "options": json_schema(schema) if (schema := _options_of(action)) else None,
            }
            for action in actions
        ]
    }


def show_options(console: Console, actions: Sequence[Action]) -> None:
    """Show what can be wished for with ``--option``, action by action."""
    for action in actions:
        if schema := _options_of(action):
            title = printable(f"{action.title}: --option NAME=VALUE")
            show_fields(console, title, fields_of(schema))
        else:
            console.print(printable(f"{action.title}: there is nothing to wish for"))
    if not actions:
        console.print("No mapping's action makes anything at the vendor.")


def _options_of(action: Action) -> type[Any] | None:
    return action.provision.options if action.provision else None


def _connection_as_json(planned: Planned) -> dict[str, Any]:
    applied = planned.applied
    return {
        "name": planned.connection.name,
        "destination": planned.connection.destination.slug,
        "obstacle": attrs.asdict(planned.obstacle) if planned.obstacle else None,
        "plans": [
            {
                "mapping": plan.mapping,
                "action": planned.connection.mappings[plan.mapping].action.slug,
                "subject": plan.subject,
                "creates": plan.creates,
                "changes": [attrs.asdict(change) for change in plan.changes],
                "findings": [attrs.asdict(finding) for finding in plan.findings],
            }
            for plan in planned.plans
        ],
        "unplanned": planned.unplanned,
        "applied": None if applied is None else [attrs.asdict(finding) for finding in applied],
    }


def _show_samples(console: Console, samples: Samples) -> None:
    for each in samples.unreadable[:_MOST_UNREADABLE]:
        line = printable(f"line {each.number:,} is no event: {each.message}")
        console.print(line, style="yellow", soft_wrap=True)
    if len(samples.unreadable) > _MOST_UNREADABLE:
        more = len(samples.unreadable) - _MOST_UNREADABLE
        console.print(f"and {plural(more, 'further line')} like that", style="yellow")
    if samples.events:
        console.print(f"Types and sizes are inferred from {plural(len(samples.events), 'event')}.")
    else:
        console.print("There are no sample events, so nothing is known of types and sizes.")


def _show_plan(console: Console, connection: str, plan: Plan) -> None:
    console.print()
    head = f"{connection}.{plan.mapping}: {plan.subject}"
    console.print(printable(head), style="bold", soft_wrap=True)
    wide = console.width >= _WIDE
    rows = Table.grid(padding=(0, 1))
    for _ in range(4 if wide else 3):
        rows.add_column(overflow="fold")
    for change in plan.changes:
        sign, style = _SIGNS[change.kind]
        steps, reason = _steps(change), Text(printable(change.reason), "dim")
        cells = (steps, reason) if wide else (Text("\n").join(filter(None, (steps, reason))),)
        rows.add_row(Text(f"  {sign}", style), Text(printable(change.subject), style), *cells)
    console.print(rows)
    show_lines(console, plan.findings)


def _steps(change: Change) -> Text:
    """Return ``"before → after"``, or what there is of it."""
    steps = dict.fromkeys(filter(None, (change.before, change.after)))
    return Text(" → ".join(map(printable, steps)))


def _summary(planned: Sequence[Planned]) -> str:
    changes = changes_of(planned)
    if not changes["create"] and not changes["by-hand"]:
        if any(has_errors(each.findings) for each in planned):
            return "Nothing can be planned before the errors are put right."
        if all(plan.changes for each in planned for plan in each.plans):
            return "There is nothing to do."
        return "There is nothing to do, as far as it could be planned."
    words = [f"{changes['create']:,} to create", f"{changes['keep']:,} to keep"]
    if changes["by-hand"]:
        words.append(f"{changes['by-hand']:,} to do by hand")
    return f"{', '.join(words)}. Nothing is ever dropped."


def _say(console: Console, words: str, command: str) -> None:
    console.print(Text.assemble(words, (printable(command), "cyan")), soft_wrap=True)
