from __future__ import annotations

import gc

import pytest

from wharfinger_host.collecting import collecting_less


@pytest.fixture(autouse=True)
def nothing_is_frozen():
    """What the whole session froze, for speed, is let go for a while."""
    gc.unfreeze()
    yield
    gc.freeze()


def test_the_collector_is_left_as_it_was_found():
    before = gc.get_threshold(), gc.get_freeze_count()
    with collecting_less():
        assert gc.get_threshold()[0] > before[0][0]
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_what_somebody_else_froze_stays_frozen():
    thing: list[object] = []
    gc.freeze()
    with collecting_less():
        assert is_frozen(thing)
    assert is_frozen(thing)
    gc.unfreeze()
    assert not is_frozen(thing)


def is_frozen(thing):
    """The collector lists what it looks at, and nothing that is frozen."""
    return not any(each is thing for each in gc.get_objects())


def test_it_is_left_so_by_an_error_as_well():
    before = gc.get_threshold()
    with pytest.raises(KeyError), collecting_less():
        raise KeyError
    assert gc.get_threshold() == before
