"""The simulator as an httpx transport: no socket, and nothing waits."""

import httpx

from wharfinger_sfmc_simulator.asgi import CONNECTION, AsgiApp, Receive, Scope, Send

__all__ = ["InProcessTransport"]


class InProcessTransport(httpx.AsyncBaseTransport):
    """Hands each request to the application, and ends as a client's own transport would.

    Args:
        app: The simulator's application.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request.

        Raises:
            httpx.RemoteProtocolError: A fault broke the connection.
            httpx.ReadTimeout: A fault answers never, or later than the request's read timeout.
        """
        connection = _InProcess(request)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await self._app({**scope, "state": {CONNECTION: connection}}, receive, send)

        return await httpx.ASGITransport(app=app).handle_async_request(request)


class _InProcess:
    def __init__(self, request: httpx.Request) -> None:
        self._request = request

    async def hold(self, _: Receive, seconds: float | None, /) -> None:
        limit_s = self._request.extensions.get("timeout", {}).get("read")
        if seconds is None or (limit_s is not None and seconds > limit_s):
            raise httpx.ReadTimeout("The simulated reply did not come.", request=self._request)

    async def drop(self, _: Receive, /) -> None:
        raise httpx.RemoteProtocolError("The simulated server disconnected.", request=self._request)
