"""What of a batch is sent, by what the ledger knows of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from wharfinger import Effect
from wharfinger_host.engines.contract import Fetched, LaneEvent
from wharfinger_host.engines.ledger import take_over
from wharfinger_host.engines.round import Round
from wharfinger_host.store.ledger import Settlement, settle
from wharfinger_host.store.store import Store
from wharfinger_host.store.targets import add_targets
from wharfinger_host.working.disk import Disk
from wharfinger_host.working.lane import Lane
from wharfinger_host.working.verdicts import Patience, Verdicts

OLD, NEW = (LaneEvent(name, "u1", b"{}") for name in ("old", "new"))


class Ledger:
    """A ledger, and a mapping of rows: what is written about a contact last is what stays."""

    def __init__(self, place):
        self.store = Store(place)
        self.held, _ = self.store.write(take_over, "worker", "main", 0, 0).result()
        self.targets = self.store.write(add_targets, "main", ("rows",)).result()
        action = SimpleNamespace(order_key=object())
        self.rows = SimpleNamespace(action=action, matches=lambda _: True)

    async def begin(self, *events):
        """Return the ids of what is sent of a batch."""
        connection: Any = SimpleNamespace(effects={"rows": Effect.IDEMPOTENT})
        lease: Any = SimpleNamespace(connection="main", lane=0)
        audience: Any = None  # nothing is settled here
        made = Round(
            connection=connection,
            disk=Disk(store=self.store),
            verdicts=Verdicts({"rows": self.rows}, self.targets, Patience()),
            audience=audience,
            lease=lease,
            lane=Lane(self.held),
        )
        trying = await made.begin([Fetched(event, n) for n, event in enumerate(events)])
        return [each.ticket.message_id for each in trying]

    def delivered(self, seq):
        """Write down that an event is delivered."""
        row = (seq, self.targets["rows"], "delivered", "", 1, 200, None, 0)
        self.store.write(settle, [(self.held, Settlement(ledger=[row]))]).result()


@pytest.fixture
def ledger(books):
    made = Ledger(books)
    yield made
    made.store.close()


async def test_what_was_delivered_before_what_was_not_is_sent_again_behind_it(ledger):
    assert await ledger.begin(OLD, NEW) == ["old", "new"]
    ledger.delivered(2)
    assert await ledger.begin(OLD, NEW) == ["old", "new"]


async def test_an_older_event_that_is_published_again_does_not_overtake_a_newer_one(ledger):
    # Its sender heard no answer, and another of its connections was quicker.
    assert await ledger.begin(OLD) == ["old"]
    ledger.delivered(1)
    assert await ledger.begin(NEW, OLD) == ["new"]
