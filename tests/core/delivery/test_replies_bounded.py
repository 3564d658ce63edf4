"""No reply is too large or too slow: it ends as a lost reply, and frees what it held."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import asynccontextmanager

import httpx
import pytest

from wharfinger import RetryError, UnknownError
from wharfinger.delivery import http

URL = "https://api.acme.example/x"
MOST = 100_000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(http, "MOST_REPLY_BYTES", MOST)


class Body(httpx.AsyncByteStream):
    """A body in pieces; knows how many were taken, and whether it was closed."""

    def __init__(self, piece, times):
        self._piece = piece
        self._times = times
        self.taken = 0
        self.is_closed = False

    async def __aiter__(self):
        while self.taken < self._times:
            self.taken += 1
            yield self._piece

    async def aclose(self):
        self.is_closed = True


def _answer(body, *, status=200, **headers):
    return lambda _: httpx.Response(status, stream=body, headers=headers)


async def test_a_reply_of_the_largest_size_is_read_whole(session):
    body = Body(b"x" * (MOST // 10), 10)
    reply = await session(_answer(body)).request("GET", URL)
    assert (len(reply.content), body.is_closed) == (MOST, True)


@pytest.mark.parametrize(
    ("idempotent", "kind", "rest"),
    [(True, RetryError, "Sending it again is safe"), (False, UnknownError, "not repeated")],
)
async def test_a_reply_that_goes_on_and_on_is_given_up(session, idempotent, kind, rest):
    body = Body(b"x" * 1_000, 10**9)
    with pytest.raises(kind, match=rest) as caught:
        await session(_answer(body), idempotent=idempotent).request("POST", URL)
    assert caught.value.code == "reply-too-large"
    assert "api.acme.example sent a reply of more than 100,000 bytes" in str(caught.value)
    assert (body.taken, body.is_closed) == (MOST // 1_000 + 1, True)


async def test_a_reply_that_is_read_before_it_gets_here_is_bounded_as_well(session):
    here = session(lambda _: httpx.Response(200, content=b"x" * (MOST + 1)))
    with pytest.raises(RetryError) as caught:
        await here.request("GET", URL)
    assert caught.value.code == "reply-too-large"


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("deflate", 15)])
async def test_a_reply_that_unpacks_into_too_much_is_given_up(session, encoding, wbits):
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(b"0" * (MOST * 50)) + packer.flush()
    assert len(packed) < MOST
    pieces = Body(packed, 1)
    with pytest.raises(RetryError) as caught:
        await session(_answer(pieces, **{"Content-Encoding": encoding})).request("GET", URL)
    assert caught.value.code == "reply-too-large"
    assert pieces.is_closed


async def test_a_reply_that_is_packed_although_nobody_asked_is_unpacked_once(session):
    packed = zlib.compress(b'{"a": 1}')
    asked = []

    def answer(request):
        asked.append(request.headers["accept-encoding"])
        body = Body(packed, 1)
        return httpx.Response(200, stream=body, headers={"content-encoding": "deflate"})

    reply = await session(answer).request("GET", URL)
    assert (reply.json(), asked) == ({"a": 1}, ["identity"])


async def test_a_reply_that_cannot_be_unpacked_is_a_lost_reply(session):
    here = session(_answer(Body(b"no zip", 1), **{"Content-Encoding": "gzip"}), idempotent=False)
    with pytest.raises(UnknownError) as caught:
        await here.request("POST", URL)
    assert caught.value.code == "connection-lost"


class TokenFirst(httpx.Auth):
    requires_response_body = True

    def auth_flow(self, request):
        token = yield httpx.Request("POST", "https://login.acme.example/token")
        request.headers["Authorization"] = f"Bearer {token.text}"
        yield request


async def test_a_token_that_goes_on_and_on_leaves_the_request_unsent(session):
    sent = []

    def answer(request):
        sent.append(request.url.host)
        return httpx.Response(200, stream=Body(b"x" * 1_000, 10**9))

    here = session(answer, auth=TokenFirst(), idempotent=False)
    with pytest.raises(RetryError, match=r"^login\.acme\.example sent a reply of more") as caught:
        await here.request("POST", URL)
    assert (caught.value.code, sent) == ("reply-too-large", ["login.acme.example"])


async def test_a_refusal_that_goes_on_and_on_had_no_effect(session):
    here = session(_answer(Body(b"x" * 1_000, 10**9), status=401), idempotent=False)
    with pytest.raises(RetryError) as caught:
        await here.request("POST", URL)
    assert caught.value.code == "reply-too-large"


@asynccontextmanager
async def _vendor(answer):
    """Serve one answer on a port of this machine; give its address and what became of readers."""
    hung_up = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        try:
            await answer(reader, writer)
        except ConnectionError:
            pass
        finally:
            hung_up.set()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", hung_up


async def _drip(reader, writer):
    """Send a body one byte at a time, for ever: no byte is ever late, and the end never comes."""
    writer.write(HEAD + b"Content-Length: 1000000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0)


async def _flood(reader, writer):
    writer.write(HEAD + b"Content-Length: 1000000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _flood_in_chunks(reader, writer):
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        await writer.drain()


async def _say_nothing(reader, writer):
    await reader.read()  # until the other side hangs up


@pytest.mark.parametrize("answer", [_drip, _say_nothing])
@pytest.mark.parametrize(("idempotent", "kind"), [(True, RetryError), (False, UnknownError)])
async def test_a_reply_that_takes_too_long_as_a_whole_is_given_up(
    session, monkeypatch, answer, idempotent, kind
):
    monkeypatch.setattr(http, "MOST_REPLY_BYTES", 10**9)
    async with _vendor(answer) as (route, hung_up):
        here = session(route=route, idempotent=idempotent, whole_s=0.05)
        with pytest.raises(kind, match="did not answer in time") as caught:
            await here.request("POST", URL, json={})
        await here._client.aclose()
        await hung_up.wait()
    assert caught.value.code == "timed-out"


@pytest.mark.parametrize("answer", [_flood, _flood_in_chunks])
async def test_a_flood_over_a_real_socket_is_given_up_and_hung_up_on(session, answer):
    async with _vendor(answer) as (route, hung_up):
        with pytest.raises(RetryError) as caught:
            await session(route=route).request("GET", URL)
        await hung_up.wait()
    assert caught.value.code == "reply-too-large"
