"""The simulator on a port, with connections that really break."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from wharfinger_sfmc_simulator.asgi import CONNECTION, AsgiApp, Receive, hold
from wharfinger_sfmc_simulator.inspection.guard import with_name

__all__ = ["serve", "serve_in_thread"]

_IDLE_S = 75  # longer than clients keep idle connections, so that none breaks by itself


@contextlib.asynccontextmanager
async def serve(app: AsgiApp, host: str, port: int) -> AsyncIterator[str]:
    """Answer on a port for as long as the context lasts; give the address to dial."""
    listener = _listen(host, port)
    config = uvicorn.Config(
        with_name(app, host),
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


@contextlib.contextmanager
def serve_in_thread(app: AsgiApp, host: str, port: int) -> Iterator[str]:
    """Do as `serve`, in a thread with an event loop of its own: for callers that have none."""
    started: Future[tuple[str, Callable[[], object]]] = Future()
    served = threading.Thread(
        target=lambda: asyncio.run(_serve_until_stopped(app, host, port, started)),
        name="sfmc-simulator",
        daemon=True,
    )
    served.start()
    address, stop = started.result()
    try:
        yield address
    finally:
        stop()
        served.join()


async def _serve_until_stopped(
    app: AsgiApp, host: str, port: int, started: "Future[tuple[str, Callable[[], object]]]"
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    try:
        async with serve(app, host, port) as address:
            started.set_result((address, lambda: loop.call_soon_threadsafe(stop.set)))
            await stop.wait()
    except Exception as error:
        if started.done():
            raise
        started.set_exception(error)  # whatever it is: somebody waits for it


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only where the protocol is named, so create_server is too slow.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except BaseException:
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

    async def hold(self, receive: Receive, seconds: float | None, /) -> bool:
        self._held = True
        try:
            return await hold(receive, seconds)
        finally:
            self._held = False

    async def drop(self, receive: Receive, /) -> None:
        self.transport.abort()
        await hold(receive, None)

    def release(self) -> None:
        """Let nobody wait any longer: the server ends."""
        if self._held or self.flow.write_paused:
            self.transport.abort()
