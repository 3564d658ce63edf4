"""Headers and credentials: what may be sent, what goes out, and what nobody ever reads."""

from __future__ import annotations

import base64
import logging

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.webhook.conftest import URL, track
from tests.webhook.test_signing import SECRET

import wharfinger
from wharfinger import ConfigurationError
from wharfinger_webhook.headers import headers_problem, read_lines, secret_headers_problem

HIDDEN = {
    "secret_headers": "X-Tenant-Key: tenant-s3cr3t\nX-Other: other-s3cr3t",
    "signing_secret": SECRET,
}
WAYS = [
    ({"authentication": "basic", "username": "shop", "password": "pass-s3cr3t"}, "authorization"),
    ({"authentication": "bearer", "token": "token-s3cr3t"}, "authorization"),
    ({"authentication": "api-key", "api_key": "key-s3cr3t"}, "x-api-key"),
    (
        {"authentication": "api-key", "api_key": "key-s3cr3t", "header_name": "X-Shop"},
        "x-shop",
    ),
]
SENT = {
    "basic": "Basic " + base64.b64encode(b"shop:pass-s3cr3t").decode(),
    "bearer": "Bearer token-s3cr3t",
    "api-key": "key-s3cr3t",
}


@pytest.mark.parametrize("credential", [" key-s3cr3t", "key-s3cr3t ", "key-s3cr3t\n"])
@pytest.mark.parametrize(("way", "field"), [("bearer", "token"), ("api-key", "api_key")])
def test_a_credential_that_no_header_can_hold_is_refused_before_anything_is_sent(
    connect, way, field, credential
):
    with pytest.raises(ConfigurationError, match="without blanks around it") as caught:
        connect(authentication=way, **{field: credential})
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(("settings", "header"), WAYS)
async def test_each_way_to_sign_in_puts_its_credential_where_it_belongs(
    connect, paper, settings, header
):
    async with connect(**settings) as connection:
        await connection.deliver([track()])
    assert paper.request.headers[header] == SENT[settings["authentication"]]


async def test_headers_and_secret_headers_travel_and_the_method_is_the_one_that_was_chosen(
    connect, paper
):
    settings = {"headers": {"X-Source": "shop"}, "method": "PUT", **HIDDEN}
    async with connect(**settings) as connection:
        await connection.deliver([track()])
    headers = paper.request.headers
    assert paper.request.method == "PUT"
    assert (headers["x-source"], headers["x-tenant-key"]) == ("shop", "tenant-s3cr3t")
    assert headers["x-other"] == "other-s3cr3t"


@pytest.mark.parametrize(
    "settings", [{"headers": {"user-agent": "shop"}}, {"secret_headers": "USER-AGENT: shop"}]
)
async def test_a_user_agent_of_ones_own_takes_the_place_of_the_usual_one(connect, paper, settings):
    async with connect(**settings) as connection:
        await connection.deliver([track()])
    assert paper.request.headers.get_list("user-agent") == ["shop"]


@pytest.mark.parametrize(
    ("authentication", "label"),
    [("basic", "Username"), ("bearer", "Token"), ("api-key", "API Key")],
)
def test_a_way_to_sign_in_without_its_credential_is_refused(connect, authentication, label):
    with pytest.raises(ConfigurationError, match=label):
        connect(authentication=authentication)


@pytest.mark.parametrize(
    "headers",
    [
        *({"Host": "evil.example"}, {"content-length": "3"}, {"Webhook-Id": "x"}),
        *({"Authorization": "Bearer x"}, {"X-A": "a\r\nX-B: b"}, {"X-A\r\nX-B": "b"}, {"X A": "a"}),
        *({"X-A": ""}, {"X-A": "ä"}, {"X-A": 3}, {"X-A": "1", "x-a": "2"}, {"": "a"}),
        *({"Proxy-Connection": "x"}, {"Transfer-Encoding": "chunked"}, {"Content-Type": "a/b"}),
    ],
)
def test_a_header_that_could_do_more_than_say_something_is_refused(connect, headers):
    with pytest.raises(ConfigurationError, match=r"Headers: "):
        connect(headers=headers)


@pytest.mark.parametrize(
    "lines",
    ["tenant-s3cr3t", "X-A: a\nX-A: tenant-s3cr3t", "X-A: tenant-s3cr3t\x0bX-B: 1", "Host: a"],
)
def test_secret_headers_are_refused_without_a_word_of_them(connect, lines):
    with pytest.raises(ConfigurationError, match="Secret Headers, line") as caught:
        connect(secret_headers=lines)
    assert "s3cr3t" not in str(caught.value)


@given(st.text())
def test_lines_that_are_accepted_are_headers_that_cannot_break_out(text):
    if secret_headers_problem(text) is None:
        for name, value in read_lines(text).items():
            assert name.isascii()
            assert value.isascii()
            assert value.isprintable() or "\t" in value
            assert not {"\r", "\n"} & {*name, *value}


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9) | st.integers(), max_size=3))
def test_headers_that_are_accepted_cannot_break_out(headers):
    if headers_problem(headers) is None:
        assert not {"\r", "\n", "\x00", ":"} & set("".join(headers))
        assert not {"\r", "\n", "\x00"} & set("".join(headers.values()))


async def test_a_preview_shows_the_request_and_none_of_its_secrets(connect):
    settings = {**HIDDEN, "authentication": "bearer", "token": "token-s3cr3t"}
    preview = await connect(**settings).preview([track()])
    (request,) = preview.requests
    assert request.headers["webhook-id"] == "m-1"
    shown = repr(request.headers)
    for secret in ("s3cr3t", SECRET, "webhook-signature", "authorization"):
        assert secret not in shown.lower()


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 413, 429, 500])
@pytest.mark.parametrize("settings", [settings for settings, _ in WAYS[:3]])
async def test_an_endpoint_that_repeats_all_it_hears_gives_nothing_away(
    connect, caplog, status, settings
):
    credential = SENT[settings["authentication"]].rpartition(" ")[2]

    def told(request):
        text = f"{request.url.raw_path.decode()} {dict(request.headers)}"
        headers = {"location": text, "retry-after": "0", "x-request-id": credential}
        return httpx.Response(status, text=text, headers=headers)

    class Parrot(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            await request.aread()
            return told(request)

    connection = connect(**settings, **HIDDEN)
    connection._account.transport = Parrot()
    with caplog.at_level(logging.DEBUG):
        async with connection:
            (receipt,) = await connection.deliver([track()])
            findings = await connection.diagnose()
    outcome = receipt.outcomes["hook"]
    assert (outcome.status is wharfinger.Status.DELIVERED) == (status == 200)
    said = f"{outcome}{findings}{connection!r}{connection.settings!r}{caplog.text}"
    for secret in (credential, "tenant-s3cr3t", "other-s3cr3t", SECRET):
        assert secret not in said
    path = httpx.URL(URL).path
    assert path not in f"{outcome}{findings}"
