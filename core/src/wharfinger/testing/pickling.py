"""What distributed hosts send between processes can be sent."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from typing import Any, Final

from wharfinger.errors import DeliveryError
from wharfinger.testing.bench import Bench, InTrouble
from wharfinger.testing.complaints import Complaint
from wharfinger.testing.mappings import items_of

__all__ = ["records_travel", "verdicts_travel"]

_REMEDY: Final = (
    "define records at the top of a module as attrs classes, which compare by their values; keep "
    "locks, clients, open files and lambdas out of them; and let an error of your own keep the "
    "constructor of DeliveryError."
)


def records_travel(bench: Bench) -> Iterator[Complaint]:
    """Complain about settings and payloads that cannot be pickled."""
    for slug in bench.actions:
        settings = bench.connect(slug, bench.working()).settings
        yield from _travels("settings", settings)
        for item in items_of(bench, slug):
            yield from _travels(f"payload of {slug}", item.payload)


def verdicts_travel(found: Iterable[InTrouble]) -> Iterator[Complaint]:
    """Complain about outcomes and errors that cannot be pickled."""
    for each in found:
        where = each.where
        for performed in each.delivery.performed:
            for outcome in performed.outcomes or ():
                yield from _travels(f"an outcome of {where}", outcome)
            if isinstance(performed.error, DeliveryError):
                yield from _travels(
                    f"{type(performed.error).__name__} of {where}", performed.error, same=str
                )


def _travels(where: str, value: Any, *, same: Any = None) -> Iterator[Complaint]:
    try:
        back = pickle.loads(pickle.dumps(value))  # noqa: S301  # what was written a moment ago
    except Exception as error:  # noqa: BLE001  # pickling may fail in any way
        yield Complaint(
            where,
            f"it cannot be pickled: {type(error).__name__}: {error}.",
            _REMEDY,
        )
        return
    if (same(back) if same else back) != (same(value) if same else value):
        yield Complaint(
            where,
            "it is not the same after it was pickled and read again.",
            _REMEDY,
        )
