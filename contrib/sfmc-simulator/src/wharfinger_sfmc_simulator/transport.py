"""The simulator as an httpx transport: no socket, and nothing waits."""

from collections.abc import AsyncIterator, Callable

import httpx

from wharfinger_sfmc_simulator.asgi import CONTROL, AsgiApp
from wharfinger_sfmc_simulator.wire import Reply, Request

__all__ = ["InProcessTransport"]


class InProcessTransport(httpx.AsyncBaseTransport):
    """Answers each request at once, and ends as a client's own transport would.

    It needs no event loop in particular: nothing in it waits.

    Args:
        answer: Gives the reply to a request of the vendor's API.
        app: The simulator's application, for requests about the simulator itself.
    """

    def __init__(self, answer: Callable[[Request], Reply], app: AsgiApp) -> None:
        self._answer = answer
        self._control = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request.

        Raises:
            httpx.RemoteProtocolError: A fault broke the connection.
            httpx.ReadTimeout: A fault answers never, or later than the request's read timeout.
        """
        if request.url.path.startswith(CONTROL):
            return await self._control.handle_async_request(request)
        reply = self._answer(_received(request, await request.aread()))
        limit_s = request.extensions.get("timeout", {}).get("read")
        late = limit_s is not None and reply.flow != "dripping" and reply.delay_s > limit_s
        if reply.ending == "hang" or late:
            raise httpx.ReadTimeout("The simulated reply did not come.", request=request)
        if reply.ending == "drop":
            raise httpx.RemoteProtocolError("The simulated server disconnected.", request=request)
        return httpx.Response(reply.status, headers=_headers(reply), stream=_Body(reply))


class _Body(httpx.AsyncByteStream):
    """A reply's body, made while it is read."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def __aiter__(self) -> AsyncIterator[bytes]:
        reply = self._reply
        for piece in reply.pieces():
            yield piece
            if reply.flow != "steady":
                raise httpx.ReadTimeout("The rest of the simulated reply did not come.")
        if reply.ending == "cut":
            raise httpx.RemoteProtocolError("The simulated server disconnected within the body.")


def _received(request: httpx.Request, body: bytes) -> Request:
    """The request as it would have come over a socket."""
    raw_path, _, query = request.url.raw_path.partition(b"?")
    return Request(
        method=request.method,
        host=request.headers.get("host", ""),
        raw_path=raw_path.decode("ascii"),
        query=query.decode("ascii"),
        headers={name.lower(): text for name, text in request.headers.items()},
        body=body,
    )


def _headers(reply: Reply) -> dict[str, str]:
    headers = dict(reply.headers)
    if reply.content_type:
        headers["content-type"] = reply.content_type
    if not reply.filled_to:
        headers["content-length"] = str(len(reply.body))
    return headers
