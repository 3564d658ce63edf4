"""Workers that share nothing but an engine and a ledger on a server: killed, and so is the server.

What each of them keeps on its own machine is nothing, so that each might run on another.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.laboratory.events import plant
from tests.rabbitmq.working import shop_of
from tests.stores.ledgers import ledgers, server

__all__ = ["ledgers", "server"]

pytestmark = [
    pytest.mark.stores,
    pytest.mark.xdist_group("machines"),
    pytest.mark.timeout(240),  # real processes on a busy machine
]

SEED = 11
ONCE = {"orders", "greetings", "north-orders"}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Lanes in a file, under a name that the host takes for an engine."""
    site = tmp_path / "site"
    info = site / "quay-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: quay\nVersion: 1.0\n")
    point = "quay = wharfinger_host.engines.sqlite:open_engine"
    (info / "entry_points.txt").write_text(f"[wharfinger.engines]\n{point}\n")
    monkeypatch.syspath_prepend(str(site))
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    monkeypatch.setenv("PYTHONPATH", path)
    url = f"quay://{tmp_path / 'lanes.db'}?lease_s=2"
    monkeypatch.setenv("WHARFINGER_ENGINE", url)
    return url


@pytest.fixture
def shop(engine: str, ledgers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WHARFINGER_LEDGER", ledgers.url())
    made = shop_of(engine, tmp_path, plant(SEED, 500))
    config = made.host.config
    ledger = '[inbox]\nledger = { env = "WHARFINGER_LEDGER" }\n'
    config.write_text(config.read_text().replace("[inbox]\n", ledger, 1))
    yield made
    made.host.close()
    made.simulator.close()


def unknown(shop: Any) -> list[dict[str, Any]]:
    return [line for line in shop.host.lines("ledger") if line["status"] == "unknown"]


def test_machines_that_are_killed_lose_nothing_and_enter_nobody_twice(shop, ledgers):
    assert shop.setup()["ok"]
    shop.publish(shop.planted)
    shop.hire()
    shop.hire()
    for requests in (20, 45, 70):
        shop.until_delivered(requests)
        shop.kill()
        shop.hire()
    assert shop.broken(shop.finish()) == []
    assert shop.host.kills["run"]
    # What a worker was at when it was killed: one request in each of its lanes.
    lost = Counter((line["connection"], line["mapping"]) for line in unknown(shop))
    assert sum(lost.values()) <= 3 * 16
    assert {mapping for _, mapping in lost} <= ONCE
    assert not list(shop.host.config.parent.glob("inbox.db*"))
    assert ledgers.server.password not in shop.host.errors.read_text("utf-8")


def test_workers_outlast_the_server_of_their_ledger(shop, ledgers):
    shop.setup()
    shop.publish(shop.planted)
    shop.hire()
    shop.hire()
    for requests in (15, 40):
        shop.until_delivered(requests)
        ledgers.server.kill()
        ledgers.server.start()
    assert shop.broken(shop.finish()) == []
    # Nobody was killed, so nothing is left that nobody knows of.
    assert unknown(shop) == []


def test_a_worker_waits_for_a_server_that_is_down_as_it_begins(shop, ledgers):
    shop.setup()
    shop.publish(shop.planted[:50])
    ledgers.server.kill()
    try:
        worker = shop.hire()
        errors = shop.host.errors
        while "Nothing is taken or sent until it answers" not in errors.read_text("utf-8"):
            assert worker.poll() is None
        assert shop.simulator.count() == 0
    finally:
        ledgers.server.start()
    assert shop.finish() == 0
    assert "The ledger answers; work begins." in errors.read_text("utf-8")
    assert {line["status"] for line in shop.host.lines("ledger")} <= {"delivered", "rejected"}
