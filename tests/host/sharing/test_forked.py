"""A process that is forked off, as Celery and multiprocessing do, and threads that others need."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from wharfinger import SharedStateError
from wharfinger_host.sharing.contract import Ask
from wharfinger_host.sharing.shared import Shared
from wharfinger_host.sharing.sqlite import SqliteStore

ASK = Ask(per_day=100)


def in_a_child(answer):
    """Return what a process says that is forked off."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(writing, answer().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def test_a_forked_process_is_another_worker(tmp_path):
    shared = Shared(store=SqliteStore(tmp_path / "shared.db"))
    assert in_a_child(lambda: shared.worker) not in ("", shared.worker)


def test_a_forked_process_opens_the_file_itself(tmp_path):
    store = SqliteStore(tmp_path / "shared.db")
    asyncio.run(store.reserve("acme", ASK))
    ours = store._desks[os.getpid()].db

    def call() -> str:
        place = asyncio.run(store.reserve("acme", ASK))
        return f"{place.left_today} {store._desks[os.getpid()].db is not ours}"

    assert in_a_child(call) == "98 True"
    assert asyncio.run(store.reserve("acme", ASK)).left_today == 97


async def test_who_waits_for_the_file_keeps_no_thread_from_those_who_look_up_hosts(
    tmp_path, monkeypatch
):
    store = SqliteStore(tmp_path / "shared.db")
    await store.look("acme", "w1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ["found"])
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asking = [asyncio.create_task(store.look("acme", f"w{n}")) for n in range(100)]
        await asyncio.sleep(0)
        found: Any = await asyncio.get_running_loop().getaddrinfo("vendor.example", 443)
        assert found == ["found"]
        assert not any(each.done() for each in asking)
        for each in asking[1:]:
            each.cancel()
        with pytest.raises(SharedStateError):
            await asking[0]
