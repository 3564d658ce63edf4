"""Inboxes that cannot be used: every command says so, and what to do, and ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

COMMANDS = (
    ("run", "--once"),
    ("accept", "EVENTS"),
    ("dead-letters list",),
    ("dead-letters drop", "--code", "x", "--yes"),
    ("trace", "--contact", "u1"),
    ("export",),
    ("forget", "main"),
)


def half_a_file(host: Any) -> str:
    host.accept(*map(host.events.track, range(50)))
    whole = host.inbox.read_bytes()
    host.inbox.write_bytes(whole[: len(whole) // 2])
    return "it is damaged. Restore it, or move it"


def not_even_a_head(host: Any) -> str:
    host.accept(host.events.track(1))
    host.inbox.write_bytes(host.inbox.read_bytes()[:40])
    return "it is damaged. Restore it, or move it"


def a_letter(host: Any) -> str:
    host.inbox.write_text("Dear diary, " * 1_000)
    return "it is no database. Name another file"


def of_another_program(host: Any) -> str:
    with closing(sqlite3.connect(host.inbox)) as db:
        db.execute("CREATE TABLE bookmarks (page)")
    return "it is a database of another program. Name another file"


def of_another_program_with_a_version(host: Any) -> str:
    with closing(sqlite3.connect(host.inbox)) as db:
        db.execute("CREATE TABLE bookmarks (page)")
        db.execute("PRAGMA user_version = 1")
    return "it is a database of another program. Name another file"


def a_folder(host: Any) -> str:
    host.inbox.mkdir()
    return "Is a directory. Name a file, not a folder"


def in_a_folder_that_is_not_there(host: Any) -> str:
    host.config.write_text(host.config.read_text().replace("inbox.db", "nowhere/inbox.db"))
    host.inbox = host.inbox.parent / "nowhere" / "inbox.db"
    return "No such file or directory. Make its folder first"


KINDS = (
    half_a_file,
    not_even_a_head,
    a_letter,
    of_another_program,
    of_another_program_with_a_version,
    a_folder,
    in_a_folder_that_is_not_there,
)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("inbox.db*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_command_says_what_is_wrong_with_the_file_and_leaves_it_as_it_is(
    host: Any, kind: Callable[[Any], str]
) -> None:
    message = kind(host)
    before = files_of(host.inbox.parent)
    events = host.events.write(host.config.parent / "more.jsonl", host.events.track(9))
    for command, *arguments in COMMANDS:
        result = host(command, *(events if each == "EVENTS" else each for each in arguments))
        assert (command, result.exit_code) == (command, 3)
        assert f"The inbox {host.inbox} cannot be" in result.stderr
        assert message in result.stderr
        assert files_of(host.inbox.parent) == before
    assert host.vendor.requests == []


def test_every_command_says_that_a_disk_may_only_be_read(host: Any, small_disk: Any) -> None:
    host.config.write_text(host.config.read_text().replace("inbox.db", f"{small_disk.folder}/i.db"))
    host.accept(host.events.track(1))
    small_disk.mount_again("ro")
    events = host.events.write(host.config.parent / "more.jsonl", host.events.track(9))
    for command, *arguments in COMMANDS:
        result = host(command, *(events if each == "EVENTS" else each for each in arguments))
        assert (command, result.exit_code) == (command, 3)
        assert f"The inbox {small_disk.folder}/i.db cannot be opened" in result.stderr
        assert "Its disk may only be read; name a file on another" in result.stderr
    small_disk.mount_again("rw")
    assert host.run()["ok"]
