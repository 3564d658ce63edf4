"""What processes share, kept in memory and by the clock of a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import attrs

from wharfinger import KeptToken, Place, Secret, SharedStateError, Standing

__all__ = ["Kept", "SharedInMemory"]


@attrs.define
class Kept:
    """What all processes see."""

    next_at: float = 0.0
    spent: int = 0
    paused_until: float = 0.0
    tokens: dict[str, tuple[Secret, float]] = attrs.field(factory=dict)
    turns: dict[str, int] = attrs.field(factory=dict)


@attrs.define(eq=False, slots=False)
class SharedInMemory:
    """One process's view.

    Attributes:
        kept: What all of them see.
        clock: Gives seconds.
        down: What is raised in the place of every answer.
        hangs: Whether no answer ever comes.
        asked: The names of the questions.
        workers: How many it says there are.
    """

    kept: Kept
    clock: Callable[[], float]
    down: Exception | None = None
    hangs: bool = False
    asked: list[str] = attrs.field(factory=list)
    workers: int = 1
    shares_tokens: bool = True
    fewest_workers: int = 1

    async def _answer(self, name: str) -> float:
        self.asked.append(name)
        if self.hangs:
            await asyncio.sleep(1e6)
        if self.down is not None:
            raise self.down
        return self.clock()

    async def look(self, tenant: str) -> Standing:
        now = await self._answer("look")
        return Standing(paused_s=max(0.0, self.kept.paused_until - now), workers=self.workers)

    async def reserve(
        self, tenant: str, *, spacing_s: float, per_day: int | None, longest_wait_s: float
    ) -> Place:
        now = await self._answer("reserve")
        if self.kept.paused_until > now:
            return Place(taken=False, paused_s=self.kept.paused_until - now)
        if per_day is not None and self.kept.spent >= per_day:
            return Place(taken=False, wait_s=5_000.0, left_today=0)
        at = max(self.kept.next_at, now)
        if at - now > longest_wait_s:
            return Place(taken=False, wait_s=at - now)
        self.kept.next_at, self.kept.spent = at + spacing_s, self.kept.spent + 1
        left = None if per_day is None else per_day - self.kept.spent
        return Place(taken=True, wait_s=at - now, left_today=left)

    async def pause(self, tenant: str, seconds: float) -> None:
        now = await self._answer("pause")
        self.kept.paused_until = max(self.kept.paused_until, now + seconds)

    async def load(self, name: str) -> KeptToken | None:
        now = await self._answer("load")
        token, until = self.kept.tokens.get(name, (Secret(""), 0.0))
        return KeptToken(secret=token, left_s=until - now) if until > now else None

    async def keep(self, name: str, token: Secret, seconds: float) -> None:
        self.kept.tokens[name] = token, await self._answer("keep") + seconds

    async def drop(self, name: str, token: Secret) -> None:
        await self._answer("drop")
        if self.kept.tokens.get(name, (None,))[0] == token:
            del self.kept.tokens[name]

    async def hold(self, name: str, seconds: float) -> bool:
        await self._answer("hold")
        return self.kept.turns.setdefault(name, id(self)) == id(self)

    async def release(self, name: str) -> None:
        await self._answer("release")
        if self.kept.turns.get(name) == id(self):
            del self.kept.turns[name]


def failing(words: str = "redis://host cannot be asked.") -> Any:
    """Return what a store raises that has words for people."""
    return SharedStateError(words)
