"""Writing down what is about to be sent and must not be sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import attrs

from wharfinger_host.store.errors import LeaseLostError, StoreError
from wharfinger_host.store.ledger import intend
from wharfinger_host.working.disk import Disk
from wharfinger_host.working.lane import Lane, Ticket

__all__ = ["DiskJournal"]


@attrs.frozen
class DiskJournal:
    """The journal of a flow whose tokens are tickets.

    Attributes:
        disk: Where to.
        targets: Numbers of the mappings, by name.
    """

    disk: Disk
    targets: Mapping[str, int]

    async def sending(self, mapping: str, tokens: Sequence[Ticket]) -> None:
        """Return once it is on disk that these are about to be sent.

        Raises:
            LeaseLostError: Another process has taken over; nothing may be sent.
        """
        target, now_ms = self.targets[mapping], self.disk.store.now_ms()
        by_lane: dict[Lane, list[Ticket]] = {}
        for ticket in tokens:
            by_lane.setdefault(ticket.lane, []).append(ticket)
            ticket.intended.append(target)
        try:
            await asyncio.gather(
                *(
                    self.disk.write(
                        intend, lane.held, target, [each.seq for each in tickets], now_ms
                    )
                    for lane, tickets in by_lane.items()
                )
            )
        except LeaseLostError:
            raise
        except StoreError as error:
            # Raised here, it would be one more reason to offer the events again.
            await self.disk.break_off(error)
