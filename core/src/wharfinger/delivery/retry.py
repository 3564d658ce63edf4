"""Performing one batch until every payload has an outcome or the attempts are used up."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from itertools import repeat
from typing import Final

import attrs
import stamina

from wharfinger.delivery.governor import Governor
from wharfinger.delivery.session import Session
from wharfinger.errors import DeliveryError
from wharfinger.model.action import Action, Effect
from wharfinger.model.batching import Batch
from wharfinger.model.outcome import NOT_SENT, REFUSED_HERE, Outcome, Status
from wharfinger.redacting import redacted, stack_of
from wharfinger.telemetry import under_way

__all__ = ["RetryPolicy", "perform"]

logger = logging.getLogger(__name__)

_MOST_DOUBLINGS: Final = 64  # no float overflows on the way, and every longest wait is passed


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and how long to try within one call.

    Waits have full jitter: each is drawn evenly from between nothing and its bound, so that what
    failed together does not come back together.

    Attributes:
        attempts: Most times a payload is sent.
        wait_initial_s: Bound of the wait before the second attempt, in seconds; it doubles with
            every further one.
        wait_max_s: Longest wait in seconds. A vendor that asks for more is obeyed by giving the
            events back with ``retry`` and its ``retry_after_s``.
        timeout_s: Seconds after which no further attempt starts.
    """

    attempts: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    wait_initial_s: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    wait_max_s: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))
    timeout_s: float = attrs.field(default=300.0, validator=attrs.validators.gt(0))

    def backoff_s(self, attempt: int, drawn: float) -> float:
        """Return the seconds to wait after an attempt, where the vendor did not say.

        Args:
            attempt: Which one failed, from 1.
            drawn: Drawn evenly from between 0 and 1.
        """
        doubled = self.wait_initial_s * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)
        return drawn * min(self.wait_max_s, doubled)


class _AgainError(Exception):
    """Some payloads are left over; carries the longest wait that was asked for, in seconds."""

    def __init__(self, retry_after_s: float | None) -> None:
        super().__init__("some payloads are to be sent again")
        self.retry_after_s = retry_after_s


async def perform(
    action: Action, session: Session, governor: Governor, batch: Batch, policy: RetryPolicy
) -> list[Outcome]:
    """Send a batch, and again what may be sent again.

    Returns:
        One outcome per payload, in order, each with its number of attempts.
    """
    started, attempts = session.now(), 1
    outcomes = _counted(await _attempt(action, session, governor, batch), ())
    if not _left_over(outcomes):
        return outcomes  # at once: getting ready to try again costs more than all of the above

    def wait_hint(error: Exception) -> bool | float:
        if not isinstance(error, _AgainError):
            return False
        wait_s = error.retry_after_s
        if wait_s is None:
            # stamina's own waits are exponential with a little jitter added, not full jitter.
            wait_s = policy.backoff_s(attempts, random.random())  # noqa: S311  # no secret
        late = session.now() - started + wait_s >= policy.timeout_s
        return False if late or wait_s > policy.wait_max_s else wait_s

    try:
        async for attempt in stamina.retry_context(
            on=wait_hint,
            attempts=policy.attempts,
            timeout=None,
        ):
            with attempt:
                attempts = attempt.num
                if attempts > 1:  # the first one is behind us
                    waiting = _left_over(outcomes)
                    under_way.retrying(attempts, len(waiting))
                    rest = batch if len(waiting) == len(batch) else batch.take(waiting)
                    fresh = await _attempt(action, session, governor, rest)
                    fresh = _counted(fresh, [outcomes[index].attempts for index in waiting])
                    for index, outcome in zip(waiting, fresh, strict=True):
                        outcomes[index] = outcome
                if _left_over(outcomes):
                    raise _AgainError(_longest_wait(outcomes))  # noqa: TRY301  # stamina's way to go round again
    except _AgainError:
        logger.debug("%s: %d payloads are left over", action.slug, len(_left_over(outcomes)))
    return outcomes


def _left_over(outcomes: Sequence[Outcome]) -> list[int]:
    """Return the indices of what may be sent again."""
    return [index for index, outcome in enumerate(outcomes) if outcome.status is Status.RETRY]


async def _attempt(
    action: Action, session: Session, governor: Governor, batch: Batch
) -> list[Outcome]:
    """Perform once; a wait that the vendor asks for holds every request of the account."""
    outcomes = await _outcomes_of(action, session, batch)
    asked = [outcome for outcome in outcomes if outcome.code not in REFUSED_HERE]
    if (wait_s := _longest_wait(asked)) is not None:
        governor.pause(wait_s)
        under_way.paused(wait_s)
    return outcomes


async def _outcomes_of(action: Action, session: Session, batch: Batch) -> list[Outcome]:
    """Perform and turn whatever happens into one outcome per payload."""
    try:
        outcomes = list(await action.perform(session, batch))
    except DeliveryError as error:
        return [Outcome.of(error)] * len(batch)
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and _is_to_end():
            raise
        shown = redacted(action.payload, batch.payloads[0])
        text = (
            "the action %s failed in an unforeseen way with %d payloads, the first of them %s: %s"
        )
        logger.error(text, action.slug, len(batch), shown, stack_of(error))  # noqa: TRY400  # its words may be an event's
        return [_fault(action, f"{type(error).__name__} in {action.title}")] * len(batch)
    if len(outcomes) != len(batch):
        found = f"{action.title} gave {len(outcomes)} outcomes for {len(batch)} payloads"
        return [_fault(action, found)] * len(batch)
    return outcomes


def _is_to_end() -> bool:
    """Tell whether somebody asked the present task to end.

    An action that waited for something else that was cancelled raises the same, and a task group
    takes that for an end in peace: its payloads would have no outcome.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _fault(action: Action, what: str) -> Outcome:
    """Nobody knows how far a faulty action came: where twice is harmless, a person may replay."""
    repeatable = action.effect is Effect.IDEMPOTENT
    return Outcome(
        status=Status.REJECTED if repeatable else Status.UNKNOWN,
        code="action-failed",
        message=f"A fault in the plugin: {what}. Report it to the plugin's authors; the log has "
        "the details.",
    )


def _counted(outcomes: Sequence[Outcome], before: Sequence[int]) -> list[Outcome]:
    """Count how often each payload was sent; rows that share an outcome go on sharing it.

    Args:
        outcomes: Of this attempt.
        before: How often each was sent before; empty at the first attempt.
    """
    pairs = list(zip(map(id, outcomes), before or repeat(0), strict=False))
    counted = {
        pair: attrs.evolve(outcome, attempts=pair[1] + (outcome.code not in NOT_SENT))
        for pair, outcome in dict(zip(pairs, outcomes, strict=True)).items()
    }
    return [counted[pair] for pair in pairs]


def _longest_wait(outcomes: Sequence[Outcome]) -> float | None:
    waits = [o.retry_after_s for o in outcomes if o.retry_after_s is not None]
    return max(waits, default=None)
