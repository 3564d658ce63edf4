"""Whether the process lives, and whether it can take events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wharfinger_host.serving.tracking import json_response
from wharfinger_host.store.dialect import Database
from wharfinger_host.store.errors import StoreError
from wharfinger_host.store.facts import set_fact
from wharfinger_host.store.store import Store, finished

__all__ = ["health"]

_LOOK_EVERY_S: Final = 1.0


def health(store: Store, clock: Callable[[], float] = time.monotonic) -> list[Route]:
    """Return the paths ``/health`` and ``/ready``.

    Args:
        store: What must be writable for the second.
        clock: Gives seconds.
    """
    probe = _Probe(store, clock)

    async def live(_: Request) -> Response:
        return json_response(200, {"status": "alive"})

    async def ready(_: Request) -> Response:
        if await probe.works():
            return json_response(200, {"status": "ready"})
        return json_response(503, {"status": "not-ready", "message": "The inbox is not writable."})

    return [Route("/health", live), Route("/ready", ready)]


class _Probe:
    """Writes to the inbox, but not for everybody who asks: a write costs time of the disk."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._looking = asyncio.Lock()
        self._looked_s: float | None = None
        self._worked = False

    async def works(self) -> bool:
        async with self._looking:
            now_s = self._clock()
            if self._looked_s is None or now_s >= self._looked_s + _LOOK_EVERY_S:
                self._worked = await self._write()
                self._looked_s = now_s
            return self._worked

    async def _write(self) -> bool:
        try:
            await finished(self._store.write(_touch, self._store.now_ms()))
        except StoreError:
            return False
        return True


def _touch(db: Database, now_ms: int) -> None:
    set_fact(db, "ready_ms", now_ms)
