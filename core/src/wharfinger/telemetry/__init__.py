"""Traces and metrics by the OpenTelemetry API, where the host has set up something that listens.

Whether anything does is looked at once, when a connection opens. Where nothing listens, the way of
an event is the same code as without this room: nothing is asked per event or per batch.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wharfinger.telemetry.recording import Telemetry

__all__ = ["telemetry_of"]

logger = logging.getLogger(__name__)


def telemetry_of(connection: str, destination: str) -> Telemetry | None:
    """Return what records a connection; None where nobody set up a provider.

    One that fails, or an API that is too old, is logged: what is delivered does not depend on it.

    Args:
        connection: Its name.
        destination: Slug of its destination.
    """
    # Who sets up a provider has imported the API; importing it here would cost every start.
    if "opentelemetry" not in sys.modules:
        return None
    try:
        from wharfinger.telemetry.recording import listening  # noqa: PLC0415  # an extra

        return listening(connection, destination)
    except Exception:
        logger.exception("the connection %s is not recorded", connection)
        return None
