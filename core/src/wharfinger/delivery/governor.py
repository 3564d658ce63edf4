"""One governor per account: how many requests are under way, and when none may start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType

import stamina

__all__ = ["Governor"]


class Governor:
    """Bounds the requests of one account; every request is made inside ``async with governor``.

    Args:
        parallel: Most requests under way at once.
        clock: Gives seconds that never go back.
    """

    def __init__(self, parallel: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._permits = asyncio.Semaphore(parallel)
        self._clock = clock
        self._resume_at = clock()

    def pause(self, seconds: float) -> None:
        """Let no further request start for so long; a longer pause already asked for stays."""
        self._resume_at = max(self._resume_at, self._clock() + seconds)

    async def __aenter__(self) -> None:
        await self._permits.acquire()
        try:
            await self._end_of_pause()
        except BaseException:
            self._permits.release()
            raise

    async def _end_of_pause(self) -> None:
        # stamina's one switch turns every wait off in tests, this one included.
        if not stamina.is_testing() and (wait_s := self._resume_at - self._clock()) > 0:
            await asyncio.sleep(wait_s)
            await self._end_of_pause()  # it may have grown meanwhile

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._permits.release()
