"""What a store does for workers that share tenants, whatever it is built on.

Every step is atomic, and times are those of the store: what crosses the border is seconds that are
left, so that the clocks of workers may differ. A store knows tokens as bytes that it cannot read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from wharfinger import Place, SharedStateError, Standing

__all__ = ["WORKER_S", "Ask", "Facts", "KeyProblemError", "Sealed", "Store", "StoreUrlError"]

WORKER_S = 600.0
"""Seconds for which a worker counts that has called a tenant; one that waits may call again."""


class StoreUrlError(SharedStateError):
    """The URL names no store, or not in the way it takes one."""


class KeyProblemError(Exception):
    """A key cannot be used; the message says why, never with the key."""


@attrs.frozen(kw_only=True)
class Ask:
    """What a worker asks for when it wants to call.

    Attributes:
        spacing_s: Seconds between two calls of all workers.
        per_day: Most calls of all workers in one day of UTC, or None.
        longest_wait_s: A place that is further away is not taken.
    """

    spacing_s: float = 0.0
    per_day: int | None = None
    longest_wait_s: float = 60.0


@attrs.frozen(kw_only=True)
class Sealed:
    """An encrypted token.

    Attributes:
        data: What was kept.
        left_s: Seconds for which it may still be used.
    """

    data: bytes
    left_s: float


@attrs.frozen(kw_only=True)
class Facts:
    """How it stands with a tenant, for people.

    Attributes:
        tenant: Its name.
        workers: How many workers called it of late.
        spent_today: How many calls left, or will leave, on the present day of UTC.
        paused_s: Seconds that are left of a pause, or 0.
        tokens_s: For each token that is kept, seconds for which it may still be used.
    """

    tenant: str
    workers: int
    spent_today: int
    paused_s: float
    tokens_s: tuple[float, ...] = ()


class Store(Protocol):
    """A store at work; made by what the entry point of its URL's scheme names.

    Every method raises `wharfinger.SharedStateError` where the store cannot be asked; the message
    holds no secret. It may be asked from several event loops.
    """

    async def look(self, tenant: str, worker: str) -> Standing:
        """Say how it stands with a tenant, and that a worker works for it."""

    async def reserve(self, tenant: str, ask: Ask) -> Place:
        """Take the next place among the calls to a tenant, as `arithmetic.reserve` does."""

    async def pause(self, tenant: str, seconds: float) -> None:
        """Let nobody call a tenant for so long; a longer pause already asked for stays."""

    async def load(self, name: str) -> Sealed | None:
        """Return what is kept under a name and may still be used."""

    async def keep(self, name: str, data: bytes, seconds: float) -> None:
        """Keep something in the place of what was there, for so long."""

    async def drop(self, name: str, data: bytes) -> None:
        """Keep exactly this no longer."""

    async def hold(self, name: str, worker: str, seconds: float) -> bool:
        """Give the turn to fetch a token to one worker; false where another one has it."""

    async def release(self, name: str, worker: str) -> None:
        """Take the turn from a worker, where it has it."""

    async def facts(self) -> Sequence[Facts]:
        """Say how it stands with every tenant; nothing is changed."""
