"""What Prometheus reads of what workers share."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from wharfinger import SharedStateError
from wharfinger_host.measuring import sharing
from wharfinger_host.measuring.sharing import families_of_sharing, look_at
from wharfinger_host.sharing.contract import Ask
from wharfinger_host.sharing.sqlite import SqliteStore


@attrs.frozen
class Connection:
    tenant: str


class _Page:
    def __init__(self, facts):
        self.facts = facts

    def collect(self):
        return families_of_sharing(self.facts)


async def read(store, **tenants):
    registry = CollectorRegistry()
    connections: dict[str, Any] = {name: Connection(tenant) for name, tenant in tenants.items()}
    registry.register(_Page(await look_at(store, connections)))
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


async def test_each_connection_shows_what_all_workers_did_with_its_tenant(tmp_path):
    store = SqliteStore(tmp_path / "shared.db", lambda: 1_790_000_000.0)
    for worker in ("one", "two"):
        await store.look("acme", worker)
        await store.reserve("acme", Ask(per_day=10))
    await store.pause("acme", 60)
    await store.keep("acme:name", b"sealed", 600)
    found = await read(store, shop="acme", branch="acme", new="never-called")
    for name in ("shop", "branch"):
        assert found["wharfinger_shared_workers", name] == 2
        assert found["wharfinger_shared_calls_today", name] == 2
        assert found["wharfinger_shared_paused_seconds", name] == 60
        assert found["wharfinger_shared_tokens", name] == 1
    assert found["wharfinger_shared_up",] == 1
    assert not any("new" in sample for sample in found)


class Away:
    def __init__(self, *, hangs):
        self.hangs = hangs

    async def facts(self):
        if self.hangs:
            await asyncio.sleep(1e6)
        raise SharedStateError("redis://host cannot be asked.")


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_store_that_does_not_answer_is_down_and_nothing_else_is_said_of_it(
    hangs, monkeypatch
):
    if hangs:
        monkeypatch.setattr(sharing, "_ANSWER_S", 0)
    assert await read(Away(hangs=hangs), shop="acme") == {("wharfinger_shared_up",): 0}
