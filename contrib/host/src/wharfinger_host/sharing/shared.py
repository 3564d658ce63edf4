"""What core asks, answered by a store; tokens are sealed on their way there."""

from __future__ import annotations

import logging
import os
import secrets
from typing import TYPE_CHECKING

import attrs

from wharfinger import KeptToken, Place, Secret, Standing
from wharfinger_host.shared_configuration import SharedConfig
from wharfinger_host.sharing.contract import Ask, Store

if TYPE_CHECKING:
    from wharfinger_host.sharing.sealing import Sealer

__all__ = ["Shared"]

logger = logging.getLogger(__name__)


@attrs.define(eq=False, kw_only=True)
class Shared:
    """A `wharfinger.SharedState` over a store.

    Attributes:
        store: Where it is kept.
        sealer: Seals tokens; None where there is no key, and no token is shared.
        fewest_workers: How many workers there are at least.
        config: What the configuration said of it.
    """

    store: Store
    sealer: Sealer | None = attrs.field(default=None, repr=False)
    fewest_workers: int = 1
    config: SharedConfig = attrs.field(factory=SharedConfig, repr=False)
    _made: str = attrs.field(factory=lambda: secrets.token_hex(8))
    _said: bool = False

    @property
    def worker(self) -> str:
        """The name of this process: one that was forked off has another."""
        return f"{self._made}-{os.getpid()}"

    @property
    def shares_tokens(self) -> bool:
        """Whether there is a key."""
        return self.sealer is not None

    async def look(self, tenant: str) -> Standing:
        """Say how it stands with a tenant."""
        return await self.store.look(tenant, self.worker)

    async def reserve(
        self, tenant: str, *, spacing_s: float, per_day: int | None, longest_wait_s: float
    ) -> Place:
        """Take the next place among the calls to a tenant."""
        ask = Ask(spacing_s=spacing_s, per_day=per_day, longest_wait_s=longest_wait_s)
        return await self.store.reserve(tenant, ask)

    async def pause(self, tenant: str, seconds: float) -> None:
        """Let nobody call a tenant for so long."""
        await self.store.pause(tenant, seconds)

    async def load(self, name: str) -> KeptToken | None:
        """Return the token of a name; what cannot be opened is none."""
        if self.sealer is None or (sealed := await self.store.load(name)) is None:
            return None
        if (token := self.sealer.open(name, sealed.data)) is None:
            self._say_unreadable()
            return None
        return KeptToken(secret=token, left_s=sealed.left_s)

    async def keep(self, name: str, token: Secret, seconds: float) -> None:
        """Keep a token for so long."""
        if self.sealer is not None:
            await self.store.keep(name, self.sealer.seal(name, token), seconds)

    async def drop(self, name: str, token: Secret) -> None:
        """Keep a token no longer."""
        if self.sealer is None or (sealed := await self.store.load(name)) is None:
            return
        if self.sealer.open(name, sealed.data) == token:
            await self.store.drop(name, sealed.data)

    async def hold(self, name: str, seconds: float) -> bool:
        """Let this process be the one that fetches a token."""
        return await self.store.hold(name, self.worker, seconds)

    async def release(self, name: str) -> None:
        """Fetch it no longer."""
        await self.store.release(name, self.worker)

    def _say_unreadable(self) -> None:
        if not self._said:
            self._said = True
            logger.warning(
                "An access token in the shared store cannot be opened with the keys of [shared]; "
                "another one is fetched and takes its place. Give all workers the same keys."
            )
