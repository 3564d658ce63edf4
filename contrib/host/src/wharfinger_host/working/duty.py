"""What everybody is told who works for one connection, on the inbox or on an engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import attrs

from wharfinger import Connection, Finding, Outcome
from wharfinger_host.working.disk import Disk
from wharfinger_host.working.lane import Ticket
from wharfinger_host.working.verdicts import Patience

__all__ = ["Audience", "Duty"]


class Audience(Protocol):
    """Hears how the work of a connection goes."""

    def opened(self, connection: str, findings: Sequence[Finding]) -> None:
        """Hear what was found when a connection opened."""

    def recovered(self, connection: str, events: int) -> None:
        """Hear how many events are unknown because the last program died."""

    def settled(self, connection: str, mapping: str, ticket: Ticket, outcome: Outcome) -> None:
        """Hear of one outcome."""


@attrs.define(eq=False, kw_only=True)
class Duty:
    """The part that is the same wherever events come from.

    Attributes:
        name: Name of the connection.
        connection: Not open yet.
        disk: Writes to the inbox.
        owner: Name of this process.
        audience: Hears how it goes.
        patience: How long to wait before something is offered again.
        drain_s: Seconds that are left at the end to what is under way.
        once: Whether to end where nothing is left to do at present.
        look_again_s: Seconds before it looks again at what halted.
        renew: Whether it ended in order to look again at what halted.
    """

    name: str
    connection: Connection
    disk: Disk
    owner: str
    audience: Audience
    patience: Patience = attrs.field(factory=Patience)
    drain_s: float = 30.0
    once: bool = False
    look_again_s: float = 60.0
    renew: bool = False
