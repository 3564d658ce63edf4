"""What several processes share of one tenant: its budget, its pauses, its access tokens.

A host gives one object to `Plugins.share`; core asks it. Times are those of the store behind it,
and only seconds that are left cross the border, so clocks of workers may differ.
"""

from __future__ import annotations

from typing import Protocol

import attrs

from wharfinger.model.secret import Secret

__all__ = ["KeptToken", "Place", "SharedState", "Standing"]


@attrs.frozen(kw_only=True)
class Standing:
    """How it stands with a tenant.

    Attributes:
        paused_s: Seconds that are left of a pause anybody was asked for, or 0.
        workers: How many processes called the tenant of late, this one included.
    """

    paused_s: float = 0.0
    workers: int = 1


@attrs.frozen(kw_only=True)
class Place:
    """The place of one call among those of all processes.

    Attributes:
        taken: Whether it is this process's now. Otherwise nothing was counted.
        wait_s: Seconds until the call may leave; where it is not taken, until it could.
        paused_s: As for `Standing`; in a pause no place is taken.
        left_today: How many calls the day of UTC has left after this one; None without a bound.
    """

    taken: bool
    wait_s: float = 0.0
    paused_s: float = 0.0
    left_today: int | None = None


@attrs.frozen(kw_only=True)
class KeptToken:
    """An access token that a process keeps for the others.

    Attributes:
        secret: The token, as the plugin wrote it.
        left_s: Seconds for which it may still be used.
    """

    secret: Secret
    left_s: float


class SharedState(Protocol):
    """What the processes of a host share; every step is atomic.

    Core takes whatever is raised here, and an answer that takes too long, for a store that does not
    answer: deliveries go on with a share of the budget until it does. Raise `SharedStateError`
    with words for people; they are logged once. Called from every event loop of the process.
    """

    @property
    def shares_tokens(self) -> bool:
        """Whether tokens can be kept: encrypted, with a key that the store never sees."""

    @property
    def fewest_workers(self) -> int:
        """How many workers there are at least, as far as the host knows; 1 where it does not."""

    async def look(self, tenant: str) -> Standing:
        """Say how it stands with a tenant, and that this process works for it.

        Args:
            tenant: A name that is the same in every process; holds no secret.
        """

    async def reserve(
        self, tenant: str, *, spacing_s: float, per_day: int | None, longest_wait_s: float
    ) -> Place:
        """Take the next place among the calls to a tenant.

        Args:
            tenant: As for `look`.
            spacing_s: Seconds between two calls; 0 where they need not be spread.
            per_day: Most calls of all processes in one day of UTC, or None.
            longest_wait_s: A place that is further away is not taken.
        """

    async def pause(self, tenant: str, seconds: float) -> None:
        """Let no process call a tenant for so long; a longer pause already asked for stays."""

    async def load(self, name: str) -> KeptToken | None:
        """Return the token of a name, where there is one that may still be used.

        Args:
            name: The same in every process; holds no secret.
        """

    async def keep(self, name: str, token: Secret, seconds: float) -> None:
        """Keep a token in the place of the one before, for so long."""

    async def drop(self, name: str, token: Secret) -> None:
        """Keep a token no longer; another one of this name stays."""

    async def hold(self, name: str, seconds: float) -> bool:
        """Let this process be the one that fetches a token; false where another one is.

        Args:
            name: Of the token.
            seconds: After so long another one may, whatever became of this one.
        """

    async def release(self, name: str) -> None:
        """Fetch it no longer; does nothing where another process is the one that fetches it."""
