"""From the outcomes of an event to what is written down about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs
import orjson

import wharfinger
from wharfinger import Outcome, Status
from wharfinger_host.store.ledger import Settlement
from wharfinger_host.working.lane import Ticket

__all__ = ["Patience", "Verdicts", "payload_of", "takes"]

_WITHOUT_FAULT: Final = frozenset({"held-back", "lane-full"})
"""Codes that say nothing of the event itself."""
_HELD_BACK: Final = "held-back"


@attrs.frozen(kw_only=True)
class Patience:
    """How long to wait before an event is offered again, and when to give up.

    Attributes:
        first_s: Seconds after the first time; doubles from there.
        longest_s: Most seconds. A vendor that asks for more is obeyed.
        halted_s: Seconds before something that halted is looked at again; doubles from there.
        longest_halted_s: Most seconds of that.
        give_up_s: Seconds after which an event that is always to be tried again is a dead letter.
            One that waits for a person never is.
    """

    first_s: float = 5.0
    longest_s: float = 600.0
    halted_s: float = 60.0
    longest_halted_s: float = 900.0
    give_up_s: float = 3 * 24 * 3600.0


@attrs.define
class Verdicts:
    """Writes verdicts for one connection.

    Attributes:
        mappings: The mappings of the connection, by name.
        targets: Their numbers.
        patience: How long to wait.
        halted: Numbers of the mappings that have events waiting for a person.
        has_released: Whether one of them was found to work again.
        has_halted: Whether an event came back halted since the connection was opened.
    """

    mappings: Mapping[str, Any]
    targets: Mapping[str, int]
    patience: Patience
    halted: set[int] = attrs.field(factory=set)
    has_released: bool = False
    has_halted: bool = False

    def enter(
        self, settlement: Settlement, ticket: Ticket, mapping: str, outcome: Outcome, now_ms: int
    ) -> bool:
        """Write one outcome into a settlement.

        Returns:
            Whether the event is put aside, to be offered again.
        """
        target = self.targets[mapping]
        if target in ticket.intended:
            settlement.unintended.append((ticket.seq, target))
        if target in self.halted and outcome.status != Status.HALTED and outcome.attempts:
            self.halted.discard(target)
            settlement.released.add(target)
            self.has_released = True
        match outcome.status:
            case Status.RETRY | Status.HALTED if not self._give_up(ticket, outcome, now_ms):
                self._defer(settlement, ticket, target, outcome, now_ms)
                return True
            case Status.FILTERED:
                pass
            case Status.DELIVERED:
                self._enter(settlement, ticket, target, outcome, now_ms)
            case _:
                self._enter(settlement, ticket, target, outcome, now_ms)
                self._write_letter(settlement, ticket, mapping, outcome, now_ms)
        if ticket.offer is not None:
            settlement.done.append((target, ticket.lane.held.partition, ticket.seq))
        return False

    def hold_back(self, settlement: Settlement, ticket: Ticket, target: int, now_ms: int) -> None:
        """Put an event aside, behind an earlier one about the same contact."""
        row = (*self._place(ticket, target), now_ms, now_ms, 0, Status.RETRY.value, _HELD_BACK, "")
        settlement.deferred.append(row)

    def _give_up(self, ticket: Ticket, outcome: Outcome, now_ms: int) -> bool:
        return (
            outcome.status == Status.RETRY
            and outcome.code not in _WITHOUT_FAULT
            and ticket.offer is not None
            and now_ms - ticket.offer.since_ms >= self.patience.give_up_s * 1000
        )

    def _place(self, ticket: Ticket, target: int) -> tuple[int, int, int, str]:
        return target, ticket.lane.held.partition, ticket.seq, ticket.contact

    def _defer(
        self, settlement: Settlement, ticket: Ticket, target: int, outcome: Outcome, now_ms: int
    ) -> None:
        offer = ticket.offer
        tries = offer.tries if offer else 0
        faulty = outcome.code not in _WITHOUT_FAULT
        settlement.deferred.append(
            (
                *self._place(ticket, target),
                now_ms + int(self._wait_s(outcome, tries) * 1000),
                offer.since_ms if offer else now_ms,
                tries + faulty,
                str(outcome.status),
                outcome.code,
                outcome.message,
            )
        )
        if outcome.status == Status.HALTED:
            self.halted.add(target)
            self.has_halted = True
        if outcome.attempts:
            settlement.tries.append(
                (
                    ticket.seq,
                    target,
                    now_ms,
                    str(outcome.status),
                    outcome.code,
                    outcome.attempts,
                    outcome.http_status,
                    outcome.request_id,
                    outcome.message,
                    outcome.vendor_message,
                )
            )

    def _wait_s(self, outcome: Outcome, tries: int) -> float:
        patience = self.patience
        doubled = 2.0 ** min(tries, 20)
        if outcome.status == Status.HALTED:
            return min(patience.longest_halted_s, patience.halted_s * doubled)
        if outcome.code == _HELD_BACK:
            return 0.0
        return max(
            outcome.retry_after_s or 0.0, min(patience.longest_s, patience.first_s * doubled)
        )

    def _enter(
        self, settlement: Settlement, ticket: Ticket, target: int, outcome: Outcome, now_ms: int
    ) -> None:
        settlement.ledger.append(
            (
                ticket.seq,
                target,
                str(outcome.status),
                outcome.code,
                outcome.attempts,
                outcome.http_status,
                outcome.request_id,
                now_ms,
            )
        )

    def _write_letter(
        self, settlement: Settlement, ticket: Ticket, mapping: str, outcome: Outcome, now_ms: int
    ) -> None:
        payload = payload_of(self.mappings[mapping], orjson.loads(ticket.raw))
        settlement.letters.append(
            (
                ticket.seq,
                self.targets[mapping],
                now_ms,
                ticket.message_id,
                ticket.contact,
                str(outcome.status),
                outcome.code,
                outcome.message,
                outcome.vendor_message,
                outcome.http_status,
                outcome.request_id,
                outcome.attempts,
                ticket.raw,
                None if payload is None else orjson.dumps(payload, default=str),
            )
        )


def takes(mapping: Any, event: Any) -> bool:
    """Tell whether the trigger of a mapping takes an event, or breaks on it.

    Args:
        mapping: A mapping of a connection.
        event: The event.
    """
    try:
        return bool(mapping.matches(event))
    except Exception:  # noqa: BLE001  # it is rejected when it is sent
        return True


def payload_of(mapping: Any, event: Any) -> dict[str, Any] | None:
    """Return what a mapping makes of an event, by field name; None where it makes nothing.

    Args:
        mapping: A mapping of a connection.
        event: The event.
    """
    try:
        payload = mapping.payload(event)
    except Exception:  # noqa: BLE001  # its outcome says why
        return None
    fields = wharfinger.fields_of(type(payload))
    values = {field.name: getattr(payload, field.attribute) for field in fields}
    return {name: value for name, value in values.items() if value is not wharfinger.UNSET}
