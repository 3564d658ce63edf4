"""Telling duplicates by their message ids, whatever their number.

An index over random ids would dirty a page for every event. So the newest ids are kept in memory
(and read from the log when a process starts), and go into a table in sorted heaps, which touches
each of its pages once for thousands of ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol, TypeVar

import attrs

from wharfinger_host.store.dialect import Database
from wharfinger_host.store.facts import fact, set_fact

__all__ = ["MessageIds"]

_MOST_IN_MEMORY = 100_000
_TABLED_FACT = "message_ids_tabled_to"


class _Named(Protocol):
    @property
    def message_id(self) -> str | None: ...


_Entry = TypeVar("_Entry", bound=_Named)


@attrs.define
class MessageIds:
    """The message ids in the inbox.

    Attributes:
        most_in_memory: How many are kept before they go into the table.
    """

    most_in_memory: int = _MOST_IN_MEMORY
    _newest: dict[int, int] = attrs.field(factory=dict)
    _tabled_to: int = 0
    _known_to: int = 0

    def leave_out_known(self, db: Database, entries: Sequence[_Entry], last: int) -> list[_Entry]:
        """Return the entries that are not in the inbox, and remember them.

        Args:
            db: Within the transaction that will write them.
            entries: In order; they get the numbers that follow on ``last``.
            last: Number of the last event in the inbox.
        """
        self._catch_up(db, last)
        digests = [_digest(entry.message_id) for entry in entries]
        known = self._known(db, digests)
        fresh: list[_Entry] = []
        for entry, number in zip(entries, digests, strict=True):
            name = entry.message_id
            if name is not None:
                if name in known:
                    continue
                known.add(name)
                self._newest[number] = last + len(fresh) + 1
            fresh.append(entry)
        self._known_to = last + len(fresh)
        if len(self._newest) > self.most_in_memory:
            self._table(db)
        return fresh

    def forget(self) -> None:
        """Forget what is in memory, because a transaction came to nothing."""
        self._newest, self._tabled_to, self._known_to = {}, 0, 0

    def _catch_up(self, db: Database, last: int) -> None:
        """Learn what other processes took in, and what they put into the table."""
        tabled = fact(db, _TABLED_FACT) or 0
        if tabled != self._tabled_to:
            self._newest, self._tabled_to, self._known_to = {}, tabled, tabled
        if last > self._known_to:
            rows = db.execute(
                "SELECT message_id, seq FROM inbox WHERE seq > ? AND message_id IS NOT NULL",
                (self._known_to,),
            )
            self._newest.update((_digest(name), seq) for name, seq in rows)
            self._known_to = last

    def _known(self, db: Database, digests: Sequence[int]) -> set[str]:
        """Return the names in the inbox that have these digests; they only say where to look."""
        places = [self._newest[number] for number in digests if number in self._newest]
        if self._tabled_to:
            others = [number for number in digests if number not in self._newest]
            places += [
                seq
                for (seq,) in db.execute(
                    f"SELECT seq FROM message_ids WHERE digest {db.dialect.among}",  # noqa: S608  # a constant
                    (db.dialect.numbers(others),),
                )
            ]
        if not places:
            return set()
        rows = db.execute(
            f"SELECT message_id FROM inbox WHERE seq {db.dialect.among}",  # noqa: S608  # a constant
            (db.dialect.numbers(places),),
        )
        return {name for (name,) in rows if name is not None}

    def _table(self, db: Database) -> None:
        db.executemany(
            "INSERT INTO message_ids VALUES (?, ?) "
            "ON CONFLICT (digest) DO UPDATE SET seq = excluded.seq",
            sorted(self._newest.items()),
        )
        self._newest, self._tabled_to = {}, self._known_to
        set_fact(db, _TABLED_FACT, self._known_to)


def _digest(name: str | None) -> int:
    """Return 64 bits for a message id, the same in every process; 0 for none."""
    if name is None:
        return 0
    data = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(data, signed=True)
