"""What a destination and its actions ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import orjson
from rich.console import Console

import wharfinger
from wharfinger import Action, BatchPolicy, Destination, Field, Plugins, Unbatched
from wharfinger_host.terminal import NARROW, plural, printable, table

__all__ = [
    "action_as_json",
    "destination_as_json",
    "destinations_as_json",
    "show_action",
    "show_destination",
    "show_destinations",
    "show_fields",
]


def destinations_as_json(plugins: Plugins) -> dict[str, Any]:
    """Return every destination by name."""
    return {
        "destinations": [
            {
                "slug": destination.slug,
                "title": destination.title,
                "documentation": destination.documentation,
                "actions": [
                    {"slug": action.slug, "title": action.title}
                    for action in plugins.actions(destination.slug).values()
                ],
            }
            for destination in plugins.destinations.values()
        ]
    }


def destination_as_json(plugins: Plugins, destination: Destination) -> dict[str, Any]:
    """Return a destination with the JSON Schema of its settings and of every action's payload."""
    settings = plugins.settings(destination.slug)
    return {
        "slug": destination.slug,
        "title": destination.title,
        "documentation": destination.documentation,
        "hosts": list(destination.hosts),
        "limits": attrs.asdict(destination.limits),
        "settings": wharfinger.json_schema(settings.schema) if settings else None,
        "actions": [
            action_as_json(plugins, action) for action in plugins.actions(destination.slug).values()
        ],
    }


def action_as_json(plugins: Plugins, action: Action) -> dict[str, Any]:
    """Return an action with the JSON Schema of its payload."""
    policy = _policy(plugins, action)
    batching: dict[str, Any] | None = None
    if policy is not None:
        batching = {"batched": isinstance(policy, BatchPolicy), **attrs.asdict(policy)}
    return {
        "destination": action.destination,
        "slug": action.slug,
        "aliases": list(action.aliases),
        "title": action.title,
        "description": action.description,
        "effect": action.effect,
        "default_trigger": action.default_trigger,
        "default_fields": dict(action.default_fields),
        "batching": batching,
        "payload": wharfinger.json_schema(action.payload),
        "options": [field.name for field in wharfinger.fields_of(action.payload) if _steers(field)],
        "choices": list(action.choices),
        "provision": _provision_as_json(action),
        "rows": attrs.asdict(action.rows) if action.rows else None,
    }


def show_destinations(console: Console, plugins: Plugins) -> None:
    """Show which destinations there are."""
    if not plugins.destinations:
        console.print("No destination is installed; `wharfinger plugins` says what was found.")
        return
    rows = table("Destination", "Title", "Actions")
    for destination in plugins.destinations.values():
        actions = "\n".join(plugins.actions(destination.slug))
        rows.add_row(*map(printable, (destination.slug, destination.title, actions)))
    console.print(rows)


def show_destination(console: Console, plugins: Plugins, destination: Destination) -> None:
    """Show a destination's settings, actions and limits."""
    limits = destination.limits
    console.print(printable(f"{destination.title}  ({destination.slug})"), style="bold")
    if destination.documentation:
        console.print(printable(destination.documentation), soft_wrap=True)
    named = ["hosts that its settings name"] if destination.hosts_of else []
    hosts = ", ".join([*destination.hosts, *named])
    console.print(printable(f"Talks only to {hosts}."), soft_wrap=True)
    mappings = "any number of" if limits.mappings is None else f"at most {limits.mappings}"
    console.print(
        f"A connection holds {mappings} mappings. An account gets at most "
        f"{limits.parallel_requests} requests side by side, each of at most "
        f"{limits.request_bytes:,} bytes.",
        soft_wrap=True,
    )
    settings = plugins.settings(destination.slug)
    if settings:
        console.print()
        show_fields(console, "Settings", wharfinger.fields_of(settings.schema))
    rows = table("Action", "Title", "Default trigger", "Batching", title="Actions")
    for action in plugins.actions(destination.slug).values():
        rows.add_row(
            printable(action.slug),
            printable(action.title),
            printable(action.default_trigger or "none: write one"),
            printable(_batching(plugins, action)),
        )
    console.print()
    console.print(rows)


def show_action(console: Console, plugins: Plugins, action: Action) -> None:
    """Show an action's fields, defaults and batching."""
    console.print(printable(f"{action.title}  ({action.destination} {action.slug})"), style="bold")
    if action.description:
        console.print(printable(action.description), soft_wrap=True)
    if action.aliases:
        console.print(printable(f"Also known as {', '.join(action.aliases)}."))
    trigger = action.default_trigger or "none: a mapping must write one"
    console.print(printable(f"Default trigger: {trigger}"), soft_wrap=True)
    console.print(printable(f"Batching: {_batching(plugins, action)}"), soft_wrap=True)
    twice = {
        wharfinger.Effect.IDEMPOTENT: "doing it twice changes nothing; a timeout is repeated",
        wharfinger.Effect.ONCE: "each call has its own effect; a timeout is never repeated",
    }[action.effect]
    console.print(f"Effect: {twice}")
    console.print()
    fields = wharfinger.fields_of(action.payload)
    values = [field for field in fields if not _steers(field)]
    show_fields(console, "Fields", values, defaults=action.default_fields)
    if options := [field for field in fields if _steers(field)]:
        console.print()
        title = "Options: the same for every event of a mapping"
        show_fields(console, title, options, defaults=action.default_fields)
    _show_help(console, action)


def show_fields(
    console: Console,
    title: str,
    fields: Iterable[Field],
    *,
    defaults: Mapping[str, Any] | None = None,
) -> None:
    """Show fields as a table.

    Args:
        console: Where to.
        title: What stands above it.
        fields: What to show.
        defaults: Values that take the place of the fields' own defaults, by name.
    """
    fields = list(fields)
    labels = {field.name: field.label for field in fields}
    if console.width < NARROW:
        console.print(f"{title}\n", style="italic")
    rows = table("Field", "Label", "Type", "Required", "Default", "Description", title=title)
    for name, field, default in _flat(fields, defaults or {}):
        cells = (
            name,
            field.label,
            _type(field),
            _required(field, labels),
            "" if default is None else orjson.dumps(default, default=str).decode(),
            field.description,
        )
        if console.width < NARROW:
            _show_field(console, map(printable, cells))
        else:
            rows.add_row(*map(printable, cells))
    if rows.row_count or console.width >= NARROW:
        console.print(rows)


def _show_field(console: Console, cells: Iterable[str]) -> None:
    """Show the cells of a row where there is no room for a table."""
    name, label, kind, required, default, about = cells
    console.print(f"{name}  {label}", style="bold")
    need = {"yes": "required", "no": "optional"}.get(required, f"required {required}")
    console.print(", ".join(filter(None, (kind, need, default and f"default {default}"))))
    console.print(f"{about}\n")


def _show_help(console: Console, action: Action) -> None:
    """Show what the vendor can be asked about an action, and what can be made there for it."""
    if action.choices:
        console.print()
        text = f"`wharfinger choices` looks up values for {', '.join(action.choices)}."
        console.print(printable(text), soft_wrap=True)
    if action.provision is None:
        return
    console.print()
    text = "`wharfinger plan` and `apply` make what a mapping needs at the vendor."
    console.print(text, soft_wrap=True)
    if action.provision.options is not None:
        show_fields(console, "--option", wharfinger.fields_of(action.provision.options))


def _provision_as_json(action: Action) -> dict[str, Any] | None:
    if action.provision is None:
        return None
    schema = action.provision.options
    return {"options": wharfinger.json_schema(schema) if schema else None}


def _steers(field: Field) -> bool:
    return field.control is not None


def _flat(
    fields: Iterable[Field], defaults: Mapping[str, Any], prefix: str = ""
) -> Iterable[tuple[str, Field, Any]]:
    """Give each field with its dotted name and its default; declared properties as well."""
    for field in fields:
        default = defaults.get(field.name, field.default)
        properties = [attrs.evolve(inner, name=name) for name, inner in field.properties.items()]
        inside = default if isinstance(default, dict) and properties else {}
        known = {inner.name for inner in properties}
        rest = {key: value for key, value in inside.items() if key not in known}
        yield f"{prefix}{field.name}", field, (rest or None) if properties else default
        yield from _flat(properties, inside, f"{prefix}{field.name}.")


def _type(field: Field) -> str:
    words = [f"list of {field.kind}" if field.multiple else f"{field.kind}"]
    if field.secret:
        words.append("secret")
    if field.format:
        words.append(field.format)
    if field.choices:
        words.append("one of " + " | ".join(map(str, field.choices)))
    return ", ".join(words)


def _required(field: Field, labels: Mapping[str, str]) -> str:
    if isinstance(field.required, bool):
        return "yes" if field.required else "no"
    other = labels.get(field.required.field, field.required.field)
    match field.required.operator:
        case "absent":
            return f"without {other}"
        case "present":
            return f"with {other}"
        case "is":
            return f"where {other} is {field.required.value}"
        case _:
            return f"where {other} is not {field.required.value}"


def _policy(plugins: Plugins, action: Action) -> BatchPolicy | Unbatched | None:
    """Ask without settings, which a description has none of; None where the answer needs them."""
    try:
        return plugins.batching(action, None)
    except Exception:  # noqa: BLE001  # whatever a plugin does with settings it did not get
        return None


def _batching(plugins: Plugins, action: Action) -> str:
    match _policy(plugins, action):
        case BatchPolicy() as policy:
            return f"up to {plural(policy.rows, 'row')} or {policy.bytes:,} bytes in one request"
        case Unbatched() as unbatched:
            return f"none: {unbatched.reason}"
    return "depends on the settings"
