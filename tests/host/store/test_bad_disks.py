"""Full disks, disks that may not be written, and processes that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wharfinger_host.store.errors import DiskFullError, StoreError
from wharfinger_host.store.inbox import Accepted
from wharfinger_host.store.store import Store

ACCEPTING = """
import itertools, pathlib, sys
from wharfinger_host.store.inbox import Entry
from wharfinger_host.store.store import Store

with Store(pathlib.Path(sys.argv[1])) as store:
    for number in itertools.count():
        events = [{"userId": f"u{n}", "messageId": f"{number}-{n}"} for n in range(20)]
        entries = [Entry.of(event, b"{}", store.layout) for event in events]
        store.accept(entries).result()
        print(number, flush=True)
"""


def lines_of(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


@pytest.mark.parametrize("after", [1, 7, 40])
def test_what_was_accepted_is_there_after_the_process_is_killed(path: Path, after: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ACCEPTING, path], stdout=subprocess.PIPE, text=True
    )
    try:
        said = lines_of(process, after)
    finally:
        process.send_signal(signal.SIGKILL)
        rest = process.communicate()[0].splitlines()
    acknowledged = [int(line) for line in (*said, *rest) if line]
    with Store(path) as store:
        names = {
            n
            for (n,) in store.read(
                lambda db: db.execute("SELECT message_id FROM inbox").fetchall()
            ).result()
        }
        assert names >= {f"{number}-{n}" for number in acknowledged for n in range(20)}
        # A group is in as a whole or not at all.
        assert len(names) % 20 == 0
        assert store.read(lambda db: db.execute("PRAGMA integrity_check").fetchall()).result() == [
            ("ok",)
        ]


def test_a_limit_on_the_size_of_files_is_said_as_a_full_disk_and_the_process_can_go_on_later(
    tmp_path: Path,
) -> None:
    path = tmp_path / "inbox.db"
    program = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))\n" + ACCEPTING
    )
    result = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "DiskFullError: The inbox" in result.stderr
    assert "What was accepted is kept." in result.stderr
    acknowledged = len(result.stdout.splitlines())
    assert acknowledged > 0
    with Store(path) as store:
        count = store.read(lambda db: db.execute("SELECT count(*) FROM inbox").fetchone()).result()
        assert count == (acknowledged * 20,)


def test_a_full_disk_refuses_what_does_not_fit_and_takes_more_when_there_is_room(
    store: Store, entries: Any
) -> None:
    store.accept(entries(store, *range(10))).result()
    (pages,) = store.write(lambda db: db.execute("PRAGMA page_count").fetchone()).result()
    store.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone()).result()
    large = "x" * 20_000
    with pytest.raises(DiskFullError, match=r"the disk is full \(.* KB are free.*\)\. Make room"):
        store.accept(entries(store, *range(10, 20), text=large)).result()
    assert store.accept(entries(store, 5, 21)).result() == Accepted(1, 1)
    store.write(lambda db: db.execute("PRAGMA max_page_count = 1000000").fetchone()).result()
    assert store.accept(entries(store, *range(10, 20), text=large)).result() == Accepted(10, 0)


def test_a_database_that_may_only_be_read_is_said(store: Store, entries: Any) -> None:
    store.accept(entries(store, 1)).result()
    store.write(lambda db: db.execute("PRAGMA query_only = ON")).result()
    with pytest.raises(StoreError, match=r"it may not be written\. Give this user the right"):
        store.accept(entries(store, 2)).result()
    with Store(store.place) as another:
        assert another.accept(entries(another, 1, 2)).result() == Accepted(1, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_without_the_right_to_write_is_said(path: Path) -> None:
    with Store(path):
        pass
    path.chmod(0o400)
    with pytest.raises(StoreError, match="cannot be opened: Permission denied"):
        Store(path)


def test_a_file_that_is_no_database_is_said_and_left_alone(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 100)
    with pytest.raises(StoreError, match=r"it is no database\. Name another file"):
        Store(path)
    assert path.read_bytes().startswith(b"Dear diary")


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened: No such file or directory"):
        Store(tmp_path / "nowhere" / "inbox.db")
