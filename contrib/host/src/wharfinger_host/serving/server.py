"""The application on a port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Server", "listen"]

_IDLE_S: Final = 75  # longer than proxies and SDKs keep idle connections, so that none breaks
_FIRST_REQUEST_WITHIN_S: Final = 30.0
_MOST_WAITING: Final = 1_024


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: Address to listen on.
        port: 0 takes a free one.

    Raises:
        OSError: The address is taken, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_MOST_WAITING)
    except BaseException:
        listener.close()
        raise
    return listener


class Server(uvicorn.Server):
    """Answers requests until it is told to stop.

    Args:
        app: Answers one request.
        listener: It listens.
        drain_s: Seconds that are left to requests under way when it is to stop.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket, *, drain_s: float) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=max(1, round(drain_s)),
            backlog=_MOST_WAITING,
        )
        super().__init__(config)
        self._listener = listener

    @property
    def address(self) -> str:
        """Where it can be reached."""
        host, port = self._listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def run_until_stopped(self) -> None:
        """Answer until `stop`; then end what is under way."""
        await self.serve(sockets=[self._listener])

    def stop(self) -> None:
        """Accept no more connections, and end what is under way."""
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to whoever runs the server."""
        yield


class _Protocol(H11Protocol):
    """A connection that has to say something soon, or goes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._silence: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._silence = self.loop.call_later(_FIRST_REQUEST_WITHIN_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._silence is not None:
            self._silence.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        request: Any = self.cycle  # None before the first one
        if request is None:
            self.transport.abort()
