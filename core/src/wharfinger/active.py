"""A mapping at work: from one event to a payload on its way, or to the reason why not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from wharfinger.delivery.lanes import Item
from wharfinger.errors import PayloadError, RejectedError
from wharfinger.mapping import Node, told_absent
from wharfinger.model.action import Action
from wharfinger.model.batching import BatchPolicy, Unbatched
from wharfinger.model.opening import Outline
from wharfinger.model.outcome import Outcome, Status
from wharfinger.redacting import stack_of

__all__ = ["ActiveMapping"]

logger = logging.getLogger(__name__)

_FILTERED = Outcome(
    status=Status.FILTERED, code="not-triggered", message="The trigger does not match this event."
)


@attrs.frozen(kw_only=True)
class ActiveMapping:
    """One compiled mapping of a connection.

    Attributes:
        name: Its name in the configuration.
        action: What it does.
        trigger: The text of its trigger.
        policy: How its payloads travel.
        outline: What it says before any event has come.
        matches: The compiled trigger.
        node: The field mapping, as it was read.
        payload: Event to an instance of the action's payload class: mapped, coerced and checked.
        source: Python source of ``payload``.
        most_bytes: Largest encoded payload that can be sent.
    """

    name: str
    action: Action
    trigger: str
    policy: BatchPolicy | Unbatched
    outline: Outline = attrs.field(repr=False)
    matches: Callable[[Mapping[str, Any]], bool] = attrs.field(repr=False)
    node: Node = attrs.field(repr=False)
    payload: Callable[[Mapping[str, Any]], Any] = attrs.field(repr=False)
    source: str = attrs.field(repr=False)
    most_bytes: int = attrs.field(repr=False)

    def prepare(self, index: int, event: Any, halt: Outcome | None = None) -> Item | Outcome:
        """Take one event as far as it goes without the vendor.

        Args:
            index: Its place among the events that were handed in.
            event: The event; anything but an object is rejected.
            halt: The outcome of whatever this mapping takes, where it has halted: no payload is
                made of an event that cannot be sent.

        Returns:
            The payload on its way, or the outcome where the way ends: filtered, halted or
            rejected.
        """
        if type(event) is not dict and not isinstance(event, Mapping):
            return Outcome(
                status=Status.REJECTED,
                code="event-invalid",
                message=f"An event must be an object, but this one is {type(event).__name__}.",
            )
        try:
            if not self.matches(event):
                return _FILTERED
            return halt or self._item(index, self.payload(event))
        except PayloadError as error:
            places = (problem.path for problem in error.problems if problem.path)
            absent = told_absent(self.node, event, places)
            outcome = Outcome.of(error)
            return attrs.evolve(outcome, message=f"{outcome.message} {absent}".rstrip())
        except RejectedError as error:
            return Outcome.of(error)
        except Exception as error:  # noqa: BLE001  # a mapping may fail in any way
            text = "the mapping %s failed in an unforeseen way: %s"
            logger.error(text, self.name, stack_of(error))  # noqa: TRY400  # its words may be the event's
            return Outcome(
                status=Status.REJECTED,
                code="mapping-failed",
                message=f"The mapping {self.name} failed on this event with "
                f"{type(error).__name__}; the log has the details.",
            )

    def _item(self, index: int, payload: Any) -> Item:
        action = self.action
        if action.form:
            payload = action.form(payload)
        body = action.encode(payload) if action.encode else b""
        if len(body) > self.most_bytes:
            raise RejectedError(
                f"The payload is {len(body):,} bytes, and {action.title} takes at most "
                f"{self.most_bytes:,}. Map fewer or shorter values.",
                code="payload-too-large",
            )
        batch_key = action.batch_key(payload) if action.batch_key else None
        order_key = action.order_key(payload) if action.order_key else None
        # A plugin's key that cannot be grouped by fails here, for this event alone.
        hash((batch_key, order_key))
        return Item(index, payload, body, batch_key, order_key)
