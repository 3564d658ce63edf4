"""Files of an export: JSON Lines, and Parquet; a file has its name once it is whole."""

from __future__ import annotations

import errno
import os
import pathlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, Final, Protocol

import attrs
import orjson

from wharfinger_host.moments import time_text
from wharfinger_host.store.exporting import Column, Kind

__all__ = ["JsonLines", "ParquetFile", "ParquetMissingError", "Sheet", "new_file"]

Row = tuple[Any, ...]


class Sheet(Protocol):
    """Takes the rows of an export."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""

    def end(self) -> None:
        """Write what is left."""


class ParquetMissingError(Exception):
    """The library for Parquet is not installed; the message says how to get it."""


@contextmanager
def new_file(path: pathlib.Path) -> Iterator[BinaryIO]:
    """Make a file that gets its name at the end, and is gone where the end is not reached.

    It is for its owner alone: it holds what customers did.

    Args:
        path: Its name; no other file is overwritten.

    Raises:
        OSError: It cannot be written, or is there already.
    """
    _refuse_to_overwrite(path)
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _refuse_to_overwrite(path)
        pathlib.Path(name).rename(path)
    except BaseException:
        with suppress(OSError):
            pathlib.Path(name).unlink()
        raise


@attrs.define
class JsonLines:
    """One JSON object a line.

    Attributes:
        file: Where to.
        columns: Of the export.
    """

    file: BinaryIO
    columns: Sequence[Column]

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        for row in rows:
            record = {
                column.name: _readable(column.kind, value)
                for column, value in zip(self.columns, row, strict=True)
            }
            self.file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))

    def end(self) -> None:
        """Write what is left."""
        self.file.flush()


_ROWS_PER_GROUP: Final = 50_000
_BYTES_PER_GROUP: Final = 32 * 1024 * 1024


class ParquetFile:
    """Parquet with typed columns; times are UTC, in milliseconds, and JSON is text.

    Rows are kept until they make a group of rows, so memory is bounded whatever their number.

    Args:
        file: Where to.
        columns: Of the export.

    Raises:
        ParquetMissingError: The library is not installed.
    """

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415  # heavy, and an extra
            import pyarrow.parquet as pq  # noqa: PLC0415  # heavy, and an extra
        except ImportError as error:
            raise ParquetMissingError(
                "Parquet needs the extra parquet: pip install 'wharfinger-host[parquet]'."
            ) from error
        kinds = {
            Kind.INTEGER: pa.int64(),
            Kind.TEXT: pa.string(),
            Kind.TIME: pa.timestamp("ms", tz="UTC"),
            Kind.JSON: pa.string(),
        }
        self._schema = pa.schema([(column.name, kinds[column.kind]) for column in columns])
        self._kinds = [column.kind for column in columns]
        self._table_of: Any = pa.table
        self._writer: Any = pq.ParquetWriter(file, self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._bytes = 0

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        self._rows += rows
        self._bytes += sum(len(each) for row in rows for each in row if isinstance(each, bytes))
        if len(self._rows) >= _ROWS_PER_GROUP or self._bytes >= _BYTES_PER_GROUP:
            self._write_group()

    def end(self) -> None:
        """Write what is left, and what a reader looks for at the end of the file."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._rows:
            columns = zip(self._kinds, zip(*self._rows, strict=True), strict=True)
            values = [
                [None if value is None else value.decode() for value in column]
                if kind is Kind.JSON
                else column
                for kind, column in columns
            ]
            names = self._schema.names
            table = self._table_of(dict(zip(names, values, strict=True)), schema=self._schema)
            self._writer.write_table(table)
            self._rows, self._bytes = [], 0


def _readable(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    if kind is Kind.TIME:
        return time_text(value)
    return orjson.Fragment(value) if kind is Kind.JSON else value


def _refuse_to_overwrite(path: pathlib.Path) -> None:
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
