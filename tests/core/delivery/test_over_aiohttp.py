"""The transport over aiohttp, against servers on a socket that behave and that do not."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from wharfinger.delivery.http import Timeouts, build_client, network
from wharfinger.delivery.over_aiohttp import AiohttpTransport
from wharfinger.delivery.redaction import Redactor
from wharfinger.delivery.session import _NOTHING_SENT

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"


class Server:
    """Answers each request with one script, in turn, and keeps what it was sent."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.received: list[bytes] = []
        self.connections: list[asyncio.StreamWriter] = []
        self.asked = asyncio.Event()
        self.url = ""

    async def handle(self, reader, writer):
        self.connections.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while self.scripts:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                self.received.append(head + body)
                self.asked.set()
                script = self.scripts.pop(0)
                if callable(script):
                    await script(reader, writer)
                    break
                writer.write(script)
                await writer.drain()
            await reader.read()
        writer.close()


@asynccontextmanager
async def serving(*scripts, certificate=None):
    server, context = Server(*scripts), None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"https://localhost:{port}" if context else f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        listening.close()
        for writer in server.connections:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def hang_up(reader, writer):
    writer.close()


async def reset(reader, writer):
    writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
    )
    writer.close()


async def say_nothing(reader, writer):
    await reader.read()


def a_request(url, content=b"[1]", **parts):
    parts.setdefault("extensions", {"timeout": httpx.Timeout(30.0).as_dict()})
    return httpx.Request("POST", url, content=content, **parts)


@pytest.fixture
async def transport():
    transport = AiohttpTransport()
    yield transport
    await transport.aclose()


async def exchange(transport, request):
    reply = await transport.handle_async_request(request)
    try:
        await reply.aread()
    finally:
        await reply.aclose()
    return reply


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Make a certificate of this machine that signs itself, and its key."""
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("the command openssl makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    paths = folder / "certificate.pem", folder / "key.pem"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    options = ["-addext", "subjectAltName=DNS:localhost", "-out", paths[0], "-keyout", paths[1]]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    return paths


def test_aiohttp_is_the_network_where_it_is_installed():
    assert isinstance(network(), AiohttpTransport)


def test_without_aiohttp_it_is_the_one_of_httpx(monkeypatch):
    monkeypatch.setattr("wharfinger.delivery.http.find_spec", lambda name: None)
    assert isinstance(network(), httpx.AsyncHTTPTransport)


async def test_what_is_sent_is_the_request_and_nothing_else(transport):
    async with serving(OK) as server:
        request = a_request(
            f"{server.url}/a%2Fb%20c/%E2%82%AC?x=%2B", headers={"X-Own": "é".encode()}
        )
        reply = await exchange(transport, request)
    assert (reply.status_code, reply.content) == (200, b"[]")
    head, body = server.received[0].split(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    assert line == b"POST /a%2Fb%20c/%E2%82%AC?x=%2B HTTP/1.1"
    host = server.url.removeprefix("http://").encode()
    assert sorted(each.lower() for each in headers) == sorted(
        [b"host: " + host, b"content-length: 3", "x-own: é".encode()]
    )
    assert body == b"[1]"


@pytest.mark.parametrize("size", [0, 1, 70_000, 2**20 + 1, 6_000_000])
async def test_a_body_of_any_size_arrives_whole(transport, size):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    async with serving(OK) as server:
        await exchange(transport, a_request(server.url, content))
    assert server.received[0].partition(b"\r\n\r\n")[2] == content


async def test_a_connection_serves_one_request_after_the_other(transport):
    async with serving(OK, OK, OK) as server:
        for _ in range(3):
            await exchange(transport, a_request(server.url))
    assert (len(server.connections), len(server.received)) == (1, 3)


async def test_a_reply_in_pieces_is_read_whole(transport):
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (b"[", b"1" * 70_000, b"]"))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving(head + pieces + b"0\r\n\r\n", OK) as server:
        reply = await exchange(transport, a_request(server.url))
        assert reply.content == b"[" + b"1" * 70_000 + b"]"
        await exchange(transport, a_request(server.url))
    assert len(server.connections) == 1


async def test_a_redirect_is_a_reply_like_any_other(transport):
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with serving(moved) as server:
        assert (await exchange(transport, a_request(server.url))).status_code == 302


async def test_cookies_are_not_kept(transport):
    biscuit = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with serving(biscuit, OK) as server:
        await exchange(transport, a_request(server.url))
        await exchange(transport, a_request(server.url))
    assert b"cookie" not in server.received[1].lower()


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[]"
HALF_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[]"


@pytest.mark.parametrize(
    "script",
    [
        hang_up,
        reset,
        HALF,
        HALF_CHUNKED,
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"\x00\x01nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=["hangs-up", "resets", "half", "half-chunked", "half-head", "noise", "length", "endless"],
)
async def test_once_it_was_sent_no_error_says_that_nothing_was(transport, script):
    async def closing(reader, writer):
        writer.write(script)
        await writer.drain()
        writer.close()

    async with serving(script if callable(script) else closing) as server:
        with pytest.raises(httpx.TransportError) as raised:
            await exchange(transport, a_request(server.url))
    assert len(server.received) == 1
    assert not isinstance(raised.value, _NOTHING_SENT)


async def test_a_post_is_never_repeated_by_the_library(transport):
    async with serving(OK, hang_up, OK) as server:
        await exchange(transport, a_request(server.url))
        with pytest.raises(httpx.TransportError):
            await exchange(transport, a_request(server.url))
        assert len(server.received) == 2


async def test_silence_is_a_read_timeout(transport):
    async with serving(say_nothing) as server:
        impatient = {"timeout": {"connect": 30.0, "read": 0.01}}
        with pytest.raises(httpx.ReadTimeout):
            await exchange(transport, a_request(server.url, extensions=impatient))


async def test_a_reply_that_stops_half_way_is_a_read_timeout(transport):
    async def stop(reader, writer):
        writer.write(HALF)
        await reader.read()

    async with serving(stop) as server:
        impatient = {"timeout": {"connect": 30.0, "read": 0.01}}
        with pytest.raises(httpx.ReadTimeout):
            await exchange(transport, a_request(server.url, extensions=impatient))


async def test_nobody_listening_is_a_connect_error(transport):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(httpx.ConnectError):
        await exchange(transport, a_request(url))


async def test_a_name_that_nobody_knows_is_a_connect_error(transport):
    with pytest.raises(httpx.ConnectError):
        await exchange(transport, a_request("http://nobody.invalid/"))


async def test_a_server_without_tls_is_a_connect_error(transport):
    async def talk_plainly(reader, writer):
        writer.write(OK)
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(talk_plainly, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(httpx.ConnectError):
        await exchange(transport, a_request(f"https://127.0.0.1:{port}/"))
    listening.close()


async def test_a_certificate_that_nobody_vouches_for_is_refused(transport, certificate):
    async with serving(OK, certificate=certificate) as server:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await exchange(transport, a_request(server.url))
    assert server.received == []


async def test_one_that_is_named_as_trusted_is_accepted(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    transport = AiohttpTransport()
    async with serving(OK, certificate=certificate) as server:
        reply = await exchange(transport, a_request(server.url))
        await transport.aclose()
    assert reply.content == b"[]"


async def test_who_is_cancelled_leaves_no_connection_behind_for_the_next(transport):
    async with serving(say_nothing, OK) as server:
        waiting = asyncio.create_task(exchange(transport, a_request(server.url)))
        await server.asked.wait()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        await exchange(transport, a_request(server.url))
    assert len(server.connections) == 2


async def test_a_reply_that_is_packed_all_the_same_is_unpacked():
    packed = gzip.compress(b"[]")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with serving(head + packed) as server:
        client = build_client(
            hosts=("api.acme.example",),
            redactor=Redactor(),
            auth=None,
            timeouts=Timeouts(),
            route=server.url,
        )
        async with client:
            reply = await client.send(client.request("GET", "https://api.acme.example/"))
    assert reply.content == b"[]"
