"""Writes that wait for room, against files that SQLite may not let grow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.errors import DiskFailedError, DiskFullError, NotNowError, StoreError
from wharfinger_host.store.leases import LEASE_S
from wharfinger_host.store.store import Store
from wharfinger_host.working.disk import Disk


@attrs.define
class Watcher:
    said: list[str] = attrs.field(factory=list)
    heard: asyncio.Event = attrs.field(factory=asyncio.Event)

    def disk_full(self, error: NotNowError) -> None:
        assert isinstance(error, DiskFullError)
        self.said.append(f"full: {error.path.name}")
        self.heard.set()

    def disk_has_room(self) -> None:
        self.said.append("room")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "inbox.db") as opened:
        yield opened


def limit(store: Store, more_pages: int) -> None:
    def set_limit(db: Database) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + more_pages}").fetchone()

    store.write(set_limit).result()


def put(db: Database, name: str, size: int = 100_000) -> str:
    db.execute("INSERT INTO facts VALUES (?, zeroblob(?))", (name, size))
    return name


def names(store: Store) -> set[str]:
    rows = store.read(lambda db: db.execute("SELECT name FROM facts").fetchall()).result()
    return {name for (name,) in rows} - {"layout"}


async def test_a_write_waits_for_room_and_lets_nothing_be_sent_meanwhile(store: Store) -> None:
    watcher = Watcher()
    disk = Disk(store=store, watcher=watcher, waits_s=(0.001,))
    await disk.ready()
    limit(store, 1)
    async with asyncio.TaskGroup() as group:
        writes = [
            group.create_task(disk.write(put, "a")),
            group.create_task(disk.note(put, "b")),
        ]
        sending = group.create_task(disk.ready())
        await watcher.heard.wait()
        sending = group.create_task(disk.ready())
        # What is small enough goes on, but is no sign of room for the rest.
        assert await disk.note(put, "small", 1) == "small"
        assert (disk.is_full, disk.has_settled, sending.done()) == (True, False, False)
        assert watcher.said == ["full: inbox.db"]
        limit(store, 1000)
    assert [write.result() for write in writes] == ["a", "b"]
    assert names(store) == {"a", "b", "small"}
    assert watcher.said == ["full: inbox.db", "room"]
    assert not disk.is_full


async def test_lanes_of_others_are_left_alone_until_they_could_renew_their_leases(
    store: Store,
) -> None:
    watcher, now = Watcher(), [1_000.0]
    disk = Disk(store=store, watcher=watcher, waits_s=(0.001,), clock=lambda: now[0])
    settled = [disk.has_settled]
    limit(store, 1)
    write = asyncio.create_task(disk.write(put, "a"))
    await watcher.heard.wait()
    limit(store, 1000)
    await write
    for later_s in (0, LEASE_S - 0.1, 0.1):
        now[0] += later_s
        settled.append(disk.has_settled)
    assert settled == [True, False, False, True]


async def test_a_write_gives_up_when_the_work_must_end(store: Store) -> None:
    watcher = Watcher()
    disk = Disk(store=store, watcher=watcher, waits_s=(3_600.0,))
    limit(store, 1)
    write = asyncio.create_task(disk.write(put, "a"))
    await watcher.heard.wait()
    disk.give_up_after(0)
    with pytest.raises(DiskFullError):
        await write
    assert watcher.said == ["full: inbox.db"]


async def test_without_anyone_who_watches_a_full_disk_is_an_error_at_once(store: Store) -> None:
    disk = Disk(store=store)
    limit(store, 1)
    with pytest.raises(DiskFullError):
        await disk.write(put, "a")
    assert not disk.is_full


async def test_what_is_cancelled_waits_no_longer_and_room_is_said_once_there_is_some(
    store: Store,
) -> None:
    watcher = Watcher()
    disk = Disk(store=store, watcher=watcher, waits_s=(3_600.0,))
    limit(store, 1)
    write = asyncio.create_task(disk.write(put, "a"))
    await watcher.heard.wait()
    write.cancel()
    await asyncio.gather(write, return_exceptions=True)
    await disk.ready()
    assert watcher.said == ["full: inbox.db"]
    limit(store, 1000)
    await disk.write(put, "a")
    assert watcher.said == ["full: inbox.db", "room"]


async def test_other_errors_do_not_wait(store: Store) -> None:
    disk = Disk(store=store, watcher=Watcher())
    store.write(lambda db: db.execute("PRAGMA query_only = ON")).result()
    with pytest.raises(StoreError, match="may not be written"):
        await disk.write(put, "a")


async def test_what_fails_as_room_is_made_is_tried_once_more(store: Store) -> None:
    """SQLite has one word for a quota and for a broken disk, so a look at the disk must tell."""
    watcher = Watcher()
    disk = Disk(store=store, watcher=watcher, waits_s=(0.001,))
    failures: list[str] = []

    def fail_at_first(db: Database, times: int) -> str:
        if len(failures) < times:
            failures.append("")
            raise DiskFailedError("no reason to be seen")
        return put(db, "b")

    with pytest.raises(DiskFailedError):
        await disk.write(fail_at_first, 1)
    failures.clear()
    limit(store, 1)
    full = asyncio.create_task(disk.write(put, "a"))
    await watcher.heard.wait()
    with pytest.raises(DiskFailedError):
        await disk.write(fail_at_first, 9)  # one attempt may run it twice
    failures.clear()
    failing = asyncio.create_task(disk.write(fail_at_first, 1))
    await asyncio.sleep(0)
    limit(store, 1000)
    assert await failing == "b"
    assert await full == "a"


async def test_who_can_raise_nothing_breaks_off_through_another(store: Store) -> None:
    disk = Disk(store=store)
    ended: list[Any] = []

    async def end() -> None:
        try:
            await disk.break_off(StoreError("gone"))
        finally:
            ended.append(True)

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(end())
            group.create_task(disk.broken())

    with pytest.raises(ExceptionGroup) as caught:
        await work()
    assert [str(error) for error in caught.value.exceptions] == ["gone"]
    assert ended == [True]
