"""How what is said on standard error is written."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["LogFormat"]


class LogFormat(StrEnum):
    """For people, or one JSON object a line."""

    TEXT = "text"
    JSON = "json"
