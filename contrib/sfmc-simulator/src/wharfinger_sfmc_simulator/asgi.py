"""The simulator as an ASGI application, and the ways a connection can be ill-treated.

ASGI has no word for breaking a connection. So whoever runs the application puts a `Connection`
under ``CONNECTION`` into the scope's state: the server of this package closes the socket for good.
Under any other server a reply is begun and then abandoned, upon which servers close the socket.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

from wharfinger_sfmc_simulator.control import control_app
from wharfinger_sfmc_simulator.inspection.guard import guarded
from wharfinger_sfmc_simulator.inspection.pages import prefers_html
from wharfinger_sfmc_simulator.wire import Reply, Request

if TYPE_CHECKING:
    from wharfinger_sfmc_simulator.simulator import Simulator

__all__ = ["CONNECTION", "CONTROL", "AsgiApp", "Connection", "hold", "make_app"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

CONNECTION = "wharfinger_sfmc_simulator.connection"
"""Where in the scope's state the connection stands."""

CONTROL = "/_simulator"
"""Where paths begin that are about the simulator and none of the vendor's."""


class Connection(Protocol):
    """What can be done to the connection a request came on."""

    async def hold(self, receive: Receive, seconds: float | None, /) -> bool:
        """Let the client wait for some seconds, or, with None, until it gives up.

        Returns:
            Whether the client is still there.
        """

    async def drop(self, receive: Receive, /) -> None:
        """Break the connection, and return when it is gone."""


def make_app(simulator: "Simulator") -> AsgiApp:
    """Return the application: the vendor's calls, and inspection under ``/_simulator``."""
    control = guarded(control_app(simulator))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL) or _is_visit(scope):
            await control(scope, receive, send)
            return
        request = _request(scope, await _body(receive))
        connection = scope.get("state", {}).get(CONNECTION) or _Foreign()
        await _deliver(simulator.answer(request), connection, receive, send)

    return app


def _is_visit(scope: Scope) -> bool:
    """Tell whether a person opened the bare address in a browser: no call of the vendor does."""
    accepted = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
    return scope["path"] == "/" and scope["method"] == "GET" and prefers_html(accepted)


async def hold(receive: Receive, seconds: float | None) -> bool:
    """Wait for some seconds, or, with None, until the client has gone; say whether it is there."""
    try:
        await asyncio.wait_for(_disconnected(receive), seconds)
    except TimeoutError:
        return True
    return False


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes:
    message = await receive()
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    parts = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Request(
        method=scope["method"],
        host=headers.get("host", ""),
        raw_path=raw_path.decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
    )


async def _deliver(reply: Reply, connection: Connection, receive: Receive, send: Send) -> None:
    if reply.ending == "hang":
        await connection.hold(receive, None)
        return
    if reply.ending == "drop":
        await connection.drop(receive)
        return
    dripping = reply.flow == "dripping"
    if reply.delay_s and not dripping:
        await connection.hold(receive, reply.delay_s)
    await send(_start(reply))
    for piece in reply.pieces():
        if dripping and not await connection.hold(receive, reply.delay_s):
            return
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    if reply.ending == "cut":
        await connection.drop(receive)
    elif reply.flow == "stalled":
        await connection.hold(receive, None)
    else:
        await send({"type": "http.response.body", "body": b""})


def _start(reply: Reply) -> Message:
    headers = [(name.encode(), text.encode()) for name, text in reply.headers.items()]
    if reply.content_type:
        headers.append((b"content-type", reply.content_type.encode()))
    # A body that is filled does not say how long it will be: whoever minds has to count.
    if not reply.filled_to:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    return {"type": "http.response.start", "status": reply.status, "headers": headers}


class _Foreign:
    """A connection of a server that offers no way to break it."""

    async def hold(self, receive: Receive, seconds: float | None, /) -> bool:
        return await hold(receive, seconds)

    async def drop(self, _: Receive, /) -> None:
        raise ConnectionResetError("the simulated connection was dropped")
