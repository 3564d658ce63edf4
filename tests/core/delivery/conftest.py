"""A session over a transport of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import stamina

from wharfinger import Session
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.http import Timeouts, build_client
from wharfinger.delivery.redaction import Redactor


@pytest.fixture
async def session() -> AsyncIterator[Callable[..., Session]]:
    """Make sessions to ``api.acme.example``, for the handler of a mock transport or a route."""
    async with AsyncExitStack() as stack:

        def session(
            handler: Any = None,
            *,
            auth: httpx.Auth | None = None,
            route: str | None = None,
            idempotent: bool = True,
            **timeouts: float,
        ) -> Session:
            longest = Timeouts(**timeouts)
            redactor = Redactor()
            client = build_client(
                hosts=("*.acme.example",),
                redactor=redactor,
                auth=auth,
                timeouts=longest,
                transport=httpx.MockTransport(handler) if handler else None,
                route=route,
            )
            stack.push_async_callback(client.aclose)
            return Session(
                settings=None,
                auth=auth,
                client=client,
                governor=Governor(4),
                redactor=redactor,
                longest_s=longest.whole_s,
                idempotent=idempotent,
            )

        yield session


class Timelapse(asyncio.SelectorEventLoop):
    """An event loop in which every wait is over at once, and its clock says that it was waited.

    A program that waits for what can never happen fails instead of hanging.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        selector: Any = self._selector  # type: ignore[attr-defined]  # what asyncio waits with
        self._look = selector.select
        selector.select = self._wait

    def time(self) -> float:
        return self.now

    def _wait(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everybody waits, and nothing will ever happen"
        self.now += max(0.0, timeout)
        return self._look(0)


def _run(main: Callable[[Timelapse], Coroutine[Any, Any, Any]]) -> Any:
    async def in_loop() -> Any:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Timelapse)
        return await main(loop)

    with asyncio.Runner(loop_factory=Timelapse) as runner, stamina.set_testing(False):
        return runner.run(in_loop())


@pytest.fixture(scope="session")
def timelapse() -> Callable[..., Any]:
    """Run ``main(loop)`` in a loop of its own time; waits are really waited, in no time."""
    return _run
