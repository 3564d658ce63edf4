"""One access token for all processes: one of them fetches it, the others take it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from wharfinger.delivery.answers import done, token_in, yes_in
from wharfinger.delivery.shared import KeptToken
from wharfinger.delivery.sharing import Asking
from wharfinger.model.secret import Secret

__all__ = ["SharedTokens"]

_HOLD_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.1
_LONGEST_WAIT_S: Final = 10.0


class SharedTokens:
    """The access tokens that the processes of a host share for one tenant; see `Authentication`.

    Nothing here raises: where the store does not answer, each process has a token of its own.

    Example:
        ::

            async with tokens.turn("reader", refused) as kept:
                if kept is not None:
                    return kept.secret
                token = await fetch()
                await tokens.keep("reader", token, 1000)
    """

    def __init__(self, asking: Asking, tenant: str) -> None:
        self._asking = asking
        self._tenant = tenant

    @asynccontextmanager
    async def turn(
        self, name: str, refused: Secret | None = None
    ) -> AsyncIterator[KeptToken | None]:
        """Give the token of another process, or the turn to fetch one: then it gives None.

        One process has the turn at a time; the others wait for its token for some seconds, and
        fetch one of their own where none comes.

        Args:
            name: Tells it from other tokens of this tenant: whose it is, and what for. What is
                secret in it is never seen by the store.
            refused: A token that the vendor takes no longer; it is not given again.
        """
        name = self._name(name)
        if refused is not None:
            await self._asking.ask(lambda state: state.drop(name, refused), done)
        kept, holds = await self._first(name, refused)
        try:
            yield kept
        finally:
            if holds:
                await self._asking.ask(lambda state: state.release(name), done)

    async def keep(self, name: str, token: Secret, seconds: float) -> None:
        """Keep a token for all processes.

        Args:
            name: As for `turn`.
            token: The token, and what else belongs to it; it is encrypted.
            seconds: For how long it may be used, with room for clocks and requests under way.
        """
        name = self._name(name)
        await self._asking.ask(lambda state: state.keep(name, token, seconds), done)

    async def drop(self, name: str, token: Secret) -> None:
        """Let nobody take a token any more, though those who have it may go on with it.

        A token may still be good and no longer say all that is so, as where permissions are given
        while it lasts: whoever begins anew then fetches another one.

        Args:
            name: As for `turn`.
            token: As it was kept; another one stays.
        """
        name = self._name(name)
        await self._asking.ask(lambda state: state.drop(name, token), done)

    async def _first(self, name: str, refused: Secret | None) -> tuple[KeptToken | None, bool]:
        """Return a token of others, or None; and whether this process is to fetch one for all."""
        until = self._asking.clock() + _LONGEST_WAIT_S
        while True:
            kept = await self._asking.ask(lambda state: state.load(name), token_in)
            if kept is not None and kept.secret != refused:
                return kept, False
            holds = await self._asking.ask(lambda state: state.hold(name, _HOLD_S), yes_in)
            if holds:
                # Between the two, whoever had the turn may have kept one and let go.
                kept = await self._asking.ask(lambda state: state.load(name), token_in)
                if kept is None or kept.secret == refused:
                    return None, True
                await self._asking.ask(lambda state: state.release(name), done)
                return kept, False
            if holds is None or self._asking.clock() >= until:
                return None, False
            await asyncio.sleep(_LOOK_EVERY_S)

    def _name(self, name: str) -> str:
        return f"{self._tenant}:{hashlib.sha256(name.encode()).hexdigest()[:32]}"
