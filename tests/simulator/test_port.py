"""The simulator on a real socket, where connections really break."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import httpx
import orjson
import pytest

from wharfinger_sfmc_simulator import Fault

ROWSET = "/hub/v1/dataevents/key:people/rowset"
ROWS = [{"keys": {"Email": "ann@example.org"}, "values": {"FirstName": "Ann"}}]


@pytest.fixture
async def dial(simulator, host):
    """A client that dials the port and names the vendor's host, as a routed connection does."""
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(simulator.serving())
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=address))
        form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "open"}
        auth = {"Host": host("auth").removeprefix("https://")}
        token = (await client.post("/v2/token", json=form, headers=auth)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        client.headers["Host"] = host("rest").removeprefix("https://")
        yield client


async def test_a_call_is_answered_by_the_host_it_names(dial, simulator):
    encoded = "/hub/v1/dataevents/key:a%2Fb%20%231%20%26%20c/rowset"
    body = [{"keys": {"Id": "1"}, "values": {"Note": "ünï"}}]
    assert (await dial.post(encoded, json=body)).json() == body
    assert simulator.rows("a/b #1 & c") == [{"id": "1", "note": "ünï"}]
    assert simulator.requests[-1].host.endswith(".rest.marketingcloudapis.com")


async def test_a_status_of_the_gateway_reaches_the_client(dial):
    assert (await dial.get("/nothing/at/all")).status_code == 596


async def test_the_bare_address_leads_browsers_to_the_page_and_no_one_else(simulator):
    accepting = {"Accept": "text/html,*/*;q=0.8"}
    async with simulator.serving() as address, httpx.AsyncClient(base_url=address) as browser:
        page = await browser.get("/", headers=accepting)
        assert page.headers["location"] == "/_simulator/page"
        assert (await browser.get(page.headers["location"])).status_code == 200
        assert (await browser.get("/")).status_code == 401
        assert (await browser.post("/", headers=accepting)).status_code == 401


async def test_a_large_body_passes(dial):
    rows = [{**ROWS[0], "values": {"FirstName": "x"}, "pad": "y" * 1000} for _ in range(4000)]
    assert len((await dial.post(ROWSET, json=rows)).json()) == 4000


@pytest.mark.parametrize(("kind", "work"), [("drop", 0), ("commit-then-drop", 1), ("cut-off", 1)])
async def test_a_connection_really_breaks_and_the_next_one_works(dial, simulator, kind, work):
    simulator.inject(Fault(kind=kind))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await dial.post(ROWSET, json=ROWS)
    assert len(simulator.rows("people")) == work
    assert (await dial.post(ROWSET, json=ROWS)).status_code == 200


@pytest.mark.parametrize(
    ("fault", "work"),
    [
        (Fault(kind="hang"), 0),
        (Fault(kind="commit-then-hang"), 1),
        (Fault(kind="slow", delay_s=600), 1),
        (Fault(kind="stalled-body"), 1),
        (Fault(kind="dripping-body", delay_s=600), 1),
    ],
)
async def test_an_answer_that_does_not_come_is_a_read_timeout(dial, simulator, fault, work):
    simulator.inject(fault)
    with pytest.raises(httpx.ReadTimeout):
        await dial.post(ROWSET, json=ROWS, timeout=0.1)
    assert len(simulator.rows("people")) == work
    assert (await dial.post(ROWSET, json=ROWS)).status_code == 200


async def test_a_slow_answer_comes(dial, simulator):
    simulator.inject(Fault(kind="slow", delay_s=0.01))
    assert (await dial.post(ROWSET, json=ROWS)).status_code == 200


async def test_a_stalled_body_comes_half_and_then_nothing(dial, simulator):
    simulator.inject(Fault(kind="stalled-body"))
    came = bytearray()

    async def read(reply: httpx.Response) -> None:
        async for piece in reply.aiter_raw():
            came.extend(piece)

    async with dial.stream("POST", ROWSET, json=ROWS, timeout=0.1) as reply:
        announced = int(reply.headers["content-length"])
        with pytest.raises(httpx.ReadTimeout):
            await read(reply)
    assert (reply.status_code, len(came)) == (200, announced // 2)


async def test_a_dripping_body_comes_in_the_end(dial, simulator):
    simulator.inject(Fault(kind="dripping-body", delay_s=0))
    reply = await dial.post(ROWSET, json=ROWS)
    assert (len(reply.content), reply.json()) == (3600, ROWS)


async def test_a_dripping_body_outlasts_whoever_minds_each_read_only(dial, simulator):
    simulator.inject(Fault(kind="dripping-body", delay_s=0.001))
    async with dial.stream("POST", ROWSET, json=ROWS, timeout=60) as reply:
        pieces = reply.aiter_raw()
        came = b"".join([await anext(pieces) for _ in range(3)])
        await pieces.aclose()
    assert orjson.dumps(ROWS).startswith(came)
    assert (await dial.post(ROWSET, json=ROWS)).status_code == 200


async def test_a_huge_body_comes_without_its_size(dial, simulator):
    simulator.inject(Fault(kind="huge-body", bytes=3_000_000))
    reply = await dial.post(ROWSET, json=ROWS)
    assert (len(reply.content), reply.json()) == (3_000_000, ROWS)
    assert "content-length" not in reply.headers


async def test_a_client_can_leave_a_huge_body(dial, simulator):
    simulator.inject(Fault(kind="huge-body"))
    async with dial.stream("POST", ROWSET, json=ROWS) as reply:
        pieces = reply.aiter_raw()
        assert await anext(pieces)
        await pieces.aclose()
    assert (await dial.post(ROWSET, json=ROWS)).status_code == 200


async def test_the_server_ends_while_nobody_reads_a_huge_body(simulator, sign_in):
    token = (await sign_in(simulator)).headers["Authorization"]
    simulator.inject(Fault(kind="huge-body", bytes=10**9))
    async with (
        httpx.AsyncClient(headers={"Authorization": token}) as client,
        AsyncExitStack() as port,
    ):
        address = await port.enter_async_context(simulator.serving())
        async with client.stream("POST", f"{address}{ROWSET}", json=ROWS) as reply:
            await port.aclose()
            with pytest.raises(httpx.TransportError):
                await reply.aread()


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("too-large", 413),
        ("gateway-timeout", 504),
        ("commit-then-server-error", 500),
        ("commit-then-gateway-timeout", 504),
    ],
)
async def test_a_refusal_keeps_the_connection(dial, simulator, kind, status):
    simulator.inject(Fault(kind=kind))
    assert (await dial.post(ROWSET, json=ROWS)).status_code == status
    assert (await dial.post(ROWSET, json=ROWS)).status_code == 200


@pytest.mark.parametrize("kind", ["hang", "slow", "stalled-body", "dripping-body"])
async def test_the_server_ends_while_a_client_still_waits(simulator, sign_in, kind):
    token = (await sign_in(simulator)).headers["Authorization"]
    simulator.inject(Fault(kind=kind, delay_s=600))
    async with httpx.AsyncClient(headers={"Authorization": token}, timeout=60) as client:
        async with simulator.serving() as address:
            waiting = asyncio.create_task(client.post(f"{address}{ROWSET}", json=ROWS))
            while len(simulator.requests) < 2:  # noqa: ASYNC110 (the log of requests tells no one)
                await asyncio.sleep(0)
        with pytest.raises(httpx.TransportError):
            await waiting


async def test_a_port_that_is_taken_is_an_error(simulator):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        async with simulator.serving(port=taken.getsockname()[1]):
            pass


async def test_two_simulators_serve_side_by_side(simulate):
    async with (
        simulate().serving() as one,
        simulate().serving() as other,
        httpx.AsyncClient() as client,
    ):
        replies = [await client.get(f"{address}/_simulator") for address in (one, other)]
    assert one != other
    assert [reply.status_code for reply in replies] == [200, 200]


async def test_under_another_asgi_runner_a_dropped_connection_is_a_reset(simulator, client):
    transport = httpx.ASGITransport(simulator.app)
    simulator.inject(Fault(kind="drop"), Fault(kind="slow", delay_s=0.001))
    headers = dict(client.headers)
    async with httpx.AsyncClient(
        transport=transport, base_url=client.base_url, headers=headers
    ) as foreign:
        with pytest.raises(ConnectionResetError):
            await foreign.post(ROWSET, json=ROWS)
        assert (await foreign.post(ROWSET, json=ROWS)).status_code == 200


def test_code_without_an_event_loop_dials_a_port_too(simulator):
    with simulator.serving_in_thread() as address:
        summary = httpx.get(f"{address}/_simulator").json()
        unknown = httpx.get(f"{address}/nothing/at/all", headers={"Host": "nobody.example"})
    assert summary["tenant"]["eid"] == 510000000
    assert unknown.status_code == 401
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def test_a_taken_port_is_an_error_of_the_thread_that_asks(simulator):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="in use"),
        simulator.serving_in_thread(port=taken.getsockname()[1]),
    ):
        pass


def test_many_threads_are_answered_at_once(simulator):
    with (
        simulator.serving_in_thread() as address,
        httpx.Client(base_url=address) as client,
        ThreadPoolExecutor(8) as threads,
    ):
        replies = threads.map(client.get, ["/nothing/at/all"] * 40)
        statuses = [reply.status_code for reply in replies]
    assert statuses == [401] * 40
    assert len(simulator.requests) == 40


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ({"port": 99_999}, OverflowError),
        ({"host": "no address"}, OSError),
        ({"host": 5}, TypeError),
    ],
)
def test_whatever_keeps_a_port_from_opening_is_told_and_not_waited_for(simulator, where, error):
    with pytest.raises(error), simulator.serving_in_thread(**where):
        pass
