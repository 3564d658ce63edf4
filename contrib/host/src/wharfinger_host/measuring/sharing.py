"""What is measured of what workers share: calls, pauses and tokens of tenants, for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

import attrs
from prometheus_client.core import GaugeMetricFamily, Metric

from wharfinger import Connection, SharedStateError
from wharfinger_host.sharing.contract import Facts, Store

__all__ = ["SharedFacts", "families_of_sharing", "look_at"]

_ANSWER_S: Final = 4.0
"""Less than Prometheus waits unless it is told otherwise."""


@attrs.frozen
class SharedFacts:
    """How it stands with what is shared.

    Attributes:
        answers: Whether the store does.
        connections: How it stands with the tenant of each, by name; one that nobody called is
            not there.
    """

    answers: bool
    connections: Mapping[str, Facts] = attrs.field(factory=dict)


async def look_at(store: Store, connections: Mapping[str, Connection]) -> SharedFacts:
    """Look at a store.

    Args:
        store: Where it is kept.
        connections: Those that are asked about, by name.
    """
    try:
        async with asyncio.timeout(_ANSWER_S):
            known = {each.tenant: each for each in await store.facts()}
    except (SharedStateError, TimeoutError):
        return SharedFacts(answers=False)
    tenants = {name: each.tenant for name, each in connections.items()}
    found = {name: known[tenant] for name, tenant in tenants.items() if tenant in known}
    return SharedFacts(answers=True, connections=found)


def families_of_sharing(facts: SharedFacts) -> Iterator[Metric]:
    """Yield what was measured, family by family."""
    yield GaugeMetricFamily(
        "wharfinger_shared_up",
        "1 while the store that workers share answers this process, 0 while it does not.",
        value=int(facts.answers),
    )
    gauges = {
        name: GaugeMetricFamily(f"wharfinger_shared_{name}", text, labels=["connection"])
        for name, text in (
            ("workers", "Workers that called the tenant within ten minutes."),
            ("calls_today", "Calls of all workers that count for this day of UTC."),
            ("paused_seconds", "What is left of a pause that all workers keep; 0 for none."),
            ("tokens", "Access tokens that are kept for all workers."),
        )
    }
    for name, each in sorted(facts.connections.items()):
        gauges["workers"].add_metric([name], each.workers)
        gauges["calls_today"].add_metric([name], each.spent_today)
        gauges["paused_seconds"].add_metric([name], each.paused_s)
        gauges["tokens"].add_metric([name], len(each.tokens_s))
    yield from gauges.values()
