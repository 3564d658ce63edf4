"""Reading events: JSON Lines from a file or standard input, plain or gzip, a chunk at a time.

Memory is bounded by the chunk, whatever the file holds. No line is dropped: one that is no event
is given as `Unreadable`, with its bytes.
"""

from __future__ import annotations

import gzip
import io
import os
import pathlib
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import IO, Any, Generic, Self, TypeVar

import attrs
import orjson

__all__ = [
    "Chunk",
    "EventSource",
    "Line",
    "Portion",
    "Unreadable",
    "read_line",
]

_Kept = TypeVar("_Kept")

_GZIP = b"\x1f\x8b"
_BLOCK_BYTES = 256 * 1024
_CHUNK_BYTES = 32 * 1024 * 1024
_LONGEST_LINE = 8 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@attrs.define
class Line:
    """One event and where it came from.

    Attributes:
        number: Line of the file, from 1.
        event: The event.
        raw: The line as it was read, without the white space around it.
    """

    number: int
    event: dict[str, Any]
    raw: bytes


@attrs.define
class Unreadable:
    """A line, or a part of a line that is too long, that holds no event.

    Attributes:
        number: Line of the file, from 1.
        code: Why, for machines.
        message: Why, for people.
        raw: The bytes as they were read.
        part: From 1, where one line is given in several parts; 0 for a whole line.
    """

    number: int
    code: str
    message: str
    raw: bytes
    part: int = 0

    @property
    def counts(self) -> bool:
        """Whether it stands for its line; the further parts of a long line do not."""
        return self.part <= 1


@attrs.define
class Portion(Generic[_Kept]):
    """Some successive lines.

    Attributes:
        lines: What is kept of those that hold events.
        unreadable: Those that do not.
        last: Number of the last line of the portion.
    """

    lines: list[_Kept] = attrs.field(factory=list)
    unreadable: list[Unreadable] = attrs.field(factory=list)
    last: int = 0
    size: int = 0

    def is_full(self, events: int) -> bool:
        """Tell whether the portion is large enough, by its lines or by its bytes."""
        return len(self.lines) + len(self.unreadable) >= events or self.size >= _CHUNK_BYTES


Chunk = Portion[Line]
"""Some successive lines, with their events."""


class EventSource:
    """A file of events, or standard input, open for reading; a context manager.

    Attributes:
        name: What messages call it.
        size: Bytes of the file, compressed where it is; None for a pipe.

    Args:
        place: Path of the file; ``-`` is standard input. Gzip is told by its first bytes.
        first_line: Lines before this one are skipped.

    Raises:
        OSError: The file cannot be opened.
    """

    def __init__(self, place: str, *, first_line: int = 1) -> None:
        stdin = place == "-"
        self.name = "standard input" if stdin else place
        self._first_line = first_line
        self._own = None if stdin else pathlib.Path(place).open("rb")  # noqa: SIM115  # closed by __exit__
        self._stream = _Counted(self._own or sys.stdin.buffer)
        self.size = _size_of(self._own or sys.stdin.buffer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._own is not None:
            self._own.close()

    @property
    def bytes_read(self) -> int:
        """Bytes taken from the file so far, to compare with `size`."""
        return self._stream.count

    def chunks(self, events: int) -> Iterator[Chunk]:
        """Give the lines in order, in chunks.

        Args:
            events: Most lines in one chunk; a chunk of very long lines ends earlier.

        Raises:
            OSError: The file can no longer be read. What was read before has been given.
        """
        return self.portions(events, lambda line: line)

    def portions(self, events: int, keep: Callable[[Line], _Kept]) -> Iterator[Portion[_Kept]]:
        """Give the lines in order, in portions, and keep of each event no more than is needed.

        An event that is let go at once costs half: memory that was just used is still at hand.

        Args:
            events: Most lines in one portion; one of very long lines ends earlier.
            keep: Makes of a line what is kept of it.

        Raises:
            OSError: The file can no longer be read. What was read before has been given.
        """
        portion: Portion[_Kept] = Portion()
        try:
            for read in self.lines():
                if isinstance(read, Line):
                    portion.lines.append(keep(read))
                else:
                    portion.unreadable.append(read)
                portion.last = read.number
                portion.size += len(read.raw)
                if portion.is_full(events):
                    yield portion
                    portion = Portion()
        except OSError:
            if portion.last:
                yield portion
            raise
        if portion.last:
            yield portion

    def lines(self) -> Iterator[Line | Unreadable]:
        """Give the lines one by one, leaving out empty ones.

        Raises:
            OSError: The file can no longer be read.
        """
        number, part, rest = 1, 0, b""
        try:
            for block in self._blocks():
                *ends, rest = (rest + block).split(b"\n")
                for text in ends:
                    if part or len(text) > _LONGEST_LINE:
                        yield from self._too_long(number, part + 1, text)
                    elif (read := self._line(number, text)) is not None:
                        yield read
                    number, part = number + 1, 0
                if len(rest) > _LONGEST_LINE:
                    part += 1
                    yield from self._too_long(number, part, rest)
                    rest = b""
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            message = f"the gzip data is damaged or cut off here: {error}."
            yield Unreadable(number, "gzip-damaged", message, rest)
        else:
            if part:
                yield from self._too_long(number, part + 1, rest)
            elif (read := self._line(number, rest)) is not None:
                yield read

    def _line(self, number: int, text: bytes) -> Line | Unreadable | None:
        text = text.removeprefix(_BYTE_ORDER_MARK).strip() if number == 1 else text.strip()
        return read_line(number, text) if text and number >= self._first_line else None

    def _too_long(self, number: int, part: int, raw: bytes) -> Iterator[Unreadable]:
        if raw and number >= self._first_line:
            message = f"the line is longer than {_LONGEST_LINE // 1024 // 1024} MB: no event is."
            yield Unreadable(number, "line-too-long", message, raw, part)

    def _blocks(self) -> Iterator[bytes]:
        read = self._stream.read
        if self._stream.peek(len(_GZIP)) == _GZIP:
            # read1 gives what there is before it raises: a cut off file is read to its very end.
            read = gzip.GzipFile(fileobj=self._stream).read1  # type: ignore[call-overload]  # no seek needed
        while block := read(_BLOCK_BYTES):
            yield block


class _Counted:
    """Counts the bytes taken from a stream, which need not be seekable, and can look ahead."""

    def __init__(self, stream: IO[bytes]) -> None:
        # read1: a pipe that has something to say is not kept waiting for a full block.
        self._read = stream.read1 if isinstance(stream, io.BufferedReader) else stream.read
        self._ahead = b""
        self.count = 0

    def peek(self, size: int) -> bytes:
        while len(self._ahead) < size and (more := self._read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead

    def read(self, size: int = -1) -> bytes:
        data, self._ahead = self._ahead or self._read(size), b""
        self.count += len(data)
        return data


def read_line(number: int, text: bytes) -> Line | Unreadable:
    """Read one line.

    Args:
        number: Its number, from 1.
        text: Its bytes, not empty.
    """
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        code, message = _why_not_json(text, error)
        return Unreadable(number, code, message, text)
    if not isinstance(event, dict):
        hint = ' Split it first: jq -c ".[]".' if isinstance(event, list) else ""
        message = f"an event is a JSON object, but this is {_NAMES[type(event)]}.{hint}"
        return Unreadable(number, "not-an-object", message, text)
    if "type" not in event and event.keys() >= {"line", "status", "code", "message"}:
        message = 'this is a record of undelivered events; send what it holds: jq -c ".event".'
        return Unreadable(number, "undelivered-record", message, text)
    return Line(number, event, text)


_NAMES = {
    list: "a list",
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def _why_not_json(text: bytes, error: orjson.JSONDecodeError) -> tuple[str, str]:
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        return "not-utf-8", f"byte {wrong.start + 1} of the line is not UTF-8."
    hint = ""
    if text == b"[":
        hint = ' Each line must hold one whole event: jq -c ".[]" makes such lines of an array.'
    return "not-json", f"this is not JSON: {error.msg}, at column {error.colno}.{hint}"


def _size_of(stream: IO[bytes]) -> int | None:
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # a stream without a file behind it
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
