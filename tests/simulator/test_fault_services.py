"""Faults of one service: the token call, REST and SOAP are refused each in its own words."""

from xml.etree import ElementTree as ET

import httpx
import pytest

from wharfinger_sfmc_simulator import Fault

FORM = {"grant_type": "client_credentials", "client_id": "client", "client_secret": "open"}
ENVELOPE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">
<s:Header><fueloauth xmlns="http://exacttarget.com">{token}</fueloauth></s:Header>
<s:Body><RetrieveRequestMsg xmlns="http://exacttarget.com/wsdl/partnerAPI"><RetrieveRequest>
<ObjectType>DataFolder</ObjectType><Properties>ID</Properties>
</RetrieveRequest></RetrieveRequestMsg></s:Body></s:Envelope>"""


@pytest.fixture
def ask_for_token(simulator, host):
    async def ask_for_token():
        async with httpx.AsyncClient(transport=simulator.transport()) as client:
            return await client.post(f"{host('auth')}/v2/token", json=FORM)

    return ask_for_token


@pytest.fixture
def list_folders(client, host):
    async def list_folders():
        token = client.headers["Authorization"].removeprefix("Bearer ")
        return await client.post(
            f"{host('soap')}/Service.asmx",
            content=ENVELOPE.format(token=token),
            headers={"Content-Type": "text/xml", "SOAPAction": "Retrieve"},
        )

    return list_folders


def text_of(reply, name):
    """The text of the first element of that name, whatever its namespace."""
    elements = ET.fromstring(reply.content).iter()
    return next((each.text for each in elements if each.tag.rpartition("}")[2] == name), None)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v2/token", "auth"),
        ("//V2/Token/", "auth"),
        ("/v2/%74oken", "auth"),
        ("/Service.asmx", "soap"),
        ("//service.ASMX", "soap"),
        ("/platform/v1/tokenContext", "rest"),
        ("/hub/v1/dataevents/key:token/rowset", "rest"),
        ("/interaction/v1/eventDefinitions/token", "rest"),
        ("/data/v1/customobjects/service.asmx", "rest"),
    ],
)
async def test_a_fault_of_a_service_strikes_its_calls_and_no_others(
    simulator, client, path, service
):
    token = client.headers["Authorization"].removeprefix("Bearer ")
    faults = [Fault(kind="gateway-timeout", service=each) for each in ("auth", "rest", "soap")]
    simulator.inject(*faults)
    await client.post(f"http://anywhere{path}", content=ENVELOPE.format(token=token))
    assert [armed.fault.service for armed in simulator.faults if armed.struck] == [service]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("unauthorized", 401),
        ("not-found", 404),
        ("rate-limited", 429),
        ("server-error", 500),
        ("bad-gateway", 502),
        ("gateway-timeout", 504),
        ("commit-then-server-error", 500),
        ("commit-then-gateway-timeout", 504),
    ],
)
async def test_the_token_call_alone_can_fail(simulator, client, ask_for_token, kind, status):
    simulator.inject(Fault(kind=kind, service="auth"))
    assert (await client.get("/platform/v1/tokenContext")).status_code == 200
    assert (await ask_for_token()).status_code == status
    assert (await ask_for_token()).status_code == 200


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("drop", httpx.RemoteProtocolError),
        ("hang", httpx.ReadTimeout),
        ("stalled-body", httpx.ReadTimeout),
        ("dripping-body", httpx.ReadTimeout),
        ("cut-off", httpx.RemoteProtocolError),
    ],
)
async def test_a_token_can_be_lost_on_its_way(simulator, ask_for_token, kind, raised):
    simulator.inject(Fault(kind=kind, service="auth"))
    with pytest.raises(raised):
        await ask_for_token()
    assert simulator.token_requests == 1


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("unauthorized", "Token Expired"),
        ("rate-limited", "Rate limit exceeded"),
        ("rate-limited-without-wait", "Rate limit exceeded"),
        ("blocked", "Your requests are temporarily blocked."),
        ("server-error", "Internal Server Error"),
        ("unavailable", "Service Unavailable"),
        ("not-found", "The object was not found."),
        ("conflict", "The object already exists."),
        ("commit-then-server-error", "Internal Server Error"),
    ],
)
async def test_soap_is_refused_with_a_fault_and_status_500(simulator, list_folders, kind, says):
    simulator.inject(Fault(kind=kind, service="soap"))
    reply = await list_folders()
    assert reply.status_code == 500
    assert reply.headers["content-type"].startswith("text/xml")
    assert text_of(reply, "faultstring") == says


@pytest.mark.parametrize("kind", ["forbidden", "has-errors"])
async def test_soap_also_refuses_with_status_200(simulator, list_folders, kind):
    simulator.inject(Fault(kind=kind))
    reply = await list_folders()
    assert reply.status_code == 200
    assert (text_of(reply, "OverallStatus") or "").startswith("Error: ")


async def test_the_gateway_before_soap_answers_in_html(simulator, list_folders):
    simulator.inject(Fault(kind="bad-gateway"))
    assert (await list_folders()).headers["content-type"] == "text/html"


async def test_soap_works_again_after_a_fault(simulator, list_folders):
    simulator.inject(Fault(kind="blocked", service="soap"))
    await list_folders()
    reply = await list_folders()
    assert (reply.status_code, text_of(reply, "OverallStatus")) == (200, "OK")
