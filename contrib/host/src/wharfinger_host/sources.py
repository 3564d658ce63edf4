"""What a configuration says of sources: whoever may send events to ``serve``, each with its key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from wharfinger import Secret
from wharfinger_host.configuration import Configuration
from wharfinger_host.setting_sources import SettingSourceError, is_reference, resolve
from wharfinger_host.suggest import did_you_mean

__all__ = ["NO_SOURCE", "Source", "add_sources"]

NO_SOURCE = (
    "There is no source, so nobody could send events. Write a table [sources.NAME] with "
    'write_key = { env = "WRITE_KEY" }.'
)
_FORMS = '{ env = "VARIABLE" }, { file = "PATH" } or a text'


@attrs.frozen(kw_only=True)
class Source:
    """Somebody who may send events.

    Attributes:
        name: What people call it.
        write_key: What it shows with each request.
        event_bytes: Most bytes of one event. Segment takes 32 KB (HTTP API Source, "Errors").
        batch_bytes: Most bytes of one request, unpacked. Segment takes 500 KB, RudderStack 4 MB.
    """

    name: str
    write_key: Secret
    event_bytes: int = 32 * 1024
    batch_bytes: int = 500 * 1024


def add_sources(configuration: Configuration) -> dict[str, Source]:
    """Read the sources of a configuration and fetch their keys.

    Args:
        configuration: Gets the problems and warnings, sorted by line.

    Returns:
        The sources that can be used, by name.
    """
    table = configuration.sources
    if table is None:
        return {}
    if not isinstance(table, Mapping):
        _add(configuration, ("sources",), "must be tables: [sources.NAME] with write_key.")
        return {}
    sources = {name: _read(configuration, name, table[name]) for name in table}
    made = {name: source for name, source in sources.items() if source is not None}
    _refuse_shared_keys(configuration, made)
    for remarks in (configuration.problems, configuration.warnings):
        remarks.sort(key=lambda remark: (str(remark.file), remark.line))
    return made


def _read(configuration: Configuration, name: str, table: Any) -> Source | None:
    path = ("sources", name)
    if not isinstance(table, Mapping):
        _add(configuration, path, "must be a table with write_key.")
        return None
    before = len(configuration.problems)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _KEYS:
            message = f"is not known here. It takes {', '.join(_KEYS)}." + did_you_mean(key, _KEYS)
            _add(configuration, (*path, key), message)
        elif key == "write_key":
            values[key] = _write_key(configuration, name, value)
        elif not _is_count(value):
            _add(configuration, (*path, key), "must be a whole number from 1.")
        else:
            values[key] = value
    if "write_key" not in table:
        _add(configuration, path, f"needs write_key = {_variable(name)}.")
    return Source(name=name, **values) if len(configuration.problems) == before else None


def _write_key(configuration: Configuration, name: str, value: Any) -> Secret:
    path = ("sources", name, "write_key")
    if is_reference(value):
        try:
            key = resolve(value, configuration.file.parent)
        except SettingSourceError as error:
            _add(configuration, path, str(error))
            return Secret("")
    elif isinstance(value, str):
        key = value
        message = f"stands here in clear text. Better: write_key = {_variable(name)}."
        configuration.warnings.append(configuration.remark(path, message))
    else:
        _add(configuration, path, f"must be {_FORMS}.")
        return Secret("")
    # A key is the user name of Basic authentication, which ends at a colon.
    if not key.isascii() or not key.isprintable() or not key.strip() or ":" in key or " " in key:
        message = "must be letters, digits and signs of ASCII, without colons and blanks."
        _add(configuration, path, message)
    return Secret(key)


def _refuse_shared_keys(configuration: Configuration, sources: Mapping[str, Source]) -> None:
    first: dict[Secret, str] = {}
    for name, source in sources.items():
        other = first.setdefault(source.write_key, name)
        if other != name:
            message = f"is the key of {other}, too. Give each source a key of its own."
            _add(configuration, ("sources", name, "write_key"), message)


def _variable(name: str) -> str:
    variable = "".join(sign if sign.isalnum() else "_" for sign in name).upper()
    return f'{{ env = "{variable}_WRITE_KEY" }}'


def _add(configuration: Configuration, path: tuple[str, ...], message: str) -> None:
    configuration.problems.append(configuration.remark(path, message))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


_KEYS = tuple(field.name for field in attrs.fields(Source) if field.name != "name")
