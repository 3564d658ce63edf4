"""Whatever is sent, it is answered as the vendor might, and can be looked at afterwards."""

from __future__ import annotations

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wharfinger_sfmc_simulator import Simulator
from wharfinger_sfmc_simulator.routes import ROUTES
from wharfinger_sfmc_simulator.wire import Request

FORM = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "open"}
STATUSES = {200, 201, 202, 400, 401, 403, 404, 409, 413, 415, 500, 596}
NAMES = [
    *("keys", "values", "items", "Email", "Line", "Id", "contactKey", "attributeSets", "name"),
    *("ContactKey", "EventDefinitionKey", "Data", "members", "data", "fields", "categoryId"),
]
TEXTS = ["", "a@b.example", "people", "APIEvent-order", "APIEvent-hello", "Email Addresses", "x"]
PATHS = [
    *("", "%", "%zz", "%ff", "%00", "%2F", "%C0%AF", "%F0%9F%98%80", "..", "key:", "key:people"),
    *("key:a%2Fb%20%231%20%26%20c", "Email:a", "a,b", ":", "0" * 40, "9" * 5_000, "\u00e9"),
    "5b6f8f1a-0000-4f11-b859-48df37dc1382",
]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(TEXTS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=12,
)


def _request(method, path, body=b"", query="", **headers):
    return Request(
        method=method, host="localhost", raw_path=path, query=query, headers=headers, body=body
    )


def _token(simulator):
    reply = simulator.answer(_request("POST", "/v2/token", orjson.dumps(FORM)))
    return f"Bearer {orjson.loads(reply.body)['access_token']}"


def _filled(route, piece):
    return "/" + "/".join(piece if part.startswith("{") else part for part in route.pattern)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    route=st.sampled_from(ROUTES),
    piece=st.sampled_from(PATHS),
    content=values,
    query=st.sampled_from(["", "$search=_", "$page=2", "$page=0", "type=queued", "%ff=%ff", "a=+"]),
)
def test_every_call_is_answered_whatever_its_path_query_and_body(
    tenant, route, piece, content, query
):
    simulator = Simulator.from_mapping(tenant)
    authorization = _token(simulator)
    body = orjson.dumps(content)
    path = _filled(route, piece)
    reply = simulator.answer(_request(route.method, path, body, query, authorization=authorization))
    assert reply.status in STATUSES
    assert simulator.requests[-1].path == path


def _nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


ROW = b'{"keys":{"Email":"a@b.example"},"values":%s}'
SET = b'{"name":"Email Addresses","items":[{"values":[{"name":"HTML Enabled","value":%s}]}]}'
WRITES = {
    "/hub/v1/dataevents/key:people/rowset": b"[" + ROW + b"]",
    "/interaction/v1/events": b'{"contactKey":"c","eventDefinitionKey":"APIEvent-hello","data":%s}',
    "/interaction/v1/async/events": b'{"eventDefinitionKey":"APIEvent-hello","members":'
    b'[{"contactKey":"c","data":%s}]}',
    "/contacts/v1/contacts": b'{"contactKey":"c","attributeSets":[' + SET + b"]}",
    "/data/v1/customobjects": b'{"name":"n","categoryId":1,"dataRetentionProperties":%s,'
    b'"fields":[{}]}',
}


@pytest.mark.parametrize("depth", [100, 240, 300, 1_000, 100_000])
@pytest.mark.parametrize("path", WRITES)
async def test_a_deep_body_is_refused_or_can_be_shown(client, anonymous, path, depth):
    body = WRITES[path] % _nested(depth)
    reply = await client.post(path, content=body, headers={"Content-Type": "application/json"})
    told = reply.json()
    refused = isinstance(told, dict) and told.get("errorcode") == 10004
    assert refused == (depth > 250)
    assert reply.status_code in STATUSES - {500}
    for shown in ("contacts", "entries", "tables", "requests"):
        for page in ("", "/page"):
            looked = await anonymous.get(f"http://localhost/_simulator/{shown}{page}")
            assert looked.status_code == 200


@pytest.mark.parametrize("account", ["9" * 5_000, "\u0661", "-1", "1e3", [1], {"a": 1}, True, 1.5])
async def test_an_account_that_is_no_number_is_no_account(anonymous, host, account):
    reply = await anonymous.post(f"{host('auth')}/v2/token", json={**FORM, "account_id": account})
    assert reply.status_code == 401
    assert reply.json()["error"] == "unauthorized_client"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("%25" * 200 + "%00", 0),
        ("%25o%25p" + "%25_" * 40, 0),
        ("%25" * 200, 4),
        ("p%25_le", 1),
        ("[a-z]", 0),
        ("*", 0),
        ("%3F", 0),
        ("/b%20%231", 1),
    ],
)
async def test_a_search_of_many_wild_cards_is_answered_at_once(client, search, found):
    reply = await client.get(f"/data/v1/customobjects?$search={search}")
    assert reply.json()["count"] == found


async def test_a_filter_of_many_blanks_is_answered_at_once(client):
    text = "firstname" + "%20" * 10_000 + "eq" + "%20" * 10_000 + "x"
    reply = await client.get(f"/data/v1/customobjectdata/key/people/rowset?$filter={text}")
    assert (reply.status_code, reply.json()["count"]) == (200, 0)


ENVELOPE = (
    "<Envelope><Header><fueloauth>{token}</fueloauth></Header><Body><RetrieveRequestMsg>"
    "<RetrieveRequest><ObjectType>DataFolder</ObjectType><Properties>ID</Properties>{more}"
    "</RetrieveRequest></RetrieveRequestMsg></Body></Envelope>"
)
BOMB = '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
DEEP = "<a>" * 50_000


@pytest.fixture
def ask(client, host):
    """Ask for folders with a good token and something else; give the reply."""

    async def ask(before: str = "", more: str = "", encoding: str = "utf-8") -> httpx.Response:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        body = before + ENVELOPE.format(token=token, more=more)
        answer: httpx.Response = await client.post(
            f"{host('soap')}/Service.asmx",
            content=body.encode(encoding),
            headers={"Content-Type": "text/xml"},
        )
        return answer

    return ask


@pytest.mark.parametrize(
    "odd",
    [
        {"before": BOMB, "more": "&b;"},
        {"before": "<!DOCTYPE Envelope>"},
        {"before": BOMB, "more": "&b;", "encoding": "utf-16"},
        {"before": '<?xml version="1.0" encoding="utf-16"?>', "encoding": "utf-16"},
        {"before": "{}"},
        {"more": DEEP},
        {"more": "&b;"},
        {"more": "\x00"},
    ],
)
async def test_a_body_that_is_no_envelope_carries_no_token(ask, odd):
    reply = await ask(**odd)
    assert (reply.status_code, b"Token Expired" in reply.content) == (500, True)


@pytest.mark.parametrize("more", ["", DEEP + "</a>" * 50_000, "<!-- <!ENTITY -->", "&lt;!DOCTYPE"])
async def test_an_odd_envelope_is_an_envelope(ask, more):
    reply = await ask(more=more)
    assert (reply.status_code, b"<OverallStatus>OK" in reply.content) == (200, True)


async def test_a_foreign_host_header_is_written_down_and_shown_as_text(simulator, anonymous):
    odd = "<script>alert(1)</script>"
    await anonymous.get("/x", headers={"Host": odd})
    page = await anonymous.get("http://localhost/_simulator/requests/page")
    assert simulator.requests[-1].host == odd
    assert odd not in page.text
    assert "&lt;script&gt;" in page.text


async def test_what_comes_from_far_away_is_kept_from_looking_in(simulator):
    async with httpx.AsyncClient(transport=simulator.transport()) as stranger:
        for name in (
            "evil.example",
            "localhost.evil.example",
            "marketingcloudapis.com.evil.example",
        ):
            assert (await stranger.get(f"http://{name}/_simulator/tables")).status_code == 403
