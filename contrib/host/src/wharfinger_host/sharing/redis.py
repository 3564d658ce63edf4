"""A store in Redis; each step is one script or one command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import attrs
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from wharfinger import Place, SharedStateError, Standing
from wharfinger_host.engines.finding import without_password
from wharfinger_host.sharing.contract import WORKER_S, Ask, Facts, Sealed, StoreUrlError
from wharfinger_host.sharing.loops import PerLoop

__all__ = ["RedisStore", "open_store"]

_PATIENCE_S: Final = 1.5


def open_store(url: str) -> RedisStore:
    """Return the store of a Redis; nothing is connected yet.

    Raises:
        StoreUrlError: The URL is none of Redis.
    """
    try:
        _client(url)
    except (ValueError, TypeError, AttributeError):
        # From None: the error may quote the password.
        raise StoreUrlError(
            "A store in Redis is named redis://USER:PASSWORD@HOST:6379/0, or rediss:// with TLS."
        ) from None
    return RedisStore(url)


def _client(url: str) -> redis.asyncio.Redis:
    # Once more where a connection turns out to be gone: at worst a place is taken in vain.
    client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
        url,
        socket_timeout=_PATIENCE_S,
        socket_connect_timeout=_PATIENCE_S,
        retry=Retry(NoBackoff(), 1),
        decode_responses=False,
    )
    return client


@attrs.define(eq=False)
class RedisStore:
    """A store in one Redis, or one primary with replicas.

    Attributes:
        url: Where it is.
        now: Takes the place of the time of Redis, in tests.
    """

    url: str = attrs.field(repr=without_password)
    now: Callable[[], float] | None = None
    _clients: PerLoop[redis.asyncio.Redis] = attrs.field(init=False, repr=False)

    @_clients.default
    def _of_the_url(self) -> PerLoop[redis.asyncio.Redis]:
        async def opened() -> redis.asyncio.Redis:
            return _client(self.url)

        return PerLoop(opened, lambda client: client.aclose())

    async def look(self, tenant: str, worker: str) -> Standing:
        """Say how it stands with a tenant."""
        keys = [_key(tenant, "row"), _key(tenant, "workers")]
        paused, workers = await self._run("look", keys, worker, WORKER_S)
        return Standing(paused_s=float(paused), workers=int(workers))

    async def reserve(self, tenant: str, ask: Ask) -> Place:
        """Take the next place among the calls to a tenant."""
        per_day = -1 if ask.per_day is None else ask.per_day
        taken, wait, paused, left = await self._run(
            "reserve", [_key(tenant, "row")], ask.spacing_s, per_day, ask.longest_wait_s
        )
        return Place(
            taken=taken == 1,
            wait_s=float(wait),
            paused_s=float(paused),
            left_today=None if int(left) < 0 else int(left),
        )

    async def pause(self, tenant: str, seconds: float) -> None:
        """Let nobody call a tenant for so long."""
        await self._run("pause", [_key(tenant, "row")], seconds)

    async def load(self, name: str) -> Sealed | None:
        """Return what is kept under a name."""
        data, left_ms = await self._run("load", [_key_of(name, "token")])
        if data is None or int(left_ms) <= 0:
            return None
        return Sealed(data=data, left_s=int(left_ms) / 1000)

    async def keep(self, name: str, data: bytes, seconds: float) -> None:
        """Keep something for so long."""
        key, milliseconds = _key_of(name, "token"), max(1, int(seconds * 1000))
        await self._ask(lambda client: client.set(key, data, px=milliseconds))

    async def drop(self, name: str, data: bytes) -> None:
        """Keep exactly this no longer."""
        await self._run("drop", [_key_of(name, "token")], data)

    async def hold(self, name: str, worker: str, seconds: float) -> bool:
        """Give the turn to one worker."""
        key, milliseconds = _key_of(name, "turn"), max(1, int(seconds * 1000))
        given = await self._ask(lambda client: client.set(key, worker, px=milliseconds, nx=True))
        return bool(given)

    async def release(self, name: str, worker: str) -> None:
        """Take the turn from a worker."""
        await self._run("drop", [_key_of(name, "turn")], worker)

    async def facts(self) -> Sequence[Facts]:
        """Say how it stands with every tenant."""
        rows = await self._ask(lambda client: _found(client, _key("*", "row")))
        return [await self._facts_of(row) for row in rows]

    async def _facts_of(self, row: str) -> Facts:
        tenant = row[row.index("{") + 1 : row.index("}")]
        keys = [row, _key(tenant, "workers")]
        spent, paused, workers = await self._run("facts", keys, WORKER_S)
        names = await self._ask(lambda client: _found(client, _key(tenant, "token:*")))
        left_ms = [(await self._run("load", [name]))[1] for name in names]
        return Facts(
            tenant=tenant,
            workers=int(workers),
            spent_today=int(spent),
            paused_s=float(paused),
            tokens_s=tuple(sorted(each / 1000 for each in left_ms if each > 0)),
        )

    async def _run(self, script: str, keys: Sequence[str], *arguments: Any) -> Any:
        now = "" if self.now is None else repr(self.now())
        text = _script(script)

        async def run(client: redis.asyncio.Redis) -> Any:
            return await client.register_script(text)(keys=keys, args=[now, *arguments])

        return await self._ask(run)

    async def _ask(self, question: Callable[[redis.asyncio.Redis], Awaitable[Any]]) -> Any:
        try:
            return await question(await self._clients.get())
        except (RedisError, OSError, ValueError, TypeError, AttributeError) as error:
            shown, reason = without_password(self.url), str(error).rstrip(".")
            raise SharedStateError(
                f"{shown} cannot be asked ({type(error).__name__}: {reason}). "
                "Check that Redis runs there and takes this user."
            ) from error


async def _found(client: redis.asyncio.Redis, pattern: str) -> list[str]:
    return sorted([key.decode() async for key in client.scan_iter(pattern)])


def _key(tenant: str, what: str) -> str:
    # What is between the braces decides about the node of a cluster.
    return f"wharfinger:{{{tenant}}}:{what}"


def _key_of(name: str, what: str) -> str:
    tenant, _, rest = name.partition(":")
    return _key(tenant, f"{what}:{rest}")


@cache
def _script(name: str) -> str:
    folder = files("wharfinger_host.sharing") / "scripts"
    step = (folder / f"{name}.lua").read_text("utf-8")
    return (folder / "tenant.lua").read_text("utf-8") + step if "aligned(" in step else step
