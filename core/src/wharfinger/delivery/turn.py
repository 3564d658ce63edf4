"""One request's turn: it waits for it, makes the request, and says how that ended."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import attrs
import httpx

from wharfinger.delivery.signs import NO_SIGN, Sign, retry_after_s, sign_of_error, sign_of_status
from wharfinger.errors import ThrottledError

if TYPE_CHECKING:
    from wharfinger.delivery.governor import Governor

__all__ = ["LONGEST_WAIT_S", "Turn", "running_loop"]

LONGEST_WAIT_S: Final = 60.0
"""Most seconds of a pause that are waited out, where nobody says otherwise."""


@attrs.define(eq=False)
class Turn:
    """One request's place; the request is made inside ``async with turn``.

    Attributes:
        governor: Who says when it may start.
        longest_wait_s: Most seconds of a pause that it waits out.
        sign: What its end says, once it is known.
        number: Its place in the line; -1 where it never waited.
        started: Whether it holds a place among those under way.
        round: The round of the limit in which it started.
        probe: Whether the circuit waits for its end.
        refusal: Why it may not start after all.
        left: Whether it gave up waiting.
        woken: Done when it started, or was refused; made where it waits.
    """

    governor: Governor
    longest_wait_s: float = LONGEST_WAIT_S
    sign: Sign = NO_SIGN
    number: int = -1
    started: bool = False
    round: int = 0
    probe: bool = False
    refusal: ThrottledError | None = None
    left: bool = False
    woken: asyncio.Future[None] = attrs.field(init=False, repr=False)

    async def __aenter__(self) -> Self:
        await self.governor.enter(self)
        return self

    def heard(self, reply: httpx.Response) -> None:
        """Tell how the request was answered; everyone waits where the reply asks for it."""
        self.sign = sign_of_status(reply.status_code)
        if (wait_s := retry_after_s(reply)) is not None:
            self.governor.pause(wait_s)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and self.sign is NO_SIGN:
            self.sign = sign_of_error(error)
        self.governor.leave(self)

    @property
    def gone(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.left or self.woken.cancelled() or self.woken.get_loop().is_closed()

    def wake(self) -> bool:
        """Let it go on, in its own event loop; return False where that one is closed."""
        loop = self.woken.get_loop()
        if loop is running_loop():
            _finish(self.woken)
            return True
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_finish, self.woken)
            return True
        return False


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop of this thread, if it runs one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _finish(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
