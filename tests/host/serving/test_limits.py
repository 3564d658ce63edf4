"""Bodies that are too large, too slow, too deep, or lie."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import zlib
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from wharfinger_host.serving.limits import is_deeper, read_body
from wharfinger_host.serving.refusing import RequestRefused

EVENT = {"type": "page", "userId": "u-1"}
BASIC = b"Authorization: Basic d2Vic2l0ZS1rZXk6\r\n"
GZIP = {"content-encoding": "gzip"}
MOST = 500 * 1024


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def deep(levels: int) -> dict[str, Any]:
    """Return an event with so many levels, itself included."""
    return {**EVENT, "properties": nested(levels - 1)}


def padded(size: int) -> bytes:
    """Return a batch of so many bytes."""
    events = [{**EVENT, "messageId": f"{n}"} for n in range(10)]
    body = orjson.dumps({"batch": events})
    return body + b" " * (size - len(body))


def raw(url: str, *parts: bytes) -> bytes:
    """Send bytes as they are, and return everything that is answered until the connection ends."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as client:
        for part in parts:
            client.sendall(part)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while block := client.recv(65_536):
            answer += block
    return answer


def test_a_batch_may_be_as_large_as_the_sdks_make_it_and_no_larger(served: Any) -> None:
    assert served.post("/v1/batch", padded(MOST)).status_code == 200
    for more in (1, 1_000_000):
        reply = served.post("/v1/batch", padded(MOST + more))
        assert (reply.status_code, reply.json()["code"]) == (413, "request-too-large")
    assert len(served.events) == 10


def test_each_source_has_its_own_limits_wherever_its_key_stands(served: Any) -> None:
    body = {"batch": [{**EVENT, "properties": {"text": "x" * 5_000}}]}
    assert served.post("/v1/batch", body, key="shop-key").status_code == 413
    assert served.post("/v1/batch", {**body, "writeKey": "shop-key"}, key=None).status_code == 413
    assert served.post("/v1/batch", {**body, "writeKey": "website-key"}, key=None).is_success
    small = {**EVENT, "properties": {"text": "x" * 3_500}}
    reply = served.post("/v1/page", small, key="shop-key")
    assert (reply.status_code, reply.json()["code"]) == (413, "event-too-large")


def test_a_large_event_takes_no_other_along(served: Any) -> None:
    large = {**EVENT, "properties": {"text": "x" * 40_000}}
    reply = served.post("/v1/batch", {"batch": [EVENT, large, EVENT]})
    assert [each["code"] for each in reply.json()["events"]] == ["event-too-large"]
    assert len(served.events) == 2
    assert served.rejects[0]["event"] == large


def test_a_body_of_unknown_length_is_counted_while_it_comes(served: Any) -> None:
    def blocks(size: int) -> Any:
        yield padded(1_000)
        for _ in range(size // 1_000):
            yield b" " * 1_000

    for size, status in ((100_000, 200), (600_000, 413)):
        auth = ("website-key", "")
        reply = httpx.post(f"{served.url}/v1/batch", content=blocks(size), auth=auth, timeout=60)
        assert reply.status_code == status


@pytest.mark.parametrize("size", [MOST + 1, 50_000_000])
def test_a_bomb_is_unpacked_no_further_than_a_body_may_be(served: Any, size: int) -> None:
    bomb = gzip.compress(b" " * size)
    reply = served.post("/v1/batch", bomb, headers=GZIP)
    assert (reply.status_code, reply.json()["code"]) == (413, "request-too-large")


@pytest.mark.parametrize(
    "body",
    [
        b"x",
        gzip.compress(padded(1_000))[:-9],
        gzip.compress(padded(1_000))[:40],
        gzip.compress(padded(1_000)) + b"more",
        zlib.compress(padded(1_000)),
        b"\x1f\x8b",
    ],
    ids=["no-gzip", "cut", "half", "more", "zlib", "head"],
)
def test_gzip_that_is_damaged_is_refused(served: Any, body: bytes) -> None:
    reply = served.post("/v1/batch", body, headers=GZIP)
    assert (reply.status_code, reply.json()["code"]) == (400, "gzip-damaged")


def test_a_packing_that_is_not_known_is_refused(served: Any) -> None:
    reply = served.post("/v1/batch", b"x", headers={"content-encoding": "br"})
    assert (reply.status_code, reply.json()["code"]) == (415, "encoding-unknown")


def test_too_many_events_are_refused_as_a_whole(served: Any) -> None:
    assert served.post("/v1/batch", {"batch": [EVENT] * 2_500}).status_code == 200
    reply = served.post("/v1/batch", {"batch": [EVENT] * 2_501})
    assert (reply.status_code, reply.json()["code"]) == (413, "too-many-events")


def test_a_context_is_not_multiplied_without_bound(served: Any) -> None:
    context = {"text": "x" * 30_000}
    reply = served.post("/v1/batch", {"batch": [EVENT] * 1_000, "context": context})
    assert (reply.status_code, reply.json()["code"]) == (413, "context-too-large")
    assert served.events == []


@pytest.mark.parametrize(
    ("levels", "accepted"), [(200, True), (201, False), (253, False), (900, False)]
)
def test_events_may_be_nested_so_deep(served: Any, levels: int, *, accepted: bool) -> None:
    reply = served.post(
        "/v1/batch", b'{"batch":[%b,%b]}' % (orjson.dumps(EVENT), json.dumps(deep(levels)).encode())
    )
    assert reply.status_code == 200
    assert len(served.events) == 1 + accepted
    if not accepted:
        assert reply.json()["events"][0]["code"] == "event-too-deep"
        assert served.rejects[0]["event"]["userId"] == "u-1"


@given(
    st.recursive(
        st.none() | st.integers(0, 9),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3)
        ),
        max_leaves=30,
    ),
    st.integers(0, 6),
)
def test_depth_is_told_as_if_by_counting_levels(value: Any, levels: int) -> None:
    def depth(each: Any) -> int:
        if not isinstance(each, (dict, list)):
            return 0
        inner = each.values() if isinstance(each, dict) else each
        return 1 + max(map(depth, inner), default=0)

    assert is_deeper(value, orjson.dumps(value), levels) == (depth(value) > levels)


async def test_a_body_that_does_not_come_is_asked_for_again() -> None:
    never = asyncio.Event()

    async def receive() -> Any:
        await never.wait()

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    with pytest.raises(RequestRefused) as refused:
        await read_body(request, 1_000, within_s=0)
    assert (refused.value.status, refused.value.code, refused.value.close) == (
        408,
        "too-slow",
        True,
    )


def test_a_length_that_is_too_large_is_refused_before_the_body_comes(served: Any) -> None:
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\n" + BASIC
    answer = raw(served.url, head + b"Content-Length: 99999999999\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def test_a_body_that_never_ends_is_cut_off(served: Any) -> None:
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\n" + BASIC + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    try:
        answer = raw(served.url, head, *[chunk] * 40)
    except ConnectionError:  # it was closed while more was being sent
        return
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_what_is_more_than_was_announced_is_no_part_of_it(served: Any) -> None:
    body = orjson.dumps({"batch": [EVENT]})
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\n" + BASIC
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    answer = raw(served.url, head + length + body + b"garbage\r\n\r\n")
    assert b" 500 " not in answer
    assert served.post("/v1/batch", {"batch": [EVENT]}).status_code == 200
    assert {event["userId"] for event in served.events} == {"u-1"}


def test_less_than_was_announced_is_nothing(served: Any) -> None:
    body = orjson.dumps({"batch": [EVENT]})
    head = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\n" + BASIC
    raw(served.url, head + b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + body)
    assert served.post("/v1/batch", {"batch": []}).status_code == 200
    assert served.events == []


@given(body=st.binary(max_size=300), packed=st.booleans())
def test_any_bytes_are_read_or_refused(body: bytes, *, packed: bool) -> None:
    async def receive() -> Any:
        return {"type": "http.request", "body": data}

    data = gzip.compress(body) if packed else body
    headers = [(b"content-encoding", b"gzip")] if packed or body[:1] == b"g" else []
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    found: bytes | int
    try:
        found = asyncio.run(read_body(request, 200))
    except RequestRefused as no:
        found = no.status
    assert found in (body, 400, 413)


@pytest.mark.parametrize("seed", range(3))
def test_noise_on_the_socket_kills_nothing(served: Any, seed: int) -> None:
    noise = (b"", b"POST /v1/batch HTTP/1.1\r\n", b"POST /v1/t HTTP/1.1\r\nHost: x\r\n\r\n")[seed]
    raw(served.url, noise + os.urandom(500))
    assert served.post("/v1/page", EVENT).status_code == 200
