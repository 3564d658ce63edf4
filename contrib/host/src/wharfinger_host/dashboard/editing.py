"""Changing one mapping in the text of a configuration, and nothing else of it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import tomlkit

from wharfinger_host import toml
from wharfinger_host.configuration import without_dates

__all__ = ["EditError", "added", "edited", "with_fields_file"]

_GONE: Final = object()
_Change = tuple[tuple[str, ...], Any]
"""A path, and what is to stand there; `_GONE` for nothing."""


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
    _check(fields)
    before = without_dates(tomllib.loads(text))
    inside = ("connections", place[0], "mappings", place[1])
    mapping = _mapping(before, place)
    changes = list(_differences(inside, mapping, _wanted(mapping, trigger, fields)))
    try:
        return _changed(text, changes)
    except EditError:
        # Anew as a whole: comments between the fields are lost.
        rest = [change for change in changes if change[0][len(inside)] != "fields"]
        anew = [((*inside, "fields"), _GONE), ((*inside, "fields"), fields or _GONE)]
        return _changed(text, [*rest, *(anew if fields is not None else ())])


def added(
    text: str, place: tuple[str, str], action: str, trigger: str, fields: dict[str, Any]
) -> str:
    """Return a configuration with one mapping more, at its end; nothing else is touched.

    Args:
        text: The configuration.
        place: Name of the connection, and of the new mapping.
        action: What the mapping does.
        trigger: Blank for that of the action.
        fields: The field mapping.

    Raises:
        EditError: There is no such connection or there is such a mapping, or TOML cannot hold it.
    """
    _check(fields)
    connection, mapping = place
    wanted = without_dates(tomllib.loads(text))
    table = wanted.get("connections", {}).get(connection)
    if not isinstance(table, dict):
        raise EditError(f"The configuration has no connection {connection} now.")
    mappings = table.setdefault("mappings", {})
    if not isinstance(mappings, dict) or mapping in mappings:
        raise EditError(f"The configuration has a mapping {connection}.{mapping} already.")
    mappings[mapping] = _wanted({"action": action}, trigger, fields)
    made = f"{text.rstrip()}\n\n" + "\n".join(_written(place, mappings[mapping])) + "\n"
    try:
        if without_dates(tomllib.loads(made)) == wanted:
            return made
    except tomllib.TOMLDecodeError:
        pass
    head = toml.header("connections", connection, "mappings", "NAME")
    raise EditError(
        "The mappings of this connection are written in a way that none can be added here. Write "
        f"each under a header of its own, {head}."
    )


def _written(place: tuple[str, str], mapping: dict[str, Any]) -> Iterator[str]:
    """Give the lines of a mapping, as a person would write them."""
    path = ("connections", place[0], "mappings", place[1])
    yield toml.header(*path)
    for name in ("action", "trigger"):
        if name in mapping:
            yield f"{name} = {toml.value(mapping[name])}"
    if fields := mapping.get("fields"):
        yield from ("", toml.header(*path, "fields"), *toml.entries(fields))


def with_fields_file(text: str, place: tuple[str, str], file: str) -> str:
    """Return a configuration in which a mapping takes its fields from another file.

    Raises:
        EditError: That cannot be written.
    """
    return _changed(text, [(("connections", place[0], "mappings", place[1], "fields_file"), file)])


def _check(fields: dict[str, Any] | None) -> None:
    if fields is not None and not toml.fits(fields):
        raise EditError(
            "TOML cannot hold null, integers of more than 64 bits, or more than 16 levels. Write "
            "the fields into a JSON file, and name it with fields_file."
        )


def _mapping(document: Any, place: tuple[str, str]) -> Any:
    connection, mapping = place
    try:
        return document["connections"][connection]["mappings"][mapping]
    except (KeyError, TypeError):
        raise EditError(f"The configuration has no mapping {connection}.{mapping} now.") from None


def _wanted(mapping: dict[str, Any], trigger: str, fields: dict[str, Any] | None) -> dict[str, Any]:
    wanted = dict(mapping)
    if trigger.strip():
        wanted["trigger"] = trigger
    else:
        wanted.pop("trigger", None)
    if fields:
        wanted["fields"] = fields
    elif fields is not None:
        wanted.pop("fields", None)
    return wanted


def _differences(path: tuple[str, ...], before: Any, wanted: dict[str, Any]) -> Iterator[_Change]:
    """Give what has to be set and taken out, as little as possible of each."""
    for name, value in wanted.items():
        there, was = (*path, name), before.get(name)
        if _is_opened(was) and _is_opened(value):
            yield from _differences(there, was, value)
        elif name not in before or type(was) is not type(value) or was != value:
            yield there, value
    for name in before:
        if name not in wanted:
            yield (*path, name), _GONE


def _is_opened(value: Any) -> bool:
    """Tell whether people write an entry of a value by itself: a directive is one whole."""
    return isinstance(value, dict) and bool(value) and not any(n.startswith("@") for n in value)


def _changed(text: str, changes: Iterable[_Change]) -> str:
    """Make changes one by one, each in a text that is read anew: tomlkit loses its way otherwise.

    Raises:
        EditError: One of them cannot be made.
    """
    for path, value in changes:
        wanted = without_dates(tomllib.loads(text))
        _set(wanted, path, value, lambda plain: plain)
        made = _set_in_text(text, path, value)
        if made is None or without_dates(tomllib.loads(made)) != wanted:
            raise EditError(
                "This mapping is written in a way that cannot be changed here. Write it under "
                f"headers of its own, [{'.'.join(path[:4])}] and [{'.'.join(path[:4])}.fields]."
            )
        text = made
    return text


def _set_in_text(text: str, path: tuple[str, ...], value: Any) -> str | None:
    try:
        document = tomlkit.parse(text)
        _set(document, path, value, _item)
        made = tomlkit.dumps(document)
        tomllib.loads(made)
    except Exception:  # noqa: BLE001  # whatever becomes of rare ways to write TOML, no file is harmed
        return None
    return made


def _set(table: Any, path: tuple[str, ...], value: Any, make: Callable[[Any], Any]) -> None:
    for name in path[:-1]:
        table = table[name]
    if value is not _GONE:
        table[path[-1]] = make(value)
    elif path[-1] in table:
        del table[path[-1]]


def _item(value: Any) -> Any:
    """Return a value in the way a person would write it."""
    if _is_opened(value):
        return tomlkit.parse("\n".join([*toml.entries(value), "", ""]))
    return tomlkit.value(toml.value(value))
