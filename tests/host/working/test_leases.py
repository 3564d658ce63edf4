"""Leases between processes that write to one file at the same time."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

from wharfinger_host.store import leases
from wharfinger_host.store.database import connect
from wharfinger_host.store.leases import Held
from wharfinger_host.store.store import Store
from wharfinger_host.working import post
from wharfinger_host.working.disk import Disk
from wharfinger_host.working.lane import Lane, Ticket


def make_post(store: Store, clock: Any) -> post.Post:
    anything: Any = None
    disk = Disk(store=store)
    return post.Post(
        name="main", connection=anything, disk=disk, owner="me", audience=anything, clock=clock
    )


def ask(clock: Any, owner: str, *, connection: str = "main", once: bool = False) -> Any:
    """Arguments of one sign of life of a process that holds nothing yet."""
    return {
        "owner": owner,
        "connection": connection,
        "clock": clock,
        "wanted": True,
        "once": once,
        "partitions": 8,
    }


def test_who_waited_for_the_file_takes_no_lease_that_was_renewed_meanwhile(tmp_path: Path) -> None:
    now = [100.0]
    with Store(tmp_path / "inbox.db") as store, closing(connect(tmp_path / "inbox.db")) as other:
        store.write(leases.register, ["main"], 8).result()
        held = store.write(leases.acquire, "other", "main", 8, now[0]).result()
        other.execute("BEGIN IMMEDIATE")
        asked = store.note(post._keep_leases, [], **ask(lambda: now[0], "me", once=True))
        now[0] = 101.0
        assert leases.hold(other, "other", held, now[0]) == set(held)
        other.execute("COMMIT")
        kept, new, _ = asked.result()
        assert (kept, new) == (set(), [])
        assert leases.hold(other, "other", held, now[0]) == set(held)


def test_processes_that_work_for_other_connections_leave_no_lane_to_nobody(tmp_path: Path) -> None:
    with Store(tmp_path / "inbox.db") as store:
        store.write(leases.register, ["main", "other"], 8).result()
        for owner, connection in (("a", "main"), ("b", "other"), ("a", "main")):
            asked = ask(lambda: 100.0, owner, connection=connection)
            _, _, share = store.note(post._keep_leases, [], **asked).result()
            assert share == 8
        lanes = store.read(lambda db: db.execute("SELECT DISTINCT owner FROM lanes").fetchall())
        assert sorted(lanes.result()) == [("a",), ("b",)]


def test_a_process_that_no_longer_works_for_a_connection_has_no_share_in_it(tmp_path: Path) -> None:
    with Store(tmp_path / "inbox.db") as store:
        store.write(leases.register, ["main"], 8).result()
        for owner in ("a", "b"):
            store.note(post._keep_leases, [], **ask(lambda: 100.0, owner)).result()
        store.write(leases.release_all, "b", "main").result()
        _, _, share = store.note(post._keep_leases, [], **ask(lambda: 100.0, "a")).result()
        assert share == 8


async def test_nothing_is_sent_of_a_lane_that_another_process_has_taken_over(
    tmp_path: Path,
) -> None:
    with Store(tmp_path / "inbox.db") as store:
        working = make_post(store, lambda: 100.0)
        working._deadline_s = 101.0
        ours, lost = (Ticket(Lane(Held("main", n, 1, 0)), n, "u", None, b"{}") for n in (1, 2))
        assert await working._may_send([ours, lost])
        lost.lane.lost = True
        assert await working._may_send([ours])
        assert not await working._may_send([ours, lost])


async def test_nothing_is_sent_until_a_lease_that_has_run_out_is_known_to_be_held(
    tmp_path: Path,
) -> None:
    with Store(tmp_path / "inbox.db") as store:
        working = make_post(store, lambda: 100.0)
        working._deadline_s = 99.0
        ticket = Ticket(Lane(Held("main", 1, 1, 0)), 1, "u", None, b"{}")
        sending = asyncio.create_task(working._may_send([ticket]))
        await asyncio.sleep(0)
        assert not sending.done()
        ticket.lane.lost = True
        working._deadline_s = 101.0
        assert not await sending


async def test_nothing_is_kept_of_a_lane_that_another_process_has_taken_over(
    tmp_path: Path,
) -> None:
    async def fed() -> None:
        pass

    with Store(tmp_path / "inbox.db") as store:
        working = make_post(store, lambda: 100.0)
        lanes = [Lane(Held("main", n, 1, 0)) for n in range(3)]
        working._lanes = {lane: asyncio.create_task(fed()) for lane in lanes}
        await asyncio.wait(working._lanes.values())
        lanes[1].lost = True
        working._clear_away_lost()
        assert list(working._lanes) == [lanes[0], lanes[2]]
