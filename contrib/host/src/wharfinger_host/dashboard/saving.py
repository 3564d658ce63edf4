"""Writing an edited mapping into the configuration: the difference first, then the whole file."""

from __future__ import annotations

import difflib
import hashlib
import os
import pathlib
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import attrs
import orjson

from wharfinger_host.configuration import Configuration, Remark, connect, read_configuration
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.editing import EditError, added, edited, with_fields_file
from wharfinger_host.dashboard.explaining import Draft, read_fields
from wharfinger_host.locate import Path, locate_toml
from wharfinger_host.sources import add_sources
from wharfinger_host.unquoted import warn_of_unquoted_words

__all__ = ["Change", "ChangedFile", "ChangedMeanwhileError", "plan", "save"]


class ChangedMeanwhileError(Exception):
    """The files are no longer those that the difference was shown for."""


@attrs.frozen(kw_only=True)
class ChangedFile:
    """What saving would do to one file.

    Attributes:
        file: Which one.
        after: Its text as it would be.
        lines: The difference, each line behind a blank, ``-``, ``+`` or ``@@``; empty for none.
    """

    file: pathlib.Path
    after: str
    lines: list[str]


@attrs.frozen(kw_only=True)
class Change:
    """What saving would do.

    Attributes:
        digest: Of the files as they are now.
        files: Those that would be written.
        problems: What would be wrong with them; nothing is saved then.
        warnings: What would look wrong.
    """

    digest: str
    files: list[ChangedFile]
    problems: list[str]
    warnings: list[str]


def plan(desk: Desk, draft: Draft) -> Change:
    """Say what saving a draft would do, and check the files it would leave.

    Raises:
        OSError: A file cannot be read, or none can be written beside it.
        EditError: The draft cannot be written into the file.
    """
    before = desk.config.read_bytes()
    fields, troubles = read_fields(draft.fields)
    if fields is None or troubles:
        raise EditError("The fields are no JSON object.")
    place = (draft.connection, draft.mapping)
    fields_file = None if draft.action else _fields_file(desk, draft)
    there = b"" if fields_file is None else fields_file.read_bytes()
    if draft.action:
        after = added(before.decode(), place, draft.action, draft.trigger, fields)
    else:
        inline = fields if fields_file is None else None
        after = edited(before.decode(), place, draft.trigger, inline)
    files = [
        _changed(
            desk.config, before.decode(), after, ("connections", place[0], "mappings", place[1])
        )
    ]
    if fields_file is not None and _differs(there, fields):
        files.append(_changed(fields_file, there.decode(), draft.fields.strip() + "\n"))
    configuration = _checked(desk, place, files)
    return Change(
        digest=hashlib.sha256(before + b"\0" + there).hexdigest(),
        files=[each for each in files if each.lines],
        problems=[_said(configuration, remark) for remark in configuration.problems],
        warnings=[_said(configuration, remark) for remark in configuration.warnings],
    )


def save(desk: Desk, draft: Draft, digest: str) -> None:
    """Write a draft into its files, each as a whole or not at all.

    Args:
        desk: Knows the configuration.
        draft: What is written.
        digest: Of the files that the difference was shown for.

    Raises:
        ChangedMeanwhileError: They are other ones now.
        EditError: Something would be wrong with them.
        OSError: They cannot be written.
    """
    change = plan(desk, draft)
    if change.digest != digest:
        raise ChangedMeanwhileError
    if change.problems:
        raise EditError("The file would have problems, so it was not saved.")
    with ExitStack() as stack:
        made: list[tuple[pathlib.Path, pathlib.Path]] = []
        for each in change.files:
            real = each.file.resolve()  # a link goes on leading to the file
            made.append((stack.enter_context(_beside(real, each.after)), real))
        for new, real in made:
            new.replace(real)


def _fields_file(desk: Desk, draft: Draft) -> pathlib.Path | None:
    """Return the file that holds the fields of a mapping; None where the configuration does."""
    mappings = desk.tables().get(draft.connection, {}).get("mappings")
    mapping = mappings.get(draft.mapping) if isinstance(mappings, dict) else None
    name = mapping.get("fields_file") if isinstance(mapping, dict) else None
    return desk.config.parent / name if isinstance(name, str) and name else None


def _differs(data: bytes, fields: dict[str, Any]) -> bool:
    try:
        return bool(orjson.loads(data) != fields)
    except orjson.JSONDecodeError:
        return True


def _checked(desk: Desk, place: tuple[str, str], files: list[ChangedFile]) -> Configuration:
    """Read the configuration as it would be, from files that are gone afterwards."""
    config, *others = files
    with ExitStack() as stack:
        text = config.after
        for each in others:
            beside = stack.enter_context(_beside(each.file, each.after))
            text = with_fields_file(text, place, str(beside.absolute()))
        file = stack.enter_context(_beside(config.file, text))
        configuration = read_configuration(file, desk.plugins)
        connect(configuration, desk.plugins)
        add_sources(configuration)
        if not configuration.problems:
            warn_of_unquoted_words(configuration)
    return configuration


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


def _changed(
    file: pathlib.Path, before: str, after: str, mapping: Path | None = None
) -> ChangedFile:
    """Say what changes, with lines around it; of a configuration, those of the same mapping only.

    Settings are not shown.
    """
    old, new = before.splitlines(), after.splitlines()
    shown = set(range(1, len(old) + 1))
    if mapping is not None:
        numbers = locate_toml(before).numbers
        shown = {line for path, line in numbers.items() if path[: len(mapping)] == mapping}
    lines: list[str] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes():
        lines.append(f"@@ line {group[0][1] + 1} @@")
        for kind, first, last, new_first, new_last in group:
            if kind == "equal":
                lines += [f" {old[at]}" for at in range(first, last) if at + 1 in shown]
                continue
            lines += [f"-{line}" for line in old[first:last]]
            lines += [f"+{line}" for line in new[new_first:new_last]]
    return ChangedFile(file=file, after=after, lines=lines)


def _said(configuration: Configuration, remark: Remark) -> str:
    where = f"{remark.where}: " if remark.path else ""
    inside = "" if remark.file == configuration.file else "of the file of fields, "
    return f"{inside}line {remark.line}: {where}{remark.message}"
