"""What plugins gave for the destination of a connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from wharfinger.model.action import Action
from wharfinger.model.destination import Authentication, Diagnostic
from wharfinger.sending import Observer

__all__ = ["Given"]


@attrs.frozen(kw_only=True)
class Given:
    """What plugins gave for the destination of a connection.

    Attributes:
        action: Returns an action of it by slug or alias.
        authentication: How it signs in, or None.
        diagnostics: Its further checks.
        observers: Who hears of finished batches.
    """

    action: Callable[[str], Action]
    authentication: Authentication | None = None
    diagnostics: Sequence[Diagnostic] = ()
    observers: Sequence[Observer] = ()
