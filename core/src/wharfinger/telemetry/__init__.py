"""Traces and metrics by the OpenTelemetry API, where the host has set up something that listens.

Whether anything does is looked at once, when a connection opens. Where nothing listens, the way of
an event is the same code as without this room: nothing is asked per event or per batch.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wharfinger.telemetry.recording import Telemetry

__all__ = ["telemetry_of"]


def telemetry_of(connection: str, destination: str) -> Telemetry | None:
    """Return what records a connection; None where nobody set up a provider.

    Args:
        connection: Its name.
        destination: Slug of its destination.
    """
    # Who sets up a provider has imported the API; importing it here would cost every start.
    if "opentelemetry" not in sys.modules:
        return None
    from wharfinger.telemetry.recording import listening  # noqa: PLC0415  # an extra

    return listening(connection, destination)
