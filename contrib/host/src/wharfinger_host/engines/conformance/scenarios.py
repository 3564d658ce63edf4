"""What is done to workers and nodes while events are delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from wharfinger_host.engines.conformance.running import Trial

__all__ = [
    "NEEDS_NODES",
    "SCENARIOS",
    "hand_over",
    "hand_over_kill",
    "node_kill",
    "poison",
    "publish_during_failure",
    "worker_hang",
    "worker_kill",
]

_AFTER_WAKING_S: Final = 1.5
_GIVING_AWAY_S: Final = 2.0
"""Seconds after which a worker has heard of another that was started, and gives lanes to it."""
_SLOW_S: Final = 0.5


async def worker_kill(trial: Trial) -> None:
    """Kill one worker at 30 %, and both at 60 %; others come in their place."""
    await trial.publish()
    first, second = await trial.hire(), await trial.hire()
    await trial.until(0.3)
    await trial.kill(first)
    third = await trial.hire()
    await trial.until(0.6)
    await asyncio.gather(trial.kill(second), trial.kill(third))
    await trial.hire()
    await trial.hire()


async def worker_hang(trial: Trial) -> None:
    """Stop one worker at 30 %, and let it go on when the other has done its work."""
    await trial.publish()
    await trial.hire()
    second = await trial.hire()
    await trial.until(0.3)
    trial.hang(second)
    await trial.until(1.0)
    trial.wake(second)
    # What it had in hand would arrive now, over what is newer.
    await asyncio.sleep(_AFTER_WAKING_S)


async def poison(trial: Trial) -> None:
    """Refuse some events; they become dead letters, and the others go on."""
    await trial.publish()
    await trial.hire()
    await trial.hire()


async def publish_during_failure(trial: Trial) -> None:
    """Publish all the time, while a worker is killed, and a node where there are some."""
    publishing = asyncio.create_task(trial.publish(pause_s=0.02, at_once=50))
    try:
        first = await trial.hire()
        await trial.hire()
        await trial.until(0.3)
        await trial.kill(first)
        if trial.nodes is not None:
            await _kill_a_node(trial)
        await trial.hire()
        await publishing
    finally:
        publishing.cancel()
    if trial.nodes is not None:
        await trial.nodes.restore()


async def hand_over(trial: Trial) -> None:
    """Let workers join and leave under load; nobody dies, so nothing may arrive twice."""
    publishing = asyncio.create_task(trial.publish(pause_s=0.02, at_once=50))
    try:
        first = await trial.hire()
        await trial.until(0.15)
        second = await trial.hire()
        await trial.until(0.45)
        await trial.hire()
        await trial.until(0.65)
        await trial.dismiss(first)
        await trial.until(0.8)
        await trial.dismiss(second)
        await publishing
    finally:
        publishing.cancel()


async def hand_over_kill(trial: Trial) -> None:
    """Kill a worker while it gives lanes to one that joins, twice; a slow vendor makes it last."""
    trial.vendor.latency_s = _SLOW_S
    await trial.publish()
    old = await trial.hire()
    await trial.until(0.01)
    for _ in range(2):
        new = await trial.hire()
        await asyncio.sleep(_GIVING_AWAY_S)
        await trial.kill(old)
        old = new
    await trial.hire()


async def node_kill(trial: Trial) -> None:
    """Kill a node and a worker at once at 30 %; the node comes back at the end."""
    if trial.nodes is None:
        raise ValueError("this scenario needs nodes")
    await trial.publish()
    first = await trial.hire()
    await trial.hire()
    await trial.until(0.3)
    await asyncio.gather(_kill_a_node(trial), trial.kill(first))
    await trial.hire()
    await trial.until(1.0)
    await trial.nodes.restore()


async def _kill_a_node(trial: Trial) -> None:
    if trial.nodes is not None:
        trial.crashes += 1
        await trial.nodes.kill()


SCENARIOS: Final[Mapping[str, Callable[[Trial], Awaitable[None]]]] = MappingProxyType(
    {
        "worker-kill": worker_kill,
        "worker-hang": worker_hang,
        "poison": poison,
        "publish-during-failure": publish_during_failure,
        "hand-over": hand_over,
        "hand-over-kill": hand_over_kill,
        "node-kill": node_kill,
    }
)
"""All scenarios, by name."""

NEEDS_NODES: Final = frozenset({"node-kill"})
"""Those that say nothing of an engine without nodes."""
