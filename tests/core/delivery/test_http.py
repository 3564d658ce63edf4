from __future__ import annotations

import logging

import httpx
import pytest

from wharfinger import HostNotAllowedError, NotSentError, Secret
from wharfinger.delivery.http import (
    RefusingTransport,
    Timeouts,
    build_client,
    host_allowed,
    is_loopback,
)
from wharfinger.delivery.redaction import Redactor

HOSTS = ("*.rest.vendor.example", "api.acme.example")


@pytest.mark.parametrize(
    "host", ["mc1.rest.vendor.example", "MC1.REST.vendor.example", "api.acme.example"]
)
def test_a_declared_host_is_allowed(host):
    assert host_allowed(host, HOSTS)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "rest.vendor.example",
        "a.b.rest.vendor.example",
        ".rest.vendor.example",
        "mc1.rest.vendor.example.evil.example",
        "evil.example",
        "xapi.acme.example",
        "127.0.0.1",
    ],
)
def test_any_other_host_is_refused(host):
    assert not host_allowed(host, HOSTS)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.8.7", "::1", "[::1]"])
def test_these_addresses_are_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "10.0.0.1", "localhost.evil.example", "0.0.0.0", "a"])
def test_these_addresses_are_not(host):
    assert not is_loopback(host)


async def send(client, method, url, **parts):
    return await client.send(client.request(method, url, **parts))


def _client(handler, **facts):
    facts = {"hosts": HOSTS, "redactor": Redactor(), "auth": None, "timeouts": Timeouts(), **facts}
    return build_client(transport=httpx.MockTransport(handler), **facts)


@pytest.mark.parametrize(
    "url", ["https://evil.example/x", "http://api.acme.example/x", "https://127.0.0.1/x"]
)
async def test_nothing_is_sent_to_a_host_that_was_not_declared(url):
    sent: list[httpx.Request] = []
    async with _client(sent.append) as client:
        with pytest.raises(HostNotAllowedError, match="may only talk to https://"):
            await send(client, "GET", url)
    assert sent == []


async def test_a_redirect_is_not_followed():
    def redirect(request):
        return httpx.Response(302, headers={"location": "https://evil.example/"})

    async with _client(redirect) as client:
        assert (await send(client, "GET", "https://api.acme.example/")).status_code == 302


async def test_a_route_dials_another_address_and_keeps_the_host_header():
    dialled = []

    def answer(request):
        dialled.append((str(request.url), request.headers["host"], request.content))
        return httpx.Response(200)

    async with _client(answer, route="http://127.0.0.1:8025") as client:
        await send(client, "POST", "https://api.acme.example/a%2Fb?x=1", content=b"body")
    assert dialled == [("http://127.0.0.1:8025/a%2Fb?x=1", "api.acme.example", b"body")]


async def test_a_refusing_transport_records_and_never_sends():
    refusing = RefusingTransport()
    async with httpx.AsyncClient(transport=refusing) as client:
        with pytest.raises(NotSentError, match="this is a preview"):
            await client.post("https://api.acme.example/", json={"a": 1})
    assert refusing.refused[0].content == b'{"a":1}'


async def test_the_credentials_that_were_sent_are_hidden_from_text():
    redactor = Redactor([Secret("hunter22")])
    async with _client(lambda _: httpx.Response(200), redactor=redactor) as client:
        await send(
            client, "GET", "https://api.acme.example/", headers={"authorization": "Bearer abc.def"}
        )
    assert redactor.redact("abc.def and hunter22, not hunter") == "*** and ***, not hunter"


def test_the_longer_of_two_overlapping_secrets_is_hidden_whole():
    assert Redactor([Secret("abcd"), Secret("abcdefgh")]).redact("<abcdefgh>") == "<***>"


async def test_no_log_line_holds_the_credentials(caplog):
    caplog.set_level(logging.DEBUG)
    async with _client(lambda _: httpx.Response(200)) as client:
        await send(
            client, "GET", "https://api.acme.example/", headers={"authorization": "Bearer abc.def"}
        )
    assert "abc.def" not in caplog.text
