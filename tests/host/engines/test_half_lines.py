"""A file that ends in the middle of a line, or holds garbage, on its way into an engine."""

from __future__ import annotations

import json

from tests.host.engines.test_commands import URL, line


def test_half_lines_are_kept_apart_and_the_others_are_published_once(
    config, harbour, cli, tmp_path
):
    config.write_text(f'[inbox]\nfile = "inbox.db"\n\n{config.read_text()}')
    cli("engine", "setup", config, "--engine", URL)
    file, rest = tmp_path / "events.jsonl", tmp_path / "rest.jsonl"
    whole = [line(1), line(2), b'{"type": "track", "userId": "u3", "messageId": "m\\u0000"}']
    broken = [b'{"type": "tra', b"\xff\xfe\x00", b"[]", b'"\\ud800"', b"nul\x00", b'{"type": "t']
    lines = [whole[0], *broken[:3], whole[1], *broken[3:5], whole[2], broken[5]]
    file.write_bytes(b"\n".join(lines))
    options = ("--engine", URL, "--json", "--undelivered", rest, "--chunk", 2)
    result = cli("accept", config, file, *options)
    assert result.exit_code == 1, result.stderr
    said = json.loads(result.stdout)
    assert (said["accepted"], said["last_line"]) == (3, len(lines))
    found = [event.id for lane in harbour[URL].lanes["main"] for event in lane.events]
    assert sorted(found) == ["m\x00", "m1", "m2"]
    assert len(rest.read_bytes().splitlines()) == len(broken)
