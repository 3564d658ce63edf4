"""Real processes at one store, all at once."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
import sys

import pytest


@pytest.fixture
def at_once(place, tenant):
    """Run processes, let them begin at once, and return what each says."""

    def at_once(what, more, count=3):
        command = [sys.executable, "-m", "tests.host.sharing.worker", what, place.url, tenant, more]
        processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        for each in processes:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in processes:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()
        return [json.loads(each.communicate()[0]) for each in processes]

    return at_once


def test_no_place_is_given_twice_and_none_is_left_out(at_once):
    """The budget of the day is 100 calls, half a second apart; three processes want 40 each."""
    given = at_once("places", "40")
    assert sorted(wait for each in given for wait in each) == [0.5 * n for n in range(100)]
    assert all(given)


def test_one_token_is_fetched_by_many_processes(at_once):
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    said = at_once("token", key)
    assert sorted(what for what, _ in said) == ["fetched", "taken", "taken"]
    assert len({token for _, token in said}) == 1
