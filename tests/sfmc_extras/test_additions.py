"""What the plugin adds besides its action, and that none of it is felt until it is asked for."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sfmc_extras.conftest import SETTINGS, order

import wharfinger
import wharfinger_sfmc
import wharfinger_sfmc_extras
from wharfinger_sfmc_extras import audit, batching
from wharfinger_sfmc_extras.hashing import EMAIL_HASH

SLUG = "salesforce-marketing-cloud"
FOLDER = Path(__file__).parents[2] / "contrib/sfmc-extras"
ROWS: dict[str, Any] = {
    "action": "send-event-to-data-extension",
    "fields": {
        "key": "orders",
        "keys": {"OrderId": {"@path": "$.messageId"}},
        "values": {"Total": {"@path": "$.properties.total"}},
    },
}


@pytest.fixture
def policy_of(plugins):
    """Return how rows of a data extension travel."""

    def policy_of(key="orders", plugins=plugins, **more):
        config = {
            "destination": SLUG,
            "settings": SETTINGS,
            "mappings": {
                "rows": {
                    **ROWS,
                    "trigger": 'type = "track"',
                    "fields": {**ROWS["fields"], "key": key},
                    **more,
                }
            },
        }
        return plugins.connect(config).mappings["rows"].policy

    return policy_of


def test_the_entry_point_is_named_after_the_distribution():
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["wharfinger"] == {"sfmc-extras": "wharfinger_sfmc_extras"}


def test_it_adds_to_a_destination_that_is_not_its_own(plugins):
    (status,) = [p for p in plugins.report.plugins if p.name == "wharfinger_sfmc_extras"]
    assert status.state == "loaded", status.reason
    assert status.provides == (
        f"action {SLUG}/send-transactional-message",
        "directive @emailHash",
    )
    assert "send-transactional-message" in plugins.actions(SLUG)
    assert len(plugins.actions(SLUG)) == 7


def test_without_that_destination_it_waits_and_harms_nobody():
    plugins = wharfinger.load_plugins(allow=(), extra=[wharfinger_sfmc_extras])
    (status,) = [p for p in plugins.report.plugins if p.name == "wharfinger_sfmc_extras"]
    assert status.state == "loaded"
    assert "waits for the destination salesforce-marketing-cloud" in status.notes[0]


# --- batching ---


def test_unless_it_is_asked_for_rows_travel_as_their_own_plugin_says(policy_of, monkeypatch):
    monkeypatch.delenv(batching.VARIABLE, raising=False)
    alone = wharfinger.load_plugins(allow=(), extra=[wharfinger_sfmc])
    assert policy_of() == policy_of(plugins=alone)
    assert policy_of("customers") == policy_of("customers", plugins=alone)


def test_rows_of_one_data_extension_travel_as_the_variable_says(policy_of, monkeypatch):
    usual = policy_of()
    monkeypatch.setenv(batching.VARIABLE, '{"orders": {"rows": 10, "age_s": 0.5}}')
    assert policy_of() == wharfinger.BatchPolicy(rows=10, age_s=0.5)
    assert policy_of("customers") == usual
    assert policy_of({"@path": "$.event"}) == usual
    assert policy_of(batch={"rows": 7}).rows == 7


def test_rows_for_another_destination_are_not_its_business(plugins, monkeypatch):
    monkeypatch.setenv(batching.VARIABLE, '{"orders": {"rows": 10}}')
    own = plugins.actions(SLUG)["send-event-to-data-extension"]
    outline = wharfinger.Outline(mapping="m", action=own.slug, constants={"key": "orders"})
    assert batching.policy(own, outline) == wharfinger.BatchPolicy(rows=10)
    assert batching.policy(attrs.evolve(own, destination="elsewhere"), outline) is None
    assert batching.policy(own, None) is None


@pytest.mark.parametrize("text", ["orders", "[1]", '{"orders": 10}', '{"orders": {"row": 1}}'])
def test_a_variable_that_cannot_be_read_is_a_problem_that_names_it(policy_of, monkeypatch, text):
    monkeypatch.setenv(batching.VARIABLE, text)
    with pytest.raises(wharfinger.ConfigurationError, match=batching.VARIABLE) as caught:
        policy_of()
    assert "wharfinger_batching raised ValueError" in str(caught.value)


# --- the directive ---


async def test_the_directive_hashes_an_address_in_a_field_mapping(connect, paper):
    fields = {"attributes": {"Hash": {"@emailHash": {"@path": "$.context.traits.email"}}}}
    event = order(context={"traits": {"email": "Ada@Example.com"}})
    async with connect(fields) as connection:
        await connection.deliver([event])
    (recipient,) = json.loads(paper.messages[0].content)["recipients"]
    assert recipient["attributes"]["Hash"] == hashlib.sha256(b"ada@example.com").hexdigest()


@given(st.emails())
def test_however_an_address_is_written_its_hash_is_the_same(address):
    plain = EMAIL_HASH.function(address)
    assert len(plain) == 64
    assert EMAIL_HASH.function(f"  {address.upper()}\n") == EMAIL_HASH.function(address.upper())
    assert EMAIL_HASH.function(address.lower()) == plain


@given(st.none() | st.integers() | st.text("abc ") | st.just(wharfinger.UNSET))
def test_what_is_no_address_has_no_hash(value):
    assert EMAIL_HASH.function(value) is wharfinger.UNSET


def test_a_directive_without_an_address_is_refused_with_the_mapping(connect):
    with pytest.raises(wharfinger.ConfigurationError, match="give the address"):
        connect({"attributes": {"Hash": {"@emailHash": 7}}})


# --- the audit ---


async def test_each_batch_is_a_line_of_names_and_counts(connect, monkeypatch, tmp_path):
    file = tmp_path / "audit.jsonl"
    monkeypatch.setenv(audit.VARIABLE, str(file))
    async with connect() as connection:
        await connection.deliver([order(1), order(2)])
        await connection.deliver([order(3)])
    first, second = map(json.loads, file.read_text().splitlines())
    assert first["statuses"] == {"delivered": 2}
    assert second["statuses"] == {"delivered": 1}
    assert (first["mapping"], first["action"]) == ("mails", "send-transactional-message")
    assert set(first) == {
        *("at", "connection", "destination", "mapping", "action", "statuses", "attempts"),
        "duration_s",
    }
    assert "example.com" not in file.read_text()


async def test_unless_it_is_asked_for_nothing_is_written(connect, monkeypatch, tmp_path):
    monkeypatch.delenv(audit.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    async with connect() as connection:
        await connection.deliver([order()])
    assert list(tmp_path.iterdir()) == []


async def test_a_file_that_cannot_be_written_stops_no_delivery(connect, monkeypatch, tmp_path):
    monkeypatch.setenv(audit.VARIABLE, str(tmp_path))
    async with connect() as connection:
        (receipt,) = await connection.deliver([order()])
    assert receipt.outcomes["mails"].status is wharfinger.Status.DELIVERED


def test_batches_of_other_destinations_are_not_its_business(monkeypatch, tmp_path):
    monkeypatch.setenv(audit.VARIABLE, str(tmp_path / "audit.jsonl"))
    audit.write(
        wharfinger.BatchReport(
            connection="c",
            destination="webhook",
            mapping="m",
            action="a",
            batch_key="",
            statuses={},
            attempts=1,
            duration_s=0.1,
        )
    )
    assert list(tmp_path.iterdir()) == []
