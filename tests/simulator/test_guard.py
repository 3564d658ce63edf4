"""Browsers are kept from being used against a simulator."""

import httpx
import pytest

from wharfinger_sfmc_simulator.inspection.guard import refusal

HERE = "127.0.0.1:8025"
CHANGES = [
    ("POST", "/_simulator/faults"),
    ("DELETE", "/_simulator/faults"),
    ("POST", "/_simulator/clock"),
    ("POST", "/_simulator/reset"),
    ("POST", "/_simulator/faults/page"),
    ("POST", "/_simulator/faults/page/none"),
    ("POST", "/_simulator/clock/page"),
    ("POST", "/_simulator/reset/page"),
]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8025",
        "sfmc.localhost:8025",
        HERE,
        "127.3.2.1",
        "[::1]:8025",
        "172.17.0.2:8025",
        "mctest.rest.marketingcloudapis.com",
        "mctest.auth.marketingcloudapis.com:443",
    ],
)
def test_a_name_that_no_stranger_can_own_is_taken(host):
    assert refusal("GET", {"host": host}) == ""


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8025",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "marketingcloudapis.com.evil.example",
        "evilmarketingcloudapis.com",
        "notlocalhost",
        "localhost:8025:8025",
        "localhost/",
        "user@localhost",
    ],
)
def test_any_other_name_is_refused_for_reading_too(host):
    assert "started" in refusal("GET", {"host": host})


def test_the_name_it_was_started_with_is_taken():
    assert refusal("GET", {"host": "Sandbox:8025"}, "sandbox") == ""
    assert refusal("GET", {"host": "sandbox.example:8025"}, "sandbox") != ""


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_a_change_comes_from_no_page_or_from_its_own(method):
    assert refusal(method, {"host": HERE}) == ""
    assert refusal(method, {"host": HERE, "origin": f"http://{HERE}"}) == ""


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:8026",
        "http://localhost:8025",
        f"http://{HERE}.evil.example",
    ],
)
def test_a_change_from_another_origin_is_refused(origin):
    headers = {"host": HERE, "origin": origin}
    assert "may not change" in refusal("POST", headers)
    assert refusal("GET", headers) == ""


@pytest.mark.parametrize(("method", "path"), CHANGES)
async def test_every_change_is_guarded(simulator, anonymous, method, path):
    headers = {"Origin": "https://evil.example"}
    reply = await anonymous.request(method, path, headers=headers)
    assert (reply.status_code, "evil.example" in reply.text) == (403, True)


@pytest.mark.parametrize("path", ["/_simulator", "/_simulator/page", "/_simulator/tables"])
async def test_what_is_shown_is_guarded_against_foreign_names(anonymous, path):
    reply = await anonymous.get(path, headers={"Host": "evil.example"})
    assert reply.status_code == 403


async def test_the_vendors_calls_are_answered_under_any_name(anonymous):
    reply = await anonymous.get("/platform/v1/tokenContext", headers={"Host": "a.example"})
    assert reply.json()["message"] == "Not Authorized"


async def test_a_port_knows_the_name_it_was_started_with(simulator):
    async with simulator.serving("localhost") as address, httpx.AsyncClient() as client:
        shown = await client.get(f"{address}/_simulator")
        foreign = await client.get(f"{address}/_simulator", headers={"Host": "evil.example"})
    assert (shown.status_code, foreign.status_code) == (200, 403)
