"""The simulator as an ASGI application, and the ways a connection can be ill-treated.

ASGI has no word for breaking a connection. So whoever runs the application puts a `Connection`
under ``CONNECTION`` into the scope's state: the server of this package closes the socket for good,
the in-process transport raises what a client library would raise. Under any other server a reply
is begun and then abandoned, upon which servers close the socket.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol

from wharfinger_sfmc_simulator.control import control_app
from wharfinger_sfmc_simulator.wire import Reply, Request

if TYPE_CHECKING:
    from wharfinger_sfmc_simulator.simulator import Simulator

__all__ = ["CONNECTION", "AsgiApp", "Connection", "make_app", "wait_for_disconnect"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

CONNECTION = "wharfinger_sfmc_simulator.connection"
"""Where in the scope's state the connection stands."""

_CONTROL = "/_simulator"


class Connection(Protocol):
    """What can be done to the connection a request came on."""

    async def hold(self, receive: Receive, seconds: float | None, /) -> None:
        """Let the client wait for some seconds, or, with None, until it gives up."""

    async def drop(self, receive: Receive, /) -> None:
        """Break the connection; return when it is gone."""


def make_app(simulator: "Simulator") -> AsgiApp:
    """Return the application: the vendor's calls, and inspection under ``/_simulator``."""
    control = control_app(simulator)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_CONTROL):
            await control(scope, receive, send)
            return
        request = _request(scope, await _body(receive))
        connection = scope.get("state", {}).get(CONNECTION) or _Foreign(send)
        await _deliver(simulator.answer(request), connection, receive, send)

    return app


async def wait_for_disconnect(receive: Receive) -> None:
    """Return when the client has gone."""
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
    if reply.delay_s:
        await connection.hold(receive, reply.delay_s)
    await send(_start(reply))
    if reply.ending == "cut":
        half = reply.body[: len(reply.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await connection.drop(receive)
        return
    await send({"type": "http.response.body", "body": reply.body})


def _start(reply: Reply) -> Message:
    headers = [(name.encode(), text.encode()) for name, text in reply.headers.items()]
    if reply.content_type:
        headers.append((b"content-type", reply.content_type.encode()))
    headers.append((b"content-length", str(len(reply.body)).encode()))
    return {"type": "http.response.start", "status": reply.status, "headers": headers}


class _Foreign:
    """A connection of a server that offers no way to break it."""

    def __init__(self, send: Send) -> None:
        self._send = send

    async def hold(self, receive: Receive, seconds: float | None, /) -> None:
        try:
            await asyncio.wait_for(wait_for_disconnect(receive), seconds)
        except TimeoutError:
            return

    async def drop(self, _: Receive, /) -> None:
        raise ConnectionResetError("the simulated connection was dropped")
