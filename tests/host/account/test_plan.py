"""``wharfinger plan``: what has to be made at the vendor, and nothing is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_what_is_to_be_made_is_a_diff_with_reasons(
    cli: Any, config: Path, depot: Any, sample_events: Path
) -> None:
    result = cli("plan", config, sample_events)
    assert result.exit_code == 0
    shown = lines_of(result.stdout)
    assert "Types and sizes are inferred from 3 events." in shown
    assert 'main.boxes: the shelf "oak"' in shown
    assert '+ shelf "oak"' in shown
    assert '+ slot "größe" 6 longest of 2 has 6' in shown
    assert "main.bells: Ring makes nothing at the vendor" in shown
    assert "3 to create, 0 to keep. Nothing is ever dropped." in shown
    assert depot.made == []


def test_the_next_command_is_written_out_with_the_same_options(
    cli: Any, config: Path, sample_events: Path
) -> None:
    asked = (config, sample_events, "--mapping", "boxes", "--option", "room=the attic")
    result = cli("plan", *asked)
    said = f"Make it: wharfinger apply {config} {sample_events} --mapping boxes"
    assert f"{said} --option 'room=the attic'" in result.stdout
    assert '+ shelf "oak" in the attic, depth 1' in lines_of(result.stdout)


@pytest.mark.parametrize("flags", [(), ("--exit-code",)])
def test_nothing_to_do_is_said(
    cli: Any, config: Path, depot: Any, sample_events: Path, flags: tuple[str, ...]
) -> None:
    depot.shelves["oak"] = {"größe": 10, "to": 1}
    result = cli("plan", config, sample_events, *flags)
    assert result.exit_code == 0
    assert '= slot "größe" 10 longest of 2 has 6' in lines_of(result.stdout)
    assert result.stdout.splitlines()[-1] == "There is nothing to do."


def test_what_a_person_has_to_do_shows_before_and_after(
    cli: Any, config: Path, depot: Any, sample_events: Path
) -> None:
    depot.shelves["oak"] = {"größe": 4, "to": 1}
    result = cli("plan", config, sample_events)
    assert result.exit_code == 0
    shown = lines_of(result.stdout)
    assert '! slot "größe" 4 → 6 longest of 2 has 6' in shown
    assert "0 to create, 1 to keep, 1 to do by hand. Nothing is ever dropped." in shown
    assert shown[-1].startswith("Do the lines with ! by hand, then look again: wharfinger plan ")


@pytest.mark.parametrize("shelves", [{}, {"oak": {"größe": 4}}])
def test_a_script_can_ask_for_an_exit_code_where_something_is_to_be_done(
    cli: Any, config: Path, depot: Any, sample_events: Path, shelves: Any
) -> None:
    depot.shelves.update(shelves)
    assert cli("plan", config, sample_events, "--exit-code").exit_code == 4


def test_without_events_nothing_is_known_of_sizes_and_that_is_said(cli: Any, config: Path) -> None:
    result = cli("plan", config)
    assert result.exit_code == 0
    assert "There are no sample events" in result.stdout
    assert "  warning  Boxes: None was shown." in result.stdout
    assert f"Make it: wharfinger apply {config}\n" in result.stdout


def test_only_the_first_lines_are_looked_at(cli: Any, config: Path, sample_events: Path) -> None:
    shown = lines_of(cli("plan", config, sample_events, "--limit", 1).stdout)
    assert "Types and sizes are inferred from 1 event." in shown
    assert '+ slot "größe" 4 longest of 1 has 4' in shown


def test_events_may_come_from_standard_input(cli: Any, config: Path) -> None:
    event = b'{"type": "track", "properties": {"a": "12345"}}\n'
    result = cli("plan", config, "-", stdin=event)
    assert '+ slot "a" 5 longest of 1 has 5' in lines_of(result.stdout)


def test_lines_that_are_no_events_are_told(
    cli: Any, config: Path, tmp_path: Path, events: Any
) -> None:
    file = events.write(tmp_path / "e.jsonl", *([b"{oops"] * 5), {"type": "page"})
    shown = cli("plan", config, file).stdout.splitlines()
    assert shown[0].startswith("line 1 is no event: this is not JSON")
    assert shown[3] == "and 2 further lines like that"
    assert shown[4] == "Types and sizes are inferred from 1 event."


def test_events_that_cannot_be_read_are_a_matter_of_files(
    cli: Any, config: Path, vendor: Any
) -> None:
    result = cli("plan", config, "missing.jsonl")
    assert result.exit_code == 3
    assert "missing.jsonl: No such file" in result.stderr
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("roum=attic", 'Did you mean "room"?'),
        ("depth=deep", "Depth must be a whole number"),
        ("room", 'must be NAME=VALUE, not "room"'),
        ("=attic", 'must be NAME=VALUE, not "=attic"'),
    ],
)
def test_a_wrong_option_is_a_matter_of_usage(
    cli: Any, config: Path, option: str, said: str
) -> None:
    result = cli("plan", config, "--option", option)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", "").split())
    assert result.stdout == ""


def test_an_unknown_mapping_is_answered_with_a_suggestion(cli: Any, config: Path) -> None:
    result = cli("plan", config, "--mapping", "boxs")
    assert result.exit_code == 2
    assert 'Did you mean "boxes"?' in result.stderr


def test_a_vendor_that_cannot_be_reached_keeps_no_other_connection_waiting(
    cli: Any, config: Path, depot: Any, closed_url: str, connection_text: Any
) -> None:
    config.write_text(connection_text("far", closed_url) + connection_text("near", depot.url))
    result = cli("plan", config)
    assert result.exit_code == 1
    assert "could not be reached" in result.stdout
    assert '+ shelf "oak"' in lines_of(result.stdout)
    assert f"Find out why not: wharfinger doctor {config}\n" in result.stdout
    assert "Traceback" not in result.output


def test_a_plan_that_could_not_be_made_is_not_called_nothing_to_do(
    cli: Any, config: Path, depot: Any, closed_url: str
) -> None:
    config.write_text(config.read_text().replace(depot.url, closed_url))
    result = cli("plan", config, "--exit-code")
    assert result.exit_code == 1
    assert "Nothing can be planned before the errors are put right." in result.stdout
    assert "nothing to do" not in result.stdout


def test_a_mapping_that_cannot_be_planned_for_is_not_called_nothing_to_do(
    cli: Any, config: Path, site: Path, sample_events: Path
) -> None:
    plugin = site / "depot.py"
    plugin.write_text(plugin.read_text().replace("        changes=changes,\n", ""))
    last = cli("plan", config, sample_events).stdout.splitlines()[-1]
    assert last == "There is nothing to do, as far as it could be planned."


def test_a_plugin_that_breaks_while_it_plans_is_a_finding(cli: Any, config: Path) -> None:
    config.write_text(config.read_text().replace('"oak"', '"broken"'))
    result = cli("plan", config)
    assert result.exit_code == 1
    assert "failed in an unforeseen way (ZeroDivisionError)" in result.stdout


def test_options_are_listed_without_asking_the_vendor(cli: Any, config: Path, vendor: Any) -> None:
    result = cli("plan", config, "--options")
    assert result.exit_code == 0
    rows = lines_of(result.stdout)
    assert "Store: --option NAME=VALUE" in rows
    assert "room Room string no Where it stands." in rows
    listed = json.loads(cli("plan", config, "--options", "--json").stdout)
    [action] = listed["actions"]
    assert (action["destination"], action["action"]) == ("depot", "store")
    assert set(action["options"]["properties"]) == {"room", "depth"}
    assert vendor.requests == []


def test_an_action_without_options_says_so(cli: Any, config: Path, site: Path) -> None:
    plugin = site / "depot.py"
    plugin.write_text(plugin.read_text().replace(", options=Wishes)", ")"))
    assert "Store: there is nothing to wish for" in cli("plan", config, "--options").stdout
    only_bells = cli("plan", config, "--options", "--mapping", "bells")
    assert "No mapping's action makes anything at the vendor." in only_bells.stdout


def test_json_holds_the_plans_line_by_line(cli: Any, config: Path, sample_events: Path) -> None:
    result = cli("plan", config, sample_events, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["ok"], found["events"], found["unreadable"]) == (True, 3, 0)
    assert found["changes"] == {"create": 3, "keep": 0, "by-hand": 0}
    [connection] = found["connections"]
    assert (connection["name"], connection["destination"]) == ("main", "depot")
    assert (connection["obstacle"], connection["applied"]) == (None, None)
    assert connection["unplanned"] == ["bells"]
    [plan] = connection["plans"]
    assert (plan["mapping"], plan["action"], plan["creates"]) == ("boxes", "store", True)
    assert plan["changes"][1] == {
        "kind": "create",
        "subject": 'slot "größe"',
        "before": "",
        "after": "6",
        "reason": "longest of 2 has 6",
    }


def test_json_says_what_stands_in_the_way(
    cli: Any, config: Path, depot: Any, closed_url: str
) -> None:
    config.write_text(config.read_text().replace(depot.url, closed_url))
    found = json.loads(cli("plan", config, "--json").stdout)
    [connection] = found["connections"]
    assert found["ok"] is False
    assert connection["plans"] == []
    assert "could not be reached" in connection["obstacle"]["message"]


def test_colour_tells_the_kinds_apart_on_a_terminal(
    cli: Any, config: Path, sample_events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in cli("plan", config, sample_events).stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[32m  +\x1b[0m" in cli("plan", config, sample_events).stdout


def test_a_narrow_terminal_folds_a_diff_and_cuts_nothing_off(
    cli: Any, config: Path, sample_events: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wharfinger_host.terminal._WIDTH_OF_A_FILE", 34)
    shown = cli("plan", config, sample_events, "--mapping", "boxes").stdout.splitlines()
    diff = [line for line in shown if line.startswith("  ")]
    assert max(map(len, diff)) <= 34
    folded = " ".join(diff)
    for word in ("größe", "longest", "has", "shelf"):
        assert word in folded


def test_control_characters_in_a_plan_are_not_obeyed(
    cli: Any, config: Path, tmp_path: Path, events: Any
) -> None:
    event = {"type": "track", "properties": {"\x1b[31mevil": "x"}}
    shown = cli("plan", config, events.write(tmp_path / "e.jsonl", event)).stdout
    assert "\\x1b[31mevil" in shown
    assert "\x1b" not in shown
