"""A process of `test_processes`: takes places, or signs in, and says what it got."""

from __future__ import annotations

import asyncio
import json
import sys

from wharfinger import Secret, SharedTokens
from wharfinger.delivery.sharing import Asking
from wharfinger_host.sharing.contract import Ask
from wharfinger_host.sharing.finding import store_of
from wharfinger_host.sharing.sealing import Sealer
from wharfinger_host.sharing.shared import Shared


async def take_places(url: str, tenant: str, count: int) -> list[float]:
    """Take places, several at once, and return the seconds until each at one and the same time."""
    store = store_of(url)
    # As all processes see it, no time passes: so places can be compared.
    if hasattr(store, "clock"):
        store.clock = lambda: 1e9
    else:
        store.now = lambda: 1e9  # type: ignore[attr-defined]  # of those that have a server
    ask = Ask(spacing_s=0.5, per_day=100, longest_wait_s=1_000.0)
    places = await asyncio.gather(*(store.reserve(tenant, ask) for _ in range(count)))
    return [place.wait_s for place in places if place.taken]


async def sign_in(url: str, tenant: str, key: str) -> list[str]:
    """Take the token of another process, or fetch one."""
    shared = Shared(store=store_of(url), sealer=Sealer([Secret(key)]))
    tokens = SharedTokens(Asking(shared), tenant)
    async with tokens.turn("reader") as kept:
        if kept is not None:
            return ["taken", kept.secret.reveal()]
        await tokens.keep("reader", Secret(f"token of {shared.worker}"), 600)
        return ["fetched", f"token of {shared.worker}"]


if __name__ == "__main__":
    print("ready", flush=True)  # noqa: T201  # so that all of them begin at once
    sys.stdin.readline()
    what, url, tenant, more = sys.argv[1:]
    work = take_places(url, tenant, int(more)) if what == "places" else sign_in(url, tenant, more)
    print(json.dumps(asyncio.run(work)))  # noqa: T201  # how it says what it got
