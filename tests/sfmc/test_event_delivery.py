"""The option "Delivery" of the two actions that send journey events."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

import wharfinger

ALL_TRACKS = 'type = "track"'
ALONE, TOGETHER = "send-api-event", "send-api-events-in-batches"
SLOW = httpx.ReadTimeout("slow")
TAKEN = {
    ALONE: {"eventInstanceId": "i-1"},
    TOGETHER: {"members": [{"contactKey": "c-1", "eventInstanceId": "i-1"}]},
}
EVENT = {"type": "track", "userId": "c-1", "properties": {}}
both_actions = pytest.mark.parametrize("action", [ALONE, TOGETHER])


@pytest.fixture
def send(deliver):
    async def send(action: str, delivery: str | None, **other: Any) -> wharfinger.Outcome:
        fields = {"eventDefinitionKey": "welcome"}
        if delivery:
            fields["delivery"] = delivery
        outcomes: list[wharfinger.Outcome] = await deliver(
            [EVENT], action, fields, trigger=ALL_TRACKS, **other
        )
        return outcomes[0]

    return send


@both_actions
async def test_at_least_once_sends_again_until_sfmc_names_an_instance(cloud, send, action):
    cloud.fails(SLOW).answers(500).answers(503).answers(201).answers(201, content=b"<html>")
    cloud.answers(201, json=TAKEN[action])

    outcome = await send(action, "at-least-once", attempts=6)

    assert outcome.status is wharfinger.Status.DELIVERED
    assert outcome.request_id == "i-1"
    assert outcome.attempts == 6
    assert cloud.lookups[1:] == [], "nobody asks what became of it"


@pytest.mark.parametrize("delivery", [None, "at-most-once"])
@both_actions
async def test_at_most_once_sends_again_only_what_was_proven_not_to_arrive(
    cloud, send, action, delivery
):
    cloud.fails(httpx.ConnectError("no route")).answers(429).answers(401)
    cloud.answers(503, headers={"Retry-After": "1"}).answers(503, json={"errorcode": "50300"})
    cloud.answers(596).fails(SLOW)

    outcome = await send(action, delivery, attempts=10)

    assert outcome.status is wharfinger.Status.UNKNOWN
    assert len(cloud.requests) == 7


@both_actions
async def test_a_503_that_says_nothing_proves_nothing(cloud, send, action):
    cloud.answers(503, content=b"<html>")

    outcome = await send(action, None, attempts=5)

    assert outcome.status is wharfinger.Status.UNKNOWN
    assert len(cloud.requests) == 1


@pytest.mark.parametrize("delivery", ["at-most-once", "at-least-once"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
@both_actions
async def test_what_sfmc_refuses_is_never_repeated(cloud, send, action, delivery, status):
    cloud.answers(status).answers(status)

    outcome = await send(action, delivery, attempts=5)

    assert outcome.status == ("rejected" if status in (400, 413) else "halted")
    assert outcome.attempts == 1


@pytest.mark.parametrize("delivery", ["twice", "", {"@path": "$.x"}, True])
@both_actions
def test_delivery_is_one_of_two_words_and_the_same_for_every_event(connect, action, delivery):
    fields = {"eventDefinitionKey": "welcome", "delivery": delivery}

    with pytest.raises(wharfinger.ConfigurationError, match="Delivery"):
        connect(action, fields, trigger=ALL_TRACKS)


@both_actions
async def test_the_choice_is_no_part_of_the_request(cloud, send, action):
    cloud.answers(201, json=TAKEN[action])

    await send(action, "at-least-once")

    assert b"least" not in cloud.request.content
    assert b"elivery" not in cloud.request.content
