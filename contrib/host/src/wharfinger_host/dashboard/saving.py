"""Writing an edited mapping into the configuration: the difference first, then the whole file."""

from __future__ import annotations

import difflib
import hashlib
import os
import pathlib
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import attrs

from wharfinger_host.configuration import Remark, connect, read_configuration
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.editing import EditError, edited
from wharfinger_host.dashboard.explaining import Draft, read_fields
from wharfinger_host.locate import Path, locate_toml
from wharfinger_host.sources import add_sources
from wharfinger_host.unquoted import warn_of_unquoted_words

__all__ = ["Change", "ChangedMeanwhileError", "plan", "save"]


class ChangedMeanwhileError(Exception):
    """The file is no longer the one that the difference was shown for."""


@attrs.frozen(kw_only=True)
class Change:
    """What saving would do.

    Attributes:
        digest: Of the file as it is now.
        after: The file as it would be.
        lines: The difference, each line behind a blank, ``-``, ``+`` or ``@@``.
        problems: What would be wrong with the file; it is not saved then.
        warnings: What would look wrong.
    """

    digest: str
    after: str
    lines: list[str]
    problems: list[str]
    warnings: list[str]


def plan(desk: Desk, draft: Draft) -> Change:
    """Say what saving a draft would do, and check the file it would leave.

    Raises:
        OSError: The file cannot be read, or none can be written beside it.
        EditError: The draft cannot be written into the file.
    """
    before = desk.config.read_bytes()
    fields, troubles = read_fields(draft.fields)
    if troubles:
        raise EditError("The fields are no JSON object.")
    place = (draft.connection, draft.mapping)
    after = edited(before.decode(), place, draft.trigger, _inline(desk, draft, fields))
    with _beside(desk.config, after) as file:
        configuration = read_configuration(file, desk.plugins)
        connect(configuration, desk.plugins)
        add_sources(configuration)
        if not configuration.problems:
            warn_of_unquoted_words(configuration)
    return Change(
        digest=_digest(before),
        after=after,
        lines=_difference(before.decode(), after, ("connections", place[0], "mappings", place[1])),
        problems=[_said(remark) for remark in configuration.problems],
        warnings=[_said(remark) for remark in configuration.warnings],
    )


def save(desk: Desk, draft: Draft, digest: str) -> None:
    """Write a draft into the file, as a whole or not at all.

    Args:
        desk: Knows the file.
        draft: What is written.
        digest: Of the file that the difference was shown for.

    Raises:
        ChangedMeanwhileError: It is another one now.
        EditError: Something would be wrong with it.
        OSError: It cannot be written.
    """
    change = plan(desk, draft)
    if change.digest != digest:
        raise ChangedMeanwhileError
    if change.problems:
        raise EditError("The file would have problems, so it was not saved.")
    real = desk.config.resolve()  # a link goes on leading to the file
    with _beside(real, change.after) as file:
        file.replace(real)


def _inline(desk: Desk, draft: Draft, fields: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the fields that stand in the configuration; None where a file of their own has them.

    Raises:
        EditError: They stand in a file, and were changed.
    """
    mappings = desk.tables().get(draft.connection, {}).get("mappings")
    mapping = mappings.get(draft.mapping) if isinstance(mappings, dict) else None
    if not isinstance(mapping, dict) or "fields_file" not in mapping:
        return fields
    configuration = read_configuration(desk.config, desk.plugins)
    table = configuration.connections.get(draft.connection, {})
    if table.get("mappings", {}).get(draft.mapping, {}).get("fields") != fields:
        raise EditError(
            f"The fields of this mapping stand in the file {mapping['fields_file']}, which is not "
            "changed here. Copy them into it; the trigger can be saved by itself."
        )
    return None


@contextmanager
def _beside(file: pathlib.Path, text: str) -> Iterator[pathlib.Path]:
    """Write a text into a new file beside another one, with its rights; it is gone at the end."""
    # In the same folder, so that paths in it lead to the same files.
    made = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    there = file.stat()
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode())
            with suppress(PermissionError):
                os.fchown(stream.fileno(), there.st_uid, there.st_gid)
            os.fchmod(stream.fileno(), stat.S_IMODE(there.st_mode))
            stream.flush()
            os.fsync(stream.fileno())
        yield made
    finally:
        made.unlink(missing_ok=True)


def _difference(before: str, after: str, mapping: Path) -> list[str]:
    """Return what changes, with lines of the same mapping around it: settings are not shown."""
    old, new = before.splitlines(), after.splitlines()
    numbers = locate_toml(before).numbers
    inside = {line for path, line in numbers.items() if path[: len(mapping)] == mapping}
    lines: list[str] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes():
        lines.append(f"@@ line {group[0][1] + 1} @@")
        for kind, first, last, new_first, new_last in group:
            if kind == "equal":
                around = range(first, last)
                lines += [f" {old[place]}" for place in around if place + 1 in inside]
                continue
            lines += [f"-{line}" for line in old[first:last]]
            lines += [f"+{line}" for line in new[new_first:new_last]]
    return lines


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _said(remark: Remark) -> str:
    where = f"{remark.where}: " if remark.path else ""
    return f"line {remark.line}: {where}{remark.message}"
