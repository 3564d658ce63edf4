"""Journey events in batches, and what became of them."""

import uuid
from typing import Any

import pytest

PATH = "/interaction/v1/async/events"
ORDER_EVENT = "APIEvent-order"


def batch(*members: Any, key: str = ORDER_EVENT) -> dict[str, Any]:
    return {"eventDefinitionKey": key, "members": list(members)}


def member(contact_key: Any = "c-1", order: Any = "9001") -> dict[str, Any]:
    return {"contactKey": contact_key, "data": {"OrderId": order}}


async def items(client, query):
    reply = await client.get(f"{PATH}/status?{query}")
    assert reply.status_code == 200
    return reply.json()["items"]


async def test_a_batch_is_accepted_with_202_and_an_instance_id_for_each_member(client, simulator):
    reply = await client.post(PATH, json=batch(member("c-1"), member("c-2"), member("c-1")))
    body = reply.json()
    assert reply.status_code == 202
    assert (body["count"], body["notQueuedCount"]) == (3, 0)
    assert str(uuid.UUID(body["requestId"])) == body["requestId"]
    assert [set(each) for each in body["members"]] == [{"contactKey", "eventInstanceId"}] * 3
    assert [each["contactKey"] for each in body["members"]] == ["c-1", "c-2", "c-1"]
    assert [entry.event_instance_id for entry in simulator.entries] == [
        each["eventInstanceId"] for each in body["members"]
    ]


async def test_each_member_is_refused_by_itself_and_in_its_place(client, simulator):
    body = (
        await client.post(
            PATH,
            json=batch(
                member(), member("c-gone"), member(""), member("c-2", None), 5, member("c-3")
            ),
        )
    ).json()
    told = [(each.get("errorcode"), each.get("message")) for each in body["members"]]
    assert told == [
        (None, None),
        ("30001", "Contact 'c-gone' is not active."),
        ("10002", "ContactKey is required."),
        (
            "10006",
            (
                "Unable to save event data for event definition key 'APIEvent-order': "
                "OrderId: The value for column [OrderId] cannot be null."
            ),
        ),
        ("10004", "JSON Deserialization Exception: each member must be an object."),
        (None, None),
    ]
    assert (body["count"], body["notQueuedCount"]) == (6, 4)
    assert [entry.contact_key for entry in simulator.entries] == ["c-1", "c-3"]
    assert len({each["eventInstanceId"] for each in body["members"]}) == 6


async def test_names_may_be_written_in_any_case(client, simulator):
    body = {
        "EventDefinitionKey": ORDER_EVENT,
        "Members": [{"ContactKey": "c-1", "Data": {"OrderId": "1"}}],
    }
    assert (await client.post(PATH, json=body)).status_code == 202
    assert len(simulator.entries) == 1


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ([], 10004, "JSON Deserialization Exception: an object is expected."),
        ({"members": [member()]}, 10002, "EventDefinitionKey is required."),
        (batch(member(), key="none"), 30003, "Event definition key 'none' not found."),
        (batch(), 10002, "Members is required."),
        ({"eventDefinitionKey": ORDER_EVENT, "members": {}}, 10002, "Members is required."),
        (batch(*[member()] * 101), 10005, "At most 100 members are allowed."),
    ],
)
async def test_a_batch_that_cannot_be_is_refused_as_a_whole(client, simulator, body, code, message):
    reply = await client.post(PATH, json=body)
    told = reply.json()
    assert (reply.status_code, told["errorcode"], told["message"]) == (400, code, message)
    assert simulator.entries == []


async def test_a_batch_holds_a_hundred_members(client, simulator):
    reply = await client.post(PATH, json=batch(*[member()] * 100))
    assert (reply.json()["notQueuedCount"], len(simulator.entries)) == (0, 100)


async def test_a_journey_that_is_not_published_lets_nobody_enter(client, simulator):
    body = (await client.post(PATH, json=batch(member(), key="APIEvent-paused"))).json()
    assert body["notQueuedCount"] == 0
    assert (simulator.entries, len(simulator.dropped_entries)) == ([], 1)


async def test_an_event_is_queued_and_then_processed(client, clock):
    sent = (await client.post(PATH, json=batch(member()))).json()
    query = f"requestId={sent['requestId']}"
    [queued] = await items(client, query)
    clock.move(2)
    [processed] = await items(client, query)
    assert queued == {
        "eventInstanceId": sent["members"][0]["eventInstanceId"],
        "requestId": sent["requestId"],
        "contactKey": "c-1",
        "eventDefinitionKey": ORDER_EVENT,
        "status": "queued",
        "modifiedDate": "2026-01-05T04:50:11.814",
    }
    assert processed == {
        **queued,
        "status": "processed",
        "modifiedDate": "2026-01-05T04:50:13.814",
    }


async def test_a_refused_member_stays_errored_and_says_why(client, clock):
    await client.post(PATH, json=batch(member("c-gone")))
    clock.move(60)
    [item] = await items(client, "type=errored")
    assert (item["status"], item["errorcode"], item["message"]) == (
        "errored",
        "30001",
        "Contact 'c-gone' is not active.",
    )


async def test_events_are_found_by_each_filter(client):
    first = (await client.post(PATH, json=batch(member("a"), member("b")))).json()
    await client.post(PATH, json=batch({"contactKey": "a"}, key="APIEvent-hello"))
    instance = first["members"][1]["eventInstanceId"]

    async def found(query):
        return [each["contactKey"] for each in await items(client, query)]

    assert await found("contactKey=a") == ["a", "a"]
    assert await found(f"contactKey=a&eventDefinitionKey={ORDER_EVENT}") == ["a"]
    assert await found(f"requestId={first['requestId']}") == ["a", "b"]
    assert await found(f"eventInstanceId={instance}") == ["b"]
    assert await found("type=queued") == ["a", "b", "a"]
    assert await found("type=processed") == []


async def test_a_status_needs_a_filter(client):
    reply = await client.get(f"{PATH}/status?$page=1")
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10002)


@pytest.mark.parametrize(
    "query",
    [
        "type=lost",
        "type=queued&startDate=soon",
        "type=queued&endDate=0001-01-01",
        "type=queued&$orderBy=modifiedDate",
        "contactKey=a&$orderBy=contactKey",
        "contactKey=a&$orderBy=modifiedDate%20sideways",
        "contactKey=a&$page=0",
    ],
)
async def test_a_query_that_cannot_be_is_10001(client, query):
    reply = await client.get(f"{PATH}/status?{query}")
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10001)


async def test_events_are_ordered_when_they_were_modified(client, clock):
    for order in ("1", "2", "3"):
        await client.post(PATH, json=batch(member("a", order)))
        clock.move(1)
    query = "contactKey=a&$orderBy=modifiedDate"
    up, down = await items(client, query), await items(client, f"{query}%20DESC")
    assert [each["modifiedDate"] for each in up] == sorted(each["modifiedDate"] for each in up)
    assert {each["modifiedDate"] for each in up} == {each["modifiedDate"] for each in down}
    assert down[0]["modifiedDate"] == up[-1]["modifiedDate"] > up[0]["modifiedDate"]


async def test_events_are_listed_in_pages_of_fifty(client):
    sent = (await client.post(PATH, json=batch(*[member("a", str(n)) for n in range(70)]))).json()
    pages = [
        (await client.get(f"{PATH}/status?contactKey=a&$page={page}")).json() for page in (1, 2)
    ]
    assert [(page["page"], page["pageSize"], page["count"]) for page in pages] == [
        (1, 50, 70),
        (2, 50, 70),
    ]
    assert [each["eventInstanceId"] for page in pages for each in page["items"]] == [
        each["eventInstanceId"] for each in sent["members"]
    ]
    assert len(await items(client, "contactKey=a&$pageSize=7&$page=10")) == 7


async def test_the_last_thirty_days_are_listed_unless_others_are_asked_for(
    client, clock, sign_in, simulator
):
    await client.post(PATH, json=batch(member("a")))
    clock.move(31 * 86_400)
    later = await sign_in(simulator)
    assert await items(later, "contactKey=a") == []
    assert len(await items(later, "contactKey=a&startDate=2026-01-01")) == 1
    assert len(await items(later, "contactKey=a&endDate=2026-01-10T00:00:00Z")) == 1


async def test_events_of_another_account_are_not_listed(client, simulator, sign_in):
    await client.post(PATH, json=batch(member("a")))
    other = await sign_in(simulator, account_id="510000002")
    assert await items(other, "contactKey=a") == []


@pytest.mark.parametrize(("listed", "count"), [(False, 1), (True, 2)])
async def test_events_sent_one_by_one_are_listed_by_a_switch(simulate, sign_in, listed, count):
    client = await sign_in(simulate(async_status_lists_single_events=listed))
    single = {"ContactKey": "a", "EventDefinitionKey": ORDER_EVENT, "Data": {"OrderId": "1"}}
    await client.post("/interaction/v1/events", json=single)
    await client.post(PATH, json=batch(member("a")))
    found = await items(client, "contactKey=a")
    assert len(found) == count
    assert [each["requestId"] for each in found[:-1]] == [None] * (count - 1)


async def test_what_is_unknown_about_batches_are_switches(simulate, sign_in):
    simulator = simulate(
        batch_events_status=200,
        batch_events_max=1,
        batch_events_max_code=30000,
        async_event_processing_s=0,
        event_status_name="type",
    )
    client = await sign_in(simulator)
    assert (await client.post(PATH, json=batch(member("a")))).status_code == 200
    refused = (await client.post(PATH, json=batch(member(), member()))).json()
    assert (refused["errorcode"], refused["message"]) == (30000, "At most 1 members are allowed.")
    [item] = await items(client, "contactKey=a")
    assert item["type"] == "processed"


async def test_a_batch_can_be_too_much_for_its_journeys(simulate, sign_in):
    simulator = simulate(batch_interactions_exceeded=True)
    client = await sign_in(simulator)
    reply = await client.post(PATH, json=batch(member()))
    assert (reply.status_code, reply.json()["errorcode"]) == (400, 10000)
    assert reply.json()["message"] == "Interaction Count Limit Exceeded"
    assert simulator.entries == []
