"""The file of refused events."""

from __future__ import annotations

import stat
from pathlib import Path

import orjson

from wharfinger_host.serving.refusing import Refused
from wharfinger_host.serving.rejects import RejectsFile


def lines(path: Path) -> list[int]:
    return [orjson.loads(line)["event"] for line in path.read_bytes().splitlines()]


def test_it_is_made_with_the_first_record_for_its_owner_alone(tmp_path: Path) -> None:
    rejects = RejectsFile(tmp_path / "refused.jsonl")
    assert not rejects.path.exists()
    rejects.write("website", "2026-03-01T12:00:00Z", [Refused(3, "type-unknown", "Why.", {"a": 1})])
    assert stat.S_IMODE(rejects.path.stat().st_mode) == 0o600
    assert orjson.loads(rejects.path.read_bytes()) == {
        "received_at": "2026-03-01T12:00:00Z",
        "source": "website",
        "status": "refused",
        "code": "type-unknown",
        "message": "Why.",
        "event": {"a": 1},
    }


def test_when_it_is_full_it_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "refused.jsonl"
    for number in range(40):
        # Another one each time: what counts is the file, as after a restart.
        RejectsFile(path, most_bytes=500).write("s", "now", [Refused(0, "c", "m", number)])
    before, now = lines(tmp_path / "refused.jsonl.1"), lines(path)
    assert [*before, *now] == list(range(before[0], 40))
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "refused.jsonl",
        "refused.jsonl.1",
    ]
    assert all(file.stat().st_size <= 500 for file in tmp_path.iterdir())
