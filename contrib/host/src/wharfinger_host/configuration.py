"""Reading a configuration file: connections for core, and whatever is wrong with its line.

A configuration is TOML. Each ``[connections.NAME]`` table is what ``plugins.connect`` takes, with
two conveniences of this host: a setting may name an environment variable or a file, and a mapping
may name a JSON file that holds its fields.
"""

from __future__ import annotations

import datetime as dt
import pathlib
import re
import tomllib
from collections.abc import Iterable
from typing import Any

import attrs
import orjson

import wharfinger
from wharfinger_host.inbox_configuration import NO_INBOX, InboxConfig, read_inbox
from wharfinger_host.locate import Lines, Path, locate_json, locate_toml
from wharfinger_host.selecting import Selection, selected
from wharfinger_host.setting_sources import SettingSourceError, is_reference, resolve
from wharfinger_host.shared_configuration import SharedConfig, add_shared
from wharfinger_host.suggest import did_you_mean

__all__ = [
    "Configuration",
    "Remark",
    "Selection",
    "connect",
    "read_configuration",
    "read_inbox_configuration",
    "without_dates",
]

_TABLES = ("connections", "inbox", "shared", "sources")
_PLACES = "[connections.NAME], [inbox], [shared] and [sources.NAME]"


@attrs.frozen
class Remark:
    """Something to say about one line of a configuration.

    Attributes:
        file: The file the line is in: the configuration, or a file of fields it names.
        line: From 1.
        path: Keys from the root of the configuration; empty where none is concerned.
        message: What is wrong or looks wrong, and what to do. Never holds a secret.
    """

    file: pathlib.Path
    line: int
    path: Path
    message: str

    @property
    def where(self) -> str:
        """The path as people write it."""
        return wharfinger.Problem(self.path, "").where

    def __str__(self) -> str:
        where = f"{self.where}: " if self.path else ""
        return f"{self.file}:{self.line}: {where}{self.message}"


@attrs.define
class Configuration:
    """A configuration as far as it could be read.

    Attributes:
        file: Where it stands.
        connections: What core takes, by name.
        inbox: Where a durable host keeps events; None where nothing is said of it.
        shared: How workers share tenants; None where nothing is said of it, or not fetched.
        sources: The table of the sources as TOML gave it; `sources.add_sources` reads it.
        problems: What has to be corrected before anything is sent.
        warnings: What is allowed but looks wrong.
        lines: Where each key stands.
        field_files: Per path of fields that come from a file: the file, and its lines.
        unfetched: Paths that have no value because its place has none. Core misses them; that is
            said once, with the reason.
    """

    file: pathlib.Path
    connections: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    inbox: InboxConfig | None = None
    shared: SharedConfig | None = None
    sources: Any = None
    problems: list[Remark] = attrs.field(factory=list)
    warnings: list[Remark] = attrs.field(factory=list)
    lines: Lines = attrs.field(factory=Lines)
    field_files: dict[Path, tuple[pathlib.Path, Lines]] = attrs.field(factory=dict)
    unfetched: set[Path] = attrs.field(factory=set)

    def remark(self, path: Path, message: str) -> Remark:
        """Return a remark that knows its line."""
        for prefix, (file, lines) in self.field_files.items():
            if path[: len(prefix)] == prefix:
                return Remark(file, lines.of(path[len(prefix) :]), path, message)
        return Remark(self.file, self.lines.of(path), path, message)

    def report(self, problems: Iterable[wharfinger.Problem]) -> None:
        """Add core's problems, with paths from the root."""
        for problem in problems:
            if not any(problem.path[: len(gap)] == gap for gap in self.unfetched):
                self.problems.append(self.remark(problem.path, problem.message))


def read_configuration(
    file: pathlib.Path, plugins: wharfinger.Plugins, selection: Selection | None = None
) -> Configuration:
    """Read a configuration and fetch what it only names.

    Args:
        file: TOML, UTF-8.
        plugins: Know which settings are secret.
        selection: What is not selected is not looked at, so that its secrets may be missing.

    Raises:
        OSError: The file cannot be read.
    """
    configuration, document = _begin(file)
    if document is None:
        return configuration
    add_shared(configuration, document)
    connections = document.get("connections", {})
    if not isinstance(connections, dict) or not connections:
        message = "There is no connection. Write a table [connections.NAME] with a destination."
        configuration.problems.append(configuration.remark(("connections",), message))
        return configuration
    for name, table in selected(configuration, connections, selection or Selection()).items():
        if isinstance(table, dict):
            _Reader(configuration, plugins, ("connections", name)).read(table)
        else:
            message = "must be a table with destination, settings and mappings."
            configuration.problems.append(configuration.remark(("connections", name), message))
    return configuration


def read_inbox_configuration(file: pathlib.Path) -> Configuration:
    """Read what a configuration says of the inbox, and its connections as they stand there.

    Nothing is looked up: no secret, no file of fields, no plugin.

    Args:
        file: TOML, UTF-8.

    Raises:
        OSError: The file cannot be read.
    """
    configuration, document = _begin(file)
    if document is None:
        return configuration
    if isinstance(connections := document.get("connections", {}), dict):
        configuration.connections = {
            name: table if isinstance(table, dict) else {} for name, table in connections.items()
        }
    if configuration.inbox is None and not configuration.problems:
        configuration.problems.append(configuration.remark((), NO_INBOX))
    return configuration


def connect(
    configuration: Configuration, plugins: wharfinger.Plugins
) -> dict[str, wharfinger.Connection]:
    """Make every connection that can be made; what is wrong with the others is reported.

    Args:
        configuration: Gets the problems and warnings that core finds, sorted by line.
        plugins: Give the destinations.
    """
    connections: dict[str, wharfinger.Connection] = {}
    for name, table in configuration.connections.items():
        try:
            connection = plugins.connect(table, name=name)
        except wharfinger.ConfigurationError as error:
            configuration.report(problem.under("connections", name) for problem in error.problems)
        else:
            connections[name] = connection
            configuration.warnings += [
                configuration.remark(_path_of(plugins, connection, finding), _text_of(finding))
                for finding in connection.warnings
            ]
    configuration.problems.sort(key=lambda remark: (str(remark.file), remark.line))
    configuration.warnings.sort(key=lambda remark: (str(remark.file), remark.line))
    return connections


def _begin(file: pathlib.Path) -> tuple[Configuration, dict[str, Any] | None]:
    """Read the file and what it says of the inbox."""
    configuration = Configuration(file)
    document = _parse(configuration, file.read_bytes())
    for name in [name for name in document or () if name not in _TABLES]:
        message = f"is not known here. Everything stands under {_PLACES}."
        message += did_you_mean(name, _TABLES)
        configuration.problems.append(configuration.remark((name,), message))
    if document and "inbox" in document:
        configuration.inbox, problems = read_inbox(document["inbox"], file.parent)
        configuration.problems += [configuration.remark(*problem) for problem in problems]
    configuration.sources = (document or {}).get("sources")
    return configuration, document


def _parse(configuration: Configuration, data: bytes) -> dict[str, Any] | None:
    line, message = 1, ""
    try:
        text = data.decode("utf-8-sig")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = "this is not UTF-8. Save the file as UTF-8."
    except tomllib.TOMLDecodeError as error:
        line, message = _syntax_error(str(error), text)
    except RecursionError:
        message = "tables or lists are nested too deeply."
    else:
        configuration.lines = locate_toml(text)
        return document
    configuration.problems.append(Remark(configuration.file, line, (), message))
    return None


def _syntax_error(message: str, text: str) -> tuple[int, str]:
    what, _, where = message.rpartition(" (at ")
    if position := re.match(r"line (\d+), column (\d+)", where):
        return int(position[1]), f"this is not valid TOML: {what}, at column {position[2]}."
    last = text.rstrip().count("\n") + 1
    return last, f"this is not valid TOML: {what}, at the end of the file."


@attrs.define
class _Reader:
    """Reads one connection."""

    configuration: Configuration
    plugins: wharfinger.Plugins
    path: Path

    def read(self, table: dict[str, Any]) -> None:
        config = dict(table)
        if isinstance(settings := table.get("settings"), dict):
            config["settings"] = self._settings(settings, table.get("destination"))
        if isinstance(mappings := table.get("mappings"), dict):
            config["mappings"] = {
                name: self._mapping(name, mapping) if isinstance(mapping, dict) else mapping
                for name, mapping in mappings.items()
            }
        self.configuration.connections[str(self.path[-1])] = config

    def _settings(self, table: dict[str, Any], destination: Any) -> dict[str, Any]:
        declared = self._declared(destination)
        settings = {name: self._setting(name, table[name], declared.get(name)) for name in table}
        return {name: value for name, value in settings.items() if value is not wharfinger.UNSET}

    def _setting(self, name: str, value: Any, field: wharfinger.Field | None) -> Any:
        secret = field is not None and field.secret
        if is_reference(value) and not (field and field.kind is wharfinger.Kind.OBJECT):
            try:
                value = resolve(value, self.configuration.file.parent)
            except SettingSourceError as error:
                self._problem(f"{field.label if field else name}: {error}", "settings", name)
                self.configuration.unfetched.add((*self.path, "settings", name))
                # With something in a secret's place, the checks that follow find the rest.
                return wharfinger.Secret(name) if secret else wharfinger.UNSET
        elif field and secret and isinstance(value, str):
            self._warn_of_clear_text(name, field)
        return wharfinger.Secret(value) if secret and isinstance(value, str) else value

    def _declared(self, destination: Any) -> dict[str, wharfinger.Field]:
        record = self.plugins.settings(destination) if isinstance(destination, str) else None
        return (
            {field.name: field for field in wharfinger.fields_of(record.schema)} if record else {}
        )

    def _warn_of_clear_text(self, name: str, field: wharfinger.Field) -> None:
        variable = "_".join(map(str, (*self.path[1:], name))).upper().replace("-", "_")
        message = (
            f'{field.label} stands here in clear text. Better: {name} = {{ env = "{variable}" }}.'
        )
        path = (*self.path, "settings", name)
        self.configuration.warnings.append(self.configuration.remark(path, message))

    def _mapping(self, name: str, table: dict[str, Any]) -> dict[str, Any]:
        mapping = {key: value for key, value in table.items() if key != "fields_file"}
        if "fields" in mapping:
            mapping["fields"] = without_dates(mapping["fields"])
        if "fields_file" not in table:
            return mapping
        if "fields" in table:
            self._problem("give either fields or fields_file.", "mappings", name, "fields_file")
            return mapping
        fields = self._fields_of(name, table["fields_file"])
        if fields is None:
            self.configuration.unfetched.add((*self.path, "mappings", name, "fields"))
            return mapping
        return {**mapping, "fields": fields}

    def _fields_of(self, mapping: str, place: Any) -> dict[str, Any] | None:
        here = ("mappings", mapping, "fields_file")
        if not isinstance(place, str) or not place:
            self._problem("must be the path of a JSON file, in quotes.", *here)
            return None
        file = self.configuration.file.parent / place
        try:
            data = file.read_bytes()
            fields = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            message = f"this is not valid JSON: {error.msg}, at column {error.colno}."
            path = (*self.path, *here)
            self.configuration.problems.append(Remark(file, error.lineno, path, message))
            return None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no valid path"
            self._problem(f"the file {file} cannot be read: {reason}.", *here)
            return None
        if not isinstance(fields, dict):
            self._problem(
                f"the file {file} must hold one JSON object: field names and values.", *here
            )
            return None
        prefix = (*self.path, "mappings", mapping, "fields")
        self.configuration.field_files[prefix] = (file, locate_json(data.decode()))
        return fields

    def _problem(self, message: str, *path: str) -> None:
        remark = self.configuration.remark((*self.path, *path), message)
        self.configuration.problems.append(remark)


def without_dates(value: Any) -> Any:
    """A field mapping is JSON, which has no dates: they become ISO 8601 text."""
    if isinstance(value, dict):
        return {key: without_dates(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [without_dates(entry) for entry in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def _path_of(
    plugins: wharfinger.Plugins, connection: wharfinger.Connection, finding: wharfinger.Finding
) -> Path:
    record = plugins.settings(connection.destination.slug)
    fields: Iterable[wharfinger.Field] = wharfinger.fields_of(record.schema) if record else ()
    for field in fields:
        if field.label == finding.subject:
            return ("connections", connection.name, "settings", field.name)
    return ("connections", connection.name)


def _text_of(finding: wharfinger.Finding) -> str:
    return " ".join(filter(None, (f"{finding.subject}: {finding.message}", finding.fix)))
