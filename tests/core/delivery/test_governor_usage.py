from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.delivery.governor import Governor
from wharfinger.delivery.http import Timeouts, build_client
from wharfinger.delivery.redaction import Redactor
from wharfinger.delivery.signs import retry_after_s
from wharfinger.delivery.usage import Calls, endpoint_of


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        (b"/v2/token", "/v2/token"),
        (b"/boards/key:main/notes", "/boards/…/notes"),
        (b"/boards/0b5e6c0e-9d8f-4f4e-8a80-1d2c3b4a5f60/notes?page=2", "/boards/…/notes"),
        (b"/contacts/ann%40example.org", "/contacts/…"),
        (b"/Service.asmx", "/Service.asmx"),
        (b"/events/17", "/events/…"),
        (b"/", "/"),
    ],
)
def test_an_endpoint_shows_neither_ids_nor_keys(path, endpoint):
    assert endpoint_of("POST", path) == f"POST {endpoint}"


@given(st.binary())
def test_whatever_a_path_is_it_has_an_endpoint(path):
    assert endpoint_of("GET", path).startswith("GET ")


def test_of_too_many_endpoints_the_later_ones_share_a_line():
    calls = Calls()
    letters = "abcdefghijklmnopqrstuvwxyz"
    for first in letters:
        for second in letters:
            calls.count("GET", f"/{first}{second}".encode())
    counted = calls.by_endpoint()
    assert len(counted) == 501
    assert sum(counted.values()) == 26 * 26
    assert counted["GET …"] == 26 * 26 - 500


class SigningIn(httpx.Auth):
    def auth_flow(self, request):
        yield httpx.Request("POST", "https://login.acme.example/v2/token")
        yield request


async def test_calls_are_counted_where_they_leave_signing_in_included():
    governor = Governor(4)

    async def spend(method, raw_path):
        await governor.spend(method, raw_path, 60.0)

    async with build_client(
        hosts=("*.acme.example",),
        redactor=Redactor(),
        auth=SigningIn(),
        timeouts=Timeouts(),
        transport=httpx.MockTransport(lambda _: httpx.Response(200)),
        spend=spend,
    ) as client:
        for key in "12":
            await client.send(client.request("GET", f"https://api.acme.example/boards/{key}/notes"))
    assert governor.usage.calls == {"POST /v2/token": 2, "GET /boards/…/notes": 2}


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "5"}, 5.0),
        (503, {"retry-after": " 1.5 "}, 1.5),
        (200, {"retry-after": "5"}, None),
        (429, {}, None),
        (429, {"retry-after": "-5"}, None),
        (429, {"retry-after": "soon"}, None),
        (429, {"retry-after": "9" * 40}, None),
        (
            429,
            {
                "date": "Tue, 15 Nov 2044 08:12:31 GMT",
                "retry-after": "Tue, 15 Nov 2044 08:13:01 GMT",
            },
            30.0,
        ),
        (
            429,
            {
                "date": "Tue, 15 Nov 2044 08:12:31 GMT",
                "retry-after": "Tue, 15 Nov 2044 08:12:01 GMT",
            },
            0.0,
        ),
        (429, {"retry-after": "Tue, 15 Nov 2044 08:13:01 GMT"}, None),
    ],
)
def test_a_reply_asks_to_wait_in_seconds_or_until_a_date_by_its_own_clock(status, headers, seconds):
    assert retry_after_s(httpx.Response(status, headers=headers)) == seconds
