from __future__ import annotations

import logging

import wharfinger

EVENTS = [{"type": "track"}, {"type": "track"}, {"type": "page"}]


class Audit:
    def __init__(self, name="audit"):
        self.__name__ = name
        self.reports = []

    @wharfinger.hookimpl
    def wharfinger_batch_delivered(self, report):
        self.reports.append(report)


class Careless:
    @wharfinger.hookimpl
    def wharfinger_batch_delivered(self, report):
        raise ValueError("the audit disk is full")


class Bare:
    def __init__(self):
        self.calls = 0

    @wharfinger.hookimpl
    def wharfinger_batch_delivered(self):
        self.calls += 1


async def _deliver(connection, events=EVENTS):
    async with connection:
        return await connection.deliver(events)


async def test_an_observer_hears_of_every_finished_batch(ringing):
    audit = Audit()
    await _deliver(ringing(audit))
    assert [report.statuses for report in audit.reports] == [{"delivered": 1}] * 2
    (first, _) = audit.reports
    assert (first.connection, first.destination) == ("the-bell", "bell")
    assert (first.mapping, first.action, first.attempts) == ("rings", "ring", 1)
    assert first.duration_s >= 0


async def test_an_observer_that_raises_stops_nobody_and_is_logged_by_name(ringing, caplog):
    before, after = Audit("a"), Audit("z")
    with caplog.at_level(logging.ERROR):
        receipts = await _deliver(ringing(before, Careless(), after))
    statuses = [receipt.outcomes["rings"].status.value for receipt in receipts]
    assert statuses == ["delivered", "delivered", "filtered"]
    assert len(before.reports) == len(after.reports) == 2
    assert "Careless" in caplog.text
    assert "the audit disk is full" in caplog.text


async def test_an_observer_may_leave_its_argument_out(ringing):
    bare = Bare()
    await _deliver(ringing(bare))
    assert bare.calls == 2


async def test_nobody_observes_what_was_not_sent(ringing):
    audit = Audit()
    await _deliver(ringing(audit), [{"type": "page"}, None])
    assert audit.reports == []


async def test_a_preview_is_not_observed(ringing):
    audit = Audit()
    await ringing(audit).preview(EVENTS)
    assert audit.reports == []
