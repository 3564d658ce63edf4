"""The ledger of an engine's events in PostgreSQL, for all machines that work on the engine.

Whoever writes takes one lock first, so there is one writer at a time, as there is at a file:
numbers grow in the order in which they become visible, whatever was read is still so when it is
written, and nobody can wait for somebody who waits for him.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

import attrs
import psycopg
from psycopg.conninfo import conninfo_to_dict

from wharfinger import Secret
from wharfinger_host.store.dialect import Work
from wharfinger_host.store.errors import InDoubtError, ServerDownError, StoreError
from wharfinger_host.store.facts import fact, set_fact
from wharfinger_host.store.postgresql import POSTGRESQL, PostgresDatabase, texts_of
from wharfinger_host.store.schema import OUR_TABLES, steps_from

__all__ = ["Server", "ServerSession"]

_SCHEMA: Final = "wharfinger"
_HOST: Final = r"(\[[0-9A-Fa-f:.%]*\]|[^/@#:,\[\]]*)(:[0-9]*)?"
_URL: Final = re.compile(rf"postgres(ql)?://([^/@#]*@)?{_HOST}(,{_HOST})*(/[^/@#]*)?")
_NO_URL: Final = (
    "[inbox] ledger must be a URL such as postgresql://USER:PASSWORD@HOST/DATABASE, with no more "
    "than libpq's parameters behind it. Write what is no letter or digit in user and password as "
    "%XX."
)
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_LOCKS: Final = 0x57485246
"""Class of our advisory locks; within it, a schema has its own by its number, and 0 makes one."""
_OPTIONS: Final = {
    "application_name": "wharfinger",
    "client_encoding": "UTF8",
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "target_session_attrs": "read-write",
}
"""What the URL does not say otherwise: a server that is gone is noticed within seconds."""
_BUSY_S: Final = 30
"""Seconds to wait for another process that writes."""
_HUNG_S: Final = 10
"""Seconds that a process may do nothing while it writes, before others take their turn."""
_TRIES: Final = 3
_AGAIN: Final = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock: somebody else's doing, as there is one writer of ours."""
_NOT_NOW: Final = ("08", "25006", "40", "53", "55P03", "57")
"""Connection lost, read-only for now, in conflict, out of room, locked for too long, going down
(PostgreSQL, appendix A, "PostgreSQL Error Codes")."""
_OF_THE_LINE: Final = (psycopg.OperationalError, psycopg.InterfaceError)
_LOST: Final = ("08", "25P03", "57P")
_VERSION: Final = "schema_version"
_WROTE: Final = "wrote"
"""Facts that begin with this say what each session wrote last."""
_DAY_S: Final = 86_400
_FORGET_DAYS: Final = 30
_OLDEST: Final = 130_000
_NOW: Final = "extract(epoch FROM clock_timestamp())"

_Made = TypeVar("_Made")


@attrs.define(eq=False)
class Server:
    """A ledger in a schema of a PostgreSQL database.

    Attributes:
        shown: Which it is, without user and password.
        schema: The schema, made where it is not there.
        takes_events: Never: the lanes of events are the engine's.
    """

    _options: dict[str, Any] = attrs.field(repr=False)
    schema: str = _SCHEMA
    takes_events: bool = False
    shown: str = attrs.field(init=False)
    _ahead_s: float | None = None

    @shown.default
    def _without_password(self) -> str:
        host, port = self._options.get("host", ""), self._options.get("port", "")
        place = f"{host}:{port}" if port and "," not in host else host
        return f"postgresql://{place}/{self._options.get('dbname', '')}"

    @classmethod
    def of(cls, url: Secret) -> Server:
        """Return the ledger that a URL names; nothing is connected yet.

        Args:
            url: As libpq takes it; ``?schema=`` names another schema than ``wharfinger``.

        Raises:
            StoreError: It is no such URL. What it says is never repeated.
        """
        text, _, query = url.reveal().partition("?")
        if not _URL.fullmatch(text):
            raise StoreError(_NO_URL)
        said = dict(parse_qsl(query, keep_blank_values=True))
        schema = said.pop("schema", _SCHEMA)
        if not _NAME.fullmatch(schema):
            raise StoreError(
                "[inbox] ledger: the schema must be a name of small letters, digits and _."
            )
        try:
            options = conninfo_to_dict(f"{text}?{urlencode(said)}")
        except psycopg.Error:
            raise StoreError(_NO_URL) from None  # it repeats what it could not read
        return cls({**_OPTIONS, **options}, schema)

    def prepare(self) -> None:
        """Make the schema if it is not there, and bring its tables to this version."""
        session = self.open(reading=False)
        try:
            session.once(self._prepare)
        finally:
            session.close()

    def open(self, *, reading: bool) -> ServerSession:
        """Return a session that connects when it is used."""
        return ServerSession(self, reading=reading)

    def clock(self) -> float:
        """Return the time by the server's clock, which all machines share.

        Between two looks at it, it goes on by the clock of this machine.
        """
        if self._ahead_s is None:
            session = self.open(reading=True)
            try:
                session.once(lambda _: None)
            finally:
                session.close()
        return time.monotonic() + (self._ahead_s or 0.0)

    def hear_clock(self, now_s: float) -> None:
        """Compare the server's clock with that of this machine."""
        self._ahead_s = now_s - time.monotonic()

    def connect(self, *, reading: bool) -> PostgresDatabase:
        """Connect.

        Raises:
            psycopg.Error: It is not possible.
        """
        connection = psycopg.connect(
            **self._options, autocommit=True, cursor_factory=psycopg.RawCursor
        )
        try:
            self._refuse_old(connection.info.server_version)
            texts_of(connection)
            connection.execute(
                f"SET search_path TO \"{self.schema}\"; SET lock_timeout TO '{_BUSY_S}s'; "
                f"SET idle_in_transaction_session_timeout TO '{_HUNG_S}s'; "
                f"SET default_transaction_read_only TO {'on' if reading else 'off'}"
            )
            row = connection.execute(f"SELECT {_NOW}").fetchone()
        except BaseException:
            connection.close()
            raise
        self.hear_clock(float(row[0]) if row else time.time())
        return PostgresDatabase(connection)

    def _refuse_old(self, version: int) -> None:
        if version < _OLDEST:
            raise StoreError(f"The ledger {self.shown} needs PostgreSQL 13 or newer.")

    def explained(self, error: psycopg.Error) -> StoreError:
        """Return the error for people that an error of the server stands for."""
        reason = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
        reason = reason.rstrip(".")
        state = error.sqlstate or ""
        if state.startswith(_NOT_NOW) or (not state and isinstance(error, _OF_THE_LINE)):
            return ServerDownError(self.shown, reason)
        return StoreError(f"The ledger {self.shown} cannot be used: {reason}.")

    def _prepare(self, db: PostgresDatabase) -> None:
        """Make and migrate, each step as a whole or not at all."""
        while True:
            with db.connection.transaction():
                db.execute("SELECT pg_advisory_xact_lock(?, 0)", (_LOCKS,))
                if not db.execute(
                    "SELECT 1 WHERE to_regnamespace(?) IS NOT NULL", (self.schema,)
                ).fetchone():
                    db.execute(f'CREATE SCHEMA "{self.schema}"')
                version = self._version(db)
                if not (statements := steps_from(version, POSTGRESQL)):
                    return
                for statement in statements:
                    db.execute(statement)
                set_fact(db, _VERSION, version + 1)

    def _version(self, db: PostgresDatabase) -> int:
        tables = {
            name
            for (name,) in db.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' "
                "AND relnamespace = to_regnamespace(?)",
                (self.schema,),
            )
        }
        if tables and not tables >= OUR_TABLES:
            raise StoreError(
                f"The ledger {self.shown} cannot be used: its schema {self.schema} is of another "
                "program. Name another with ?schema=; this one was left as it is."
            )
        return int(fact(db, _VERSION) or 0) if tables else 0


class ServerSession:
    """A connection to a server, for one thread; connected anew where it was lost.

    Args:
        server: Where to.
        reading: Whether nothing is to be changed.
    """

    def __init__(self, server: Server, *, reading: bool) -> None:
        self._server = server
        self._is_for_reading = reading
        self._db: PostgresDatabase | None = None
        self._mark = ""
        self._mark_until_s = 0.0
        self._writes = 0

    def write(self, work: Work, *, durable: bool) -> Any:  # noqa: ARG002  # see _transact
        """Do work in one transaction, while nobody else writes."""
        return self._insist(partial(self._transact, work))

    def ask(self, work: Work) -> Any:
        """Ask something, in one snapshot."""
        return self._insist(partial(self._look, work))

    def once(self, work: Callable[[PostgresDatabase], _Made]) -> _Made:
        """Do something with the connection as it is, outside of a transaction."""
        return self._insist(work)

    def close(self) -> None:
        """Let the connection go."""
        if self._db is not None:
            self._db.connection.close()
            self._db = None

    def _insist(self, attempt: Callable[[PostgresDatabase], _Made]) -> _Made:
        """Try again at once where that may help: nothing was written by what failed."""
        left = _TRIES
        while True:
            left -= 1
            try:
                if self._db is None:
                    self._db = self._server.connect(reading=self._is_for_reading)
                    left = min(left, 1)
                return attempt(self._db)
            except psycopg.Error as error:
                was_lost = self._let_go_if_lost(error)
                if not left or not (was_lost or error.sqlstate in _AGAIN):
                    raise self._server.explained(error) from error

    def _let_go_if_lost(self, error: psycopg.Error) -> bool:
        """Tell whether there was a connection and it was lost."""
        if self._db is None:
            return False
        state = error.sqlstate or ""
        if not self._db.connection.closed and not state.startswith(_LOST):
            return False
        self.close()
        return True

    def _transact(self, work: Work, db: PostgresDatabase) -> Any:
        """Do work between taking the lock and giving it back.

        Everything is made durable. The engine forgets what it is told is done with, so a server
        that restarts must not have forgotten what became of it.
        """
        try:
            number = self._begin(db)
            made = work(db)
            mark, count = self._leave_mark(db)
        except BaseException:
            _undo(db)
            raise
        try:
            ended = db.connection.execute("COMMIT").statusmessage
        except psycopg.Error as error:
            if self._let_go_if_lost(error):
                raise InDoubtError(partial(self._was_written, number, mark, count)) from error
            raise
        if ended != "COMMIT":
            raise StoreError(f"The ledger {self._server.shown} took a change back.")
        return made

    def _begin(self, db: PostgresDatabase) -> str:
        """Take the lock, and return the number by which the server knows the transaction."""
        # One way there and back: each statement sees what was there when it began.
        number, now_s = _last_row(
            db,
            f"BEGIN; SELECT pg_advisory_xact_lock({_LOCKS}, "
            f"CAST(CAST('{self._server.schema}' AS regnamespace) AS oid)::integer); "
            f"SELECT pg_current_xact_id()::text, {_NOW}",
        )
        self._server.hear_clock(float(now_s))
        return str(number)

    def _leave_mark(self, db: PostgresDatabase) -> tuple[str, int]:
        """Write down which transaction of this session this is, by the name of a fact."""
        now_s = self._server.clock()
        if now_s >= self._mark_until_s:
            self._mark_until_s = now_s + _DAY_S
            self._mark = _mark_of(now_s, secrets.token_hex(8))
            db.execute(
                "DELETE FROM facts WHERE name >= ? AND name < ?",
                (_mark_of(0.0), _mark_of(now_s - _FORGET_DAYS * _DAY_S)),
            )
        self._writes += 1
        set_fact(db, self._mark, self._writes)
        return self._mark, self._writes

    def _look(self, work: Work, db: PostgresDatabase) -> Any:
        try:
            (now_s,) = _last_row(
                db, f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT {_NOW}"
            )
            self._server.hear_clock(float(now_s))
            return work(db)
        finally:
            _undo(db)

    def _was_written(self, number: str, mark: str, count: int) -> bool:
        """Ask what became of a transaction whose end was not heard.

        Its number only says whether the server is still at it. A server that crashed before
        anything of it was safe gives the number to another one, and so does a standby that took
        over; what it left behind is there if and only if it was written.

        Raises:
            ServerDownError: The server does not answer, or is still at it.
        """
        (status,) = self.once(partial(_status_of, number))
        if status == "in progress":
            raise ServerDownError(self._server.shown, "it is still at the last transaction")
        return bool(self.once(lambda db: fact(db, mark)) == count)


def _mark_of(now_s: float, name: str = "") -> str:
    return f"{_WROTE} {int(now_s):011} {name}"


def _undo(db: PostgresDatabase) -> None:
    with suppress(psycopg.Error):  # of a connection that is lost the server undoes it
        db.connection.execute("ROLLBACK")


def _status_of(number: str, db: PostgresDatabase) -> Any:
    try:
        return db.execute("SELECT pg_xact_status(CAST(? AS xid8))", (number,)).fetchone()
    except psycopg.errors.InvalidParameterValue:  # a number of the future
        return ("aborted",)


def _last_row(db: PostgresDatabase, statements: str) -> Any:
    cursor = db.connection.execute(statements)
    while cursor.nextset():
        pass
    return cursor.fetchone()
