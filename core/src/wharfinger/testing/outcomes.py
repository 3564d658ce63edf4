"""One outcome per payload, whatever the vendor does, and each of them true."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from wharfinger.model.action import Effect
from wharfinger.model.outcome import NOT_SENT, Status
from wharfinger.testing.bench import UNTOLD, Delivery, InTrouble, Performed
from wharfinger.testing.complaints import Complaint
from wharfinger.testing.paper import LOOKING
from wharfinger.testing.troubles import RETRY_AFTER_S

__all__ = [
    "accepted",
    "each_refused_alone",
    "sent_twice",
    "throttled",
    "told_truly",
    "untold",
]

_CLOCKS_S: Final = 1
"""Seconds by which a wait may be shorter that was given as a point in time."""


def untold(found: InTrouble) -> Iterator[Complaint]:
    """Complain where a payload has no outcome, or more than one."""
    for performed in found.delivery.performed:
        yield from _counted(found.where, performed)


def _counted(where: str, performed: Performed) -> Iterator[Complaint]:
    """Complain where one call of ``perform`` gave no outcome per payload."""
    if performed.outcomes is not None or performed.was_cancelled:
        return
    payloads = len(performed.batch)
    if performed.error is not None:
        error = performed.error
        yield Complaint(
            where,
            f"perform raised {type(error).__name__} ({_short(str(error))}), which is no "
            "DeliveryError, so nobody knows what became of the payloads.",
            "read replies with care: check status, type and keys before you use them, and raise "
            "UnknownError (or RetryError, where that is harmless) for what you cannot read.",
        )
        return
    try:
        found = f"{len(performed.given)} {'thing' if len(performed.given) == 1 else 'things'}"
    except TypeError:
        found = type(performed.given).__name__
    yield Complaint(
        where,
        f"perform gave {found} for {payloads} payloads, where one Outcome each belongs.",
        "return one wharfinger.Outcome per payload, in the order of batch.payloads, or raise one "
        "DeliveryError where one verdict holds for all of them.",
    )


def told_truly(found: InTrouble, status_confirms: Collection[str]) -> Iterator[Complaint]:
    """Complain where a status does not tell what happened.

    Args:
        found: What became of the example of an action.
        status_confirms: The actions for which any body with the status 200 confirms.
    """
    any_body = found.trouble.is_confirmed and found.slug in status_confirms
    for performed in found.delivery.performed:
        allowed = found.trouble.allowed(performed.action.effect)
        if not performed.requests:
            continue
        for outcome in performed.outcomes or ():
            fine = outcome.status in allowed or outcome.code in NOT_SENT
            if fine or (any_body and outcome.status is Status.DELIVERED):
                continue
            names = " or ".join(sorted(status.value for status in allowed))
            yield Complaint(
                found.where,
                f'with effect "{performed.action.effect.value}" the outcome is '
                f'"{outcome.status.value}" ({outcome.code}), where {names} would be true.',
                found.trouble.remedy,
            )


def sent_twice(found: InTrouble) -> Iterator[Complaint]:
    """Complain where an action itself repeats what must not happen twice."""
    if not found.trouble.may_have_arrived:
        return
    for performed in found.delivery.performed:
        sent = Counter(
            (request.method, str(request.url), request.content)
            for request in performed.requests
            if request.method not in LOOKING
        )
        if performed.action.effect is Effect.ONCE and any(times > 1 for times in sent.values()):
            yield Complaint(
                found.where,
                "perform sends the same request again, although the first may have taken effect.",
                "send a request once and say how it ended; core repeats what may be repeated.",
            )


def throttled(found: InTrouble) -> Iterator[Complaint]:
    """Complain where the wait that a vendor asked for is lost, or is none."""
    for performed in found.delivery.performed:
        for outcome in performed.outcomes or ():
            if outcome.status is not Status.RETRY or not performed.requests:
                continue
            wait_s = outcome.retry_after_s
            if wait_s is not None and not 0 <= wait_s < math.inf:
                yield Complaint(found.where, f"retry_after_s is {wait_s}.", _WAIT)
            elif found.trouble.asks_to_wait and (wait_s or 0) < RETRY_AFTER_S - _CLOCKS_S:
                text = (
                    f"retry_after_s is {wait_s}, but the vendor asked for {RETRY_AFTER_S} seconds."
                )
                yield Complaint(found.where, text, _WAIT)


_WAIT: Final = (
    "raise ThrottledError(..., retry_after_s=wharfinger.retry_after_s(response)): it reads seconds "
    "and dates, and gives None where Retry-After is missing or makes no sense."
)


def accepted(slug: str, delivery: Delivery) -> Iterator[Complaint]:
    """Complain where events that the vendor accepts are not delivered."""
    for index, outcome in enumerate(delivery.outcomes(slug)):
        if outcome.status is not Status.DELIVERED and outcome.code != UNTOLD:
            yield Complaint(
                f"{slug}, event {index}, when the vendor works",
                f'the outcome is "{outcome.status.value}" ({outcome.code}): '
                f"{_short(outcome.message)}",
                "let `answers` reply as the vendor does to a good request, and perform return "
                "Outcome.delivered() for it.",
            )
    for performed in delivery.performed:
        told = performed.outcomes or ()
        if not performed.requests and any(each.status is Status.DELIVERED for each in told):
            yield Complaint(
                slug,
                "an outcome is delivered although nothing was sent.",
                "return delivered for what the vendor confirmed, and for nothing else.",
            )


def each_refused_alone(
    slug: str, delivery: Delivery, refused: Collection[int]
) -> Iterator[Complaint]:
    """Complain where refused events take others along, or outcomes are in another order.

    Args:
        slug: The action.
        delivery: What became of accepted and refused events together.
        refused: Which of them the vendor refuses, by index.
    """
    if any(
        performed.outcomes is None or not performed.requests for performed in delivery.performed
    ):
        return  # another check says so
    outcomes = delivery.outcomes(slug)
    wrong = [
        index
        for index, outcome in enumerate(outcomes)
        if (outcome.status is Status.REJECTED) is not (index in refused)
    ]
    if wrong:
        found = ", ".join(outcome.status.value for outcome in outcomes)
        yield Complaint(
            f"{slug}, when the vendor refuses the events {sorted(refused)} of {len(outcomes)}",
            f"the outcomes are {found}.",
            "return outcomes in the order of batch.payloads: rejected for each row that the vendor "
            "refused, with its words, and delivered for the others.",
        )


def _short(text: str, most: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most]}..."
