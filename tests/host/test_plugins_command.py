"""``wharfinger plugins`` and ``wharfinger describe``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest


@pytest.fixture
def install(site: Path) -> Callable[..., None]:
    def run(name: str, source: str, entry: str = "") -> None:
        (site / f"{name}.py").write_text(source)
        info = site / f"{name}-2.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
        (info / "entry_points.txt").write_text(f"[wharfinger]\n{entry or name} = {name}\n")

    return run


def test_a_plugin_is_shown_with_its_distribution_and_what_it_provides(cli: Any, site: Path) -> None:
    result = cli("plugins")
    assert result.exit_code == 0
    assert "acme 1.4" in result.stdout
    for provided in ("destination acme", "action send-note", "action put-rows"):
        assert provided in result.stdout


def test_a_blocked_plugin_is_no_failure(
    cli: Any, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHARFINGER_BLOCK_PLUGINS", "acme")
    result = cli("plugins")
    assert result.exit_code == 0
    assert "acme is blocked" in result.stdout


def test_a_plugin_that_fails_is_shown_with_the_reason_and_the_traceback_on_demand(
    cli: Any, site: Path, install: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("broken_acme", "raise RuntimeError('out of \\x1b[31mluck')\n")
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "acme,broken_acme")
    brief, full = cli("plugins"), cli("plugins", "--verbose")
    assert brief.exit_code == full.exit_code == 1
    assert "broken_acme is failed" in brief.stdout
    assert "RuntimeError: out of \\x1b[31mluck" in brief.stdout
    assert "Traceback" not in brief.stdout
    assert "Traceback" in full.stdout
    assert "acme 1.4" in brief.stdout


def test_a_clash_names_both_and_how_to_block_one(
    cli: Any, site: Path, install: Any, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("other_acme", (site / "acme.py").read_text())
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "acme,other_acme")
    result = cli("plugins")
    assert result.exit_code == 1
    for said in ("acme 1.4", "other_acme 2.0", "WHARFINGER_BLOCK_PLUGINS="):
        assert said in result.stdout
    checked = cli("check", config)
    assert checked.exit_code == 2
    assert "other_acme 2.0" in checked.stdout
    assert "wharfinger plugins" in checked.stderr


def test_plugins_as_json(cli: Any, site: Path) -> None:
    found = json.loads(cli("plugins", "--json").stdout)
    assert found["ok"] is True
    acme = next(plugin for plugin in found["plugins"] if plugin["name"] == "acme")
    assert (acme["distribution"], acme["version"], acme["state"]) == ("acme", "1.4", "loaded")
    assert "destination acme" in acme["provides"]


def test_nothing_installed_is_said(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [])
    result = cli("plugins")
    assert result.exit_code == 0
    assert "No plugin is installed" in result.stdout


def test_describe_lists_destinations(cli: Any, site: Path) -> None:
    result = cli("describe")
    assert result.exit_code == 0
    assert "Acme" in result.stdout
    assert "send-note" in result.stdout


def test_describe_shows_settings_actions_and_batching(cli: Any, site: Path) -> None:
    result = cli("describe", "acme")
    assert result.exit_code == 0
    for said in (
        "api_key",
        "API Key",
        "secret",
        "api.acme.example",
        'type = "track"',
        "up to 3 rows",
        "none: write one",
    ):
        assert said in result.stdout


@pytest.mark.parametrize("name", ["send-note", "note"])
def test_describe_shows_an_action_by_slug_or_alias(cli: Any, site: Path, name: str) -> None:
    result = cli("describe", "acme", name)
    assert result.exit_code == 0
    for said in ("Send Note", "Recipient", '{"@path":"$.userId"}', 'type = "track"', "Also known"):
        assert said in result.stdout


def test_describe_shows_conditions_choices_lists_and_properties(cli: Any, site: Path) -> None:
    rows = {
        row.split()[0]: " ".join(row.split())
        for row in cli("describe", "acme", "send-letter").stdout.splitlines()
        if row.strip()
    }
    assert rows["By"] == "By post."
    assert "one of warm | cold" in rows["tone"]
    assert rows["mail"].endswith("string, email without Phone")
    assert "where Tone is cold" in rows["phone"]
    assert "list of string" in rows["tags"]
    assert rows["sender.name"] == 'sender.name Sender Name string yes {"@path":"$.app"}'
    assert rows["sender.age"] == "sender.age Sender Age integer no"


def test_a_plugin_that_waits_for_a_destination_says_so(
    cli: Any, site: Path, install: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (site / "acme.py").read_text()
    lonely = source.replace("def wharfinger_destinations", "def _destinations").replace(
        "@wharfinger.hookimpl\ndef wharfinger_settings", "def _settings"
    )
    lonely = lonely.replace("@wharfinger.hookimpl\ndef _destinations", "def _destinations")
    lonely = lonely.replace("@wharfinger.hookimpl\ndef wharfinger_authentication", "def _sign_in")
    install("lonely_acme", lonely)
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "lonely_acme")
    result = cli("plugins")
    assert result.exit_code == 0
    assert "lonely_acme: action send-note waits for the destination acme" in result.stdout
    assert "No destination is installed" in cli("describe").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("acm",), 'Did you mean "acme"?'), (("acme", "send-nope"), 'Did you mean "send-note"?')],
)
def test_a_name_that_does_not_exist_is_answered_with_a_suggestion(
    cli: Any, site: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = cli("describe", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_describe_as_json_gives_json_schema_that_accepts_what_the_destination_accepts(
    cli: Any, site: Path
) -> None:
    destination = json.loads(cli("describe", "acme", "--json").stdout)
    assert (destination["slug"], destination["title"]) == ("acme", "Acme")
    schema = destination["settings"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"account": "1", "api_key": "k"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"account": "x", "api_key": "k"}, schema)
    action = json.loads(cli("describe", "acme", "put-rows", "--json").stdout)
    assert action in destination["actions"]
    assert action["batching"]["rows"] == 3
    jsonschema.validate({"key": "a"}, action["payload"])
    listed = json.loads(cli("describe", "--json").stdout)
    assert [each["slug"] for each in listed["destinations"]] == ["acme"]
