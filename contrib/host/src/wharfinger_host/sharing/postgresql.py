"""A store in PostgreSQL; each step is one statement, of a function that it makes itself."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from importlib.resources import files
from typing import Any, Final, TypeVar

import attrs
import psycopg
from psycopg.conninfo import conninfo_to_dict

from wharfinger import Place, SharedStateError, Standing
from wharfinger_host.engines.finding import without_password
from wharfinger_host.sharing.contract import WORKER_S, Ask, Facts, Sealed, StoreUrlError
from wharfinger_host.sharing.loops import PerLoop

__all__ = ["PostgresStore", "open_store"]

_PATIENCE_S: Final = 1.5
_HUNG_S: Final = 5
"""Seconds that a process may do nothing while it makes the tables."""
_VERSION: Final = 1
# Whoever makes the tables has it; any number that others hardly take.
_LOCK: Final = 0x77687368_61726564

_Answer = TypeVar("_Answer")

_FACTS: Final = """
SELECT t.tenant,
  (SELECT count(*) FROM wharfinger_shared_workers w
   WHERE w.tenant = t.tenant AND abs(n.now - w.seen_at) <= %s),
  CASE WHEN t.day = floor(n.now / 86400) THEN t.spent ELSE 0 END,
  greatest(0, t.paused_until - n.now),
  (SELECT coalesce(array_agg(k.until - n.now ORDER BY k.until), '{}')
   FROM wharfinger_shared_tokens k
   WHERE k.until > n.now AND split_part(k.name, ':', 1) = t.tenant)
FROM wharfinger_shared_tenants t, (SELECT wharfinger_shared_now(%s) AS now) n ORDER BY t.tenant
"""


def open_store(url: str) -> PostgresStore:
    """Return the store of a database; nothing is connected yet.

    Raises:
        StoreUrlError: The URL is none of PostgreSQL.
    """
    try:
        conninfo_to_dict(url)
    except psycopg.Error:
        # From None: the error may quote the password.
        raise StoreUrlError(
            "A store in PostgreSQL is named postgresql://USER:PASSWORD@HOST:5432/DATABASE."
        ) from None
    return PostgresStore(url)


@attrs.define(eq=False)
class PostgresStore:
    """A store in one database; its tables and functions are named ``wharfinger_shared_...``.

    Attributes:
        url: Where it is.
        now: Takes the place of the time of the server, in tests.
    """

    url: str = attrs.field(repr=without_password)
    now: Callable[[], float] | None = None
    _clients: PerLoop[psycopg.AsyncConnection[Any]] = attrs.field(init=False, repr=False)

    @_clients.default
    def _of_the_url(self) -> PerLoop[psycopg.AsyncConnection[Any]]:
        async def opened() -> psycopg.AsyncConnection[Any]:
            # Nothing is prepared: a pooler may give each statement to another connection.
            connection = await psycopg.AsyncConnection.connect(
                self.url,
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=2,
                application_name="wharfinger",
            )
            try:
                await _bounded(connection, _prepare(connection))
            except BaseException:
                await connection.close()
                raise
            return connection

        return PerLoop(opened, lambda connection: connection.close())

    async def look(self, tenant: str, worker: str) -> Standing:
        """Say how it stands with a tenant."""
        [(paused_s, workers)] = await self._ask(
            "SELECT * FROM wharfinger_shared_look(%s, %s, %s, %s)",
            (tenant, worker, WORKER_S, self._now()),
        )
        return Standing(paused_s=paused_s, workers=workers)

    async def reserve(self, tenant: str, ask: Ask) -> Place:
        """Take the next place among the calls to a tenant."""
        [(taken, wait_s, paused_s, left_today)] = await self._ask(
            "SELECT * FROM wharfinger_shared_reserve(%s, %s, %s, %s, %s)",
            (tenant, ask.spacing_s, ask.per_day, ask.longest_wait_s, self._now()),
        )
        return Place(taken=taken, wait_s=wait_s, paused_s=paused_s, left_today=left_today)

    async def pause(self, tenant: str, seconds: float) -> None:
        """Let nobody call a tenant for so long."""
        await self._ask(
            "SELECT wharfinger_shared_pause(%s, %s, %s)", (tenant, seconds, self._now())
        )

    async def load(self, name: str) -> Sealed | None:
        """Return what is kept under a name."""
        found = await self._ask(
            "SELECT k.data, k.until - n.now FROM wharfinger_shared_tokens k, "
            "(SELECT wharfinger_shared_now(%s) AS now) n WHERE k.name = %s AND k.until > n.now",
            (self._now(), name),
        )
        return Sealed(data=bytes(found[0][0]), left_s=found[0][1]) if found else None

    async def keep(self, name: str, data: bytes, seconds: float) -> None:
        """Keep something for so long."""
        await self._ask(
            "WITH over AS (DELETE FROM wharfinger_shared_tokens"
            " WHERE until <= wharfinger_shared_now(%s) AND name <> %s) "
            "INSERT INTO wharfinger_shared_tokens VALUES (%s, %s, wharfinger_shared_now(%s) + %s) "
            "ON CONFLICT (name) DO UPDATE SET data = excluded.data, until = excluded.until",
            (self._now(), name, name, data, self._now(), seconds),
        )

    async def drop(self, name: str, data: bytes) -> None:
        """Keep exactly this no longer."""
        await self._ask(
            "DELETE FROM wharfinger_shared_tokens WHERE name = %s AND data = %s", (name, data)
        )

    async def hold(self, name: str, worker: str, seconds: float) -> bool:
        """Give the turn to one worker."""
        # A turn that lasts longer than any: the clock was set back.
        given = await self._ask(
            "INSERT INTO wharfinger_shared_turns AS t "
            "VALUES (%s, %s, wharfinger_shared_now(%s) + %s) "
            "ON CONFLICT (name) DO UPDATE SET worker = excluded.worker, until = excluded.until "
            "WHERE t.until <= wharfinger_shared_now(%s) OR t.until > excluded.until RETURNING 1",
            (name, worker, self._now(), seconds, self._now()),
        )
        return bool(given)

    async def release(self, name: str, worker: str) -> None:
        """Take the turn from a worker."""
        await self._ask(
            "DELETE FROM wharfinger_shared_turns WHERE name = %s AND worker = %s", (name, worker)
        )

    async def facts(self) -> Sequence[Facts]:
        """Say how it stands with every tenant."""
        return [
            Facts(
                tenant=tenant,
                workers=workers,
                spent_today=spent,
                paused_s=paused_s,
                tokens_s=tuple(tokens_s),
            )
            for tenant, workers, spent, paused_s, tokens_s in await self._ask(
                _FACTS, (WORKER_S, self._now())
            )
        ]

    def _now(self) -> float | None:
        return None if self.now is None else self.now()

    async def _ask(self, statement: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            try:
                return await self._once(statement, arguments)
            except psycopg.OperationalError:
                # A connection may have gone since it was used last; at worst, and that does no
                # harm, a place is taken in vain.
                return await self._once(statement, arguments)
        except (psycopg.Error, OSError, ValueError) as error:
            shown, reason = without_password(self.url), " ".join(str(error).split())
            raise SharedStateError(
                f"{shown} cannot be asked ({reason or 'it does not answer in time'}). "
                "Check that PostgreSQL runs there and takes this user."
            ) from error

    async def _once(self, statement: str, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
        connection = await self._clients.get()
        try:
            return await _bounded(connection, _execute(connection, statement, arguments))
        except BaseException:
            await self._clients.forget(connection)
            raise


async def _bounded(
    connection: psycopg.AsyncConnection[Any], question: Coroutine[Any, Any, _Answer]
) -> _Answer:
    """Return an answer, or hang up: psycopg would wait for a server that hangs, cancelled or not.

    Raises:
        TimeoutError: There is none in time.
    """
    asking = asyncio.ensure_future(question)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await asyncio.shield(asking)
    finally:
        if not asking.done():
            _hang_up(connection)
            await asyncio.gather(asking, return_exceptions=True)


async def _execute(
    connection: psycopg.AsyncConnection[Any], statement: str, arguments: Sequence[Any]
) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(statement, arguments)
    return await cursor.fetchall() if cursor.description else []


def _hang_up(connection: psycopg.AsyncConnection[Any]) -> None:
    """End a connection without a word; whoever waits for an answer learns of it at once."""
    with suppress(psycopg.Error, OSError):
        line = socket.socket(fileno=os.dup(connection.fileno()))
        try:
            line.shutdown(socket.SHUT_RDWR)
        finally:
            line.close()


async def _prepare(connection: psycopg.AsyncConnection[Any]) -> None:
    """Make the tables where there are none."""
    # Who finds them waits for nobody who may hang as he makes them.
    if not await _is_there(connection):
        async with connection.transaction():
            await connection.execute(
                f"SET LOCAL idle_in_transaction_session_timeout TO '{_HUNG_S}s'"
            )
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            if not await _is_there(connection):
                schema = files("wharfinger_host.sharing") / "scripts" / "postgresql.sql"
                await connection.execute(schema.read_text("utf-8"))
    cursor = await connection.execute("SELECT version FROM wharfinger_shared_version")
    if (found := await cursor.fetchone()) != (_VERSION,):
        raise ValueError(f"its tables are of version {found and found[0]}, not {_VERSION}")


async def _is_there(connection: psycopg.AsyncConnection[Any]) -> bool:
    # `to_regclass` may remember, from before the lock, that there was none.
    cursor = await connection.execute(
        "SELECT FROM pg_class WHERE relname = 'wharfinger_shared_version' "
        "AND pg_table_is_visible(oid)"
    )
    return await cursor.fetchone() is not None
