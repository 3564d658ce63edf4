from __future__ import annotations

import pytest

from wharfinger import Secret


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%s".__mod__, lambda s: f"{s!r:>20}"])
def test_a_secret_is_never_shown(show):
    assert "hunter2" not in show(Secret("hunter2"))


def test_a_secret_gives_its_value_only_when_asked():
    assert Secret("hunter2").reveal() == "hunter2"


def test_secrets_compare_by_value_and_with_nothing_else():
    assert Secret("pässword") == Secret("pässword")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_an_empty_secret_is_falsy():
    assert not Secret("")
    assert Secret("x")


def test_a_secret_cannot_be_reached_through_its_attributes():
    assert not hasattr(Secret("hunter2"), "__dict__")
