"""The exit codes of every command."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

__all__ = ["MEANINGS", "Exit"]


class Exit(IntEnum):
    """What the shell is told; `MEANINGS` says it in words."""

    OK = 0
    FAILED = 1
    USAGE = 2
    FILES = 3
    PENDING = 4
    INTERRUPTED = 130


MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.OK: "Everything was delivered, filtered or found right.",
    Exit.FAILED: "Something was not delivered or not loaded, an error was found at the vendor, or "
    "the answer to a question was no. Each command says below what it is there.",
    Exit.USAGE: "The command line or the configuration is wrong. Nothing was sent or made.",
    Exit.FILES: "A file could not be read or written.",
    Exit.PENDING: "Something is to be made at the vendor, or is left for a person to do there.",
    Exit.INTERRUPTED: "Stopped by Ctrl-C.",
}
