"""The simulator on a port, with connections that really break."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from wharfinger_sfmc_simulator.asgi import CONNECTION, AsgiApp, Receive, wait_for_disconnect

__all__ = ["serve"]

_IDLE_S = 75  # longer than clients keep idle connections, so that none breaks by itself


@contextlib.asynccontextmanager
async def serve(app: AsgiApp, host: str, port: int) -> AsyncIterator[str]:
    """Answer on a port for as long as the context lasts; give the address to dial."""
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        timeout_keep_alive=_IDLE_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.ready.wait()
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only where the protocol is named, so create_server is too slow.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, _Protocol):
                connection.release()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to whoever runs the server."""
        yield


class _Protocol(H11Protocol):
    """A connection that the application can hold and break."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.app_state = {**self.app_state, CONNECTION: self}
        self._held = False

    async def hold(self, receive: Receive, seconds: float | None, /) -> None:
        self._held = True
        try:
            await asyncio.wait_for(wait_for_disconnect(receive), seconds)
        except TimeoutError:
            return
        finally:
            self._held = False

    async def drop(self, receive: Receive, /) -> None:
        self.transport.abort()
        await wait_for_disconnect(receive)

    def release(self) -> None:
        """Let nobody wait any longer: the server ends."""
        if self._held:
            self.transport.abort()
