"""What became of journey events, as the vendor tells it afterwards."""

from datetime import datetime, timedelta
from typing import Literal

import attrs

from wharfinger_sfmc_simulator.clock import Clock
from wharfinger_sfmc_simulator.switches import Switches

__all__ = ["EVENT_STATES", "EventLog", "EventState", "LoggedEvent"]

EventState = Literal["errored", "queued", "processed"]
EVENT_STATES: tuple[EventState, ...] = ("errored", "queued", "processed")

_KEPT = 100_000


@attrs.frozen
class LoggedEvent:
    """One journey event that got an instance id.

    Attributes:
        instance_id: As it was answered.
        request_id: Of the batch it came in; empty for an event that was sent alone.
        contact_key: Whose; what was sent as such, where it was refused.
        definition_key: Which event.
        account: MID it was sent in.
        at: When it came.
        processed_at: When it stops being queued.
        errorcode: Why it was refused; empty where it was not.
        message: The same in words.
    """

    instance_id: str
    request_id: str
    contact_key: str
    definition_key: str
    account: int
    at: datetime
    processed_at: datetime
    errorcode: str = ""
    message: str = ""

    def state(self, now: datetime) -> EventState:
        """Return what it is at a moment."""
        if self.message:
            return "errored"
        return "processed" if now >= self.processed_at else "queued"

    def modified(self, now: datetime) -> datetime:
        """Return when it last became something else."""
        return self.processed_at if self.state(now) == "processed" else self.at


class EventLog:
    """The last 100,000 journey events, in the order they came.

    Args:
        switches: Which choices hold.
        clock: Gives the present moment.
    """

    def __init__(self, switches: Switches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock
        self._events: list[LoggedEvent] = []

    def add(
        self,
        *,
        instance_id: str,
        request_id: str = "",
        contact_key: str,
        definition_key: str,
        account: int,
        errorcode: str = "",
        message: str = "",
    ) -> None:
        """Remember an event; attributes as of `LoggedEvent`."""
        if len(self._events) >= _KEPT:
            del self._events[: _KEPT // 10]
        now = self._clock()
        queued_s = self._switches.async_event_processing_s
        event = LoggedEvent(
            instance_id=instance_id,
            request_id=request_id,
            contact_key=contact_key,
            definition_key=definition_key,
            account=account,
            at=now,
            processed_at=now + timedelta(seconds=queued_s),
            errorcode=errorcode,
            message=message,
        )
        self._events.append(event)

    def listed(self, account: int) -> list[LoggedEvent]:
        """Return the events of an account whose status can be asked for."""
        alone = self._switches.async_status_lists_single_events
        return [
            event
            for event in self._events
            if event.account == account and (alone or event.request_id)
        ]
