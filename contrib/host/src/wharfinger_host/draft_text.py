"""A draft as TOML that explains itself: what each key means, and what could stand there as well."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wharfinger import Field
from wharfinger_host import toml
from wharfinger_host.drafting import Draft
from wharfinger_host.setting_sources import is_reference

__all__ = ["secrets_of", "text_of"]

_WIDTH = 98


def text_of(draft: Draft, *, file: str) -> str:
    """Return the text of a configuration.

    Args:
        draft: Nothing is wrong with it.
        file: Its name, for what it says of itself.
    """
    return "\n".join(_lines(draft, file)) + "\n"


def _lines(draft: Draft, file: str) -> Iterator[str]:
    destination = draft.plugins.destination(draft.destination)
    path = ("connections", draft.name)
    yield from _comment(
        f"Written by `wharfinger init`. `wharfinger check {file}` shows what is wrong with it, "
        "line by line."
    )
    yield ""
    yield from _comment(f"{destination.title}. {destination.documentation}".strip())
    yield toml.header(*path)
    yield f"destination = {toml.value(destination.slug)}"
    if draft.setting_fields:
        yield from ("", toml.header(*path, "settings"))
        yield from _values(draft.setting_fields.values(), draft.settings, {})
    yield from _mapping(draft, (*path, "mappings", draft.action))


def _mapping(draft: Draft, path: tuple[str, ...]) -> Iterator[str]:
    action = draft.action_record
    yield ""
    yield from _comment(f"{action.title}. {action.description}".strip())
    yield toml.header(*path)
    yield f"action = {toml.value(action.slug)}"
    if draft.trigger and draft.trigger != action.default_trigger:
        yield from _comment("Which events it takes.")
        yield f"trigger = {toml.value(draft.trigger)}"
    else:
        yield from _comment("Which events it takes; this is the default.")
        yield f"# trigger = {toml.value(action.default_trigger)}"
    yield from ("", toml.header(*path, "fields"))
    yield from _values(draft.payload_fields.values(), draft.fields, action.default_fields)


def _values(
    fields: Iterable[Field], given: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Iterator[str]:
    """Give what is said, and as comments what might be."""
    for field in fields:
        default = defaults.get(field.name, field.default)
        yield from _comment(f"{field.label}. {field.description}".strip())
        if field.name in given:
            yield from _given(field, given[field.name])
        if default is not None and (field.name not in given or field.name in defaults):
            yield from (f"# {line}" for line in _default(field, default))
        elif field.name not in given:
            yield f"# {toml.key(field.name)} = {_hint(field)}"


def _given(field: Field, value: Any) -> Iterator[str]:
    if is_reference(value):
        note = "  # a secret is never written here" if field.secret else ""
        yield f"{toml.key(field.name)} = {toml.value(value)}{note}"
    else:
        yield from toml.entries({field.name: value})


def _default(field: Field, default: Any) -> Iterator[str]:
    lines = list(toml.entries({field.name: default})) if toml.fits(default) else []
    yield from (f"{line}  # the default" for line in lines if "\n" not in line)


def _hint(field: Field) -> str:
    if field.choices:
        return " or ".join(toml.value(choice) for choice in field.choices)
    return f"...  ({field.kind})"


def _comment(text: str) -> Iterator[str]:
    """Give text as comments, its control characters shown."""
    plain = toml.comment(text).removeprefix("# ")
    yield from (f"# {line}" for line in textwrap.wrap(plain, _WIDTH - 2, break_on_hyphens=False))


def secrets_of(draft: Draft) -> list[str]:
    """Return the environment variables that must be set before the configuration works."""
    values = draft.settings.values()
    return [str(value["env"]) for value in values if is_reference(value) and "env" in value]
