"""One line of JSON for each batch, for whoever has to show what was sent."""

from __future__ import annotations

import os
import pathlib
from datetime import UTC, datetime
from typing import Final

import attrs
import orjson

import wharfinger
from wharfinger_sfmc_extras.destination import SLUG

__all__ = ["VARIABLE", "write"]

VARIABLE: Final = "SFMC_EXTRAS_AUDIT_FILE"
"""Path of a file that lines are appended to."""


def write(report: wharfinger.BatchReport) -> None:
    """Append a line; it holds names and counts, and nothing of any event.

    Raises:
        OSError: The file cannot be written. Core logs it, and nobody is stopped.
    """
    path = os.environ.get(VARIABLE)
    if not path or report.destination != SLUG:
        return
    # What the batch had in common may be a value of events.
    facts = {k: v for k, v in attrs.asdict(report).items() if k != "batch_key"}
    line = orjson.dumps({"at": datetime.now(UTC), **facts}, option=orjson.OPT_APPEND_NEWLINE)
    # Short and in one piece, so that lines of several workers do not get into each other.
    with pathlib.Path(path).open("ab", buffering=0) as file:
        file.write(line)
