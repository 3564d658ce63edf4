"""The file of what was not delivered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wharfinger_host.undelivered import UndeliveredFile, default_name


@pytest.mark.parametrize(
    ("events", "name"),
    [
        ("orders.jsonl", "orders.undelivered.jsonl"),
        ("a/b/orders.jsonl.gz", "orders.undelivered.jsonl"),
        ("orders.ndjson", "orders.undelivered.jsonl"),
        ("orders", "orders.undelivered.jsonl"),
        ("orders.2026.json", "orders.2026.undelivered.jsonl"),
        (".jsonl", ".jsonl.undelivered.jsonl"),
        ("-", "stdin.undelivered.jsonl"),
    ],
)
def test_the_name_comes_from_the_events(events: str, name: str) -> None:
    assert default_name(events) == name


def test_each_record_is_on_disk_as_soon_as_it_is_written(tmp_path: Path) -> None:
    file = UndeliveredFile(tmp_path / "rest.jsonl")
    file.write({"line": 1})
    assert (tmp_path / "rest.jsonl").read_bytes() == b'{"line":1}\n'
    file.close()
    assert (tmp_path / "rest.jsonl").exists()


def test_a_file_that_stays_empty_is_removed(tmp_path: Path) -> None:
    UndeliveredFile(tmp_path / "rest.jsonl").close()
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_half_way_leaves_whole_records_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = UndeliveredFile(tmp_path / "rest.jsonl")
    file.write({"line": 1})
    write, calls = os.write, iter(range(9))

    def write_a_little(descriptor: int, data: bytes) -> int:
        if next(calls) == 2:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:3])

    with monkeypatch.context() as context:
        context.setattr(os, "write", write_a_little)
        with pytest.raises(OSError, match="No space"):
            file.write({"line": 2})
    file.close()
    assert (tmp_path / "rest.jsonl").read_bytes() == b'{"line":1}\n'


def test_a_device_is_written_to_as_it_is() -> None:
    file = UndeliveredFile(Path("/dev/null"))
    file.write({"line": 1})
    file.close()
    assert file.path == Path("/dev/null")
    assert Path("/dev/null").is_char_device()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        UndeliveredFile(tmp_path)
