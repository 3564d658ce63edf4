"""The exit codes of every command."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Exit"]


class Exit(IntEnum):
    """What the shell is told."""

    OK = 0
    """Everything was delivered, filtered or found right."""
    FAILED = 1
    """Something was not delivered or not loaded, or a check against the vendor failed."""
    USAGE = 2
    """The command line or the configuration is wrong; nothing was sent."""
    FILES = 3
    """A file could not be read or written."""
    PENDING = 4
    """Something is to be made at the vendor, or left for a person to do there."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C."""
