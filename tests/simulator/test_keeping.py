"""A tenant kept in a file: what was answered is true after the process is gone."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from typer.testing import CliRunner

from wharfinger_sfmc_simulator import Fault, KeepingError, Simulator
from wharfinger_sfmc_simulator.cli import main

START = "from wharfinger_sfmc_simulator.cli import main; main()"
ANN: dict[str, Any] = {"keys": {"Email": "ann@example.org"}, "values": {"FirstName": "Änn"}}
BOB: dict[str, Any] = {"keys": {"Email": "bob@example.org"}, "values": {"FirstName": "B" * 11}}
ORDER: dict[str, Any] = {
    "ContactKey": "c-1",
    "EventDefinitionKey": "APIEvent-order",
    "Data": {"OrderId": "9001"},
}
FLAGS = ("TemplateField", "Hidden", "ReadOnly", "Inheritable", "Overridable", "Nullable")
ID = {
    "name": "Id",
    "type": "Text",
    "length": 20,
    "ordinal": 0,
    "isPrimaryKey": True,
    "mustOverride": False,
    **{f"is{flag}": False for flag in FLAGS},
}
NEW: dict[str, Any] = {"name": "New", "key": "new", "categoryId": 12345, "fields": [ID]}
ROWSET = "/hub/v1/dataevents/key:people/rowset"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tenant.jsonl"


@pytest.fixture
def keeping(tenant, clock, file):
    """Give a simulator that goes on from the file."""
    return lambda **options: Simulator.from_mapping(tenant, clock=clock, keep=file, **options)


def held(simulator: Simulator) -> dict[str, Any]:
    """What a tenant holds, as far as a client can see it."""
    accounts = [account.id for account in simulator.catalogue.accounts]
    tables = {account: simulator.tables_of(account) for account in accounts}
    return {
        "tables": [
            (account, key, table.rows())
            for account, found in tables.items()
            for key, table in found.items()
        ],
        "entries": list(map(attrs.asdict, simulator.entries)),
        "contacts": {key: attrs.asdict(each) for key, each in simulator.contacts.items()},
        "created": simulator._state.created,
    }


async def test_everything_that_was_changed_is_there_again(keeping, sign_in, clock):
    first = keeping()
    client = await sign_in(first)
    await client.post(ROWSET, json=[ANN, BOB])  # stored up to the bad row
    instance = (await client.post("/interaction/v1/events", json=ORDER)).json()["eventInstanceId"]
    clock.move(5)
    contact = {"contactKey": "c-2", "attributeSets": []}
    await client.post("/contacts/v1/contacts", json=contact)
    rows = {"items": [{"OrderId": "1", "Line": 1, "Product": "Tea"}]}
    await client.put("/data/v1/async/dataextensions/key:lines/rows", json=rows)
    made = await client.post("/data/v1/customobjects", json=NEW)
    clock.move(5)
    again = keeping()
    assert held(again) == held(first)
    assert again.rows("people")[0]["firstname"] == "Änn"
    assert len(again.rows("people")) == len(again.rows("lines")) == 1
    assert again.entries[0].event_instance_id == instance
    assert again.tables["new"].definition.id == made.json()["id"]
    assert again.requests == []


async def test_a_request_that_was_refused_by_a_fault_did_nothing_and_one_that_was_cut_off_did(
    keeping, sign_in
):
    first = keeping()
    client = await sign_in(first)
    first.inject(Fault(kind="server-error"), Fault(kind="commit-then-drop"))
    await client.post("/interaction/v1/events", json=ORDER)
    with pytest.raises(httpx.RemoteProtocolError):
        await client.post("/interaction/v1/events", json=ORDER)
    assert len(first.entries) == 1
    assert held(keeping()) == held(first)


async def test_what_it_goes_on_with_is_kept_as_well_and_has_names_of_its_own(keeping, sign_in):
    instances = set()
    for _ in range(3):
        client = await sign_in(keeping())
        reply = await client.post("/interaction/v1/events", json=ORDER)
        instances.add(reply.json()["eventInstanceId"])
    assert {entry.event_instance_id for entry in keeping().entries} == instances
    assert len(instances) == 3


async def test_time_that_was_let_pass_and_deadlocks_stay(keeping, sign_in):
    first = keeping()
    client = await sign_in(first)
    first.deadlock()
    rows = {"items": [{"OrderId": str(n), "Line": 1, "Product": "Tea"} for n in range(2)]}
    await client.put("/data/v1/async/dataextensions/key:lines/rows", json=rows)
    first.move_clock(30)
    again = keeping()
    assert again.ahead_s == 30
    assert [row["orderid"] for row in again.rows("lines")] == ["1"]


async def test_a_line_without_an_end_was_never_answered(keeping, sign_in, file):
    first = keeping()
    client = await sign_in(first)
    await client.post(ROWSET, json=[ANN])
    with file.open("ab") as end:
        end.write(b'{"at": "2026-')
    again = keeping()
    assert held(again) == held(first)
    client = await sign_in(again)
    await client.post("/interaction/v1/events", json=ORDER)
    assert held(keeping()) == held(again)


async def test_a_reset_begins_the_file_anew(keeping, sign_in):
    first = keeping()
    client = await sign_in(first)
    await client.post(ROWSET, json=[ANN])
    first.reset()
    assert held(keeping()) == held(first)
    assert keeping().rows("people") == []


def test_a_file_of_another_tenant_is_refused_and_left_alone(keeping, file):
    keeping()
    before = file.read_bytes()
    with pytest.raises(KeepingError, match="is about the tenant mctest-tenant"):
        Simulator.sample(keep=file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", ["Dear diary", "[]\n", "{}\n"])
def test_another_file_is_refused(file, content):
    file.write_text(content)
    told = CliRunner().invoke(main, ["--keep", str(file)])
    assert told.exit_code == 1
    assert "is no file of a simulator. Name another one." in told.stderr
    assert file.read_text() == content


def test_what_was_answered_is_true_after_a_kill(file):
    entered: list[str] = []
    for _ in range(2):
        command = [sys.executable, "-c", START, "--port", "0", "--quiet", "--keep", str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                address = process.stdout.readline().strip()
                found = httpx.get(f"{address}/_simulator/entries").json()["entered"]
                assert [entry["event_instance_id"] for entry in found] == entered
                entered += _enter(address, 3)
            finally:
                process.send_signal(signal.SIGKILL)
    assert len(set(entered)) == 6


def _enter(address: str, times: int) -> list[str]:
    form = {
        "grant_type": "client_credentials",
        "client_id": "sampleclient000000000001",
        "client_secret": "samplesecret000000000001",
    }
    with httpx.Client(base_url=address) as client:
        token = client.post("/v2/token", json=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        event = {"ContactKey": "c-1001", "EventDefinitionKey": "APIEvent-welcome"}
        replies = [client.post("/interaction/v1/events", json=event) for _ in range(times)]
        return [reply.json()["eventInstanceId"] for reply in replies]
