"""Asynchronous rows between their submit and the end of their retention.

A job has no record at first, then it is pending, then it executes, then it is complete. Nothing
runs in the background: whoever looks lets the jobs that are due run first, in order of submission,
so that what is stored depends on the clock alone and never on who looked when.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import attrs

from wharfinger_sfmc_simulator.async_rows import Item, deadlocked, lost, save_row
from wharfinger_sfmc_simulator.clock import Clock
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.tables import Table

__all__ = ["Job", "Jobs", "Phase"]

Phase = Literal["missing", "pending", "executing", "complete"]

_FIRST_PROCESS, _PROCESSES = 51, 100


@attrs.define
class Job:
    """One request for asynchronous rows.

    Attributes:
        id: What its submit was answered with.
        account: MID it was sent in.
        table: Where its rows go.
        insert: Whether existing rows are refused.
        rows: In the order they were sent; none any more once the job ran.
        submitted: When it came.
        recorded: From when on there is a status.
        picked_up: From when on it executes.
        completed: From when on it is over.
        items: What became of each row, in the order of the rows; None until the job ran.
        failed: Whether it failed as a whole.
    """

    id: str
    account: int
    table: Table
    insert: bool
    rows: Sequence[Mapping[str, Any]]
    submitted: datetime
    recorded: datetime
    picked_up: datetime
    completed: datetime
    items: list[Item] | None = None
    failed: bool = False

    @property
    def has_errors(self) -> bool:
        """Whether any row was refused."""
        return any(item.get("status") != "OK" for item in self.items or ())

    def phase(self, now: datetime) -> Phase:
        """Return how far it is at a moment."""
        if now < self.recorded:
            return "missing"
        if now < self.picked_up:
            return "pending"
        return "executing" if now < self.completed else "complete"


class Jobs:
    """All jobs of a tenant.

    Args:
        switches: Which choices hold.
        clock: Gives the present moment.

    Attributes:
        deadlocks_due: How many of the next rows are victims of a deadlock.
    """

    def __init__(self, switches: Switches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock
        self._known: dict[str, Job] = {}
        self._waiting: deque[Job] = deque()
        self._rows_run = 0
        self.deadlocks_due = 0

    def submit(
        self, job_id: str, table: Table, rows: Sequence[Mapping[str, Any]], *, insert: bool
    ) -> None:
        """Queue rows; they are stored when their time has come."""
        switches, now = self._switches, self._clock()
        recorded = now + timedelta(seconds=switches.async_missing_s)
        picked_up = recorded + timedelta(seconds=switches.async_pending_s)
        job = Job(
            id=job_id,
            account=table.definition.account,
            table=table,
            insert=insert,
            rows=rows,
            submitted=now,
            recorded=recorded,
            picked_up=picked_up,
            completed=picked_up + timedelta(seconds=switches.async_executing_s),
        )
        self._known[job_id] = job
        self._waiting.append(job)

    def settle(self) -> None:
        """Let the jobs that are due run, in order of submission, and forget the oldest."""
        now = self._clock()
        while self._waiting and self._waiting[0].completed <= now:
            self._run(self._waiting.popleft())
        oldest_kept = now - timedelta(seconds=self._switches.async_retention_s)
        while self._known and next(iter(self._known.values())).submitted <= oldest_kept:
            del self._known[next(iter(self._known))]

    def find(self, job_id: str, account: int) -> Job | None:
        """Return a job of an account, as long as it is kept."""
        job = self._known.get(job_id.lower())
        return job if job and job.account == account else None

    def _run(self, job: Job) -> None:
        job.failed = job.table.deleted
        job.items = [self._row(job, row) for row in job.rows]
        job.rows = ()

    def _row(self, job: Job, row: Mapping[str, Any]) -> Item:
        if job.failed:
            return lost(job.table, self._switches)
        if self._is_victim():
            process = _FIRST_PROCESS + self._rows_run % _PROCESSES
            return deadlocked(process, self._switches)
        return save_row(job.table, row, self._switches, insert=job.insert)

    def _is_victim(self) -> bool:
        self._rows_run += 1
        every = self._switches.async_deadlock_every
        if every > 0 and self._rows_run % every == 0:
            return True
        if self.deadlocks_due > 0:
            self.deadlocks_due -= 1
            return True
        return False
