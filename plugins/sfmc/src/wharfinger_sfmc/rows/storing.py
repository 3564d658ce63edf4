"""A batch of rows on its way: brought into SFMC's form, planned, and sent where each belongs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Final

import attrs

import wharfinger
from wharfinger_sfmc.account.catalog import Catalog, words_of
from wharfinger_sfmc.account.preflight import misfit
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc.destination import MAX_BODY_BYTES, MAX_ROWS
from wharfinger_sfmc.errors import PRIMARY_KEY_MISMATCH, ROW_REFUSED, Call, Topic
from wharfinger_sfmc.permissions import WRITE_ROWS, words
from wharfinger_sfmc.rows.jobs import Jobs
from wharfinger_sfmc.rows.planning import Unsent, Way, carry_out, held_back, plan
from wharfinger_sfmc.rows.rowsets import Rowsets
from wharfinger_sfmc.rows.sizes import BatchSizes, Size
from wharfinger_sfmc.rows.waiting import RowPayload, WaitingRow, form_of
from wharfinger_sfmc.values.columns import Table
from wharfinger_sfmc.values.conversion import Row

__all__ = ["JOB_BYTES", "JOB_ROWS", "ROWSET_BYTES", "Interface", "store_rows"]

ROWSET_BYTES: Final = MAX_BODY_BYTES - len("[]")
"""Most bytes of the rows of one rowset."""
JOB_ROWS: Final = 2_500
"""Most rows of one job; SFMC takes more, and clients in production stay below that."""
JOB_BYTES: Final = MAX_BODY_BYTES - len('{"items":[]}')
"""Most bytes of the rows of one job."""

_MOST_AT_ONCE: Final = 500
"""Most rows that are sent synchronously where the number decides."""
_PERMISSIONS: Final = words(WRITE_ROWS)
_DRIFT: Final = frozenset({ROW_REFUSED, PRIMARY_KEY_MISMATCH, "data-extension-not-found"})
"""Refusals that a look at the right columns would have foreseen."""


class Interface(StrEnum):
    """Which of SFMC's two interfaces for rows is used."""

    SYNC = "sync"
    ASYNC = "async"
    AUTO = "auto"


@attrs.define
class _Group:
    """The rows of a batch that go to one data extension.

    Attributes:
        target: The data extension, as the first of its rows names it.
        resolved: It by key and id, where both are known.
        table: Its columns, where they are known.
        rows: The rows, by their places in the batch.
    """

    target: DataExtension
    resolved: DataExtension
    table: Table | None
    rows: dict[int, WaitingRow] = attrs.field(factory=dict)

    @property
    def payload(self) -> RowPayload:
        """Any of its payloads: what is an option of their mapping is the same in all of them."""
        return next(iter(self.rows.values())).payload


async def store_rows(
    session: wharfinger.Session,
    rows: Sequence[WaitingRow],
    interface: Interface,
    labels: Mapping[str, str],
    outline: wharfinger.Outline | None = None,
) -> list[wharfinger.Outcome]:
    """Upsert rows, each in the data extension it names.

    Args:
        session: The way to the account.
        rows: In the order of their events; all of one mapping.
        interface: How they are sent.
        labels: Per field of the payloads the label it has for people.
        outline: What their mapping fixes, if its connection was opened.

    Returns:
        One outcome per row.
    """
    tables: dict[DataExtension, Table | None] = {}
    halts: dict[DataExtension, wharfinger.Outcome] = {}
    for target in dict.fromkeys([row.target for row in rows]):
        try:
            tables[target] = await session.shared(Catalog).table(session, target)
        except wharfinger.DeliveryError as error:
            halts[target] = wharfinger.Outcome.of(error)
    taken, outcomes = dict(enumerate(rows)), dict[int, wharfinger.Outcome]()
    if halts:
        outcomes = {i: halts[row.target] for i, row in taken.items() if row.target in halts}
        taken = {i: row for i, row in taken.items() if i not in outcomes}
    storing = _Storing(session, interface, labels, outline)
    held: wharfinger.Outcome | None = None
    unsent = Unsent()
    for groups in _runs(taken, tables):
        places = [place for group in groups for place in group.rows]
        with unsent:
            outcomes |= dict.fromkeys(places, held) if held else await storing.store_all(groups)
            held = held_back(outcomes[place] for place in places)
    unsent.check()
    return [outcomes[place] for place in range(len(rows))]


def _runs(
    rows: dict[int, WaitingRow], tables: Mapping[DataExtension, Table | None]
) -> list[list[_Group]]:
    """Group rows by data extension, in runs that are to be sent one after the other.

    One run, as a rule. Where the columns of data extensions cannot be read, one that is named by
    its key here and by its id there cannot be recognized; then no run names one row by both.
    """
    blind: set[DataExtension] = set()
    if None in tables.values():
        tables = _recognized(tables)
        blind = {target for target, table in tables.items() if table is None}
    is_doubtful = len({bool(target.key) for target in blind}) > 1
    names = {t: _name(table) if table else t for t, table in tables.items()}
    if len(tables) == 1:
        ((target, table),) = tables.items()
        return [[_Group(target, names[target], table, rows)]]
    runs: list[dict[DataExtension, _Group]] = [{}]
    named: dict[Hashable, DataExtension] = {}
    for place, row in rows.items():
        target = row.target
        if is_doubtful and target in blind and named.setdefault(row.order_key, target) != target:
            runs.append({})
            named = {row.order_key: target}
        name = names[target]
        group = runs[-1].get(name)
        if group is None:
            group = runs[-1][name] = _Group(target, name, tables[target])
        group.rows[place] = row
    return [list(run.values()) for run in runs]


def _recognized(
    tables: Mapping[DataExtension, Table | None],
) -> dict[DataExtension, Table | None]:
    """Return tables with those that are known under the other name of their data extension."""
    known = {
        name: table
        for table in tables.values()
        if table is not None
        for name in (DataExtension(key=table.key), DataExtension(id=table.id))
    }
    return {target: table or known.get(target) for target, table in tables.items()}


@lru_cache
def _name(table: Table) -> DataExtension:
    """Return a data extension by key and id, as its table has them."""
    return DataExtension(key=table.key, id=table.id)


@attrs.define
class _Storing:
    """Groups of rows on their way.

    Attributes:
        session: The way to the account.
        interface: How they are sent.
        labels: Per field of the payloads the label it has for people.
        outline: What their mapping fixes, if its connection was opened.
    """

    session: wharfinger.Session
    interface: Interface
    labels: Mapping[str, str]
    outline: wharfinger.Outline | None

    async def store_all(self, groups: Sequence[_Group]) -> dict[int, wharfinger.Outcome]:
        """Store the rows of some data extensions; one outcome per row, by its place."""
        outcomes: dict[int, wharfinger.Outcome] = {}
        unsent = Unsent()
        for group in groups:
            try:
                with unsent:
                    outcomes |= await self.store(group)
            except wharfinger.DeliveryError as error:
                outcomes |= dict.fromkeys(group.rows, wharfinger.Outcome.of(error))
        unsent.check()
        return outcomes

    async def store(self, group: _Group) -> dict[int, wharfinger.Outcome]:
        """Check, plan and send the rows; one outcome per row, by its place."""
        outcomes, rows, table = await self._checked(group)
        if rows:
            outcomes |= await self._sent(group, rows, table)
        for place, row in group.rows.items():
            if row.in_doubt:
                outcomes[place] = row.told(outcomes[place])
        return outcomes

    async def _sent(
        self, group: _Group, rows: Sequence[tuple[int, Row]], table: Table | None
    ) -> dict[int, wharfinger.Outcome]:
        """Plan and send rows in form; one outcome per row, by its place."""
        rowsets = self._rowsets(group, mixed_keys=table is None and _differ_in_keys(rows))
        waves = plan(rows, table)
        is_job = self._is_job(sum(map(len, waves)))
        way: Way = self._jobs(group) if is_job else rowsets
        outcomes = await carry_out(waves, way, rowsets)
        for planned in chain.from_iterable(waves):
            if planned.in_doubt:
                for place in planned.sources:
                    group.rows[place].in_doubt = True
        if any(outcome.code in _DRIFT for outcome in outcomes.values()):
            self.session.shared(Catalog).doubt(group.target)
        return outcomes

    async def _checked(
        self, group: _Group
    ) -> tuple[dict[int, wharfinger.Outcome], list[tuple[int, Row]], Table | None]:
        """Bring rows into SFMC's form.

        Columns that some row does not fit are looked at once more: somebody may have changed them.

        Returns:
            Outcomes of the rows that cannot be sent, the others in form, and the columns they were
            compared with.

        Raises:
            wharfinger.HaltedError: It is not the rows that do not fit, but their mapping.
        """
        table = group.table
        outcomes, rows = self._formed(group, table)
        if table is not None and outcomes and not self.session.previewing:
            self.session.shared(Catalog).doubt(group.target)
            again = await self.session.shared(Catalog).table(self.session, group.target)
            if again is not None and again != table:
                table = again
                outcomes, rows = self._formed(group, table)
        if table is not None and outcomes and (error := misfit(table, self.outline)):
            raise error
        return outcomes, rows, table

    def _formed(
        self, group: _Group, table: Table | None
    ) -> tuple[dict[int, wharfinger.Outcome], list[tuple[int, Row]]]:
        outcomes: dict[int, wharfinger.Outcome] = {}
        rows: list[tuple[int, Row]] = []
        form = form_of(group.payload, table, self.labels)
        for index, row in group.rows.items():
            try:
                rows.append((index, row.in_form(table, form)))
            except wharfinger.PayloadError as error:
                outcomes[index] = wharfinger.Outcome.of(error)
        return outcomes, rows

    def _is_job(self, rows: int) -> bool:
        if self.interface is Interface.AUTO:
            return rows > _MOST_AT_ONCE
        return self.interface is Interface.ASYNC

    def _rowsets(self, group: _Group, *, mixed_keys: bool) -> Rowsets:
        subject = _subject(group.target)
        call = Call(topic=Topic.ROWS, subject=subject, permissions=_PERMISSIONS)
        size = self._size(group, Interface.SYNC, MAX_ROWS, ROWSET_BYTES)
        return Rowsets(self.session, group.target, call, size, mixed_keys=mixed_keys)

    def _jobs(self, group: _Group) -> Jobs:
        size = self._size(group, Interface.ASYNC, JOB_ROWS, JOB_BYTES)
        deadline_s = group.payload.deadline_s
        subject = _subject(group.target)
        return Jobs(self.session, group.target, subject, size, deadline_s=deadline_s)

    def _size(self, group: _Group, interface: Interface, most_rows: int, most_bytes: int) -> Size:
        sizes = self.session.shared(BatchSizes)
        return sizes.of((group.resolved, interface), most_rows=most_rows, most_bytes=most_bytes)


def _differ_in_keys(rows: Sequence[tuple[int, Row]]) -> bool:
    """Tell whether rows may differ in the names of their keys; one row alone may from any other."""
    return len(rows) == 1 or len({frozenset(row.keys) for _, row in rows}) > 1


def _subject(target: DataExtension) -> str:
    return f"the data extension with the {words_of(target)}"
