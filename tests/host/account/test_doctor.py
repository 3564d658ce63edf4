"""``wharfinger doctor``: what keeps a connection from working, and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def test_a_healthy_connection_is_shown_with_what_was_looked_at(
    cli: Any, config: Path, depot: Any
) -> None:
    depot.shelves["oak"] = {}
    result = cli("doctor", config)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "main: Depot, 2 mappings"
    assert "Depot accepts it." in result.stdout
    assert result.stdout.splitlines()[-1] == f"{config}: 0 errors, 0 warnings, 1 ok"


def test_a_warning_is_shown_with_its_fix_and_is_no_failure(
    cli: Any, config: Path, depot: Any
) -> None:
    depot.shelves["oak"] = {}
    depot.lights = "off"
    result = cli("doctor", config)
    assert result.exit_code == 0
    shown = [" ".join(line.split()) for line in result.stdout.splitlines()]
    row = shown.index("warning Light It is dark for boxes, bells.")
    assert shown[row + 1] == "→ Switch it on."
    assert "0 errors, 1 warning, 1 ok" in result.stdout


def test_an_error_fails_and_names_its_mapping(cli: Any, config: Path) -> None:
    result = cli("doctor", config)
    assert result.exit_code == 1
    shown = [" ".join(line.split()) for line in result.stdout.splitlines()]
    row = shown.index('error boxes: Shelf There is no shelf "oak".')
    assert shown[row + 1] == "→ Make one."


def test_a_vendor_that_cannot_be_reached_is_a_finding(
    cli: Any, config: Path, depot: Any, closed_url: str
) -> None:
    config.write_text(config.read_text().replace(depot.url, closed_url))
    result = cli("doctor", config)
    assert result.exit_code == 1
    assert "could not be reached" in result.stdout
    assert "Traceback" not in result.output


def test_the_credentials_of_a_vendor_that_cannot_be_reached_name_where_it_was_looked_for(
    cli: Any, config: Path, depot: Any, closed_url: str
) -> None:
    config.write_text(config.read_text().replace(depot.url, closed_url))
    result = cli("check", config, "--connect")
    assert result.exit_code == 1
    where = f"api.depot.example (at the route {closed_url})"
    assert f"Credentials: {where} could not be reached" in result.stdout


def test_a_refused_key_is_a_finding(cli: Any, config: Path, depot: Any) -> None:
    depot.refuses_key = True
    result = cli("doctor", config, "--json")
    assert result.exit_code == 1
    [connection] = json.loads(result.stdout)["connections"]
    credentials = [each for each in connection["findings"] if each["subject"] == "Credentials"]
    assert [each["code"] for each in credentials] == ["credentials-refused"]
    assert "Make a new one." in credentials[0]["message"]


def test_one_obstacle_in_the_way_of_several_checks_is_told_once(
    cli: Any, config: Path, depot: Any
) -> None:
    depot.refuses_key = True
    result = cli("doctor", config)
    assert result.stdout.count("Depot refused the key.") == 1
    assert ["error", "Light", "as", "above"] in [r.split() for r in result.stdout.splitlines()]
    assert "2 errors" in result.stdout


def test_a_plugin_that_breaks_while_a_connection_opens_is_a_finding(
    cli: Any, config: Path, site: Path
) -> None:
    plugin = site / "depot.py"
    plugin.write_text(plugin.read_text().replace("create=lambda _: NoAuth()", "create=len"))
    result = cli("doctor", config, "--json")
    assert result.exit_code == 1
    [finding] = json.loads(result.stdout)["connections"][0]["findings"]
    assert (finding["level"], finding["code"]) == ("error", "plugin-failed")
    assert finding["message"] == "The plugin failed in an unforeseen way (TypeError)."


def test_every_connection_is_looked_at_though_one_cannot_be_reached(
    cli: Any, config: Path, depot: Any, closed_url: str, connection_text: Any
) -> None:
    depot.shelves["oak"] = {}
    names = ("far", "near")
    config.write_text("".join(map(connection_text, names, (closed_url, depot.url))))
    found = json.loads(cli("doctor", config, "--json").stdout)
    assert [each["name"] for each in found["connections"]] == ["far", "near"]
    assert [each["counts"]["error"] > 0 for each in found["connections"]] == [True, False]
    assert cli("doctor", config, "--connection", "near").exit_code == 0


def test_a_connection_without_mappings_is_looked_at_as_well(
    cli: Any, config: Path, depot: Any
) -> None:
    text = config.read_text()
    config.write_text(text[: text.index("[connections.main.mappings")])
    result = cli("doctor", config)
    assert result.exit_code == 0
    assert "main: Depot, 0 mappings" in result.stdout


def test_a_destination_that_cannot_be_looked_at_says_so(
    cli: Any, config: Path, depot: Any, site: Path
) -> None:
    depot.shelves["oak"] = {}
    plugin = site / "depot.py"
    silent = plugin.read_text().replace(
        'return [Finding(level="ok", subject="Key", message="Depot accepts it.")]', "return []"
    )
    plugin.write_text(silent)
    result = cli("doctor", config)
    assert result.exit_code == 0
    assert "There is nothing that could be looked at." in result.stdout


def test_nothing_is_asked_where_the_configuration_is_wrong(
    cli: Any, config: Path, vendor: Any
) -> None:
    config.write_text(config.read_text().replace('"store"', '"stor"'))
    result = cli("doctor", config)
    assert result.exit_code == 2
    assert 'Did you mean "store"?' in result.stderr
    assert vendor.requests == []


def test_an_unknown_connection_is_answered_with_a_suggestion(cli: Any, config: Path) -> None:
    result = cli("doctor", config, "--connection", "mian")
    assert result.exit_code == 2
    assert 'Did you mean "main"?' in result.stderr


def test_json_holds_counts_and_whole_findings(cli: Any, config: Path) -> None:
    found = json.loads(cli("doctor", config, "--json").stdout)
    assert (found["ok"], found["file"]) == (False, str(config))
    assert found["counts"] == {"error": 1, "warning": 0, "ok": 1}
    [connection] = found["connections"]
    assert (connection["name"], connection["destination"]) == ("main", "depot")
    assert connection["counts"] == found["counts"]
    assert connection["findings"][1] == {
        "level": "error",
        "subject": "Shelf",
        "message": 'There is no shelf "oak".',
        "fix": "Make one.",
        "code": "shelf-missing",
        "mapping": "boxes",
    }


def test_names_in_any_script_are_shown_and_control_characters_are_not_obeyed(
    cli: Any, config: Path
) -> None:
    text = config.read_text().replace(".boxes", '."größe→箱"')
    config.write_text(text.replace('"oak"', '"\\u001b[31moak"'))
    result = cli("doctor", config)
    assert "größe→箱" in result.stdout
    assert "\\x1b[31moak" in result.stdout
    assert "\x1b" not in result.stdout


def test_a_narrow_terminal_shows_one_finding_below_the_other(
    cli: Any, config: Path, depot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot.lights = "off"
    monkeypatch.setattr("wharfinger_host.terminal._WIDTH_OF_A_FILE", 30)
    shown = cli("doctor", config).stdout.splitlines()
    start = shown.index("warning  Light")
    assert shown[start : start + 3] == [
        "warning  Light",
        "It is dark for boxes, bells.",
        "→ Switch it on.",
    ]
    assert "error  boxes: Shelf" in shown


def test_a_person_sees_what_is_being_looked_at(
    cli: Any, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Looking at main" not in cli("doctor", config).stderr
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "Looking at main" in cli("doctor", config).stderr
