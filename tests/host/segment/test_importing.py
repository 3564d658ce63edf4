"""Destinations, actions, settings and triggers of an export, and the report about them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest


def _connections(found: Any) -> dict[str, Any]:
    return dict(tomllib.loads(found.text)["connections"])


def test_a_secret_is_never_written_and_the_variable_for_it_is_named(importing: Any) -> None:
    found = importing.one()
    [connection] = _connections(found).values()
    assert connection["settings"] == {
        "account_id": "77",
        "api_key": {"env": "DEPOT_NORTH_API_KEY"},
    }
    [reported] = found.report["connections"]
    assert reported["variables"] == ["DEPOT_NORTH_API_KEY"]
    [note] = [note for note in reported["notes"] if note["where"] == "settings.api_key"]
    assert note["kind"] == "changed"
    assert "DEPOT_NORTH_API_KEY" in note["next_step"]


def test_settings_are_found_however_they_are_written(importing: Any) -> None:
    settings = {"accountId": "77", "apiKey": importing.secret, "REGION": "eu"}
    found = importing.run(importing.both(importing.subscription(), settings=settings))
    assert _connections(found)["depot-north"]["settings"] == {
        "account_id": "77",
        "api_key": {"env": "DEPOT_NORTH_API_KEY"},
        "region": "eu",
    }


def test_settings_of_no_use_are_left_out_without_their_values(importing: Any) -> None:
    settings = {
        "account_id": "77",
        "api_key": None,
        "dynamicAuthSettings": {"oauth": {"access_token": importing.secret}},
        "region": {"env": "HOME"},
    }
    found = importing.run(importing.both(importing.subscription(), settings=settings))
    assert found.code == 0
    assert "HOME" not in found.text
    [connection] = found.report["connections"]
    left_out = {note["where"] for note in connection["notes"] if note["kind"] == "left out"}
    assert left_out == {"settings.dynamicAuthSettings", "settings.region"}


def test_settings_that_are_missing_are_prepared_and_reported(importing: Any) -> None:
    found = importing.run({"data": {"subscriptions": [importing.subscription()]}})
    assert found.code == 1
    assert "# account_id = ...  # Account ID" in found.text
    [connection] = found.report["connections"]
    assert [n["where"] for n in connection["notes"] if n["kind"] == "problem"] == [
        "settings.account_id"
    ]
    assert found.mapping["state"] == "taken"


def test_a_setting_with_a_wrong_value_is_reported(importing: Any) -> None:
    settings = {"account_id": "7x", "api_key": importing.secret}
    found = importing.run(importing.both(importing.subscription(), settings=settings))
    assert found.code == 1
    [connection] = found.report["connections"]
    [problem] = [note for note in connection["notes"] if note["kind"] == "problem"]
    assert "must be digits only" in problem["message"]


def test_an_action_named_by_its_id_is_found_through_the_destination(importing: Any) -> None:
    found = importing.one({}, actionSlug=None, actionId="iD4oFaCtIoN0000000002")
    assert found.code == 0
    assert found.mapping["action"] == "call-person"
    assert found.mapping["segment_action"] == "callPerson"


def test_an_action_that_no_plugin_knows_is_reported_and_the_rest_is_taken(importing: Any) -> None:
    document = importing.both(
        importing.subscription(),
        importing.subscription(name="Odd", actionSlug="crateV9", actionId="zz"),
    )
    found = importing.run(document)
    assert found.code == 1
    [connection] = found.report["connections"]
    orders, odd = connection["mappings"]
    assert (orders["state"], odd["state"], odd["name"]) == ("taken", "left out", "")
    assert odd["place"] == "[1].data.subscriptions[1]"
    [note] = odd["notes"]
    assert note["message"] == "The action crateV9 is not known to any installed plugin."
    assert note["severity"] == "error"
    assert "store-crate, call-person, print-line" in note["next_step"]
    assert set(_connections(found)["depot-north"]["mappings"]) == {"orders"}


def test_an_id_that_nothing_explains_says_what_would(importing: Any) -> None:
    found = importing.run(
        importing.both(importing.subscription(actionSlug=None, actionId="uNkNoWnUnKnOwN00000009"))
    )
    assert "it names the slug" in found.mapping["notes"][0]["message"]


def test_names_are_made_short_and_unique(importing: Any) -> None:
    names = ["Orders → Shelf!", "orders shelf", "  ", "注文", "x" * 300, '"\n[a]']
    found = importing.run(importing.both(*(importing.subscription(name=n) for n in names)))
    assert found.code == 0
    assert list(_connections(found)["depot-north"]["mappings"]) == [
        "orders-shelf",
        "orders-shelf-2",
        "mapping",
        "注文",
        "x" * 40,
        "a",
    ]


def test_a_disabled_mapping_stays_disabled(importing: Any) -> None:
    found = importing.one(enabled=False)
    assert found.mapping["enabled"] is False
    assert _connections(found)["depot-north"]["mappings"]["orders"]["enabled"] is False


def test_a_disabled_destination_disables_its_mappings(importing: Any) -> None:
    found = importing.run(importing.both(importing.subscription(), enabled=False))
    assert _connections(found)["depot-north"]["mappings"]["orders"]["enabled"] is False
    assert found.mapping["enabled"] is False


@pytest.mark.parametrize("trigger", [None, "", "  "])
def test_a_mapping_without_a_trigger_takes_no_event_as_in_segment(
    importing: Any, trigger: str | None
) -> None:
    found = importing.one({"to": "x"}, actionSlug="callPerson", trigger=trigger)
    assert found.code == 0
    [mapping] = _connections(found)["depot-north"]["mappings"].values()
    assert mapping == {"action": "call-person", "enabled": False, "fields": {"to": "x"}}
    [note] = found.notes("trigger")
    assert (note["kind"], note["severity"]) == ("changed", "warning")
    assert 'type = "identify"' in note["message"]


def test_a_trigger_that_core_cannot_read_is_in_the_report(importing: Any) -> None:
    found = importing.one(trigger='type = "track" and')
    assert found.code == 1
    assert [note["where"] for note in found.notes(kind="problem")] == ["trigger"]


def test_a_mapping_fed_by_a_model_is_pointed_out(importing: Any) -> None:
    notes = importing.one(modelId="h1cFeEcz").notes(kind="differs")
    assert any("model" in note["message"] for note in notes)


def test_the_destination_can_be_named(importing: Any) -> None:
    export = {"name": "N", "actionSlug": "note", "trigger": 'type = "track"', "settings": {}}
    assert importing.run([export]).report["connections"][0]["destination"] == "acme"
    found = importing.run([export], "--destination", "depot")
    assert found.report["connections"][0]["destination"] == "depot"
    assert found.code == 1


def test_a_destination_that_is_not_installed_is_refused(importing: Any, tmp_path: Path) -> None:
    found = importing.run([importing.subscription()], "--destination", "depott")
    assert found.code == 2
    assert 'Did you mean "depot"?' in found.said
    assert not list(tmp_path.glob("wharfinger*"))


def test_what_fits_nothing_is_refused_with_what_was_looked_for(
    importing: Any, tmp_path: Path
) -> None:
    found = importing.run([importing.subscription(actionSlug="sendFax", actionId="f")])
    assert found.code == 2
    for said in ("actions sendFax", "Installed: acme, depot", "--destination"):
        assert said in found.said
    assert not list(tmp_path.glob("wharfinger*"))


def test_what_fits_two_destinations_is_refused(importing: Any, site: Path) -> None:
    with (site / "acme.py").open("a") as file:
        file.write(
            "\n_acme_actions = wharfinger_actions\n"
            "@wharfinger.hookimpl\n"
            "def wharfinger_actions():\n"
            "    return [attrs.evolve(_acme_actions()[0], aliases=('crate',))]\n"
        )
    found = importing.run([importing.subscription()])
    assert found.code == 2
    assert "fits acme and depot equally well" in found.said


def test_a_whole_workspace_gives_what_fits_and_reports_the_rest(importing: Any) -> None:
    other = {
        "id": "w",
        "name": "Hook",
        "metadata": {"slug": "actions-webhook"},
        "settings": {"sharedSecret": importing.secret},
    }
    document = {
        "data": {
            "destinations": [other, importing.destination()],
            "subscriptions": [importing.subscription()],
        }
    }
    found = importing.run(document)
    assert found.code == 1
    assert list(_connections(found)) == ["depot-north"]
    hook = found.report["connections"][0]
    assert (hook["origin"], hook["name"]) == ("Hook", "")
    assert "No installed destination fits Hook" in hook["notes"][0]["message"]
    named = importing.run(document, "--destination", "depot")
    assert list(_connections(named)) == ["depot-north"]


def test_a_destination_without_mappings_is_written_and_reported(importing: Any) -> None:
    found = importing.run({"data": {"destination": importing.destination()}})
    assert found.code == 1
    [connection] = found.report["connections"]
    assert "nothing would be sent" in connection["notes"][-1]["message"]
    assert "jq -s" in connection["notes"][-1]["next_step"]


def test_the_connection_can_be_named(importing: Any) -> None:
    document = importing.both(importing.subscription())
    found = importing.run(document, "--name", "été.1")
    assert found.code == 0
    [(name, table)] = _connections(found).items()
    assert name == "été.1"
    assert table["settings"]["api_key"] == {"env": "T_1_API_KEY"}
    assert importing.run(document, "--name", "a\nb").code == 2


def test_one_name_for_two_connections_is_refused(importing: Any) -> None:
    destinations = [importing.destination(id=each, name=each) for each in ("a", "b")]
    found = importing.run({"data": {"destinations": destinations}}, "--name", "x")
    assert found.code == 2
    assert "there would be 2: a, b" in found.said


def test_nothing_is_overwritten(importing: Any, tmp_path: Path) -> None:
    nulls = {"key": "k", "keys": {"a": None}, "values": {}}
    first, second = importing.one(nulls), importing.one(nulls)
    assert first.report["output"] == "wharfinger.toml"
    assert first.report["fields_files"] == ["wharfinger.orders.json"]
    assert second.report["output"] == "wharfinger-2.toml"
    assert second.report["fields_files"] == ["wharfinger-2.orders.json"]
    before = (tmp_path / "wharfinger.toml").read_text()
    taken = importing.one(nulls, "--output", tmp_path / "wharfinger.toml")
    assert taken.code == 3
    assert "File exists; nothing was written" in taken.said
    assert (tmp_path / "wharfinger.toml").read_text() == before
    assert len(list(tmp_path.glob("wharfinger*"))) == 4


@pytest.mark.parametrize("name", ["gone/x.toml", "site"])
def test_a_place_that_cannot_be_written_is_named(importing: Any, name: str, tmp_path: Path) -> None:
    nulls = {"key": "k", "keys": {"a": None}, "values": {}}
    before = set(tmp_path.iterdir())
    found = importing.one(nulls, "--output", tmp_path / name)
    assert found.code == 3
    assert "nothing was written" in found.said
    assert set(tmp_path.iterdir()) - before == {tmp_path / "export.json"}


@pytest.mark.parametrize("name", [".", "/"])
def test_an_output_without_a_name_is_refused(importing: Any, name: str) -> None:
    assert importing.one(None, "--output", name).code == 2


def test_a_file_that_is_not_there_is_named(cli: Any, site: Path) -> None:
    result = cli("import-segment", "nowhere.json")
    assert result.exit_code == 3
    assert "nowhere.json: No such file" in result.stderr


def test_an_export_may_come_from_standard_input(cli: Any, importing: Any) -> None:
    data = json.dumps(importing.both(importing.subscription())).encode()
    result = cli("import-segment", "-", stdin=data)
    assert result.exit_code == 0
    assert Path("wharfinger.toml").read_text().startswith("# Imported from Segment: standard input")


def test_the_report_is_a_table_and_its_notes(cli: Any, importing: Any) -> None:
    document = importing.both(
        importing.subscription(settings={"key": "k", "keys": {}, "values": {}, "odd": 1}),
        importing.subscription(name="\x1b[31mOdd", actionSlug="crateV9", actionId="zz"),
    )
    result = cli("import-segment", importing.write(document))
    assert result.exit_code == 1
    for said in (
        "Depot North: depot-north, a connection to depot",
        "store-crate",
        "left out",
        "warning  left out  odd: Store Crate has no such field",
        "\\x1b[31mOdd ([1].data.subscriptions[1])",
        "error    left out  action: The action crateV9 is not known",
        "2 mappings: 1 changed, 1 left out; 1 error",
        "Secrets to set: DEPOT_NORTH_API_KEY",
        "Written: wharfinger.toml",
    ):
        assert said in result.stdout
    assert "\x1b" not in result.stdout


def test_a_plugin_that_is_broken_is_mentioned(importing: Any, site: Path) -> None:
    (site / "acme.py").write_text("1 / 0\n")
    found = importing.one()
    assert found.code == 0
    assert "Not every plugin could be used" in found.said


def test_an_action_that_two_plugins_give_is_not_chosen_between(importing: Any, site: Path) -> None:
    with (site / "acme.py").open("a") as file:
        file.write(
            "\n_acme_actions = wharfinger_actions\n"
            "@wharfinger.hookimpl\n"
            "def wharfinger_actions():\n"
            "    return [attrs.evolve(_acme_actions()[0], destination='depot', slug='own',\n"
            "                         aliases=('line',))]\n"
        )
    found = importing.run(
        importing.both(importing.subscription(actionSlug="line"), importing.subscription())
    )
    assert found.code == 1
    line, orders = found.report["connections"][0]["mappings"]
    assert (line["state"], orders["state"]) == ("left out", "taken")
    assert "acme" in line["notes"][0]["next_step"]
    assert "depot" in line["notes"][0]["next_step"]


def test_what_looks_odd_to_a_plugin_is_a_warning(importing: Any) -> None:
    settings = {"account": "7", "api_key": importing.secret}
    export = {
        "settings": settings,
        "subscriptions": [{"actionSlug": "note", "trigger": 'type = "track"', "mapping": {}}],
    }
    found = importing.run(export)
    assert found.code == 0
    [connection] = found.report["connections"]
    assert connection["notes"][-1]["message"] == "Account: looks short."
