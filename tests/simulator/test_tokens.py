"""Signing in: the token call, what it answers, and how long a token is good for."""

import base64

import httpx
import orjson
import pytest

GOOD = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "open"}


@pytest.fixture
def ask(simulate, host):
    """Ask for a token, with the switches that are named."""

    async def ask(form, *, kind="json", **switches):
        simulator = simulate(**switches)
        async with httpx.AsyncClient(transport=simulator.transport()) as client:
            return await client.post(f"{host('auth')}/v2/token", **{kind: form})

    return ask


@pytest.mark.parametrize("kind", ["json", "data"])
async def test_a_token_is_given_for_json_and_for_a_form(ask, kind, host):
    reply = await ask(GOOD, kind=kind)
    body = reply.json()
    assert reply.status_code == 200
    assert body.pop("access_token")
    assert body == {
        "token_type": "Bearer",
        "expires_in": 1079,
        "scope": "data_extensions_read data_extensions_write journeys_read "
        "list_and_subscribers_read list_and_subscribers_write",
        "soap_instance_url": f"{host('soap')}/",
        "rest_instance_url": f"{host('rest')}/",
    }


async def test_a_token_looks_like_the_vendors(ask):
    token = (await ask(GOOD)).json()["access_token"]
    header, payload, *rest = token.split(".")
    assert len(rest) == 2
    assert len(token) <= 512
    decoded = [orjson.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload)]
    assert decoded[0]["alg"] == "HS256"
    assert decoded[1]["client_id"] == "client"
    assert decoded[1]["eid"] == 510000000
    assert decoded[1]["client_type"] == "ServerToServer"


async def test_instance_urls_can_be_bare_hosts(ask, host):
    body = (await ask(GOOD, instance_urls="bare-host", expires_in=1080)).json()
    assert body["rest_instance_url"] == host("rest").removeprefix("https://")
    assert body["expires_in"] == 1080


@pytest.mark.parametrize(
    ("changes", "status", "error", "says"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client", "Invalid client ID. Use the client ID"),
        ({"client_secret": "x"}, 401, "invalid_client", "Client authentication failed."),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "client_credentials"),
        ({"grant_type": None}, 400, "invalid_request", "grant_type is required."),
        ({"client_id": ["client"]}, 400, "invalid_request", "client_id is required."),
        ({"client_secret": ""}, 400, "invalid_request", "client_secret is required."),
        ({"scope": "offline"}, 400, "invalid_scope", "offline"),
        ({"account_id": "77"}, 401, "unauthorized_client", "not authorized for this account"),
        ({"account_id": "x²"}, 401, "unauthorized_client", "not authorized for this account"),
        ({"account_id": True}, 401, "unauthorized_client", "not authorized for this account"),
    ],
)
async def test_a_refusal_has_the_oauth_shape(ask, changes, status, error, says):
    reply = await ask({**GOOD, **changes})
    body = reply.json()
    assert (reply.status_code, body["error"]) == (status, error)
    assert says in body["error_description"]
    assert body["error_uri"] == "https://developer.salesforce.com/docs"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 5000])
async def test_a_body_that_is_no_object_is_an_invalid_request(simulator, host, body):
    async with httpx.AsyncClient(transport=simulator.transport()) as client:
        reply = await client.post(f"{host('auth')}/v2/token", content=body)
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


async def test_what_is_unknown_about_refusals_are_switches(ask):
    account = await ask(
        {**GOOD, "account_id": 7}, bad_account_status=400, bad_account_error="invalid_request"
    )
    scope = await ask({**GOOD, "scope": "offline"}, invalid_scope_status=401)
    grant = await ask({**GOOD, "grant_type": "x"}, bad_grant_status=401)
    nothing = await ask({}, invalid_request_status=401)
    assert (account.status_code, account.json()["error"]) == (400, "invalid_request")
    assert [scope.status_code, grant.status_code, nothing.status_code] == [401, 401, 401]


async def test_a_secret_never_comes_back(ask):
    reply = await ask({**GOOD, "client_secret": "not-this-secret"})
    assert "not-this-secret" not in reply.text
    assert "open" not in reply.text


@pytest.mark.parametrize(
    ("scope", "granted"),
    [("data_extensions_read", "data_extensions_read"), ("", "")],
)
async def test_a_token_has_the_scopes_that_were_asked_for(ask, scope, granted):
    assert (await ask({**GOOD, "scope": scope})).json()["scope"] == granted


@pytest.mark.parametrize("account", [510000002, "510000002"])
async def test_a_token_works_in_the_account_it_was_asked_for(simulator, sign_in, account):
    client = await sign_in(simulator, account_id=account)
    context = (await client.get("/platform/v1/tokenContext")).json()
    assert context["enterprise"] == {"id": 510000000}
    assert context["organization"] == {"id": 510000002}
    assert isinstance(context["user"]["id"], int)


async def test_without_an_account_a_token_works_in_the_clients_own(client):
    context = (await client.get("/platform/v1/tokenContext")).json()
    assert context["organization"] == {"id": 510000001}


async def test_a_token_is_honoured_past_its_expires_in_until_it_really_ends(client, clock):
    clock.move(1199)
    assert (await client.get("/platform/v1/tokenContext")).status_code == 200
    clock.move(1)
    assert (await client.get("/platform/v1/tokenContext")).status_code == 401


async def test_the_lifetime_of_a_token_is_a_switch(simulate, sign_in, clock):
    client = await sign_in(simulate(token_lifetime_s=1))
    clock.move(1)
    assert (await client.get("/platform/v1/tokenContext")).status_code == 401


async def test_every_token_can_be_ended_at_once(client, simulator):
    simulator.end_tokens()
    assert (await client.get("/platform/v1/tokenContext")).status_code == 401


async def test_a_new_token_leaves_the_older_one_alive(client, simulator, sign_in):
    await sign_in(simulator)
    assert (await client.get("/platform/v1/tokenContext")).status_code == 200


async def test_token_requests_are_counted_also_the_refused_ones(simulator, sign_in, host):
    await sign_in(simulator)
    async with httpx.AsyncClient(transport=simulator.transport()) as client:
        await client.post(f"{host('auth')}/v2/token", json={})
    assert simulator.token_requests == 2


async def test_a_token_of_one_simulator_is_unknown_to_another(client, simulate, host):
    async with httpx.AsyncClient(transport=simulate().transport()) as other:
        reply = await other.get(f"{host('rest')}/platform/v1/tokenContext", headers=client.headers)
    assert reply.status_code == 401
