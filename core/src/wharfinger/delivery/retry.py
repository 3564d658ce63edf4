"""Performing one batch until every payload has an outcome or the attempts are used up."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from itertools import repeat

import attrs
import stamina

from wharfinger.delivery.governor import Governor
from wharfinger.delivery.session import Session
from wharfinger.errors import DeliveryError
from wharfinger.model.action import Action, Effect
from wharfinger.model.batching import Batch
from wharfinger.model.outcome import NOT_SENT, Outcome, Status

__all__ = ["RetryPolicy", "perform"]

logger = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and how long to try within one call.

    Attributes:
        attempts: Most times a payload is sent.
        wait_initial_s: Seconds before the second attempt; doubles from there, with jitter.
        wait_max_s: Longest wait in seconds. A vendor that asks for more is obeyed by giving the
            events back with ``retry`` and its ``retry_after_s``.
        timeout_s: Seconds after which no further attempt starts.
    """

    attempts: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    wait_initial_s: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    wait_max_s: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))
    timeout_s: float = attrs.field(default=300.0, validator=attrs.validators.gt(0))


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
    started = time.monotonic()
    outcomes = _counted(await _attempt(action, session, governor, batch), ())
    if not _left_over(outcomes):
        return outcomes  # at once: getting ready to try again costs more than all of the above

    def wait_hint(error: Exception) -> bool | float:
        if not isinstance(error, _AgainError):
            return False
        if error.retry_after_s is None:
            return True
        return error.retry_after_s if error.retry_after_s <= policy.wait_max_s else False

    try:
        async for attempt in stamina.retry_context(
            on=wait_hint,
            attempts=policy.attempts,
            timeout=policy.timeout_s - (time.monotonic() - started),
            wait_initial=policy.wait_initial_s,
            wait_max=policy.wait_max_s,
            wait_jitter=policy.wait_initial_s,
        ):
            with attempt:
                if attempt.num > 1:  # the first one is behind us
                    waiting = _left_over(outcomes)
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
    if (wait_s := _longest_wait(outcomes)) is not None:
        governor.pause(wait_s)
    return outcomes


async def _outcomes_of(action: Action, session: Session, batch: Batch) -> list[Outcome]:
    """Perform and turn whatever happens into one outcome per payload."""
    try:
        outcomes = list(await action.perform(session, batch))
    except DeliveryError as error:
        return [Outcome.of(error)] * len(batch)
    except Exception as error:
        logger.exception("the action %s failed in an unforeseen way", action.slug)
        return [_fault(action, f"{type(error).__name__} in {action.title}")] * len(batch)
    if len(outcomes) != len(batch):
        found = f"{action.title} gave {len(outcomes)} outcomes for {len(batch)} payloads"
        return [_fault(action, found)] * len(batch)
    return outcomes


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
    counted: dict[tuple[int, int], Outcome] = {}
    result = []
    for outcome, times in zip(outcomes, before or repeat(0), strict=False):
        attempts = times + (outcome.code not in NOT_SENT)
        key = id(outcome), attempts
        if key not in counted:
            counted[key] = attrs.evolve(outcome, attempts=attempts)
        result.append(counted[key])
    return result


def _longest_wait(outcomes: Sequence[Outcome]) -> float | None:
    waits = [o.retry_after_s for o in outcomes if o.retry_after_s is not None]
    return max(waits, default=None)
