"""`export`: the same rows as JSON Lines and as Parquet, in a file that is whole or not there."""

from __future__ import annotations

import builtins
import datetime as dt
import stat
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wharfinger_host import exports
from wharfinger_host.store import exporting

WHAT = ("ledger", "letters", "events")


@pytest.fixture
def full(host: Any) -> Any:
    """An inbox with outcomes of several kinds, and more than one page and group of each."""
    host.vendor.reply = lambda body: (422, "no, ä☃") if body["to"] in ("u2", "u4") else (200, "")
    lines = [host.events.track(n, "täxt") for n in range(6)]
    host.accept(*lines, {**host.events.track(7), "messageId": "m-7"})
    host.run()
    return host


def as_text(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        assert value.utcoffset() == dt.timedelta(0)
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return value


@pytest.mark.parametrize("what", WHAT)
def test_parquet_holds_what_json_lines_do(
    full: Any, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_MOST_ROWS", 2)
    monkeypatch.setattr(exports, "_ROWS_PER_GROUP", 4)
    lines = [orjson.loads(line) for line in full("export", what).stdout.splitlines()]
    file = full.config.parent / f"{what}.parquet"
    assert full.json("export", what, "--output", file)["lines"] == len(lines) > 1
    found = pq.ParquetFile(file)
    assert found.num_row_groups == -(-len(lines) // 4)
    rows = found.read().to_pylist()
    for row in rows:
        for name in {"event", "payload"} & set(row):
            row[name] = orjson.loads(row[name] or b"null")
    assert [{name: as_text(each) for name, each in row.items()} for row in rows] == lines
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_columns_of_parquet_have_types(full: Any) -> None:
    file = full.config.parent / "out"
    result = full("export", "ledger", "--format", "parquet", "--output", file)
    assert f"7 rows in {file}" in result.stdout
    schema = pq.read_schema(file)
    times = pa.timestamp("ms", tz="UTC")
    types = {name: schema.field(name).type for name in schema.names}
    assert (types["accepted"], types["at"]) == (times, times)
    assert (types["seq"], types["attempts"], types["http_status"]) == (pa.int64(),) * 3
    assert types["request_id"] == types["contact"] == pa.string()
    first = pq.read_table(file).to_pylist()[0]
    assert abs(first["accepted"].timestamp() * 1000 - first["at"].timestamp() * 1000) < 1e9


def test_an_export_of_nothing_is_a_whole_file_all_the_same(host: Any) -> None:
    file = host.config.parent / "empty.parquet"
    assert host.json("export", "letters", "--output", file)["lines"] == 0
    assert pq.read_table(file).num_rows == 0
    assert "vendor_message" in pq.read_schema(file).names


def test_the_format_can_be_said_against_the_ending(full: Any) -> None:
    file = full.config.parent / "odd.parquet"
    full.json("export", "events", "--format", "jsonl", "--output", file)
    assert len([orjson.loads(line) for line in file.read_bytes().splitlines()]) == 7


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_where_the_end_is_not_reached_there_is_no_file(
    full: Any, small_disk: Any, ending: str
) -> None:
    full.accept(*(full.events.track(n, f"{n} " * 9_000) for n in range(30)))
    small_disk.fill(0)
    file = small_disk.folder / f"events.{ending}"
    result = full("export", "events", "--output", file)
    assert result.exit_code == 3
    assert f"{file}: No space left on device" in result.stderr
    assert [each.name for each in small_disk.folder.iterdir()] == ["ballast"]


def test_no_file_is_overwritten(full: Any) -> None:
    file = full.config.parent / "out.parquet"
    file.write_text("mine")
    result = full("export", "ledger", "--output", file)
    assert result.exit_code == 3
    assert "File exists" in result.stderr
    assert file.read_text() == "mine"


def test_without_the_extra_it_is_named_and_nothing_is_left(
    full: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "pyarrow":
            raise ImportError(name)
        return there(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    file = full.config.parent / "out.parquet"
    result = full("export", "ledger", "--output", file)
    assert result.exit_code == 2
    assert "pip install 'wharfinger-host[parquet]'" in result.stderr
    assert not list(full.config.parent.glob("out.parquet*"))


def test_parquet_is_not_written_to_standard_output(full: Any) -> None:
    result = full("export", "ledger", "--format", "parquet")
    assert result.exit_code == 2
    assert "needs --output" in result.stderr
