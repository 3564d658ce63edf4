"""``wharfinger explain``."""

from __future__ import annotations

import json


def test_an_event_is_explained_as_a_tree(cli, config, events, tmp_path):
    file = events.write(tmp_path / "e.jsonl", {"type": "page"}, events.track(2, "good"))
    result = cli("explain", config, file, "--line", 2, "--mapping", "notes")
    assert result.exit_code == 0, result.stderr
    for part in ("main.notes", "trigger", "true", "field mapping", "@path", "payload", "POST http"):
        assert part in result.stdout


def test_an_explanation_is_written_as_json_for_machines(cli, config, events, tmp_path):
    file = events.write(tmp_path / "e.jsonl", events.track(1, "good"))
    result = cli("explain", config, file, "--mapping", "notes", "--json")
    [found] = json.loads(result.stdout)
    assert (found["connection"], found["mapping"]) == ("main", "notes")
    assert found["trigger"]["takes"]
    assert found["request"]["method"] == "POST"


def test_the_generated_source_is_shown_when_asked_for(cli, config, events, tmp_path):
    file = events.write(tmp_path / "e.jsonl", events.track(1, "good"))
    assert "def payload_of" not in cli("explain", config, file).stdout
    assert "def payload_of" in cli("explain", config, file, "--source").stdout


def test_a_file_may_be_one_event_laid_out_by_hand(cli, config, events, tmp_path):
    file = tmp_path / "event.json"
    file.write_text(json.dumps(events.track(1, "good"), indent=2))
    result = cli("explain", config, file, "--mapping", "notes")
    assert result.exit_code == 0
    assert "POST http" in result.stdout


def test_where_there_is_no_event_that_is_said(cli, config, events, tmp_path):
    file = events.write(tmp_path / "e.jsonl", b"{oops", {"type": "page"})
    broken = cli("explain", config, file)
    assert broken.exit_code == 3
    assert "line 1" in broken.stderr
    assert "no event at line 9" in cli("explain", config, file, "--line", 9).stderr
    assert cli("explain", config, tmp_path / "none.jsonl").exit_code == 3
