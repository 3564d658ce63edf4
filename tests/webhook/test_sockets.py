"""Over real sockets, with an endpoint that is slow, hangs up, garbles, and sends elsewhere."""

from __future__ import annotations

import orjson
import pytest
from tests.webhook.conftest import track
from tests.webhook.endpoint import (
    Endpoint,
    answer,
    hangs_up,
    huge,
    keeps_silent,
    says,
)

from wharfinger import Status

# The client gives up before anything else of a test could; nothing waits for it in earnest.
IMPATIENT = {"timeouts": {"read_s": 0.05, "whole_s": 5.0}}


async def _outcome(connection, event=None):
    async with connection:
        (receipt,) = await connection.deliver([event or track()])
    return receipt.outcomes["hook"]


async def test_what_arrives_is_what_was_sent(connect_to, endpoint):
    settings = {"headers": {"X-Source": "shop"}, "authentication": "bearer", "token": "t-0123456"}
    outcome = await _outcome(connect_to(endpoint, settings=settings))
    assert outcome.status is Status.DELIVERED
    (arrived,) = endpoint.arrived
    assert (arrived.method, arrived.target) == ("POST", "/in")
    assert arrived.headers["x-source"] == "shop"
    assert arrived.headers["authorization"] == "Bearer t-0123456"
    assert arrived.headers["webhook-id"] == "m-1"
    assert orjson.loads(arrived.body) == track()


async def test_a_batch_arrives_in_one_request(connect_to, endpoint):
    async with connect_to(endpoint, "send-batch", fields={"format": "json-lines"}) as connection:
        receipts = await connection.deliver([track(n) for n in range(50)])
    assert {receipt.outcomes["hook"].status for receipt in receipts} == {Status.DELIVERED}
    (arrived,) = endpoint.arrived
    assert [orjson.loads(line) for line in arrived.body.splitlines()] == [
        track(n) for n in range(50)
    ]


LIES = {
    "hangs up": hangs_up,
    "keeps silent": keeps_silent,
    "never ends": huge,
    "is no HTTP": says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "names no status": says(b"HTTP/1.1 \r\n\r\n"),
    "promises more than it sends": says(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\nhalf"),
    "garbles its chunks": says(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhalf\r\n"
    ),
    "garbles its headers": says(b"HTTP/1.1 200 OK\r\n\x00\xff: \x01\r\n\r\n"),
}


@pytest.mark.parametrize("lie", LIES)
async def test_what_is_no_answer_is_tried_again_with_the_same_id(connect_to, endpoint, lie):
    endpoint.behaviours.append(LIES[lie])
    outcome = await _outcome(connect_to(endpoint, **IMPATIENT))
    assert (outcome.status, outcome.attempts) == (Status.DELIVERED, 2)
    assert [arrived.headers["webhook-id"] for arrived in endpoint.arrived] == ["m-1", "m-1"]
    assert endpoint.arrived[0].body == endpoint.arrived[1].body


@pytest.mark.parametrize("lie", LIES)
async def test_what_is_no_answer_is_unknown_where_once_was_asked_for(connect_to, endpoint, lie):
    endpoint.behaviours.append(LIES[lie])
    connection = connect_to(endpoint, fields={"delivery": "at-most-once"}, **IMPATIENT)
    outcome = await _outcome(connection)
    assert outcome.status is Status.UNKNOWN
    assert len(endpoint.arrived) == 1


async def test_a_redirect_to_another_place_leads_nowhere(connect_to, endpoint):
    async with Endpoint() as elsewhere:
        endpoint.behaviours.append(answer(307, location=f"{elsewhere.address}/in"))
        outcome = await _outcome(connect_to(endpoint))
        assert elsewhere.arrived == []
    assert (outcome.status, outcome.code) == (Status.HALTED, "redirected")


async def test_an_endpoint_that_comes_back_gets_everything_in_order(connect_to, endpoint):
    endpoint.behaviours += [answer(503), hangs_up]
    async with connect_to(endpoint) as connection:
        receipts = await connection.deliver([track(n) for n in range(5)])
    assert {receipt.outcomes["hook"].status for receipt in receipts} == {Status.DELIVERED}
    names = [arrived.headers["webhook-id"] for arrived in endpoint.arrived]
    assert names == ["m-0", "m-0", "m-0", "m-1", "m-2", "m-3", "m-4"]


async def test_nobody_at_home_means_that_nothing_was_sent(connect_to):
    async with Endpoint() as gone:
        pass
    connection = connect_to(gone, fields={"delivery": "at-most-once"})
    outcome = await _outcome(connection)
    assert (outcome.status, outcome.code) == (Status.RETRY, "unreachable")


async def test_this_machine_is_no_endpoint_unless_somebody_says_so(connect_to, endpoint):
    outcome = await _outcome(connect_to(endpoint, settings={"allow_private_addresses": False}))
    assert (outcome.status, outcome.code) == (Status.HALTED, "address-refused")
    assert endpoint.arrived == []
