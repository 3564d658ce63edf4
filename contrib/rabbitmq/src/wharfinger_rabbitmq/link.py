"""The connection to one of the nodes, and another one when that node is gone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aio_pika
import attrs
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, AuthenticationError, InvalidFrameError
from aio_pika.exceptions import ProbableAuthenticationError as RefusedError

from wharfinger_host.engines.contract import EngineDownError, EngineError
from wharfinger_rabbitmq.address import Address

__all__ = ["ANSWER_S", "CLOSE_S", "TROUBLE", "Link", "answered", "down"]

TROUBLE: Final = (*CONNECTION_EXCEPTIONS, asyncio.TimeoutError, asyncio.InvalidStateError)
"""What the client raises where a connection or a channel is gone."""
ANSWER_S: Final = 5.0
"""Seconds to wait for what is answered at once where all is well."""
CLOSE_S: Final = 1.0
"""Seconds to wait for a server to take leave; one that hangs must keep nobody from ending."""
_CONNECT_S: Final = 3.0


@asynccontextmanager
async def answered(within_s: float) -> AsyncIterator[None]:
    """Ask the client for something, and wait no longer than this for the answer.

    Where a connection is gone, the client cancels its own tasks, and whoever waits for one of them
    is told that he was cancelled himself. The host would take that for the wish to stop.

    Args:
        within_s: Seconds. A server waits without end where a queue has no leader.

    Raises:
        TimeoutError: There was no answer.
        ConnectionError: The connection is gone.
    """
    try:
        async with asyncio.timeout(within_s):
            yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ConnectionError("the connection is gone") from error


@attrs.define(eq=False)
class Link:
    """Knows a connection that works.

    Attributes:
        address: Where the nodes are.
    """

    address: Address
    _connection: AbstractConnection | None = None
    _connecting: asyncio.Lock = attrs.field(factory=asyncio.Lock)
    _control: AbstractChannel | None = None
    _controlling: asyncio.Lock = attrs.field(factory=asyncio.Lock)

    async def connection(self) -> AbstractConnection:
        """Return the connection; a new one where the last is gone.

        Raises:
            EngineDownError: No node answers.
            EngineError: They refuse this user.
        """
        async with self._connecting:
            if (
                self._connection is None
                or self._connection.is_closed
                or not _is_up(self._connection)
            ):
                self._connection = await self._connect()
            return self._connection

    async def channel(self, **options: Any) -> AbstractChannel:
        """Return a new channel.

        Args:
            options: As ``Connection.channel`` takes them.

        Raises:
            EngineDownError: No node answers.
        """
        connection = await self.connection()
        try:
            async with answered(_CONNECT_S):
                return await connection.channel(**options)
        except TROUBLE as error:
            await self._leave(connection)
            raise down(self.address, error) from error

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[AbstractChannel]:
        """Lend the channel for questions; one that an answer closed is replaced the next time."""
        async with self._controlling:
            if self._control is None or self._control.is_closed:
                self._control = await self.channel(publisher_confirms=False)
            yield self._control

    async def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            await self._leave(self._connection)

    async def _connect(self) -> AbstractConnection:
        hosts = list(self.address.hosts)
        random.shuffle(hosts)  # workers spread over the nodes
        failure: BaseException | None = None
        for host in hosts:
            try:
                async with answered(_CONNECT_S):
                    return await aio_pika.connect(self.address.url(host))
            except (AuthenticationError, RefusedError) as error:
                raise EngineError(
                    f"{self.address} refuses the user {self.address.user}. Check user, password "
                    "and virtual host."
                ) from error
            except TROUBLE as error:
                failure = error
        raise down(self.address, failure) from failure

    async def _leave(self, connection: AbstractConnection) -> None:
        with suppress(*TROUBLE):
            async with answered(CLOSE_S):
                await connection.close()


def _is_up(connection: AbstractConnection) -> bool:
    transport = connection.transport
    return transport is not None and not transport.connection.is_closed


def down(address: Address, error: BaseException | None) -> EngineDownError:
    """Return what is to be said where nodes do not answer, or not as they should.

    Args:
        address: Where they are.
        error: What the client raised.
    """
    if isinstance(error, InvalidFrameError):
        return EngineDownError(
            f"{address} opens no connection to the virtual host {address.vhost}. Check that it is "
            "there, that it runs, and that the user may use it."
        )
    if isinstance(error, TimeoutError):
        return EngineDownError(
            f"{address} does not answer in time. Check that it can be reached, and has memory and "
            "disk left: it listens to nobody who publishes until it has."
        )
    return EngineDownError(
        f"{address} does not answer ({type(error).__name__}). Check that RabbitMQ runs there and "
        "can be reached."
    )
