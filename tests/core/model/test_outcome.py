from __future__ import annotations

import pytest

from wharfinger import Outcome, Status


@pytest.mark.parametrize("status", list(Status))
def test_a_status_that_is_written_as_text_is_the_status_itself(status):
    assert Outcome(status=status.value, code="any").status is status


@pytest.mark.parametrize("status", ["", "Delivered", "done", None, 1])
def test_no_other_word_is_a_status(status):
    with pytest.raises(ValueError, match="is not a valid Status"):
        Outcome(status=status, code="any")
