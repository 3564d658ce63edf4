"""What Prometheus reads of an inbox and of those who work on it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from wharfinger_host.measuring.facts import Gauge
from wharfinger_host.measuring.page import Door, metrics
from wharfinger_host.serving.counts import Counts
from wharfinger_host.store.facts import set_fact
from wharfinger_host.store.leases import enter
from wharfinger_host.store.store import Store


def read(text: str) -> dict[tuple[str, ...], float]:
    """Return samples by name and values of labels, in the order of the labels' names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def scrape(host: Any) -> Any:
    """Reads the metrics of the inbox, as a process that began when the test first asks."""
    stores: list[Store] = []
    pages: list[Any] = []

    async def get(app: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/metrics")

    def scrape(
        *, clock: float | None = None, counts: Counts | None = None
    ) -> dict[tuple[str, ...], float]:
        if not pages:
            stores.append(Store(host.inbox, clock=(lambda: clock) if clock else time.time))
            gauge = Gauge(
                store=stores[0],
                at_work=dict,
                names=lambda: ["main"],
                counts=counts,
                clock=lambda: 100.0,
            )
            pages.append(Starlette(routes=[metrics(gauge, Door(None))]))
        reply = asyncio.run(get(pages[0]))
        assert reply.status_code == 200, reply.text
        return read(reply.text)

    yield scrape
    for store in stores:
        store.close()


def test_a_backlog_is_told_with_its_age(host, scrape):
    host.accept(*(host.events.track(number) for number in range(3)))
    [(accepted_ms,)] = host.sql("SELECT min(accepted_ms) FROM inbox")
    found = scrape(clock=accepted_ms / 1000 + 90)
    assert found["wharfinger_backlog_events", "main"] == 3
    assert found["wharfinger_backlog_oldest_age_seconds", "main"] == pytest.approx(90)
    assert found["wharfinger_connection_state", "main", "unmanned"] == 1
    assert found["wharfinger_connection_state", "main", "done"] == 0
    assert found["wharfinger_connection_processes", "main"] == 0


def test_outcomes_of_any_process_are_counted_since_this_one_began(host, scrape):
    host.accept(host.events.track(1))
    host.run()
    assert scrape()["wharfinger_outcomes_total", "main", "notes", "delivered"] == 0
    host.vendor.reply = lambda _: (422, "no")
    host.accept(host.events.track(2), host.events.track(3), host.events.identify(4))
    host.run()
    found = scrape()
    assert found["wharfinger_outcomes_total", "main", "notes", "delivered"] == 0
    assert found["wharfinger_outcomes_total", "main", "notes", "rejected"] == 2
    assert found["wharfinger_outcomes_total", "main", "rows", "rejected"] == 1
    assert found["wharfinger_dead_letters", "main", "notes", "rejected"] == 2
    assert found["wharfinger_backlog_events", "main"] == 0
    assert found["wharfinger_backlog_oldest_age_seconds", "main"] == 0


def test_what_is_put_aside_is_told_and_makes_the_state(host, scrape):
    host.vendor.reply = lambda _: (401, "who?")
    host.accept(host.events.track(1))
    host.run()
    with Store(host.inbox) as store:
        store.write(enter, "me", "main", 100.0).result()
    found = scrape()
    assert found["wharfinger_deferred_events", "main", "notes", "halted"] == 1
    assert found["wharfinger_connection_state", "main", "halted"] == 1
    assert found["wharfinger_connection_processes", "main"] == 1
    assert found["wharfinger_backlog_oldest_age_seconds", "main"] >= 0


def test_what_was_taken_in_is_told_where_this_process_takes_in(host, scrape):
    host.accept(host.events.track(1))
    counts = Counts(events=5, duplicates=2)
    counts.refused["website", "type-unknown"] += 1
    counts.requests.update([200, 200, 400])
    found = scrape(counts=counts)
    assert found["wharfinger_accepted_events_total",] == 5
    assert found["wharfinger_duplicate_events_total",] == 2
    assert found["wharfinger_refused_events_total", "type-unknown", "website"] == 1
    assert found["wharfinger_requests_total", "200"] == 2
    assert found["wharfinger_requests_total", "400"] == 1


def test_without_an_intake_nothing_is_said_of_it(host, scrape):
    host.accept(host.events.track(1))
    assert not any("accepted" in name for name, *_ in scrape())


def test_a_worker_shows_its_calls_and_ends_as_without(host, start):
    # One event, which is under way: of several, some might still wait when the worker ends.
    host.accept(host.events.track(3))
    stuck, release = host.stuck_at("u3")
    process = start("--metrics-port", "0")
    assert stuck.wait(60)
    while "Metrics at" not in (line := process.stderr.readline()):
        assert line
    address = line.split()[2]
    found = read(httpx.get(address, timeout=60).text)
    assert found["wharfinger_vendor_calls_total", "main", "POST /notes"] >= 1
    assert found["wharfinger_vendor_requests_under_way", "main"] >= 1
    assert found["wharfinger_vendor_circuit_closed", "main"] == 1
    assert found["wharfinger_connection_state", "main", "working"] == 1
    assert httpx.get(address.removesuffix("/metrics"), timeout=60).status_code == 404
    release.set()
    process.terminate()
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said


def test_an_inbox_that_a_process_opens_twice_stays_its_own(host):
    host.accept(host.events.track(1))
    look = (
        "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone())"
    )
    count = "SELECT count(*) FROM facts WHERE name LIKE 'mark%'"
    with Store(host.inbox) as store:
        for number in range(3):
            with Store(host.inbox):
                store.write(set_fact, f"mark-{number}", 1).result()
            command = [sys.executable, "-c", look, str(host.inbox), count]
            seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            assert seen == f"({number + 1},)\n"


def test_a_port_that_is_taken_is_said_before_anything_is_done(host, vendor):
    port = vendor.url.rpartition(":")[2]
    result = host("run", "--once", "--metrics-port", port)
    assert result.exit_code == 2
    assert "Try another --metrics-port" in result.stderr


def test_a_token_that_is_too_short_is_refused(host, monkeypatch):
    monkeypatch.setenv("TOKEN", "short")
    result = host("run", "--once", "--metrics-port", "0", "--metrics-token", "env:TOKEN")
    assert result.exit_code == 2
    assert "--metrics-token" in result.stderr
