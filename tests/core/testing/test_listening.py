"""What is said while events are delivered is heard, and kept from nobody else."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings

import pytest

from wharfinger.testing.listening import listening

SHOUTS = "import os; os.write(1, b'from another process')"


@pytest.fixture
def texts():
    return []


def test_a_warning_is_heard_and_reaches_whom_it_was_for(texts):
    with pytest.warns(UserWarning, match="mind the quay"), listening(texts):
        warnings.warn("mind the quay", stacklevel=1)
    assert ("a warning", "mind the quay") in texts


def test_every_warning_is_heard_also_one_that_nobody_wants_to_see_again(texts):
    with warnings.catch_warnings(), listening(texts):
        warnings.simplefilter("ignore")
        with listening(texts):
            warnings.warn("mind the quay", stacklevel=1)
    assert texts.count(("a warning", "mind the quay")) == 1


def test_what_is_printed_is_heard_however_it_is_printed(texts):
    with listening(texts):
        sys.stdout.write("by Python")
        os.write(2, b"by the number")
        subprocess.run([sys.executable, "-c", SHOUTS], check=True)
    heard = " ".join(text for place, text in texts if place == "what is printed")
    assert heard.count("by Python") == 1
    assert heard.count("by the number") == 1
    assert heard.count("from another process") == 1


def test_what_is_printed_afterwards_goes_where_it_went_before(texts, capfd):
    with listening(texts):
        os.write(1, b"within")
    os.write(1, b"after")
    assert capfd.readouterr().out == "after"


def test_a_log_line_is_heard_with_what_it_carries_besides(texts):
    with listening(texts):
        logging.getLogger("acme").debug("sent %d", 3, extra={"quay": "north"})
    assert ("the log of acme", "sent 3 {'quay': 'north'}") in texts
