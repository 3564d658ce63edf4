"""One governor per account: how many requests are under way, and when none may start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType

import stamina

from wharfinger.errors import ThrottledError
from wharfinger.model.outcome import PAUSED

__all__ = ["Governor"]


class Governor:
    """Bounds the requests of one account; every request is made inside ``async with governor``.

    Args:
        parallel: Most requests under way at once.
        longest_wait_s: A pause with more seconds left than this is not waited out: the request is
            refused with `ThrottledError`, so that its host can do better than hold it.
        clock: Gives seconds that never go back.
    """

    def __init__(
        self,
        parallel: int,
        *,
        longest_wait_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._parallel = parallel
        self._permits = asyncio.Semaphore(parallel)
        self._longest_wait_s = longest_wait_s
        self._clock = clock
        self._resume_at = clock()

    def pause(self, seconds: float) -> None:
        """Let no further request start for so long; a longer pause already asked for stays."""
        self._resume_at = max(self._resume_at, self._clock() + seconds)

    def renewed(self) -> Governor:
        """Return one for another event loop, under the pause that is still on."""
        renewed = Governor(self._parallel, longest_wait_s=self._longest_wait_s, clock=self._clock)
        renewed._resume_at = self._resume_at
        return renewed

    async def __aenter__(self) -> None:
        await self._permits.acquire()
        try:
            await self._end_of_pause()
        except BaseException:
            self._permits.release()
            raise

    async def _end_of_pause(self) -> None:
        wait_s = self._resume_at - self._clock()
        if wait_s > self._longest_wait_s:
            raise ThrottledError(
                f"The vendor asked this account to wait; {wait_s:,.0f} seconds of that are left, "
                "so nothing was sent.",
                code=PAUSED,
                retry_after_s=wait_s,
            )
        # stamina's one switch turns every wait off in tests, this one included.
        if wait_s > 0 and not stamina.is_testing():
            await asyncio.sleep(wait_s)
            await self._end_of_pause()  # it may have grown meanwhile

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._permits.release()
