"""What is found when a connection opens, in ``check``, ``send`` and ``describe``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FOUND = 'boxes: Shelf: There is no shelf "oak". Make one.'


def test_check_connect_shows_what_the_mappings_found(cli: Any, config: Path, depot: Any) -> None:
    result = cli("check", config, "--connect")
    assert result.exit_code == 1
    assert "  ok  Key: Depot accepts it." in result.stdout
    assert f"  error  {FOUND}" in result.stdout
    depot.shelves["oak"] = {}
    assert cli("check", config, "--connect").exit_code == 0


def test_check_connect_says_once_that_the_key_is_refused(
    cli: Any, config: Path, depot: Any
) -> None:
    depot.refuses_key = True
    result = cli("check", config, "--connect")
    assert result.exit_code == 1
    assert result.stdout.count("Depot refused the key.") == 1


def test_one_refusal_is_told_once_though_the_opening_has_its_fix_in_the_message(
    cli: Any, config: Path, depot: Any, site: Path
) -> None:
    plugin = site / "depot.py"
    found = 'Finding(level="error", subject="Credentials", message="Depot refused the key.", '
    found += 'fix="Make a new one.")'
    text = plugin.read_text().replace('    await get(session, "/me")\n', f"    return [{found}]\n")
    plugin.write_text(text)
    depot.refuses_key = True
    told = "error  Credentials: Depot refused the key. Make a new one."
    assert cli("check", config, "--connect").stdout.count(told) == 1
    rows = [line.split() for line in cli("doctor", config).stdout.splitlines()]
    assert ["error", "Light", "as", "above"] in rows


def test_check_connect_names_the_command_that_looks_further(
    cli: Any, config: Path, depot: Any
) -> None:
    depot.shelves["oak"] = {}
    last = f"More is looked at by: wharfinger doctor {config}"
    assert cli("check", config, "--connect").stdout.splitlines()[-1] == last
    assert last not in cli("check", config).stdout


def test_a_mapping_is_named_though_what_was_looked_at_has_a_like_name(
    cli: Any, config: Path
) -> None:
    config.write_text(config.read_text().replace("mappings.boxes", "mappings.Shelf"))
    assert "error  Shelf: Shelf: There is no shelf" in cli("check", config, "--connect").stdout


def test_check_connect_tells_of_a_plugin_that_breaks(cli: Any, config: Path, site: Path) -> None:
    plugin = site / "depot.py"
    plugin.write_text(plugin.read_text().replace("create=lambda _: NoAuth()", "create=len"))
    result = cli("check", config, "--connect")
    assert result.exit_code == 1
    assert "  error  Connection: The plugin failed in an unforeseen way" in result.stdout


def test_send_tells_what_keeps_a_mapping_back_and_goes_on_with_the_others(
    cli: Any, config: Path, depot: Any, sample_events: Path, events: Any
) -> None:
    result = cli("send", config, sample_events, "--chunk", 1)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["main:", f"  error  {FOUND}"]
    assert depot.stored == [{"text": "ding"}]
    records = events.read(config.parent / "events.undelivered.jsonl")
    assert [(r["line"], r["mapping"], r["status"], r["code"]) for r in records] == [
        (1, "boxes", "halted", "shelf-missing"),
        (2, "boxes", "halted", "shelf-missing"),
    ]
    assert "no shelf" in records[0]["message"]
    assert "Stopped" not in result.stdout


def test_send_stops_where_no_mapping_is_left(cli: Any, config: Path, sample_events: Path) -> None:
    result = cli("send", config, sample_events, "--chunk", 1, "--mapping", "boxes")
    assert result.exit_code == 1
    assert "Stopped at line 1. What was found when the connection opened" in result.stdout
    assert "Lines from 2 on, if there are any," in result.stdout
    assert "--from-line 2" in result.stdout


def test_send_stops_where_the_key_is_refused(
    cli: Any, config: Path, depot: Any, sample_events: Path
) -> None:
    depot.refuses_key = True
    result = cli("send", config, sample_events, "--chunk", 1)
    assert result.exit_code == 1
    assert "Stopped at line 1." in result.stdout


def test_send_does_not_speak_of_what_is_right(
    cli: Any, config: Path, depot: Any, site: Path, sample_events: Path
) -> None:
    depot.shelves["oak"] = {}
    plugin = site / "depot.py"
    fine = 'Opening(findings=[Finding(level="ok", subject="Shelf", message="It stands.")])'
    plugin.write_text(plugin.read_text().replace("return Opening()", f"return {fine}"))
    result = cli("send", config, sample_events)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "boxes: Shelf: It stands." in cli("check", config, "--connect").stdout


@pytest.mark.parametrize("flags", [(), ("--quiet",)])
def test_send_as_json_holds_the_findings(
    cli: Any, config: Path, sample_events: Path, flags: tuple[str, ...]
) -> None:
    result = cli("send", config, sample_events, "--json", *flags)
    [finding] = json.loads(result.stdout)["findings"]
    assert (finding["connection"], finding["mapping"]) == ("main", "boxes")
    assert (finding["level"], finding["code"]) == ("error", "shelf-missing")
    assert FOUND in result.stderr


def test_describe_shows_options_choices_and_what_can_be_made(cli: Any, config: Path) -> None:
    shown = cli("describe", "depot", "store").stdout
    fields, options = shown.split("Options: the same for every event of a mapping")
    assert "shelf" in fields
    assert "mode" not in fields
    assert "one of strict | loose" in options
    assert "`wharfinger choices` looks up values for shelf." in options
    assert "`wharfinger plan` and `apply` make what a mapping needs at the vendor." in options
    assert "Where it stands." in options
    plain = cli("describe", "depot", "ring").stdout
    for said in ("Options", "wharfinger choices", "wharfinger plan"):
        assert said not in plain


def test_describe_as_json_names_them(cli: Any, config: Path) -> None:
    store = json.loads(cli("describe", "depot", "store", "--json").stdout)
    assert (store["options"], store["choices"]) == (["mode"], ["shelf"])
    assert set(store["provision"]["options"]["properties"]) == {"room", "depth"}
    ring = json.loads(cli("describe", "depot", "ring", "--json").stdout)
    assert (ring["options"], ring["choices"], ring["provision"]) == ([], [], None)


def test_describe_shows_one_field_below_the_other_where_there_is_no_room_for_a_table(
    cli: Any, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wharfinger_host.terminal._WIDTH_OF_A_FILE", 50)
    shown = cli("describe", "depot", "store").stdout.splitlines()
    start = shown.index("mode  Mode")
    assert shown[start + 1] == "string, one of strict | loose, optional, default "
    assert "shelf  Shelf" in shown
    assert "Where it stands." in shown
