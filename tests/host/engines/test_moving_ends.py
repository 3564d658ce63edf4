"""A move that ends at any of its writes: a full disk, or a process that is killed."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.host.conftest import track
from tests.host.engines.test_moving import Quay, named

from wharfinger_host.engines.moving import Move
from wharfinger_host.store import leases
from wharfinger_host.store.errors import DiskFullError, StoreError
from wharfinger_host.store.ledger import Settlement, settle


class KilledError(BaseException):
    """The process is gone, and writes nothing more."""


@attrs.define(eq=False, slots=False)
class Doomed:
    """A store that fails from one of its writes on.

    Attributes:
        store: What writes.
        at: Which write is the first that fails, from 1.
        killed: Whether the process is gone, once that one is written; else the disk is full for
            that one alone, and nothing of it is written.
    """

    store: Any
    at: int
    killed: bool
    writes: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def write(self, *change: Any) -> Future[Any]:
        self.writes += 1
        if self.killed and self.writes > self.at:
            raise KilledError
        if not self.killed and self.writes == self.at:
            raise DiskFullError(Path("inbox.db"))
        made: Future[Any] = self.store.write(*change)
        if self.killed and self.writes == self.at:
            made.result()
            raise KilledError
        return made

    note = write


@given(
    users=st.lists(st.integers(0, 5), min_size=1, max_size=20),
    ends=st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=4),
    portion=st.integers(1, 6),
    done=st.integers(0, 20),
    only_one=st.booleans(),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_wherever_it_is_killed_or_the_disk_is_full_nothing_is_lost_or_overtaken(
    config, tmp_path_factory, *, users, ends, portion, done, only_one
):
    text = config.read_text()
    quay = Quay(config, tmp_path_factory.mktemp("moved"))
    try:
        quay.register("main", "other")
        quay.accept(*(named(track(user, str(n)), f"m{n:02}") for n, user in enumerate(users)))
        partition = quay.partition(f"u{users[0]}")
        held, notes = quay.held("main", partition), quay.targets()["notes"]
        # What was put aside is taken out lane by lane as well.
        aside = [n for n in range(1, done + 1) if only_one and n <= len(users)]
        rows = [
            (notes, partition, n, f"u{users[n - 1]}", 0, 0, 1, "retry", "acme-down", "")
            for n in aside
            if quay.partition(f"u{users[n - 1]}") == partition
        ]
        settlement = Settlement(position=done, deferred=rows)
        quay.store.write(settle, [(held, settlement)]).result()
        quay.store.write(leases.leave, "worker").result()
        asyncio.run(quay.engine.setup(tuple(quay.connections)))
        for number, (at, killed) in enumerate([*ends, (10**9, False)]):
            move = Move(
                store=Doomed(quay.store, at, killed),  # type: ignore[arg-type]  # it stands for one
                engine=quay.engine,
                connections=quay.connections,
                portion=portion,
                clock=partial(float, 1_000 * (number + 1)),
            )
            try:
                asyncio.run(move.run())
            except (StoreError, KilledError):
                continue
        put_aside = {f"m{row[2] - 1:02}" for row in rows}
        for connection in ("main", "other"):
            wanted = [
                f"m{n:02}"
                for n, user in enumerate(users)
                if connection == "other"
                or quay.partition(f"u{user}") != partition
                or n >= done
                or f"m{n:02}" in put_aside
            ]
            events = quay.arrived(connection)
            counts = Counter(event.id for event in events)
            assert sorted(counts) == wanted
            assert sum(counts.values()) - len(counts) <= portion * len(ends)
            for user in range(6):
                first = list(dict.fromkeys(e.id for e in events if e.contact == f"u{user}"))
                assert first == sorted(first)
        assert not quay.sql("SELECT * FROM deferred")
    finally:
        quay.store.close()
        config.write_text(text)
