"""Hosts, paths, tokens and scopes: what is refused first."""

import httpx
import pytest

from wharfinger_sfmc_simulator import Fault

NOT_AUTHORIZED = {
    "documentation": "https://developer.salesforce.com/docs/atlas.en-us.mc-apis.meta/mc-apis/"
    "error-handling.htm",
    "errorcode": 0,
    "message": "Not Authorized",
}
INSUFFICIENT = {
    "message": "Insufficient privileges to complete this action.",
    "errorcode": 20002,
    "documentation": "",
}
ROWSET = "/hub/v1/dataevents/key:people/rowset"
EVENTS = "/interaction/v1/events"
BATCH = "/interaction/v1/async/events"
ASYNC = "/data/v1/async"
CALLS = [
    ("POST", ROWSET, {"data_extensions_write"}),
    ("PUT", "/hub/v1/dataevents/key:people/rows/Email:x", {"data_extensions_write"}),
    ("PUT", f"{ASYNC}/dataextensions/key:people/rows", {"data_extensions_write"}),
    ("POST", f"{ASYNC}/dataextensions/key:people/rows", {"data_extensions_write"}),
    ("GET", f"{ASYNC}/x/status", {"data_extensions_read"}),
    ("GET", f"{ASYNC}/x/results", {"data_extensions_read"}),
    ("POST", BATCH, {"journeys_read", "list_and_subscribers_read"}),
    ("GET", f"{BATCH}/status", {"journeys_read", "list_and_subscribers_read"}),
    ("POST", "/data/v1/customobjects", {"data_extensions_write"}),
    ("PATCH", "/data/v1/customobjects/x", {"data_extensions_write"}),
    ("DELETE", "/data/v1/customobjects/x", {"data_extensions_write"}),
    ("GET", "/data/v1/customobjects/category/1", {"data_extensions_read"}),
    ("POST", "/contacts/v1/contacts", {"list_and_subscribers_write"}),
    ("POST", EVENTS, {"journeys_read", "list_and_subscribers_read"}),
    ("GET", "/interaction/v1/eventDefinitions", {"journeys_read"}),
    ("GET", "/interaction/v1/eventDefinitions/key:x", {"journeys_read"}),
    ("GET", "/data/v1/customobjects", {"data_extensions_read"}),
    ("GET", "/data/v1/customobjects/x", {"data_extensions_read"}),
    ("GET", "/data/v1/customobjects/x/fields", {"data_extensions_read"}),
    ("GET", "/data/v1/customobjectdata/key/x/rowset", {"data_extensions_read"}),
    ("GET", "/data/v1/customobjectdata/token/x/rowset", {"data_extensions_read"}),
]
NEEDED = sorted(set.union(*(scopes for _, _, scopes in CALLS)))


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer x", "Basic b3Blbg=="])
@pytest.mark.parametrize("path", [ROWSET, EVENTS, "/nothing/of/that/kind"])
async def test_without_a_good_token_everything_is_not_authorized(anonymous, path, authorization):
    headers = {} if authorization is None else {"Authorization": authorization}
    reply = await anonymous.post(path, content=b"not json", headers=headers)
    assert (reply.status_code, reply.json()) == (401, NOT_AUTHORIZED)


async def test_a_token_in_the_query_is_refused_with_its_own_code(anonymous):
    reply = await anonymous.get("/platform/v1/tokenContext?access_token=abc")
    assert (reply.status_code, reply.json()["errorcode"]) == (401, 40004)


@pytest.mark.parametrize(("method", "path", "scopes"), CALLS)
async def test_each_call_needs_its_scopes_and_no_others(simulator, sign_in, method, path, scopes):
    enough = await sign_in(simulator, scope=" ".join(scopes))
    assert (await enough.request(method, path)).status_code != 403
    for scope in scopes:
        others = [each for each in NEEDED if each != scope]
        lacking = await sign_in(simulator, scope=" ".join(others))
        reply = await lacking.request(method, path)
        assert (reply.status_code, reply.json()) == (403, INSUFFICIENT)


async def test_the_token_context_needs_no_scope(simulator, sign_in):
    client = await sign_in(simulator, scope="")
    assert (await client.get("/platform/v1/tokenContext")).status_code == 200


async def test_a_missing_scope_on_rows_can_be_a_401(simulate, sign_in):
    client = await sign_in(simulate(missing_scope="401-on-rows"), scope="")
    assert (await client.post(ROWSET)).json() == NOT_AUTHORIZED
    assert (await client.post(EVENTS)).status_code == 403


async def test_scopes_are_checked_before_faults_and_faults_before_lookup(simulator, sign_in):
    simulator.inject(Fault(kind="server-error", times=None))
    lacking = await sign_in_past(simulator, sign_in, scope="")
    full = await sign_in_past(simulator, sign_in)
    assert (await lacking.post(ROWSET)).status_code == 403
    assert (await full.post("/hub/v1/dataevents/key:unknown/rowset")).status_code == 500


async def sign_in_past(simulator, sign_in, **fields):
    """Sign in while faults are armed, without meeting them."""
    armed = list(simulator.faults)
    simulator.clear_faults()
    client = await sign_in(simulator, **fields)
    simulator.inject(*(each.fault for each in armed))
    return client


async def test_the_table_is_looked_up_before_the_body_is_read(client):
    reply = await client.post("/hub/v1/dataevents/key:unknown/rowset", content=b"not json")
    assert reply.json()["errorcode"] == 10001


@pytest.mark.parametrize(
    "path",
    [
        "//platform/v1//tokenContext",
        "/PLATFORM/V1/TOKENCONTEXT",
        "/platform/v1/tokencontext/",
        "/%70latform/v1/tokenContext",
    ],
)
async def test_paths_may_have_double_slashes_and_any_case(client, host, path):
    assert (await client.get(f"{host('rest')}{path}")).status_code == 200


async def test_the_token_call_tolerates_a_double_slash(simulator, host):
    async with httpx.AsyncClient(transport=simulator.transport()) as client:
        reply = await client.post(f"{host('auth')}//V2/Token", json={})
    assert reply.json()["error"] == "invalid_request"


async def test_the_port_of_a_host_does_not_matter(client):
    rest = str(client.base_url.host)
    assert (await client.get(f"http://{rest}:8025/platform/v1/tokenContext")).status_code == 200


@pytest.mark.parametrize("address", ["http://127.0.0.1:8025", "http://[::1]:8025", "http://sfmc"])
async def test_any_other_host_is_every_host_at_once(simulator, address, host):
    form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "open"}
    async with httpx.AsyncClient(transport=simulator.transport(), base_url=address) as client:
        token = (await client.post("/v2/token", json=form)).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        context = await client.get("/platform/v1/tokenContext", headers=headers)
    assert token["rest_instance_url"] == f"{host('rest')}/"
    assert context.status_code == 200


@pytest.mark.parametrize(
    ("service", "path"),
    [("auth", "/hub/v1/dataevents/key:people/rowset"), ("soap", "/data/v1/customobjects")],
)
async def test_a_service_that_is_not_on_a_host_is_596_from_the_gateway(client, host, service, path):
    reply = await client.post(f"{host(service)}{path}")
    assert reply.status_code == 596
    assert reply.headers["content-type"] == "text/html"


async def test_the_token_call_is_not_on_the_rest_host(client):
    assert (await client.post("/v2/token")).status_code == 596


async def test_another_tenants_hosts_know_neither_client_nor_token(client, simulator):
    form = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "open"}
    other = "https://mcother.{}.marketingcloudapis.com"
    refused = await client.post(f"{other.format('auth')}/v2/token", json=form)
    wrong = await client.get(f"{other.format('rest')}/platform/v1/tokenContext")
    assert "Invalid client ID" in refused.json()["error_description"]
    assert (wrong.status_code, wrong.json()["errorcode"]) == (403, 40002)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/hub/v1/dataevents/key:people/rowset", 404),
        ("POST", "/data/v1/customobjectdata/key/people/rowset", 404),
        ("PUT", "/data/v1/dataextensions/key:people/rows", 404),
        ("GET", "/Service.asmx", 596),
        ("GET", "/asset/v1/content/assets", 596),
        ("GET", "/", 596),
    ],
)
async def test_what_there_is_not_is_404_or_596(client, method, path, status):
    assert (await client.request(method, path)).status_code == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ROWSET),
        ("PUT", "/hub/v1/dataevents/key:people/rows/Email:x"),
        ("PATCH", "/data/v1/customobjects/5b6f8f1a-0000-4f11-b859-48df37dc1382"),
    ],
)
async def test_a_body_of_another_media_type_is_415(client, method, path):
    reply = await client.request(method, path, data={"a": "b"})
    assert (reply.status_code, reply.json()["message"]) == (415, "Unsupported Media Type")


async def test_errorcodes_can_be_texts(simulate, sign_in):
    client = await sign_in(simulate(errorcode_as_text=True))
    row = {"keys": {"Email": "no"}, "values": {"Phone": "no"}}
    body = (await client.post(ROWSET, json=[row])).json()
    assert body["errorcode"] == "10006"
    assert {each["errorcode"] for each in body["additionalErrors"]} == {"10000"}
