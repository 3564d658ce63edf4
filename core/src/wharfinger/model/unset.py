"""The value that stands for no value."""

from __future__ import annotations

from typing import Final, final

__all__ = ["UNSET", "Unset"]


@final
class Unset:
    """The type of `UNSET`, of which there is one; no encoder takes it for a value."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"  # revived by name, so that it stays the only one


UNSET: Final = Unset()
"""Absent, as opposed to None, which is a value of its own: what JavaScript calls undefined."""
