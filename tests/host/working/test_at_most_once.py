"""A mapping that may be sent once, of an action that may be sent twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.host.conftest import identify
from tests.host.engines.test_moving import ONCE, named

from wharfinger_host.store.leases import acquire_one, leave, register
from wharfinger_host.store.ledger import Settlement, settle
from wharfinger_host.store.store import Store
from wharfinger_host.store.targets import add_targets


@pytest.mark.parametrize("at_most_once", [False, True])
def test_what_was_delivered_is_sent_again_behind_what_was_not_where_the_mapping_lets_it(
    host: Any, site: Any, *, at_most_once: bool
) -> None:
    plugin = site / "acme.py"
    more = "open=at_most_once, " if at_most_once else ""
    keyed = f"payload=Row, {more}order_key=lambda row: row.key,\n"
    plugin.write_text(plugin.read_text().replace("payload=Row,\n", keyed) + ONCE)
    host.accept(*(named(identify(1), f"m{n}") for n in range(2)))
    with Store(host.inbox) as store:
        store.write(register, ["main"], store.layout.partitions).result()
        targets = store.write(add_targets, "main", ("rows", "notes")).result()
        lane = "main", store.layout.partition_of("u1", b"")
        held = store.write(acquire_one, "killed", lane, 1.0).result()
        row = (2, targets["rows"], "delivered", "", 1, 200, None, 0)
        assert held is not None
        store.write(settle, [(held, Settlement(ledger=[row]))]).result()
        store.write(leave, "killed").result()
    result = host("run", "--once", "--json")
    assert json.loads(result.stdout)["ok"], result.stderr
    rows = [row for body in host.vendor.bodies("/rows") for row in body]
    assert len(rows) == (1 if at_most_once else 2)
