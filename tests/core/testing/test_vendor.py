"""A vendor on paper does what its scripts are called."""

from __future__ import annotations

import asyncio
import importlib
import sys

import httpx
import pytest

from wharfinger.testing import DestinationContract, Vendor, contract
from wharfinger.testing.paper import GARBAGE

URL = "https://api.acme.example/notes"


async def ask(vendor: Vendor, **request) -> httpx.Response:
    async with httpx.AsyncClient(transport=vendor.transport) as client:
        return await client.post(URL, **request)


async def test_it_accepts_until_something_is_scripted(vendor):
    reply = await ask(vendor)
    assert (reply.status_code, reply.json()) == (200, {})


async def test_scripts_are_answered_in_their_order_and_the_last_one_for_ever(vendor):
    vendor.refuses().fails(502).accepts(201, json={"id": 7})
    assert [(await ask(vendor)).status_code for _ in range(4)] == [400, 502, 201, 201]


async def test_throttling_says_for_how_long(vendor):
    vendor.throttles(retry_after_s=2.5)
    reply = await ask(vendor)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "2.5")


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("hangs", httpx.ReadTimeout),
        ("drops", httpx.RemoteProtocolError),
        ("is_away", httpx.ConnectError),
    ],
)
async def test_a_lost_request_is_lost_as_on_the_network_and_written_down(vendor, script, error):
    getattr(vendor, script)()
    with pytest.raises(error):
        await ask(vendor, json={"text": "Hello"})
    assert vendor.request.content == b'{"text":"Hello"}'


@pytest.mark.parametrize("kind", GARBAGE)
async def test_garbage_comes_with_the_status_of_success(vendor, kind):
    vendor.garbles(kind)
    reply = await ask(vendor)
    assert (reply.status_code, reply.content) == (200, GARBAGE[kind].content)


async def test_what_delivers_nothing_is_answered_apart(vendor):
    def besides(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, text="token") if b"token" in request.content else None

    vendor.besides(besides).refuses()
    assert (await ask(vendor, content=b"token, please")).text == "token"
    assert (await ask(vendor, content=b"a note")).status_code == 400
    assert (len(vendor.requests), len(vendor.delivering)) == (2, 1)


async def test_one_that_never_answers_keeps_a_request_until_it_lets_go(vendor):
    vendor.never_answers()
    task = asyncio.create_task(ask(vendor))
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(vendor.requests) == 1
    assert not task.done()
    vendor.lets_go()
    assert (await task).status_code == 200


async def test_the_only_request_is_refused_where_there_are_several(vendor):
    await ask(vendor)
    await ask(vendor)
    with pytest.raises(ValueError, match="too many"):
        _ = vendor.request


def test_a_contract_that_is_made_is_one_that_is_derived():
    def answers(request):
        return httpx.Response(418)

    made = contract("acme", settings={"api_key": "made-up-key"}, answers=answers)
    assert issubclass(made, DestinationContract)
    assert made.destination == "acme"
    reply = made().answers(httpx.Request("POST", URL))
    assert isinstance(reply, httpx.Response)
    assert reply.status_code == 418


def test_a_contract_refuses_what_it_does_not_know_with_a_suggestion():
    with pytest.raises(TypeError, match=r'no setings\. Did you mean "settings"'):
        contract("acme", setings={})


def test_without_its_extra_the_kit_says_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("wharfinger.testing")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pytest_httpx", None)
    with pytest.raises(ImportError, match=r'pip install "wharfinger\[testing\]"'):
        importlib.import_module("wharfinger.testing")
