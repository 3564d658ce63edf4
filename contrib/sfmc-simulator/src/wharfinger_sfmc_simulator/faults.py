"""Faults on demand: which request each of them strikes, and how often."""

import random
from collections.abc import Iterable
from typing import Any

import attrs

from wharfinger_sfmc_simulator.fault_kinds import FAULT_KINDS, Fault, FaultKind, Service
from wharfinger_sfmc_simulator.fault_replies import (
    instead,
    insufficient_privileges,
    ip_refused,
    not_authorized,
    service_not_found,
    spoil,
)

__all__ = [
    "FAULT_KINDS",
    "ArmedFault",
    "Fault",
    "FaultKind",
    "FaultScript",
    "fault_as_json",
    "instead",
    "insufficient_privileges",
    "ip_refused",
    "not_authorized",
    "service_not_found",
    "spoil",
]


@attrs.define
class ArmedFault:
    """A fault with what became of it so far.

    Attributes:
        fault: As it was given.
        seen: Requests that matched.
        struck: Requests it spoilt.
    """

    fault: Fault
    seen: int = 0
    struck: int = 0

    def strikes(self, method: str, path: str, service: Service, generator: random.Random) -> bool:
        """Say whether this request is spoilt, and count it."""
        fault = self.fault
        if fault.times is not None and self.struck >= fault.times:
            return False
        if not self._matches(method, path, service):
            return False
        self.seen += 1
        turn = self.seen - fault.after
        if turn < 1 or turn % fault.every or generator.random() >= fault.probability:
            return False
        self.struck += 1
        return True

    def _matches(self, method: str, path: str, service: Service) -> bool:
        fault = self.fault
        return (
            fault.method.upper() in ("", method)
            and fault.path.lower() in path.lower()
            and fault.service in ("", service)
        )


class FaultScript:
    """The faults that wait for their requests, in the order they were armed."""

    def __init__(self, faults: Iterable[Fault], generator: random.Random) -> None:
        self.armed: list[ArmedFault] = []
        self._generator = generator
        self.arm(faults)

    def arm(self, faults: Iterable[Fault]) -> None:
        """Add faults behind those that wait already."""
        self.armed.extend(map(ArmedFault, faults))

    def clear(self) -> None:
        """Forget every fault."""
        self.armed.clear()

    def take(self, method: str, path: str, service: Service) -> Fault | None:
        """Return the first fault that strikes this request, or None.

        It comes with the service it struck, since SOAP is refused in words of its own.
        """
        for armed in self.armed:
            if armed.strikes(method, path, service, self._generator):
                return attrs.evolve(armed.fault, service=service)
        return None


def fault_as_json(armed: ArmedFault) -> dict[str, Any]:
    """Return a fault and what became of it, for inspection."""
    return {**attrs.asdict(armed.fault), "seen": armed.seen, "struck": armed.struck}
