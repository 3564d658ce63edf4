"""Attempts count how often a payload was sent, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from wharfinger import Action, Effect, Outcome, Status, ThrottledError
from wharfinger.delivery.governor import Governor
from wharfinger.delivery.retry import RetryPolicy, perform
from wharfinger.model.batching import Batch

RETRY = Outcome(status=Status.RETRY, code="unavailable")
HELD = Outcome(status=Status.RETRY, code="held-back")
INVALID = Outcome(status=Status.REJECTED, code="payload-invalid")
REFUSED = Outcome(status=Status.REJECTED, code="refused")
DELIVERED = Outcome.delivered()


@pytest.fixture
def outcomes_of(session):
    """Perform a batch whose attempts end as scripted; give the outcomes and what was tried."""

    async def outcomes_of(*script: Sequence[Outcome] | Exception) -> tuple[list[Outcome], Any]:
        steps, tried = list(script), []

        async def act(_session: Any, batch: Batch) -> Sequence[Outcome]:
            tried.append(list(batch.payloads))
            step = steps.pop(0)
            if isinstance(step, Exception):
                raise step
            return step

        action = Action(
            destination="acme",
            slug="act",
            title="Act",
            payload=dict,
            perform=act,
            effect=Effect.IDEMPOTENT,
        )
        first = script[0]
        rows = 2 if isinstance(first, Exception) else len(first)
        batch = Batch("key", list(range(rows)), [b""] * rows)
        policy = RetryPolicy()
        found = await perform(action, session(), Governor(4), batch, policy)
        assert steps == []
        return found, tried

    return outcomes_of


def _shown(outcomes):
    return [(outcome.code, outcome.attempts) for outcome in outcomes]


async def test_each_payload_counts_its_own_attempts(outcomes_of):
    outcomes, tried = await outcomes_of(
        [DELIVERED, RETRY, RETRY, REFUSED], [DELIVERED, RETRY], [DELIVERED]
    )
    assert _shown(outcomes) == [
        ("delivered", 1),
        ("delivered", 2),
        ("delivered", 3),
        ("refused", 1),
    ]
    assert tried == [[0, 1, 2, 3], [1, 2], [2]]


async def test_what_an_action_finds_wrong_before_it_sends_counts_as_not_sent(outcomes_of):
    outcomes, _ = await outcomes_of([INVALID, RETRY, DELIVERED], [INVALID])
    assert _shown(outcomes) == [
        ("payload-invalid", 0),
        ("payload-invalid", 1),
        ("delivered", 1),
    ]


async def test_what_an_action_holds_back_counts_when_it_is_sent(outcomes_of):
    outcomes, tried = await outcomes_of([RETRY, HELD, HELD], [DELIVERED, RETRY, HELD], [RETRY] * 2)
    assert _shown(outcomes) == [("delivered", 2), ("unavailable", 2), ("unavailable", 1)]
    assert tried == [[0, 1, 2], [0, 1, 2], [1, 2]]


async def test_what_is_left_over_for_the_vendor_s_sake_is_not_sent(outcomes_of):
    paused = ThrottledError("Wait.", code="paused", retry_after_s=3600.0)
    outcomes, _ = await outcomes_of([RETRY, DELIVERED], paused)
    assert _shown(outcomes) == [("paused", 1), ("delivered", 1)]
    assert _shown((await outcomes_of(paused))[0]) == [("paused", 0)] * 2


async def test_rows_that_share_an_outcome_go_on_sharing_it(outcomes_of):
    shared = attrs.evolve(DELIVERED, http_status=200)
    outcomes, _ = await outcomes_of([shared, shared, RETRY], [shared])
    assert outcomes[0] is outcomes[1]
    assert (outcomes[2].attempts, outcomes[2].http_status) == (2, 200)
