"""What can go wrong at a vendor, and which statuses tell it truly."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Final

import attrs
import httpx

from wharfinger.model.action import Effect
from wharfinger.model.outcome import Status
from wharfinger.testing.paper import GARBAGE, Answer, Garbage, Reply, Vendor
from wharfinger.testing.scrambling import SCRAMBLES, scrambled
from wharfinger.testing.throttling import NONSENSE, asking_by_date, asking_for, asking_in_silence

__all__ = ["RETRY_AFTER_S", "WORKING", "Trouble", "troubles"]

RETRY_AFTER_S: Final = 7
"""Seconds that a vendor on paper asks to wait."""

_D, _J, _R, _U, _H = (
    Status.DELIVERED,
    Status.REJECTED,
    Status.RETRY,
    Status.UNKNOWN,
    Status.HALTED,
)


@attrs.frozen(kw_only=True)
class Trouble:
    """One way in which a vendor lets a request down.

    Attributes:
        name: What it is, as the end of "when the vendor ...".
        script: Teaches a vendor to do it.
        idempotent: Statuses that tell it truly for an action that may be repeated.
        once: The same for an action that must not happen twice.
        remedy: What an author does where another status comes out.
        asks_to_wait: Whether the vendor says for how long: `RETRY_AFTER_S`, or by a date a little
            more.
        may_have_arrived: Whether the request may have taken effect all the same.
        is_confirmed: Whether the status alone would confirm it.
    """

    name: str
    script: Callable[[Vendor], object]
    idempotent: frozenset[Status]
    once: frozenset[Status]
    remedy: str
    asks_to_wait: bool = False
    may_have_arrived: bool = False
    is_confirmed: bool = False

    def allowed(self, effect: Effect) -> frozenset[Status]:
        """Return the statuses that tell it truly."""
        return self.idempotent if effect is Effect.IDEMPOTENT else self.once


WORKING: Final = Trouble(
    name="works",
    script=lambda _: None,
    idempotent=frozenset(Status),
    once=frozenset(Status),
    remedy="",
)
"""No trouble at all."""


def troubles(
    answers: Answer,
    refuses: Answer,
    throttles: Callable[[httpx.Request, float], Reply],
    harmless: Collection[int],
) -> Iterator[Trouble]:
    """Yield every trouble.

    Args:
        answers: How the vendor answers any request while it works.
        refuses: How it refuses a whole request for what is in it.
        throttles: How it asks to wait, for so many seconds.
        harmless: Statuses by which it says that it did nothing.
    """
    yield _trouble(
        "refuses the request with 400",
        lambda vendor: vendor.answers(refuses),
        {_J, _U, _H},
        "raise RejectedError (or HaltedError, where a person must change something); a request "
        "that the vendor refuses for what is in it must not go round for ever, nor count as done.",
    )
    yield _trouble(
        "refuses the credentials with 401",
        lambda vendor: vendor.accepts(401, json={"message": "Unauthorized"}),
        {_H},
        "raise CredentialsError for 401, so that the connection waits for a person and no event "
        "is lost.",
    )
    yield from _throttled(lambda request: throttles(request, RETRY_AFTER_S))
    for status in (500, 502, 503, 504):
        yield _trouble(
            f"answers {status}",
            lambda vendor, status=status: vendor.fails(status),  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            {_R, _U, _H},
            "raise RetryError for a server's fault where a repetition is harmless, and "
            "UnknownError where it is not and the request may have taken effect. If this status "
            "promises that nothing was done, name it in `harmless`.",
            once={_U, _H} | ({_R} if status in harmless else set()),
            may_have_arrived=status not in harmless,
        )
    for status, words in ((403, "Forbidden"), (404, "Not found")):
        yield _trouble(
            f"answers {status}",
            lambda vendor, status=status, words=words: vendor.refuses(  # type: ignore[misc]  # mypy cannot infer a lambda with a default
                status, json={"message": words}
            ),
            {_J, _U, _H} | ({_R} if status in harmless else set()),
            "look at the status before the body: what the vendor forbids is not delivered, nor is "
            "what it does not find. Raise HaltedError where a person must change something, or "
            "else RejectedError; it must not go round for ever. If the vendor asks to come later "
            "by this status, name it in `harmless`.",
        )
    yield _trouble(
        "redirects to another host",
        lambda vendor: vendor.accepts(302, headers={"Location": "https://elsewhere.invalid/"}),
        {_J, _R, _U, _H},
        "take a redirect for a reply that makes no sense: nothing was accepted.",
    )
    lost = (
        "let session.request's own error through: it is a RetryError for an idempotent action and "
        "an UnknownError for one with Effect.ONCE, whose request may have taken effect."
    )
    for name, script in (
        ("does not answer in time", Vendor.hangs),
        ("breaks the connection", Vendor.drops),
    ):
        yield _trouble(name, script, {_R, _U}, lost, once={_U}, may_have_arrived=True)
    yield _trouble(
        "cannot be reached",
        Vendor.is_away,
        {_R},
        "let session.request's own RetryError through: nothing was sent, so it can be tried again.",
    )
    for kind in GARBAGE:
        garbage = f"answers 200 with garbage ({kind})"
        yield attrs.evolve(_unreadable(garbage, partial(_garble, kind)), is_confirmed=True)
    for name, change in SCRAMBLES.items():
        answer = scrambled(answers, change)
        yield _unreadable(f"answers with {name}", partial(_answer, answer), _D)


def _throttled(throttles: Answer) -> Iterator[Trouble]:
    """Yield every way to ask to wait, with and without saying for how long."""
    silent = {"without Retry-After": asking_in_silence(throttles)}
    nonsense = {f"with Retry-After: {each}": asking_for(each, throttles) for each in NONSENSE}
    told = {
        f"with Retry-After: {RETRY_AFTER_S}": throttles,
        "with a date in Retry-After": asking_by_date(RETRY_AFTER_S, throttles),
    }
    for way, answer in {**told, **silent, **nonsense}.items():
        yield _trouble(
            f"answers 429 {way}",
            partial(_answer, answer),
            {_R},
            "raise ThrottledError(..., retry_after_s=wharfinger.retry_after_s(response)).",
            asks_to_wait=way in told,
        )


def _garble(kind: Garbage, vendor: Vendor) -> None:
    vendor.garbles(kind)


def _answer(answer: Answer, vendor: Vendor) -> None:
    vendor.answers(answer)


def _unreadable(name: str, script: Callable[[Vendor], object], *as_well: Status) -> Trouble:
    return _trouble(
        name,
        script,
        {_J, _R, _U, _H, *as_well},
        "the request may have taken effect where a reply cannot be read. With Effect.IDEMPOTENT "
        "raise RetryError, for a repetition does no harm; with Effect.ONCE raise UnknownError, for "
        "it must not be repeated. Return delivered for what a reply confirms; where the status "
        "alone does, name the action in `status_confirms`.",
        once={_J, _U, _H, *as_well},
        may_have_arrived=True,
    )


def _trouble(
    name: str,
    script: Callable[[Vendor], object],
    statuses: set[Status],
    remedy: str,
    *,
    once: set[Status] | None = None,
    asks_to_wait: bool = False,
    may_have_arrived: bool = False,
) -> Trouble:
    return Trouble(
        name=name,
        script=script,
        idempotent=frozenset(statuses),
        once=frozenset(statuses if once is None else once),
        remedy=remedy,
        asks_to_wait=asks_to_wait,
        may_have_arrived=may_have_arrived,
    )
