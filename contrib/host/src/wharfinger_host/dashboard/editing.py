"""Changing one mapping in the text of a configuration, and nothing else of it."""

from __future__ import annotations

import tomllib
from collections.abc import MutableMapping
from typing import Any

import tomlkit
import tomlkit.exceptions
from tomlkit.items import Item

from wharfinger_host.configuration import without_dates
from wharfinger_host.segment import toml

__all__ = ["EditError", "edited"]


class EditError(Exception):
    """The text cannot be changed as wished; the message says why."""


def edited(text: str, place: tuple[str, str], trigger: str, fields: dict[str, Any] | None) -> str:
    """Return a configuration with another trigger and other fields in one mapping.

    Comments, order and spacing stay as they are wherever nothing changes.

    Args:
        text: The configuration.
        place: Name of the connection, and of the mapping.
        trigger: Blank for that of the action.
        fields: The whole field mapping; None leaves it as it is.

    Raises:
        EditError: There is no such mapping, or TOML cannot hold the fields.
    """
    if fields is not None and not toml.fits(fields):
        raise EditError(
            "TOML cannot hold null, integers of more than 64 bits, or more than 16 levels. Write "
            "the fields into a JSON file, and name it with fields_file."
        )
    wanted = without_dates(tomllib.loads(text))
    _change_plain(_mapping(wanted, place), trigger, fields)
    for change in (_change_little, _change_all):
        try:
            document = tomlkit.parse(text)
            change(_mapping(document, place), trigger, fields)
            made = tomlkit.dumps(document)
            if without_dates(tomllib.loads(made)) == wanted:
                return made
        except (tomlkit.exceptions.TOMLKitError, tomllib.TOMLDecodeError, KeyError):
            continue
    raise EditError(
        "This table is written in a way that cannot be changed here. Write the mapping under "
        f"[connections.{place[0]}.mappings.{place[1]}], and try again."
    )


def _mapping(document: Any, place: tuple[str, str]) -> Any:
    connection, mapping = place
    try:
        return document["connections"][connection]["mappings"][mapping]
    except (KeyError, TypeError):
        raise EditError(f"The configuration has no mapping {connection}.{mapping} now.") from None


def _change_plain(mapping: dict[str, Any], trigger: str, fields: dict[str, Any] | None) -> None:
    mapping.pop("trigger", None)
    if trigger.strip():
        mapping["trigger"] = trigger
    if fields is not None:
        mapping["fields"] = fields
        if not fields:
            del mapping["fields"]


def _change_little(mapping: Any, trigger: str, fields: dict[str, Any] | None) -> None:
    """Change only what is different, entry by entry."""
    _set_trigger(mapping, trigger)
    if fields is None:
        return
    if "fields" in mapping and fields:
        _merge(mapping["fields"], fields)
    else:
        _set_fields(mapping, fields)


def _change_all(mapping: Any, trigger: str, fields: dict[str, Any] | None) -> None:
    """Write the fields anew; comments between them are lost."""
    _set_trigger(mapping, trigger)
    if fields is not None:
        _set_fields(mapping, fields)


def _set_trigger(mapping: MutableMapping[str, Any], trigger: str) -> None:
    if not trigger.strip():
        mapping.pop("trigger", None)
    elif mapping.get("trigger") != trigger:
        mapping["trigger"] = _item(trigger)


def _set_fields(mapping: MutableMapping[str, Any], fields: dict[str, Any]) -> None:
    mapping.pop("fields", None)
    if fields:
        mapping["fields"] = tomlkit.parse("\n".join([*toml.entries(fields), "", ""]))


def _merge(table: MutableMapping[str, Any], wanted: dict[str, Any]) -> None:
    for name in [name for name in table if name not in wanted]:
        del table[name]
    for name, value in wanted.items():
        before = table.get(name)
        if before is not None and without_dates(_plain(before)) == value:
            continue
        if isinstance(before, MutableMapping) and isinstance(value, dict):
            _merge(before, value)
        else:
            table[name] = _item(value)


def _plain(value: Any) -> Any:
    return value.unwrap() if isinstance(value, Item) else value


def _item(value: Any) -> Item:
    """Return a value in the way a person would write it."""
    return tomlkit.value(toml.value(value))
