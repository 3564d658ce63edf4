"""One mapping is halted: what is for it is put aside, and its lanes go on."""

from __future__ import annotations

import pytest
from tests.host.conftest import ACME
from tests.host.engines.quay import Quay, acked, notes, row

from wharfinger_host.store.store import Store
from wharfinger_host.working.verdicts import Patience

CLOSED = """
    if response.status_code == 403:
        raise wharfinger.HaltedError("Acme is closed for this.", code="acme-closed")
    if response.status_code == 401:"""


@pytest.fixture
def site(site):
    """Acme closes single actions, and rows about one contact keep their order."""
    source = ACME.replace("\n    if response.status_code == 401:", CLOSED, 1)
    source = source.replace("perform=put_rows,", "perform=put_rows, order_key=lambda row: row.key,")
    (site / "acme.py").write_text(source)
    return site


@pytest.fixture
async def quay(config, water, books):
    made = Quay(config, water, books, one_machine=True)
    await made.engine.setup(["main"])
    yield made
    made.store.close()


def closed(vendor, action):
    """Let Acme close an action, whose requests hold a certain field."""

    def reply(body):
        is_row = isinstance(body, list)
        return (403, "closed") if is_row == (action == "rows") else (200, "ok")

    vendor.reply = reply


def opened(vendor):
    vendor.reply = lambda _: (200, "ok")
    vendor.requests.clear()


def aside(quay):
    return quay.sql("SELECT count(*) FROM deferred")[0][0]


def mails(vendor):
    return [row["values"]["mail"] for body in vendor.bodies("/rows") for row in body]


async def test_the_other_mappings_of_its_lanes_go_on(quay, water, vendor):
    closed(vendor, "notes")
    for n in range(5):
        await quay.engine.publish([*notes(str(n)), row(n, f"{n}@x", "u1")])
    await quay.until(lambda: acked(water))
    assert sorted(mails(vendor)) == [f"{n}@x" for n in range(5)]
    assert aside(quay) == 5
    opened(vendor)
    await quay.until(lambda: not aside(quay))
    assert sorted(body["text"] for body in vendor.bodies("/notes")) == list("01234")
    assert mails(vendor) == []
    assert quay.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 10)]


async def test_what_comes_later_about_a_contact_that_waits_does_not_overtake(quay, water, vendor):
    closed(vendor, "rows")
    await quay.engine.publish([row(0, "old@x")])
    await quay.until(lambda: acked(water))
    quay.options["patience"] = Patience()
    opened(vendor)
    later = [row(n, f"{n}@x") for n in range(1, 4)]
    # What waits is due in a minute only, but its first one is tried as the connection is opened.
    quay.store.write(lambda db: db.execute("UPDATE deferred SET status = 'retry', due_ms = 9e15"))
    await quay.engine.publish([*later, row(9, "other@x", "u2")])
    await quay.until(lambda: acked(water))
    assert mails(vendor) == ["other@x"]
    assert aside(quay) == 4
    quay.store.write(lambda db: db.execute("UPDATE deferred SET due_ms = 0"))
    await quay.until(lambda: not aside(quay))
    assert mails(vendor)[1:] == ["old@x", "1@x", "2@x", "3@x"]


async def test_what_is_put_aside_is_on_disk_before_the_engine_lets_it_go(
    quay, water, vendor, monkeypatch
):
    durable = []
    write = Store.write

    def record(self, change, *args, **kwargs):
        durable.append((change.__name__, acked(water)))
        return write(self, change, *args, **kwargs)

    monkeypatch.setattr(Store, "write", record)
    closed(vendor, "notes")
    await quay.engine.publish(notes("a"))
    await quay.until(lambda: acked(water))
    assert ("settle", False) in durable


async def test_what_was_put_aside_and_comes_again_is_not_sent_beside_it(quay, water, vendor):
    closed(vendor, "notes")
    await quay.engine.publish(notes("a"))
    await quay.until(lambda: acked(water))
    for lane in water.lanes["main"]:  # its worker died before the engine heard
        lane.acked = 0
    await quay.until(lambda: acked(water))
    assert aside(quay) == 1
    opened(vendor)
    await quay.until(lambda: not aside(quay))
    assert [body["text"] for body in vendor.bodies("/notes")] == ["a"]


async def test_where_machines_have_ledgers_of_their_own_the_lane_waits(quay, water, vendor):
    quay.options["one_machine"] = False
    quay.options["look_again_s"] = 60.0
    closed(vendor, "notes")
    await quay.engine.publish(notes("a"))
    await quay.until(lambda: quay.audience.outcomes["notes", "halted"])
    assert not acked(water)
    assert aside(quay) == 0


async def test_where_nothing_can_be_sent_the_engine_keeps_it(quay, water, vendor):
    quay.options["look_again_s"] = 60.0
    vendor.reply = lambda _: (401, "no")
    await quay.engine.publish([*notes("a"), row(1, "x@y")])
    await quay.until(lambda: quay.audience.outcomes["notes", "halted"])
    assert not acked(water)
    assert aside(quay) == 0
