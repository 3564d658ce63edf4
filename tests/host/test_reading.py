"""Reading events without losing a line."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from wharfinger_host import reading
from wharfinger_host.reading import EventSource, Line, Unreadable


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def lines(data: bytes, **options: Any) -> list[Line | Unreadable]:
        file = tmp_path / "events"
        file.write_bytes(data)
        with EventSource(str(file), **options) as source:
            return list(source.lines())

    return lines


def test_each_line_is_an_event_with_its_number(read: Any) -> None:
    lines = read(b'{"a": 1}\n\n  \n{"b": "\xc3\xa9"}\r\n{"c": null}')
    assert [(line.number, line.event) for line in lines] == [
        (1, {"a": 1}),
        (4, {"b": "é"}),
        (5, {"c": None}),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_event(read: Any) -> None:
    [line] = read(b'\xef\xbb\xbf{"a": 1}\n')
    assert line.event == {"a": 1}


def test_an_empty_file_holds_no_event(read: Any) -> None:
    assert read(b"") == []
    assert read(gzip.compress(b"")) == []


def test_lines_before_the_first_wanted_one_are_skipped_and_still_counted(read: Any) -> None:
    lines = read(b'{"a": 1}\nnot json\n{"b": 1}\n', first_line=3)
    assert [(line.number, line.event) for line in lines] == [(3, {"b": 1})]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (b"{", "not-json", "column"),
        (b"{'a': 1}", "not-json", "not JSON"),
        (b'{"a": NaN}', "not-json", "not JSON"),
        (b'{"a": "\\ud800"}', "not-json", "not JSON"),
        (b"{" * 20_000, "not-json", "not JSON"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "not-json", "not JSON"),
        (b"[", "not-json", "jq"),
        (b'[{"type": "track"}]', "not-an-object", "a list"),
        (b"[]", "not-an-object", "a list"),
        (b"null", "not-an-object", "null"),
        (b"true", "not-an-object", "true or false"),
        (b'"text"', "not-an-object", "text"),
        (b"12.5", "not-an-object", "a number"),
        (b'{"a": "\xff"}', "not-utf-8", "byte 8"),
        (b"\x00\x00", "not-json", "not JSON"),
    ],
)
def test_a_line_that_is_no_event_is_given_with_its_bytes_and_the_reason(
    read: Any, text: bytes, code: str, said: str
) -> None:
    good, bad, after = read(b'{"a": 1}\n' + text + b'\n{"b": 1}\n')
    assert (good.number, after.number, after.event) == (1, 3, {"b": 1})
    assert isinstance(bad, Unreadable)
    assert (bad.number, bad.code, bad.raw) == (2, code, text)
    assert said in bad.message


def test_a_record_of_undelivered_events_is_not_taken_for_an_event(read: Any) -> None:
    record = {"line": 1, "mapping": "m", "status": "retry", "code": "c", "message": "", "event": {}}
    [line] = read(json.dumps(record).encode())
    assert line.code == "undelivered-record"
    [line] = read(json.dumps({**record, "type": "track"}).encode())
    assert isinstance(line, Line)


def test_gzip_is_told_by_its_bytes_and_not_by_a_name(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain.gz", tmp_path / "packed.jsonl"
    plain.write_bytes(b'{"a": 1}\n')
    packed.write_bytes(gzip.compress(b'{"a": 1}\n'))
    for file in (plain, packed):
        with EventSource(str(file)) as source:
            assert [line.raw for line in source.lines()] == [b'{"a": 1}']
            assert source.bytes_read == source.size == file.stat().st_size


def test_gzip_files_that_were_joined_are_read_to_the_end(read: Any) -> None:
    joined = gzip.compress(b'{"a": 1}\n{"b"') + gzip.compress(b": 1}\n") + b"\0" * 100
    assert [line.event for line in read(joined)] == [{"a": 1}, {"b": 1}]


def test_what_follows_a_gzip_file_is_reported(read: Any) -> None:
    event, damage = read(gzip.compress(b'{"a": 1}\n') + b"garbage")
    assert event.event == {"a": 1}
    assert (damage.number, damage.code) == (2, "gzip-damaged")


def test_a_gzip_file_that_was_cut_off_gives_everything_it_holds() -> None:
    dice = random.Random(1)
    data = b"".join(b'{"n": %d}\n' % dice.getrandbits(60) for _ in range(40_000))
    packed = gzip.compress(data)
    for cut in (1, 8, 9, len(packed) // 3, len(packed) - 100_000):
        source = source_of(packed[:-cut])
        lines = list(source.lines())
        *events, last = lines
        assert isinstance(last, Unreadable)
        assert last.code == "gzip-damaged"
        assert last.number == len(events) + 1
        given = b"".join(line.raw + b"\n" for line in events) + last.raw
        assert data.startswith(given)
        if cut <= 8:  # only the checksum is gone
            assert given == data


def test_a_gzip_file_with_a_flipped_bit_is_reported_and_does_not_raise() -> None:
    packed = bytearray(gzip.compress(b'{"a": 1}\n' * 5_000))
    packed[len(packed) // 2] ^= 0xFF
    lines = list(source_of(bytes(packed)).lines())
    assert lines[-1].code == "gzip-damaged"  # type: ignore[union-attr]  # it is Unreadable, or this fails


def test_a_line_that_is_too_long_is_given_in_parts_and_counts_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "_LONGEST_LINE", 100)
    monkeypatch.setattr(reading, "_BLOCK_BYTES", 64)
    long = json.dumps({"a": "x" * 1_000}).encode()
    first, *parts, last = source_of(b'{"a": 1}\n' + long + b'\n{"b": 1}\n').lines()
    assert isinstance(first, Line)
    assert isinstance(last, Line)
    assert last.number == 3
    assert {(part.number, part.code) for part in parts} == {(2, "line-too-long")}  # type: ignore[union-attr]  # all are Unreadable, or this fails
    assert b"".join(part.raw for part in parts) == long
    assert [part.counts for part in parts].count(True) == 1  # type: ignore[union-attr]  # as above
    assert max(len(part.raw) for part in parts) < 100 + 64


def test_memory_is_bounded_by_the_chunk(tmp_path: Path) -> None:
    file = tmp_path / "events.gz"
    dice = random.Random(1)
    lines = (b'{"n": "%x"}\n' % dice.getrandbits(800) for _ in range(20_000))
    file.write_bytes(gzip.compress(b"".join(lines), compresslevel=1))
    with EventSource(str(file)) as source:
        chunks = source.chunks(100)
        chunk = next(chunks)
        assert len(chunk.lines) == 100
        assert chunk.last == 100
        assert source.bytes_read < file.stat().st_size / 4
        assert sum(len(chunk.lines) for chunk in chunks) == 19_900


def test_a_chunk_of_long_lines_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_CHUNK_BYTES", 50)
    data = b'{"a": "0123456789"}\n' * 7
    assert [len(chunk.lines) for chunk in source_of(data).chunks(100)] == [3, 3, 1]


def test_of_each_event_no_more_is_kept_than_is_asked_for() -> None:
    data = b'{"a": 1}\nnot json\n{"a": 3}\n{"a": 4}\n'
    portions = list(source_of(data).portions(3, lambda line: line.event["a"]))
    assert [portion.lines for portion in portions] == [[1, 3], [4]]
    assert [portion.last for portion in portions] == [3, 4]
    assert [[line.raw for line in portion.unreadable] for portion in portions] == [
        [b"not json"],
        [],
    ]


def test_what_was_read_before_a_file_fails_is_given() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if data := super().read(size):
                return data
            raise OSError(5, "Input/output error")

    chunks = source_of(Failing(b'{"a": 1}\n{"b": 1}\n{"c"')).chunks(10)
    assert [line.number for line in next(chunks).lines] == [1, 2]
    with pytest.raises(OSError, match="Input/output"):
        next(chunks)


def source_of(data: bytes | io.BytesIO) -> EventSource:
    """Read from memory as if it were standard input."""
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    with pytest.MonkeyPatch.context() as context:
        context.setattr("sys.stdin", SimpleNamespace(buffer=stream))
        return EventSource("-")


LINES = st.lists(
    st.one_of(
        st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")),
        st.dictionaries(st.text(max_size=3), st.integers(), max_size=2).map(
            lambda event: json.dumps(event).encode()
        ),
    ),
    max_size=30,
)


@given(
    lines=LINES,
    block=st.integers(1, 40),
    longest=st.integers(20, 80),
    pack=st.sampled_from([bytes, gzip.compress]),
)
def test_every_line_of_any_file_is_given_once_in_order_with_all_its_bytes(
    lines: list[bytes], block: int, longest: int, pack: Callable[[bytes], bytes]
) -> None:
    data = b"\n".join(lines)
    if data.startswith((b"\x1f\x8b", b"\xef\xbb\xbf")):
        return
    with pytest.MonkeyPatch.context() as context:
        context.setattr(reading, "_BLOCK_BYTES", block)
        context.setattr(reading, "_LONGEST_LINE", longest)
        read = list(source_of(pack(data)).lines())
    given: dict[int, bytes] = {}
    for line in read:
        given[line.number] = given.get(line.number, b"") + line.raw
    expected = {number: line for number, line in enumerate(lines, 1) if line.strip()}
    assert {n: raw.strip() for n, raw in given.items() if raw.strip()} == {
        n: line.strip() for n, line in expected.items()
    }
    assert [line.number for line in read] == sorted(line.number for line in read)
    counted = [line.number for line in read if isinstance(line, Line) or line.counts]
    assert len(counted) == len(set(counted))
