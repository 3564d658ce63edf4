from __future__ import annotations

import attrs

from wharfinger import Outcome, Status
from wharfinger.receipts import _MOST_KEYS, Halts

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
