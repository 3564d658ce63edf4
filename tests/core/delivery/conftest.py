"""A session over a transport of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

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
