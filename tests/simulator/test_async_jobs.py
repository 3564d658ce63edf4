"""Asynchronous rows: how far a job is, and how its results are told."""

import uuid

import pytest

PEOPLE_ID = "5b6f8f1a-0000-4f11-b859-48df37dc1382"
PEOPLE = "/data/v1/async/dataextensions/key:people/rows"
ANN = {"Email": "ann@example.org", "FirstName": "Ann"}
BOB = {"Email": "bob@example.org", "FirstName": "Bob"}
OVER_S = 3
"""Missing, pending and executing take a second each."""


async def submit(client, items, path=PEOPLE, method="PUT"):
    reply = await client.request(method, path, json={"items": items})
    assert (reply.status_code, reply.json()["resultMessages"]) == (202, [])
    return reply.json()["requestId"]


async def status(client, job):
    reply = await client.get(f"/data/v1/async/{job}/status")
    assert reply.status_code == 200
    return reply.json()


async def results(client, job, query=""):
    reply = await client.get(f"/data/v1/async/{job}/results{query}")
    assert reply.status_code == 200
    return reply.json()


async def test_a_job_is_missing_then_pending_then_executing_then_complete(client, clock):
    job = await submit(client, [ANN])
    seen = []
    for _ in range(4):
        told = (await status(client, job)).get("status", {})
        seen.append((told.get("requestStatus"), told.get("resultStatus")))
        clock.move(1)
    assert seen == [(None, None), ("Pending", None), ("Executing", None), ("Complete", "OK")]


async def test_a_status_tells_server_times_and_has_an_id_of_its_own(client, clock):
    job = await submit(client, [ANN])
    clock.move(OVER_S)
    body = await status(client, job)
    assert body == {
        "status": {
            "callDateTime": "2026-01-05T04:50:11.814",
            "pickupDateTime": "2026-01-05T04:50:13.814",
            "completionDateTime": "2026-01-05T04:50:14.814",
            "hasErrors": False,
            "requestStatus": "Complete",
            "resultStatus": "OK",
            "requestId": job,
        },
        "requestId": body["requestId"],
        "resultMessages": [],
    }
    assert body["requestId"] != job


async def test_a_job_without_a_record_reads_like_one_that_never_was(client):
    job = await submit(client, [ANN])
    unknown = str(uuid.uuid4())
    for each in (job, unknown):
        for body in (await status(client, each), await results(client, each)):
            assert "status" not in body
            assert "items" not in body
            [message] = body["resultMessages"]
            assert message == {
                "resultType": "Operational",
                "resultClass": "Error",
                "resultCode": "AsyncRequestStatusNotFound",
                "message": "Unable to locate an Async Request Status Record for the provided "
                f"RequestId: {each}.",
            }


async def test_a_job_is_forgotten_after_its_retention_and_its_rows_stay(
    client, clock, simulator, sign_in
):
    job = await submit(client, [ANN])
    clock.move(86_400)
    later = await sign_in(simulator)
    assert "status" not in await status(later, job)
    assert [row["firstname"] for row in simulator.rows("people")] == ["Ann"]


async def test_a_job_belongs_to_its_account(client, clock, simulator, sign_in):
    job = await submit(client, [ANN])
    clock.move(OVER_S)
    other = await sign_in(simulator, account_id="510000002")
    assert "status" not in await status(other, job)
    assert "status" in await status(client, job)


async def test_a_job_with_a_refused_row_has_errors(client, clock):
    job = await submit(client, [ANN, {}])
    clock.move(OVER_S)
    told = (await status(client, job))["status"]
    assert (told["hasErrors"], told["requestStatus"], told["resultStatus"]) == (
        True,
        "Complete",
        "Has Errors",
    )


async def test_results_come_in_pages_of_fifty(client, clock):
    items = [{"Email": f"p{n}@example.org", "Visits": n if n % 3 else "x"} for n in range(120)]
    job = await submit(client, items)
    clock.move(OVER_S)
    pages = [await results(client, job, f"?$page={page}") for page in (1, 2, 3, 4)]
    assert [(page["page"], page["pageSize"], page["count"]) for page in pages] == [
        (number, 50, 120) for number in (1, 2, 3, 4)
    ]
    assert [len(page["items"]) for page in pages] == [50, 50, 20, 0]
    told = [item["status"] for page in pages for item in page["items"]]
    assert told == ["OK" if n % 3 else "Error" for n in range(120)]


async def test_details_may_be_asked_for(client, clock):
    job = await submit(client, [ANN])
    clock.move(OVER_S)
    assert (await results(client, job, "?includeDetail=true"))["count"] == 1


async def test_all_results_can_be_on_one_page(simulate, sign_in, clock):
    client = await sign_in(simulate(async_results_page=0))
    job = await submit(client, [ANN] * 60)
    clock.move(OVER_S)
    page = await results(client, job, "?$pageSize=10")
    assert (len(page["items"]), page["pageSize"], page["count"]) == (60, 60, 60)


@pytest.mark.parametrize(("rule", "count"), [("told", 3), ("hidden", 1)])
async def test_items_can_be_lost_from_results(simulate, sign_in, clock, rule, count):
    simulator = simulate(async_lost_results=2, async_lost_results_count=rule)
    client = await sign_in(simulator)
    job = await submit(client, [ANN, BOB, {"Email": "cy@example.org"}])
    clock.move(OVER_S)
    page = await results(client, job)
    assert (len(page["items"]), page["count"]) == (1, count)
    assert len(simulator.rows("people")) == 3


async def test_more_items_can_be_lost_than_there_are(simulate, sign_in, clock):
    client = await sign_in(simulate(async_lost_results=5, async_results_page=0))
    job = await submit(client, [ANN])
    clock.move(OVER_S)
    assert (await results(client, job))["items"] == []


async def test_a_job_fails_whose_data_extension_is_deleted_meanwhile(client, clock):
    job = await submit(client, [ANN])
    await client.delete(f"/data/v1/customobjects/{PEOPLE_ID}")
    clock.move(OVER_S)
    told = (await status(client, job))["status"]
    [item] = (await results(client, job))["items"]
    assert (told["requestStatus"], told["resultStatus"]) == ("Error", "Has Errors")
    assert item["message"] == f"The data extension with ID {PEOPLE_ID} does not exist."


async def test_times_and_words_of_a_job_are_switches(simulate, sign_in, clock):
    simulator = simulate(
        async_missing_s=0,
        async_pending_s=2,
        async_executing_s=1,
        async_shows_executing=False,
        async_complete_word="Completed",
        async_results_early="empty",
        async_retention_s=5,
    )
    client = await sign_in(simulator)
    job = await submit(client, [ANN])
    words = []
    for _ in range(5):
        words.append((await status(client, job)).get("status", {}).get("requestStatus"))
        early = await results(client, job)
        assert early["items"] == [] or len(words) > 3
        clock.move(1)
    assert words == ["Pending", "Pending", "Pending", "Completed", "Completed"]
    assert "status" not in await status(client, job)


async def test_texts_and_codes_of_results_are_switches(simulate, sign_in, clock):
    simulator = simulate(
        async_errorcode_as_text=True,
        async_insert_message="done",
        async_row_message="no",
        async_value_code=9,
        async_results_nested=True,
    )
    client = await sign_in(simulator)
    job = await submit(client, [ANN, {**BOB, "Visits": "x"}], method="POST")
    clock.move(OVER_S)
    good, bad = (await results(client, job))["items"]
    assert good == {"message": "done", "status": "OK"}
    message = bad["resultMessage"]
    assert (message["errorCode"], message["message"]) == ("2", "no")
    assert message["errors"][0]["errorCode"] == "9"
    assert (await status(client, job))["status"]["hasErrors"] is True
