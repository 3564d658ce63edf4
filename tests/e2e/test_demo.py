"""The demo as a user runs it: real processes and sockets, and every outcome held to account."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from wharfinger_host.demo.simulated import simulated_tenant
from wharfinger_host.demo.tour import write_configuration, write_events, write_tenant

# One worker runs this file, so that the demo it looks at is run once.
pytestmark = pytest.mark.xdist_group("demo")

EVENTS = 1_200
MAIN = [sys.executable, "-c", "from wharfinger_host.cli import main; main()"]
SERVER_TIME = dt.timezone(dt.timedelta(hours=-6))


@attrs.frozen
class Run:
    """What the demo left behind."""

    summary: dict[str, Any]
    lines: list[bytes]
    undelivered: dict[tuple[int, str], dict[str, Any]]
    tables: dict[str, list[dict[str, str]]]
    contacts: dict[str, Any]
    entries: list[dict[str, Any]]

    def delivered(self, mapping: str, wanted: Callable[[Any], bool]) -> Iterator[dict[str, Any]]:
        """Events that the mapping's trigger takes, less those the host says were not delivered."""
        for number, line in enumerate(self.lines, 1):
            event = _event(line)
            if event is not None and wanted(event) and (number, mapping) not in self.undelivered:
                yield event


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("demo")
    write_tenant(folder)
    write_events(folder, EVENTS)
    names = [str(folder / name) for name in ("demo.toml", "events.jsonl", "undelivered.jsonl")]
    config, events, undelivered = names
    with simulated_tenant(folder / "tenant.toml") as tenant:
        write_configuration(folder, tenant.address)
        command = [*MAIN, "send", config, events, "--undelivered", undelivered, "--json"]
        sent = subprocess.run(command, capture_output=True, check=False, timeout=90)
        assert sent.returncode == 1, sent.stderr.decode()  # some events are bad on purpose
        [tables] = tenant.look("tables").values()
        contacts, entries = tenant.look("contacts"), tenant.look("entries")["entered"]
    records = [json.loads(line) for line in Path(undelivered).read_bytes().splitlines()]
    return Run(
        summary=json.loads(sent.stdout),
        lines=Path(events).read_bytes().splitlines(),
        undelivered={(r["line"], r.get("mapping")): r for r in records},
        tables={key: table["rows"] for key, table in tables.items()},
        contacts=contacts,
        entries=entries,
    )


def _has_email(event: dict[str, Any]) -> bool:
    return event["type"] == "identify" and event["traits"].get("email") is not None


def _is_about_the_audience(event: dict[str, Any]) -> bool:
    return event["type"] == "identify" and "vip_shoppers" in event["traits"]


def _table(rows: list[dict[str, str]], *keys: str) -> dict[tuple[str, ...], dict[str, str]]:
    return {tuple(row[key].lower() for key in keys): row for row in rows}


def _moment(text: str) -> str:
    """Dates as the vendor shows them: US style, in its own time zone."""
    moment = dt.datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=SERVER_TIME) if moment.tzinfo is None else moment
    return moment.astimezone(SERVER_TIME).strftime("%-m/%-d/%Y %-I:%M:%S %p")


def test_profiles_hold_exactly_what_was_said_to_be_delivered(run):
    expected: dict[tuple[str, ...], dict[str, str]] = {}
    for event in run.delivered("profiles", _has_email):
        traits = event["traits"]
        expected[event["userId"],] = {
            "contactkey": event["userId"],
            "firstname": traits["first_name"],
            "email": traits["email"].lower(),
            "lifetimevalue": f"{traits['lifetime_value']:.2f}",
            "signedupat": _moment(traits["signed_up_at"]),
        }
    assert len(expected) > 100
    assert _table(run.tables["customers"], "contactkey") == expected


def test_an_audience_ends_with_the_last_word_said_about_each_person(run):
    expected: dict[tuple[str, ...], dict[str, str]] = {}
    for event in run.delivered("vip-audience", _is_about_the_audience):
        member = str(event["traits"]["vip_shoppers"])
        expected[event["userId"],] = {"contactkey": event["userId"], "member": member}
    assert {row["member"] for row in expected.values()} == {"True", "False"}
    assert _table(run.tables["vip_shoppers"], "contactkey") == expected


def test_store_visits_keep_one_row_per_person_and_store(run):
    expected: dict[tuple[str, ...], dict[str, str]] = {}
    for event in run.delivered("store-visits", lambda e: e.get("event") == "Store Visited"):
        store = event["properties"]["store"]
        expected[event["userId"], store.lower()] = {
            "contactkey": event["userId"],
            "storelocation": store,
            "lastvisit": _moment(event["timestamp"]),
            "spent": f"{event['properties']['spent']:.2f}",
        }
    assert len(expected) > 100
    assert _table(run.tables["store_visits"], "contactkey", "storelocation") == expected


def test_everyone_said_to_be_a_contact_is_one(run):
    events = run.delivered("contacts", lambda e: e["type"] == "identify")
    assert {event["userId"] for event in events} == set(run.contacts)


def test_each_order_entered_the_journey_once(run):
    orders = [
        event["properties"]["order_id"]
        for event in run.delivered("order-journey", lambda e: e.get("event") == "Order Completed")
    ]
    entered = [entry["data"]["OrderId"] for entry in run.entries]
    assert sorted(entered) == sorted(orders)
    assert len(set(entered)) == len(entered) > 0


def test_what_was_not_delivered_is_on_file_with_a_reason_and_the_counts_agree(run):
    counted = sum(
        mapping[status]
        for mapping in run.summary["mappings"]
        for status in ("rejected", "retry", "unknown", "halted")
    )
    unreadable = run.summary["unreadable"]
    assert unreadable > 0
    assert len(run.undelivered) == counted + unreadable
    assert all(r["status"] and r["code"] and r["message"] for r in run.undelivered.values())


def test_the_demo_command_ends_well_and_shows_rows(tmp_path):
    command = [*MAIN, "demo", "--events", "200", "--folder", str(tmp_path / "demo")]
    result = subprocess.run(command, capture_output=True, check=False, timeout=90, text=True)
    assert result.returncode == 0, result.stderr
    for heading in ("nothing is wrong", "Customers (customers)", "What it cost"):
        assert heading in result.stdout
