"""Records that people and programs can read: names, labels, schemas."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from wharfinger.errors import WharfingerError
from wharfinger.model.fields import Field, Kind
from wharfinger.payload import fields_of, json_schema
from wharfinger.plugins import Plugins
from wharfinger.testing.bench import Bench
from wharfinger.testing.complaints import Complaint

__all__ = ["missing", "names", "schemas", "set_aside"]

_LOOKS_SECRET: Final = re.compile(
    r"(password|passphrase|secret|token|credential|private_?key|api_?key|access_?key)",
    re.IGNORECASE,
)
_NEVER_SECRET: Final = (Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.DATETIME)
_ABOUT_ONE: Final = re.compile(r"(url|uri|endpoint|header|name|type|scope|_id|_s)$", re.IGNORECASE)


def missing(plugins: Plugins, destination: str, actions: Collection[str]) -> Iterator[Complaint]:
    """Complain where nobody gives the destination, or one of the actions that are to be tried."""
    remedy = (
        "name its slug, install the plugin (`wharfinger plugins` shows what there is), or give its "
        "module as `plugin`. A function without @wharfinger.hookimpl gives nothing."
    )
    if destination not in plugins.destinations:
        yield Complaint(f"destination {destination!r}", "no plugin gives it.", remedy)
        return
    for slug in sorted(set(actions) - plugins.actions(destination).keys()):
        yield Complaint(f"action {f'{destination}/{slug}'!r}", "no plugin gives it.", remedy)


def _names_a_secret(name: str) -> bool:
    return bool(_LOOKS_SECRET.search(name)) and not _ABOUT_ONE.search(name)


def set_aside(plugins: Plugins, names: Collection[str] | None) -> Iterator[Complaint]:
    """Complain about plugins that could not be loaded as they are.

    Args:
        plugins: The plugins, loaded.
        names: Which of them matter; None for all.
    """
    for plugin in plugins.report.plugins:
        matters = names is None or plugin.name in names
        if matters and plugin.state in ("failed", "clashing"):
            yield Complaint(
                plugin.name,
                f"the plugin is {plugin.state}. {plugin.reason}",
                "mend what the reason names; `wharfinger plugins --verbose` shows where it broke.",
            )


def names(bench: Bench) -> Iterator[Complaint]:
    """Complain about what people would not understand, or should not see."""
    destination = bench.destination
    if not destination.title.strip() or destination.title == destination.slug:
        yield _title(f"destination {destination.slug}")
    for slug, action in bench.actions.items():
        if not action.title.strip() or action.title == slug:
            yield _title(f"action {slug}")
    for where, cls in _classes(bench).items():
        fields = fields_of(cls)
        labels = Counter(field.label.strip() for field in fields)
        for field in fields:
            yield from _label(f"{where}, field {field.name}", field, labels)
    if schema := _settings_class(bench):
        yield from _secrets(schema)


def _title(where: str) -> Complaint:
    return Complaint(
        where, "its title is no name for people.", 'give a title as the vendor writes it: "Acme".'
    )


def _label(where: str, field: Field, labels: Mapping[str, int]) -> Iterator[Complaint]:
    label = field.label.strip()
    if not label or label.endswith((":", ".")):
        yield Complaint(
            where,
            f"its label {field.label!r} cannot stand in a sentence.",
            'give a label of a few words without a sign at its end: "Contact Key".',
        )
    elif labels[label] > 1:
        yield Complaint(
            where,
            f"another field is called {label!r}, too.",
            "give each field a label of its own: errors name fields by it.",
        )


def _secrets(schema: type[Any]) -> Iterator[Complaint]:
    for field in fields_of(schema):
        is_text = field.kind not in _NEVER_SECRET and not field.choices
        if is_text and _names_a_secret(field.name) and not field.secret:
            yield Complaint(
                f"settings, field {field.name}",
                "it looks like a secret, but nothing hides its value.",
                "annotate it as wharfinger.Secret and declare it with secret=True.",
            )


def schemas(bench: Bench) -> Iterator[Complaint]:
    """Complain about classes that cannot be written as JSON Schema."""
    for where, cls in _classes(bench).items():
        try:
            json.dumps(json_schema(cls), allow_nan=False)
        except (TypeError, ValueError, WharfingerError) as error:
            yield Complaint(
                where,
                f"it cannot be written as JSON Schema: {error}.",
                "give defaults and choices that JSON can hold: text, numbers, booleans, lists and "
                "objects of these.",
            )


def _settings_class(bench: Bench) -> type[Any] | None:
    record = bench.plugins.settings(bench.destination.slug)
    return record.schema if record else None


def _classes(bench: Bench) -> dict[str, type[Any]]:
    schema = _settings_class(bench)
    payloads = {f"payload of {slug}": action.payload for slug, action in bench.actions.items()}
    return {**({"settings": schema} if schema else {}), **payloads}
