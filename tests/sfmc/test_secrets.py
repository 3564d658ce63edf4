"""Secrets stay where they are: whatever SFMC echoes, nobody reads them anywhere."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import httpx
import pytest

import wharfinger
from wharfinger_sfmc.account.folders import folder_tree

ALL_TRACKS = 'type = "track"'
EVENT = {
    "type": "track",
    "userId": "c-1",
    "properties": {"order_id": "o-1", "total": 1},
}
ROWS: dict[str, Any] = {
    "key": "orders",
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Total": {"@path": "$.properties.total"}},
}
JOURNEY = {"eventDefinitionKey": "welcome"}
ACTIONS: list[tuple[str, dict[str, Any]]] = [
    ("send-event-to-data-extension", ROWS),
    ("send-event-to-data-extension", {**ROWS, "api": "async"}),
    ("send-api-event", JOURNEY),
    ("send-api-events-in-batches", JOURNEY),
    ("create-contact", {}),
]


@pytest.fixture
def nobody_reads(cloud, raw_settings, caplog, monkeypatch):
    """Look for the client secret and every token in texts, and in the log of everything."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(caplog.handler, "formatter", logging.Formatter("%(message)s %(args)s"))

    def nobody_reads(*texts: object) -> None:
        assert cloud.tokens or cloud.token_requests
        found = "\n".join([caplog.text, *map(repr, texts), *map(str, texts)])
        for secret in (raw_settings["client_secret"], *cloud.tokens):
            assert secret not in found

    return nobody_reads


def told_back(request: httpx.Request) -> str:
    head = " ".join(f"{name}: {value}" for name, value in request.headers.items())
    return f"{head} {request.content.decode()}"


def echoes(status: int, form: str) -> Any:
    """Answer with what was asked: all headers and the whole body."""

    def echo(request: httpx.Request) -> httpx.Response:
        text = told_back(request)
        if form == "html":
            return httpx.Response(status, html=f"<h1>{text}</h1>")
        if form == "details":
            detail = {"message": text, "errorcode": 10000}
            body = {"message": text, "errorcode": 10006, "additionalErrors": [detail]}
            return httpx.Response(status, json=body)
        if form == "members":
            member = {"contactKey": "c-1", "errorcode": 10000, "message": text}
            return httpx.Response(status, json={"members": [member], "count": 1})
        result = {"resultClass": "Error", "resultCode": "Odd", "message": text}
        return httpx.Response(status, json={"resultMessages": [result], "hasErrors": True})

    return echo


@pytest.mark.parametrize(("action", "fields"), ACTIONS)
@pytest.mark.parametrize("form", ["html", "details", "members", "results"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 413, 429, 500, 596])
async def test_an_echo_of_the_request_tells_no_secret(
    cloud, deliver, nobody_reads, *, action, fields, form, status
):
    cloud.judges(echoes(status, form))
    cloud.tells(echoes(status, form))

    outcomes = await deliver([EVENT], action, fields, trigger=ALL_TRACKS)

    nobody_reads(*outcomes)


@pytest.mark.parametrize("form", ["html", "details", "results"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
async def test_an_echo_of_the_request_for_a_token_tells_no_secret(
    cloud, connect, nobody_reads, form, status
):
    request = httpx.Request(
        "POST", "https://x", json={"client_secret": "0sample0client0secret0000"}
    )
    answer = echoes(status, form)(request)
    for _ in range(4):
        cloud.answers_tokens(status, content=answer.content)

    async with connect("create-contact", trigger=ALL_TRACKS) as connection:
        receipts = await connection.deliver([EVENT])
        findings = await connection.test()

    nobody_reads(connection, *receipts, *findings)


@pytest.mark.parametrize("form", ["html", "details", "results"])
@pytest.mark.parametrize("status", [200, 400, 403, 500])
async def test_an_echo_of_a_soap_request_tells_no_secret(
    paper_session, cloud, nobody_reads, form, status
):
    echo = echoes(status, form)

    def judge(request: httpx.Request) -> httpx.Response:
        if ".soap." in request.url.host:
            assert cloud.tokens[-1] in request.content.decode()
            told: httpx.Response = echo(request)
            return told
        return httpx.Response(200, json={})

    cloud.judges(judge)

    with pytest.raises(wharfinger.DeliveryError) as caught:
        await folder_tree(paper_session)

    nobody_reads(caught.value, *traceback.format_exception(caught.value))


@pytest.mark.parametrize("error", [httpx.ReadTimeout("silence"), httpx.ReadError("gone")])
async def test_a_lost_soap_reply_tells_no_secret(paper_session, cloud, nobody_reads, error):
    cloud.answers(200, json={}).fails(error)

    with pytest.raises(wharfinger.DeliveryError) as caught:
        await folder_tree(paper_session)

    nobody_reads(caught.value, paper_session, *traceback.format_exception(caught.value))


async def test_a_lost_reply_with_a_token_tells_no_secret(connect, cloud, nobody_reads):
    cloud.fails_tokens(httpx.ReadError("gone"))

    async with connect("create-contact", trigger=ALL_TRACKS) as connection:
        receipts = await connection.deliver([EVENT])

    nobody_reads(connection, *receipts)
