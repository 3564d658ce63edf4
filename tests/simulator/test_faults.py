"""Faults: what the client meets, and what was done behind its back."""

import httpx
import orjson
import pytest

from wharfinger_sfmc_simulator import FAULT_KINDS, Fault, Simulator

ROWSET = "/hub/v1/dataevents/key:people/rowset"
ROWS = [{"keys": {"Email": "ann@example.org"}, "values": {"FirstName": "Ann"}}]


async def send(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post(ROWSET, json=ROWS)


def stored(simulator: Simulator) -> bool:
    return len(simulator.tables["people"]) == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unauthorized", (401, 0, None)),
        ("forbidden", (403, 20002, None)),
        ("not-found", (404, 30003, None)),
        ("conflict", (409, 30004, None)),
        ("unsupported-media-type", (415, 0, None)),
        ("rate-limited", (429, 50100, "5")),
        ("rate-limited-without-wait", (429, 50100, None)),
        ("blocked", (429, 50200, None)),
        ("server-error", (500, 0, None)),
        ("unavailable", (503, 50300, "5")),
        ("opaque-error", (400, 10006, None)),
    ],
)
async def test_a_refusal_has_the_envelope_and_nothing_is_stored(client, simulator, kind, expected):
    simulator.inject(Fault(kind=kind))
    reply = await send(client)
    body = reply.json()
    wait = reply.headers.get("retry-after")
    assert (reply.status_code, body["errorcode"], wait) == expected
    assert "additionalErrors" not in body
    assert not stored(simulator)


async def test_rate_limited_says_how_long_in_header_and_body(client, simulator):
    simulator.inject(Fault(kind="rate-limited", retry_after_s=7))
    reply = await send(client)
    assert reply.headers["retry-after"] == "7"
    assert reply.json()["retryAfter"] == 7
    assert reply.json()["message"] == "Rate limit exceeded"


async def test_rate_limited_without_wait_says_it_nowhere(client, simulator):
    simulator.inject(Fault(kind="rate-limited-without-wait"))
    assert "retryAfter" not in (await send(client)).json()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("too-large", 413),
        ("bad-gateway", 502),
        ("gateway-timeout", 504),
        ("service-not-found", 596),
    ],
)
async def test_the_gateway_answers_in_html(client, simulator, kind, status):
    simulator.inject(Fault(kind=kind))
    reply = await send(client)
    assert (reply.status_code, reply.headers["content-type"]) == (status, "text/html")
    assert not stored(simulator)


async def test_unauthorized_ends_the_token_for_good(client, simulator, sign_in):
    simulator.inject(Fault(kind="unauthorized"))
    assert (await send(client)).status_code == 401
    assert (await send(client)).status_code == 401
    assert (await send(await sign_in(simulator))).status_code == 200


async def ask_for_token(simulator, host):
    form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "open"}
    async with httpx.AsyncClient(transport=simulator.transport()) as client:
        return await client.post(f"{host('auth')}/v2/token", json=form)


async def test_the_token_call_can_be_refused_and_throttled(simulator, host):
    simulator.inject(*(Fault(kind=kind) for kind in ("unauthorized", "ip-refused", "blocked")))
    refused, address, blocked, good = [await ask_for_token(simulator, host) for _ in range(4)]
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert (address.status_code, address.json()["error"]) == (401, "unauthorized_client")
    assert address.json()["error_description"].startswith(
        "The client's IP address is unauthorized for this account."
    )
    assert (blocked.status_code, blocked.json()["errorcode"]) == (429, 50200)
    assert good.status_code == 200


async def test_how_an_address_is_refused_is_a_switch(simulate, host):
    simulator = simulate(ip_refused_status=403, ip_refused_error="access_denied")
    simulator.inject(Fault(kind="ip-refused"))
    reply = await ask_for_token(simulator, host)
    assert (reply.status_code, reply.json()["error"]) == (403, "access_denied")


async def test_a_success_can_carry_errors(client, simulator):
    simulator.inject(Fault(kind="has-errors"))
    reply = await send(client)
    assert (reply.status_code, reply.json()["hasErrors"]) == (200, True)
    assert reply.json()["resultMessages"][0]["resultClass"] == "Error"
    assert not stored(simulator)


async def test_a_redirect_leads_to_another_host(client, simulator):
    simulator.inject(Fault(kind="redirect"))
    reply = await send(client)
    assert (reply.status_code, reply.is_redirect) == (302, True)
    assert client.base_url.host not in reply.headers["location"]


@pytest.mark.parametrize("kind", ["empty-body", "garbage-body", "truncated-body"])
async def test_a_spoilt_body_hides_work_that_was_done(client, simulator, kind):
    simulator.inject(Fault(kind=kind))
    reply = await send(client)
    assert reply.status_code == 200
    assert stored(simulator)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(reply.content)


async def test_a_shorter_reply_lacks_the_last_row_and_stores_it(client, simulator):
    simulator.inject(Fault(kind="shorter-reply"))
    rows = [*ROWS, {"keys": {"Email": "bob@example.org"}, "values": {"FirstName": "Bob"}}]
    assert (await client.post(ROWSET, json=rows)).json() == rows[:1]
    assert [row["firstname"] for row in simulator.rows("people")] == ["Ann", "Bob"]


async def test_a_reply_that_is_no_array_is_never_shorter(client, simulator):
    simulator.inject(Fault(kind="shorter-reply", times=None))
    context = await client.get("/platform/v1/tokenContext")
    missing = await client.get("/platform/v1/nothing")
    assert context.json()["enterprise"] == {"id": 510000000}
    assert missing.json() == {"message": "Not Found"}


async def test_a_wrong_content_type_comes_with_the_usual_body(client, simulator):
    simulator.inject(Fault(kind="wrong-content-type"))
    reply = await send(client)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html")
    assert reply.json() == ROWS
    assert stored(simulator)


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("commit-then-server-error", 500, "application/json; charset=utf-8"),
        ("commit-then-gateway-timeout", 504, "text/html"),
    ],
)
async def test_a_failure_can_hide_work_that_was_done(client, simulator, kind, status, content_type):
    simulator.inject(Fault(kind=kind))
    reply = await send(client)
    assert (reply.status_code, reply.headers["content-type"]) == (status, content_type)
    assert stored(simulator)
    assert simulator.requests[-1].status == status


async def test_a_huge_body_is_the_usual_json_and_blanks_up_to_its_size(client, simulator):
    simulator.inject(Fault(kind="huge-body", bytes=200_000))
    reply = await send(client)
    assert len(reply.content) == 200_000
    assert "content-length" not in reply.headers
    assert reply.json() == ROWS
    assert stored(simulator)


async def test_a_huge_body_is_made_while_it_is_read(client, simulator):
    simulator.inject(Fault(kind="huge-body"))
    async with client.stream("POST", ROWSET, json=ROWS) as reply:
        sizes = [len(piece) async for piece in reply.aiter_raw()]
    assert sum(sizes) == 64_000_000
    assert max(sizes) <= 65_536


async def test_a_body_larger_than_huge_stays_as_it_is(client, simulator):
    simulator.inject(Fault(kind="huge-body", bytes=1))
    assert (await send(client)).json() == ROWS


async def read_into(came: bytearray, reply: httpx.Response) -> None:
    async for piece in reply.aiter_raw():
        came += piece


@pytest.mark.parametrize("kind", ["stalled-body", "dripping-body"])
async def test_a_body_that_stops_has_come_in_part(client, simulator, kind):
    simulator.inject(Fault(kind=kind))
    came = bytearray()
    async with client.stream("POST", ROWSET, json=ROWS) as reply:
        with pytest.raises(httpx.ReadTimeout):
            await read_into(came, reply)
    assert reply.status_code == simulator.requests[-1].status == 200
    assert came
    assert orjson.dumps(ROWS).startswith(came)
    assert came != orjson.dumps(ROWS)


@pytest.mark.parametrize(
    ("kind", "raised", "work"),
    [
        ("drop", httpx.RemoteProtocolError, False),
        ("hang", httpx.ReadTimeout, False),
        ("cut-off", httpx.RemoteProtocolError, True),
        ("stalled-body", httpx.ReadTimeout, True),
        ("dripping-body", httpx.ReadTimeout, True),
        ("commit-then-hang", httpx.ReadTimeout, True),
        ("commit-then-drop", httpx.RemoteProtocolError, True),
    ],
)
async def test_a_lost_answer_says_nothing_about_the_work(client, simulator, kind, raised, work):
    simulator.inject(Fault(kind=kind))
    with pytest.raises(raised) as lost:
        await send(client)
    assert lost.value.request.url.path.endswith("/rowset")
    assert stored(simulator) is work
    assert simulator.requests[-1].fault == kind


async def test_a_slow_answer_is_a_timeout_only_where_it_is_later_than_that(client, simulator):
    simulator.inject(Fault(kind="slow", delay_s=30, times=None))
    with pytest.raises(httpx.ReadTimeout):
        await client.post(ROWSET, json=ROWS, timeout=29)
    assert stored(simulator)
    assert (await client.post(ROWSET, json=ROWS, timeout=31)).status_code == 200
    assert (await client.post(ROWSET, json=ROWS, timeout=None)).status_code == 200


def test_every_kind_of_fault_can_be_made_and_no_other():
    assert {Fault(kind=kind).kind for kind in FAULT_KINDS} == set(FAULT_KINDS)  # type: ignore[arg-type]  # all are literals
    with pytest.raises(ValueError, match="no kind of fault"):
        Fault(kind="explosion")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize(
    "wrong",
    [
        {"times": 0},
        {"every": 0},
        {"after": -1},
        {"probability": 1.5},
        {"delay_s": -1},
        {"retry_after_s": -1},
        {"bytes": 0},
        {"service": "mail"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Fault(kind="drop", **wrong)


async def statuses(client, count, path=ROWSET):
    return [(await client.post(path, json=ROWS)).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, [500, 200, 200, 200, 200, 200]),
        ({"times": 2}, [500, 500, 200, 200, 200, 200]),
        ({"times": None}, [500] * 6),
        ({"every": 2, "times": 2}, [200, 500, 200, 500, 200, 200]),
        ({"after": 3}, [200, 200, 200, 500, 200, 200]),
        ({"after": 1, "every": 3, "times": None}, [200, 200, 200, 500, 200, 200]),
        ({"probability": 0.0, "times": None}, [200] * 6),
        ({"method": "get"}, [200] * 6),
        ({"method": "post"}, [500, 200, 200, 200, 200, 200]),
        ({"path": "KEY:PEOPLE"}, [500, 200, 200, 200, 200, 200]),
        ({"path": "contacts"}, [200] * 6),
        ({"service": "rest"}, [500, 200, 200, 200, 200, 200]),
        ({"service": "auth"}, [200] * 6),
        ({"service": "soap"}, [200] * 6),
    ],
)
async def test_a_fault_strikes_when_it_was_told_to(client, simulator, when, expected):
    simulator.inject(Fault(kind="server-error", **when))
    assert await statuses(client, 6) == expected


async def test_chance_is_the_same_for_the_same_seed(tenant, sign_in):
    async def run(seed):
        simulator = Simulator.from_mapping(tenant, seed=seed)
        client = await sign_in(simulator)
        simulator.inject(Fault(kind="server-error", probability=0.5, times=None))
        return await statuses(client, 30)

    assert await run(1) == await run(1)
    assert await run(1) != await run(2)


async def test_faults_strike_in_the_order_they_were_armed(client, simulator):
    simulator.inject(Fault(kind="blocked"), Fault(kind="server-error"))
    assert await statuses(client, 3) == [429, 500, 200]
    assert [each.struck for each in simulator.faults] == [1, 1]
    simulator.inject(Fault(kind="blocked", times=None))
    simulator.clear_faults()
    assert await statuses(client, 1) == [200]


async def test_faults_of_the_file_are_armed_and_come_back_after_a_reset(tenant, simulate, sign_in):
    tenant["faults"] = [{"kind": "blocked", "path": "rowset"}]
    simulator = simulate()
    client = await sign_in(simulator)
    assert await statuses(client, 2) == [429, 200]
    simulator.reset()
    assert await statuses(await sign_in(simulator), 2) == [429, 200]
