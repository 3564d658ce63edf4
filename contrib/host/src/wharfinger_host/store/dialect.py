"""The face that two databases have in common, and where their words differ.

The functions of this package are written once, in what SQLite and PostgreSQL both understand:
``INSERT ... ON CONFLICT (key)`` with the key named, columns with their table where both sides of an
upsert have them, ``?``, ``?1`` or ``:name`` for values. What is left has a name in `Dialect`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import attrs
import orjson

__all__ = ["SQLITE", "Database", "Dialect", "Place", "Rows", "Session", "Work"]


@attrs.frozen(kw_only=True)
class Dialect:
    """The words of one database.

    Attributes:
        among: Behind a number, that it is one of a list, which `numbers` makes for its ``?``.
        numbers: Makes a list of numbers.
        each: A table ``e`` whose column ``value`` has the values of a JSON list, which is given for
            its ``?``. They may be text, so `CAST` says what they are.
        words: What stands in braces in the scripts of `wharfinger_host.store.schema`.
        fact: Makes of a value what the table ``facts`` takes.
        stored: Makes of a text what comes back when it is read.
    """

    among: str
    numbers: Callable[[Iterable[int]], Any]
    each: str
    words: Mapping[str, str]
    fact: Callable[[Any], Any]
    stored: Callable[[str], str]

    def list_of(self, values: Iterable[int | str]) -> str:
        """Return what is given for the ``?`` of `each`."""
        told = [value if isinstance(value, int) else self.stored(value) for value in values]
        return orjson.dumps(told).decode()


def _json_of(numbers: Iterable[int]) -> str:
    return orjson.dumps(list(numbers)).decode()


SQLITE = Dialect(
    among="IN (SELECT value FROM json_each(?))",
    numbers=_json_of,
    each="json_each(?) AS e",
    words={
        "text": "TEXT",
        "number": "INTEGER",
        "real": "REAL",
        "bytes": "BLOB",
        "anything": "",
        "key": "INTEGER PRIMARY KEY",
        "given_key": "INTEGER PRIMARY KEY",
        "growing_key": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "clustered": "WITHOUT ROWID",
    },
    fact=lambda value: value,
    stored=lambda text: text,
)


class Rows(Protocol):
    """What a statement gives, as the DB-API has it."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    @property
    def description(self) -> Any:
        """Its columns, each beginning with its name."""

    def fetchone(self) -> Any:
        """Return the next row, or None."""

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Database(Protocol):
    """An open database within a transaction; a ``sqlite3.Connection`` with a dialect is one."""

    @property
    def dialect(self) -> Dialect:
        """Its words."""

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ..., /) -> Rows:
        """Run a statement."""

    def executemany(self, statement: str, rows: Iterable[Any], /) -> object:
        """Run a statement for each of some rows."""


Work = Callable[[Database], Any]
"""What is done within one transaction; perhaps twice, and then the first time is undone."""


class Session(Protocol):
    """One connection to a database, for one thread; errors are for people when they leave it."""

    def write(self, work: Work, *, durable: bool) -> Any:
        """Do work in one transaction, and return what it returned once that is written.

        Args:
            work: Called with the database.
            durable: Whether a loss of power may not undo it.

        Raises:
            NotNowError: Nothing of it was written; later it may be.
            InDoubtError: It may have been written.
            StoreError: It cannot be written.
        """

    def ask(self, work: Work) -> Any:
        """Ask something, in one snapshot.

        Raises:
            StoreError: It cannot be read.
        """

    def close(self) -> None:
        """Let the connection go."""


class Place(Protocol):
    """Where a store is."""

    @property
    def takes_events(self) -> bool:
        """Whether events are accepted there; else it is a ledger of an engine's events."""

    def prepare(self) -> None:
        """Make what is not there, and bring it to this version.

        Raises:
            StoreError: It cannot be made or used.
        """

    def open(self, *, reading: bool) -> Session:
        """Open a session.

        Args:
            reading: Whether nothing is to be changed in it.

        Raises:
            StoreError: It cannot be opened.
        """

    def clock(self) -> float:
        """Return the time by the clock of leases, which all who use the place share, in seconds."""
