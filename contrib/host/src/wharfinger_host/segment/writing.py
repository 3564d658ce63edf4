"""Writing an imported configuration: readable, complete, and never over another file."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import attrs
import orjson

from wharfinger_host import toml
from wharfinger_host.segment.converting import ConnectionDraft, MappingDraft
from wharfinger_host.setting_sources import is_reference

__all__ = ["Document", "free_name", "render", "write"]


@attrs.frozen(kw_only=True)
class Document:
    """A configuration as text, and the files of fields it names.

    Attributes:
        file: Where it will stand.
        text: The TOML.
        fields: Field mappings that TOML cannot hold, by the file they go to.
    """

    file: pathlib.Path
    text: str
    fields: Mapping[pathlib.Path, Mapping[str, Any]]


def free_name(file: pathlib.Path) -> pathlib.Path:
    """Return this name, or one with a number where something is there already."""
    numbered = (file.with_stem(f"{file.stem}-{number}") for number in itertools.count(2))
    return next(name for name in itertools.chain([file], numbered) if not _exists(name))


def render(drafts: Sequence[ConnectionDraft], *, file: pathlib.Path, source: str) -> Document:
    """Make the text of a configuration.

    Args:
        drafts: Its connections.
        file: Where it will stand; files of fields stand beside it.
        source: The file it was made from.
    """
    writer = _Writer(file)
    writer.line(toml.comment(f"Imported from Segment: {source}"))
    writer.line(toml.comment("`wharfinger check` shows what is wrong with it, line by line."))
    for draft in drafts:
        writer.connection(draft)
    return Document(file=file, text="\n".join(writer.lines) + "\n", fields=writer.fields)


def write(document: Document) -> None:
    """Write a configuration and its files of fields, all of them or none.

    Raises:
        OSError: One cannot be written, or is there already.
    """
    texts = {
        file: orjson.dumps(fields, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        for file, fields in document.fields.items()
    }
    written: list[pathlib.Path] = []
    try:
        for file, data in {**texts, document.file: document.text.encode()}.items():
            with file.open("xb") as stream:
                written.append(file)
                stream.write(data)
    except OSError:
        for file in written:
            with suppress(OSError):
                file.unlink()
        raise


@attrs.define
class _Writer:
    """Collects the lines of a configuration."""

    file: pathlib.Path
    lines: list[str] = attrs.field(factory=list)
    fields: dict[pathlib.Path, Mapping[str, Any]] = attrs.field(factory=dict)

    def line(self, *lines: str) -> None:
        self.lines += lines

    def connection(self, draft: ConnectionDraft) -> None:
        report = draft.report
        path = ("connections", report.name)
        self.line("", toml.comment(f'Segment: destination "{report.origin}"'), toml.header(*path))
        self.line(f"destination = {toml.value(report.destination)}")
        if draft.settings or draft.missing:
            self.line("", toml.header(*path, "settings"))
            for name, data in draft.settings.items():
                note = "  # a secret is never copied" if is_reference(data) else ""
                self.line(f"{toml.key(name)} = {toml.value(data)}{note}")
        for field in draft.missing:
            self.line(f"# {toml.key(field.name)} = ...  {toml.comment(field.label)}")
        for name, mapping in draft.mappings.items():
            self.mapping(mapping, (*path, "mappings", name))

    def mapping(self, draft: MappingDraft, path: tuple[str, ...]) -> None:
        report = draft.report
        origin = f'Segment: "{report.origin}", action {report.segment_action}'
        self.line("", toml.comment(origin), toml.header(*path))
        self.line(*toml.entries({k: v for k, v in draft.table.items() if k != "batch"}))
        if batch := draft.table.get("batch"):
            self.line(f"batch = {toml.value(batch)}")
        if toml.fits(draft.fields):
            if draft.fields:
                self.line("", toml.header(*path, "fields"), *toml.entries(draft.fields))
            return
        file = self._fields_file(path[-1])
        self.fields[file] = draft.fields
        self.line(f"fields_file = {toml.value(file.name)}  # holds what TOML cannot, such as null")

    def _fields_file(self, mapping: str) -> pathlib.Path:
        wanted = self.file.with_name(f"{self.file.stem}.{mapping}.json")
        names = (wanted.with_stem(f"{wanted.stem}-{number}") for number in itertools.count(2))
        return next(
            name
            for name in itertools.chain([wanted], names)
            if name not in self.fields and not _exists(name)
        )


def _exists(file: pathlib.Path) -> bool:
    return file.exists() or file.is_symlink()
