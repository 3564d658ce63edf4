"""``wharfinger preview``: the exact requests, and nothing sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SECRET = "acme-s3cr3t-key"


def test_each_request_is_shown_with_its_events_and_nothing_is_sent(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    lines = [events.identify(n) for n in range(4)]
    file = events.write(tmp_path / "e.jsonl", *lines[:2], events.track(9, "hé"), *lines[2:])
    result = cli("preview", config, file)
    assert result.exit_code == 0
    assert vendor.requests == []
    for said in (
        "1. main.notes (send-note), line 3",
        "POST https://api.acme.example/notes",
        '"text": "hé"',
        "2. main.rows (put-rows), lines 1-2, 4",
        "3. main.rows (put-rows), line 5",
        "PUT https://api.acme.example/rows",
        "lines 1-2, 4-5: filtered, the trigger of main.notes does not match",
        "5 events would make 3 requests; nothing was sent.",
    ):
        assert said in result.stdout
    assert SECRET not in result.output


def test_what_is_shown_is_what_send_sends(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "e.jsonl", *(events.identify(n) for n in range(7)))
    shown = json.loads(cli("preview", config, file, "--json").stdout)["requests"]
    cli("send", config, file)
    assert [request["body"] for request in shown] == vendor.bodies("/rows")
    assert [request["lines"] for request in shown] == [[1, 2, 3], [4, 5, 6], [7]]


def test_a_body_that_is_no_json_is_shown_as_text_and_every_credential_hidden(
    cli: Any, config: Path, events: Any
) -> None:
    with config.open("a") as file:
        file.write(
            '[connections.main.mappings.letters]\naction = "send-letter"\n'
            "trigger = 'type = \"page\"'\n[connections.main.mappings.letters.fields]\n"
            'text = "caf\u00e9 \\u001b[31m"\nphone = "1"\nsender.name = "x"\n'
        )
    file_of_events = events.write(config.parent / "e.jsonl", {"type": "page"})
    result = cli("preview", config, file_of_events)
    assert result.exit_code == 0
    assert "caf\\xe9 \\x1b[31m" in result.stdout
    assert "x-api-key: ***" in result.stdout
    found = cli("preview", config, file_of_events, "--json")
    assert json.loads(found.stdout)["requests"][0]["headers"]["x-api-key"] == "***"
    assert SECRET not in result.output + found.output


def test_a_rejected_event_is_shown_with_the_reason_and_fails(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "e.jsonl", {"type": "track"}, b"{oops", events.track(1))
    result = cli("preview", config, file)
    assert result.exit_code == 1
    assert "line 1: rejected by main.notes: " in result.stdout
    assert "Recipient" in result.stdout
    assert "line 2: unreadable: this is not JSON" in result.stdout
    found = json.loads(cli("preview", config, file, "--json").stdout)
    assert [line["line"] for line in found["unreadable"]] == [2]
    assert ("notes", 1, "rejected") in {
        (each["mapping"], each["line"], each["status"]) for each in found["not_sent"]
    }
    assert [request["lines"] for request in found["requests"]] == [[3]]


def test_only_the_first_lines_are_looked_at(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "e.jsonl.gz", *(events.track(n) for n in range(50)))
    assert "20 events would make 20 requests" in cli("preview", config, file).stdout
    assert "2 events would make 2 requests" in cli("preview", config, file, "--limit", 2).stdout


def test_one_mapping_can_be_previewed_alone(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "e.jsonl", events.track(1), events.identify(2))
    found = json.loads(cli("preview", config, file, "--mapping", "rows", "--json").stdout)
    assert {request["mapping"] for request in found["requests"]} == {"rows"}
    assert {each["mapping"] for each in found["not_sent"]} == {"rows"}


def test_a_selected_name_that_does_not_exist_is_a_usage_error(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "e.jsonl", events.track(1))
    for option, name in (("--mapping", "row"), ("--connection", "mian")):
        result = cli("preview", config, file, option, name)
        assert result.exit_code == 2
        assert f'There is no {option[2:]} "{name}"' in result.stderr


def test_what_is_not_selected_may_lack_its_secrets(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    text = config.read_text()
    config.write_text(
        text + text.replace("connections.main", "connections.b").replace("ACME_", "B_")
    )
    file = events.write(tmp_path / "e.jsonl", events.track(1))
    assert cli("preview", config, file).exit_code == 2
    assert cli("preview", config, file, "--connection", "main").exit_code == 0


def test_events_come_from_standard_input_too(cli: Any, config: Path, events: Any) -> None:
    stdin = json.dumps(events.track(1)).encode()
    assert "1 event would make 1 request;" in cli("preview", config, "-", stdin=stdin).stdout


def test_a_file_of_events_that_is_not_there_is_a_matter_of_files(cli: Any, config: Path) -> None:
    result = cli("preview", config, "missing.jsonl")
    assert result.exit_code == 3
    assert "missing.jsonl: No such file" in result.stderr


def test_no_events_make_no_requests(cli: Any, config: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    result = cli("preview", config, tmp_path / "empty")
    assert result.exit_code == 0
    assert "0 events would make 0 requests" in result.stdout
