"""The class of a contract, for those who would rather call than derive."""

from __future__ import annotations

from typing import Any, Final

from wharfinger.suggest import did_you_mean
from wharfinger.testing.destination_contract import DestinationContract

__all__ = ["contract"]

_REPLIES: Final = ("answers", "besides", "refuses", "throttles")
_FACTS: Final = (
    *_REPLIES,
    *("actions", "beside", "examples", "harmless", "may_import", "plugin", "settings"),
    "status_confirms",
)


def contract(destination: str, **facts: Any) -> type[DestinationContract]:
    """Make the class of a contract; for those who would rather call than derive.

    Args:
        destination: Slug of the destination.
        facts: The attributes of `DestinationContract`; `answers`, `besides`, `refuses` and
            `throttles` as functions without ``self``.

    Returns:
        A class of tests; give it a name that begins with ``Test``.

    Raises:
        TypeError: There is no such attribute.

    Example:
        ::

            TestAcme = contract("acme", settings=SETTINGS, answers=acme_answers)
    """
    if unknown := sorted(facts.keys() - set(_FACTS)):
        hints = " ".join(did_you_mean(name, _FACTS) for name in unknown)
        raise TypeError(f"a contract has no {', '.join(unknown)}. {hints}")
    methods = {
        name: staticmethod(fact) if callable(fact) and name in _REPLIES else fact
        for name, fact in facts.items()
    }
    return type("TestContract", (DestinationContract,), {"destination": destination, **methods})
