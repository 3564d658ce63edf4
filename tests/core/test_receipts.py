from __future__ import annotations

import attrs
import pytest

from wharfinger import Outcome, Status
from wharfinger.receipts import _MOST_KEYS, Halts, Receipts

HALTED = Outcome(status=Status.HALTED, code="gone", message="It is gone.", attempts=1)


def test_what_halted_is_remembered_for_as_many_keys_as_memory_is_meant_for():
    halts = Halts()
    for key in range(_MOST_KEYS + 1):
        halts.learn("rows", key, [HALTED])
    assert halts.of("rows", 0) is None
    for key in (1, _MOST_KEYS):
        assert halts.of("rows", key) == attrs.evolve(HALTED, attempts=0)


def test_another_mapping_with_the_same_key_goes_on():
    halts = Halts()
    halts.learn("rows", "orders", [HALTED])
    assert halts.of("contacts", "orders") is None


def test_receipts_are_given_once_every_outcome_is_known(connect):
    receipts = Receipts(2, {"notes": connect().mappings["notes"]})
    receipts.enter("notes", [1], [HALTED])
    with pytest.raises(RuntimeError, match="1 outcome"):
        receipts.all()
    assert [each.outcomes for each in receipts.all(partial=True)] == [{}, {"notes": HALTED}]
    with pytest.raises(RuntimeError, match="second outcome"):
        receipts.enter("notes", [1], [HALTED])
    receipts.enter("notes", [0], [HALTED])
    assert [each.outcomes for each in receipts.all()] == [{"notes": HALTED}] * 2
