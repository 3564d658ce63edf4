"""Adding a table to the end of a configuration, so that all that is there stays as it is."""

from __future__ import annotations

import copy
import difflib
import pathlib
import tomllib
from collections.abc import Iterable
from typing import Any

import attrs

__all__ = ["CannotAppendError", "Document"]


class CannotAppendError(Exception):
    """The table cannot stand behind what is there; the message says what to do."""


@attrs.frozen
class Document:
    """A configuration as text and as data.

    Attributes:
        file: Where it stands.
        text: What it holds.
        data: The same, read as TOML.
    """

    file: pathlib.Path
    text: str
    data: dict[str, Any]

    @classmethod
    def read(cls, file: pathlib.Path) -> Document:
        """Read a configuration.

        Raises:
            OSError: The file cannot be read.
            ValueError: It is no TOML.
        """
        text = file.read_bytes().decode()
        return cls(file, text, tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n")))

    def with_table(self, table: str, path: Iterable[str]) -> str:
        """Return the text with a table behind it.

        Args:
            table: TOML, with its header.
            path: Where it stands, from the root.

        Raises:
            CannotAppendError: TOML does not allow it, as behind tables that are written in a line.
        """
        wanted = self._with_data(tomllib.loads(table), path)
        head = self.text.rstrip()
        text = f"{head}\n\n{table}" if head else table
        try:
            if tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n")) != wanted:
                raise ValueError("it would read otherwise")  # noqa: TRY301  # one way out for both
        except ValueError as error:
            raise CannotAppendError(
                f"{self.file} cannot be added to at its end, because a table there is written on "
                "one line. Leave --write away and put the mapping in by hand."
            ) from error
        return text.replace("\r\n", "\n").replace("\n", self._line_end)

    def difference(self, text: str) -> list[str]:
        """Return what changes, line by line, as ``diff -u`` does."""
        name = str(self.file)
        lines = difflib.unified_diff(
            self.text.splitlines(), text.splitlines(), name, name, n=2, lineterm=""
        )
        return list(lines)

    @property
    def _line_end(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _with_data(self, table: dict[str, Any], path: Iterable[str]) -> dict[str, Any]:
        whole = copy.deepcopy(self.data)
        held, added = whole, table
        *parents, last = path
        for name in parents:
            held, added = held.setdefault(name, {}), added[name]
            if not isinstance(held, dict):
                raise CannotAppendError(f"{name} is no table in {self.file}.")
        held[last] = added[last]
        return whole
