"""What a check found: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import pytest

__all__ = ["Complaint", "complain"]

_MOST_SHOWN = 12


@attrs.frozen
class Complaint:
    """One thing that is wrong with a plugin.

    Attributes:
        where: The action, the field or the circumstance.
        found: What is wrong, as a whole sentence.
        remedy: What to do, as a whole sentence.
    """

    where: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found}\n    What to do: {self.remedy}"


def complain(complaints: Iterable[Complaint]) -> None:
    """Fail the running test with everything that was found; pass where that is nothing."""
    lines = [str(complaint) for complaint in dict.fromkeys(complaints)]
    if not lines:
        return
    more = [f"... and {len(lines) - _MOST_SHOWN} more"] if len(lines) > _MOST_SHOWN else []
    pytest.fail("\n".join([*lines[:_MOST_SHOWN], *more]), pytrace=False)
