from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger import (
    Action,
    Batch,
    Effect,
    Outcome,
    RetryError,
    RetryPolicy,
    Status,
    ThrottledError,
)
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.retry import perform


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0.1, 100), st.floats(0.1, 100))
def test_a_wait_is_drawn_from_nothing_to_a_bound_that_doubles(attempt, drawn, initial, most):
    policy = RetryPolicy(wait_initial_s=initial, wait_max_s=most)
    bound = min(most, initial * 2 ** min(attempt - 1, 20))
    assert 0 <= policy.backoff_s(attempt, drawn) <= bound
    assert policy.backoff_s(attempt, 1.0) == pytest.approx(bound)
    assert policy.backoff_s(attempt, 0.0) == 0


def _attempts(timelapse, monkeypatch, error, **policy):
    """Perform what always fails; return when it was tried, from 0, and the outcome."""
    monkeypatch.setattr("wharfinger.delivery.retry.random.random", lambda: 0.5)
    tried = []

    async def main(loop):
        async def fail(session, batch):
            tried.append(loop.time() - 1_000)
            raise error

        action = Action(
            destination="acme",
            slug="fail",
            title="Fail",
            payload=SimpleNamespace,
            perform=fail,
            effect=Effect.IDEMPOTENT,
        )
        governor = Governor(4, clock=loop.time)
        session: Any = SimpleNamespace(now=loop.time)
        batch = Batch(None, [None], [b""])
        [outcome] = await perform(action, session, governor, batch, RetryPolicy(**policy))
        return outcome, governor

    outcome, governor = timelapse(main)
    return tried, outcome, governor


LATER = RetryError("Later.", code="unavailable")


def test_the_bound_doubles_and_attempts_are_counted(timelapse, monkeypatch):
    tried, outcome, _ = _attempts(timelapse, monkeypatch, LATER, attempts=5, wait_max_s=3)
    assert tried == pytest.approx([0, 0.5, 1.5, 3, 4.5])
    assert (outcome.status, outcome.attempts) == (Status.RETRY, 5)


def test_no_attempt_starts_after_the_deadline(timelapse, monkeypatch):
    tried, outcome, _ = _attempts(timelapse, monkeypatch, LATER, attempts=99, timeout_s=7)
    assert tried == pytest.approx([0, 0.5, 1.5, 3.5])
    assert (outcome.status, outcome.attempts) == (Status.RETRY, 4)


def test_the_time_a_vendor_names_is_kept_as_it_is(timelapse, monkeypatch):
    asked = ThrottledError("Slow down.", code="throttled", retry_after_s=20)
    tried, _, _ = _attempts(timelapse, monkeypatch, asked, attempts=3)
    assert tried == pytest.approx([0, 20, 40])


@pytest.mark.parametrize("code", ["paused", "circuit-open", "budget-used"])
def test_what_the_governor_refused_was_not_sent_and_is_no_word_of_the_vendor(
    timelapse, monkeypatch, code
):
    refused = ThrottledError("Not now.", code=code, retry_after_s=3_600)
    tried, outcome, governor = _attempts(timelapse, monkeypatch, refused)
    assert (len(tried), outcome.attempts, outcome.code) == (1, 0, code)
    assert governor.usage.paused_s == 0


def test_a_wait_the_vendor_asked_for_holds_the_whole_tenant(timelapse, monkeypatch):
    asked = ThrottledError("Slow down.", code="throttled", retry_after_s=3_600)
    _, outcome, governor = _attempts(timelapse, monkeypatch, asked)
    assert outcome == attrs.evolve(Outcome.of(asked), attempts=1)
    assert governor.usage.paused_s == pytest.approx(3_600)
