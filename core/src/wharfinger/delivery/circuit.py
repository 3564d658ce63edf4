"""The circuit breaker: a vendor that does not work is left in peace, and asked now and then."""

from __future__ import annotations

from typing import Literal

import attrs

from wharfinger.delivery.signs import Sign

__all__ = ["Circuit", "CircuitPolicy", "CircuitState", "most_careful"]

CircuitState = Literal["closed", "open", "half-open"]
"""Whether requests may start: yes, no, or one to try."""

# Far beyond every longest wait, and no float overflows on the way.
_MOST_DOUBLINGS = 64


@attrs.frozen(kw_only=True)
class CircuitPolicy:
    """When to stop asking a vendor that does not work, and for how long.

    Attributes:
        failures: How many requests in a row must fail: no connection, no reply, or a status from
            500.
        open_s: Seconds for which no request starts then; each probe that fails doubles them.
        open_max_s: Most seconds between two probes.
    """

    failures: int = attrs.field(default=10, validator=attrs.validators.ge(1))
    open_s: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    open_max_s: float = attrs.field(default=300.0, validator=attrs.validators.gt(0))


def most_careful(one: CircuitPolicy, other: CircuitPolicy) -> CircuitPolicy:
    """Return a policy that is at least as careful as both."""
    return CircuitPolicy(
        failures=min(one.failures, other.failures),
        open_s=max(one.open_s, other.open_s),
        open_max_s=max(one.open_max_s, other.open_max_s),
    )


class Circuit:
    """Counts failures in a row; opens, lets one probe through, closes or opens for longer.

    Attributes:
        policy: When it opens, and for how long.
        failures: How many requests failed in a row.
    """

    def __init__(self, policy: CircuitPolicy) -> None:
        self.policy = policy
        self.failures = 0
        self._openings = 0
        self._open_until: float | None = None
        self._probing = False

    def state(self, now: float) -> CircuitState:
        """Return whether requests may start."""
        if self._open_until is None:
            return "closed"
        return "open" if now < self._open_until else "half-open"

    def rest_s(self, now: float) -> float:
        """Return the seconds until a request may start; 0 where one may."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - now)

    @property
    def waits_for_a_probe(self) -> bool:
        """Whether a probe is under way, so that nothing else may start."""
        return self._probing

    def start(self) -> bool:
        """Let a request start, and return whether it is the probe."""
        self._probing = self._open_until is not None
        return self._probing

    def settle(self, sign: Sign, *, probe: bool, now: float) -> bool:
        """Learn how a request ended, and return whether that opened the circuit.

        Args:
            sign: What its end says.
            probe: Whether it was the probe; one that ended for a reason of our own leaves the
                next request to be it.
            now: Seconds of the governor's clock.
        """
        if probe:
            self._probing = False
        elif self._open_until is not None:
            return False  # it started before; only the probe decides
        if sign.failed:
            self.failures += 1
            if probe or self.failures >= self.policy.failures:
                self._open(now)
                return True
        elif sign.answered:
            self.failures = self._openings = 0
            self._open_until = None
        return False

    def _open(self, now: float) -> None:
        longer = self.policy.open_s * 2.0 ** min(self._openings, _MOST_DOUBLINGS)
        self._openings += 1
        self._open_until = now + min(self.policy.open_max_s, longer)
