"""Folders, as SOAP lists them."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET

import httpx
import pytest

from wharfinger_sfmc_simulator import Fault, Simulator

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
PARTNER = "{http://exacttarget.com/wsdl/partnerAPI}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
ROOT = 12345
USUAL = ("ID", "Name", "ParentFolder.ID", "ContentType")


def envelope(token: str, call: str) -> str:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<s:Header><fueloauth xmlns="http://exacttarget.com">{token}</fueloauth></s:Header>'
        '<s:Body><RetrieveRequestMsg xmlns="http://exacttarget.com/wsdl/partnerAPI">'
        f"<RetrieveRequest>{call}</RetrieveRequest></RetrieveRequestMsg></s:Body></s:Envelope>"
    )


def simple(name: str, *values: str, operator: str = "equals") -> str:
    given = "".join(f"<Value>{value}</Value>" for value in values)
    return f"<Property>{name}</Property><SimpleOperator>{operator}</SimpleOperator>{given}"


def joined(operator: str, left: str, right: str) -> str:
    return (
        f"<LeftOperand>{left}</LeftOperand><LogicalOperator>{operator}</LogicalOperator>"
        f"<RightOperand>{right}</RightOperand>"
    )


def asking(
    properties: Iterable[str] = USUAL,
    condition: str = "",
    *,
    kind: str = "DataFolder",
    size: int | None = None,
    continues: str = "",
) -> str:
    carried = f"<ContinueRequest>{continues}</ContinueRequest>" if continues else ""
    options = f"<Options><BatchSize>{size}</BatchSize></Options>" if size else ""
    names = "".join(f"<Properties>{name}</Properties>" for name in properties)
    filtered = f"<Filter>{condition}</Filter>" if condition else ""
    return f"{carried}<ObjectType>{kind}</ObjectType>{names}{options}{filtered}"


@pytest.fixture
def tenant(tenant):
    tenant["folders"] = [
        {"id": 200, "name": "Imports"},
        {"id": 201, "name": "2026 & <later>", "parent": 200, "key": "imports-2026"},
        {"id": 300, "name": "Queries", "content_type": "queryactivity"},
        {"id": 400, "name": "Elsewhere", "account": 510000002},
    ]
    return tenant


class Soap:
    """A client of the SOAP host that carries its token as the vendor wants it."""

    def __init__(self, rest: httpx.AsyncClient, address: str) -> None:
        self.rest, self.address = rest, address
        self.token = rest.headers.pop("Authorization").removeprefix("Bearer ")

    async def post(self, content: str | bytes, path: str = "/Service.asmx") -> httpx.Response:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": "Retrieve"}
        return await self.rest.post(f"{self.address}{path}", content=content, headers=headers)

    async def retrieve(self, call: str) -> ET.Element:
        reply = await self.post(envelope(self.token, call))
        assert reply.status_code == 200
        message = ET.fromstring(reply.text).find(f"{SOAP}Body/{PARTNER}RetrieveResponseMsg")
        assert message is not None
        return message

    async def names(self, condition: str) -> list[str]:
        message = await self.retrieve(asking(("Name",), condition))
        assert text(message, "OverallStatus") == "OK"
        return [text(each, "Name") for each in message.findall(f"{PARTNER}Results")]


@pytest.fixture
def soap_of(sign_in, host):
    async def soap_of(simulator: Simulator, **fields: str) -> Soap:
        return Soap(await sign_in(simulator, **fields), host("soap"))

    return soap_of


@pytest.fixture
async def soap(simulator, soap_of) -> Soap:
    signed_in: Soap = await soap_of(simulator)
    return signed_in


def text(parent: ET.Element, path: str) -> str:
    return parent.findtext("/".join(f"{PARTNER}{name}" for name in path.split("/"))) or ""


async def test_every_folder_of_the_account_is_listed_with_its_parent(soap):
    message = await soap.retrieve(asking())
    folders = [
        (
            text(each, "ID"),
            text(each, "ParentFolder/ID"),
            text(each, "Name"),
            text(each, "ContentType"),
        )
        for each in message.findall(f"{PARTNER}Results")
    ]
    assert text(message, "OverallStatus") == "OK"
    assert folders == [
        (str(ROOT), "0", "Data Extensions", "dataextension"),
        ("200", str(ROOT), "Imports", "dataextension"),
        ("201", "200", "2026 & <later>", "dataextension"),
        ("300", "0", "Queries", "queryactivity"),
    ]


async def test_a_reply_is_written_as_recorded(soap):
    content = envelope(soap.token, asking(condition=simple("ID", "200")))
    reply = await soap.post(content)
    assert reply.headers["content-type"].startswith("text/xml")
    assert (
        '<Results xsi:type="DataFolder"><PartnerKey xsi:nil="true" /><ID>200</ID>'
        '<ObjectID xsi:nil="true" /><ParentFolder><PartnerKey xsi:nil="true" />'
        f'<ID>{ROOT}</ID><ObjectID xsi:nil="true" /></ParentFolder>'
        "<Name>Imports</Name><ContentType>dataextension</ContentType></Results>"
    ) in reply.text
    assert '<RetrieveResponseMsg xmlns="http://exacttarget.com/wsdl/partnerAPI">' in reply.text


async def test_what_has_no_value_is_nil_and_what_is_not_asked_for_is_absent(soap):
    message = await soap.retrieve(asking(("Name", "Description"), simple("ID", "200")))
    result = message.find(f"{PARTNER}Results")
    assert result is not None
    empty = [each.tag.removeprefix(PARTNER) for each in result if each.get(NIL) == "true"]
    assert empty == ["PartnerKey", "ID", "ObjectID", "Description"]
    assert result.find(f"{PARTNER}ParentFolder") is None


async def test_further_properties_can_be_asked_for(soap):
    names = ("Client.ID", "CreatedDate", "CustomerKey", "IsEditable", "ParentFolder.Name")
    message = await soap.retrieve(asking(names, simple("Name", "imports")))
    result = message.find(f"{PARTNER}Results")
    assert result is not None
    assert text(result, "Client/ID") == "510000001"
    assert text(result, "CreatedDate") == "2026-01-05T04:50:11.814"
    assert len(text(result, "CustomerKey")) == 36
    assert text(result, "IsEditable") == "true"
    assert text(result, "ParentFolder/Name") == "Data Extensions"


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (simple("ContentType", "queryactivity"), ["Queries"]),
        (simple("Name", "imports"), ["Imports"]),
        (simple("ParentFolder.ID", "200"), ["2026 & <later>"]),
        (simple("ParentFolder.ID", "0"), ["Data Extensions", "Queries"]),
        (simple("CustomerKey", "dataextension_default"), ["Data Extensions"]),
        (simple("CustomerKey", "imports-2026"), ["2026 & <later>"]),
        (simple("ID", "200", "300", operator="IN"), ["Imports", "Queries"]),
        (simple("ContentType", "dataextension", operator="notEquals"), ["Queries"]),
        (simple("Name", "nothing"), []),
        (
            joined("AND", simple("ContentType", "dataextension"), simple("Name", "Imports")),
            ["Imports"],
        ),
        (joined("OR", simple("ID", "300"), simple("ID", "200")), ["Imports", "Queries"]),
        (
            joined(
                "AND", joined("OR", simple("ID", "1"), simple("ID", "200")), simple("ID", "200")
            ),
            ["Imports"],
        ),
    ],
)
async def test_folders_are_filtered(soap, condition, names):
    assert await soap.names(condition) == names


async def test_another_account_has_folders_and_a_root_of_its_own(simulator, soap_of):
    soap = await soap_of(simulator, account_id="510000002")
    assert await soap.names("") == ["Data Extensions", "Elsewhere"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
async def test_batches_put_together_are_the_whole_list(soap, size):
    seen, continues, status = [], "", ""
    while status in ("", "MoreDataAvailable"):
        message = await soap.retrieve(asking(("ID",), size=size, continues=continues))
        found = message.findall(f"{PARTNER}Results")
        assert len(found) <= size
        seen += [text(each, "ID") for each in found]
        status, continues = text(message, "OverallStatus"), text(message, "RequestID")
    assert (seen, status) == ([str(ROOT), "200", "201", "300"], "OK")


async def test_a_batch_is_never_larger_than_the_switch_allows(simulate, soap_of):
    soap = await soap_of(simulate(soap_batch_max=3))
    message = await soap.retrieve(asking(size=9999))
    assert len(message.findall(f"{PARTNER}Results")) == 3


async def test_a_list_is_carried_on_by_its_own_account_only_and_only_while_there_is_more(
    soap, simulator, soap_of
):
    first = text(await soap.retrieve(asking(size=2)), "RequestID")
    other = await soap_of(simulator, account_id="510000002")
    assert "Error: " in text(await other.retrieve(asking(continues=first)), "OverallStatus")
    assert text(await soap.retrieve(asking(continues=first)), "OverallStatus") == "OK"
    assert "Error: " in text(await soap.retrieve(asking(continues=first)), "OverallStatus")


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (asking(kind="Shoe"), "Error: Unable to find a handler for object type: Shoe. "),
        (
            asking(("ID", "ParentFolderID", "Shoe")),
            (
                "Error: The Request Property(s) ParentFolderID, Shoe do not match with the fields "
                "of DataFolder retrieve"
            ),
        ),
        (
            asking(condition=simple("Shoe", "44")),
            (
                "Error: The Request Property(s) Shoe do not match with the fields of DataFolder "
                "retrieve"
            ),
        ),
        (
            asking(condition=simple("Name", "a", operator="near")),
            "Error: The SimpleOperator near is not valid.",
        ),
        (
            asking(condition=joined("XOR", simple("ID", "1"), simple("ID", "2"))),
            "Error: The LogicalOperator XOR is not valid.",
        ),
    ],
)
async def test_what_cannot_be_is_told_with_success_and_no_results(soap, call, status):
    message = await soap.retrieve(call)
    assert text(message, "OverallStatus").startswith(status)
    assert message.find(f"{PARTNER}Results") is None


async def test_a_filter_that_is_nested_too_deeply_is_refused(soap):
    condition = simple("ID", "1")
    for _ in range(30):
        condition = joined("AND", condition, simple("ID", "1"))
    message = await soap.retrieve(asking(condition=condition))
    assert text(message, "OverallStatus") == "Error: The filter is nested too deeply."


@pytest.mark.parametrize("path", ["//Service.asmx", "/service.asmx", "/SERVICE.ASMX"])
async def test_the_path_may_have_a_double_slash_and_any_case(soap, path):
    assert (await soap.post(envelope(soap.token, asking()), path)).status_code == 200


def fault_of(reply: httpx.Response) -> tuple[str, str]:
    fault = ET.fromstring(reply.text).find(f"{SOAP}Body/{SOAP}Fault")
    assert (reply.status_code, fault is None) == (500, False)
    assert fault is not None
    return fault.findtext("faultcode") or "", fault.findtext("faultstring") or ""


async def test_a_token_that_is_over_is_a_fault(soap, clock):
    clock.move(1200)
    reply = await soap.post(envelope(soap.token, asking()))
    assert fault_of(reply) == ("q0:Security", "Token Expired")
    assert "<faultactor>https://mctest-tenant-00000000000000.soap." in reply.text


@pytest.mark.parametrize("content", ["", "no xml", "<a/>"])
async def test_without_a_token_everything_is_a_fault(soap, content):
    assert fault_of(await soap.post(content)) == ("q0:Security", "Token Expired")
    assert fault_of(await soap.post(envelope("", asking())))[1] == "Token Expired"


async def test_the_token_of_an_http_header_does_not_count(soap):
    soap.rest.headers["Authorization"] = f"Bearer {soap.token}"
    assert fault_of(await soap.post(envelope("x", asking())))[1] == "Token Expired"


async def test_another_tenants_host_knows_no_token(soap):
    soap.address = "https://mcother.soap.marketingcloudapis.com"
    assert fault_of(await soap.post(envelope(soap.token, asking())))[1] == "Token Expired"


async def test_another_call_than_retrieve_is_a_fault(soap):
    content = envelope(soap.token, asking()).replace("RetrieveRequestMsg", "CreateRequest")
    assert fault_of(await soap.post(content)) == (
        "soap:Client",
        "Only RetrieveRequestMsg is understood.",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_a_body_that_declares_entities_is_never_parsed(soap, encoding):
    bomb = '<!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    content = f"{bomb}{envelope(soap.token, asking(condition=simple('Name', '&b;')))}"
    assert fault_of(await soap.post(content.encode(encoding)))[1] == "Token Expired"


async def test_another_media_type_is_415(soap):
    content = envelope(soap.token, asking())
    reply = await soap.rest.post(f"{soap.address}/Service.asmx", content=content)
    assert reply.status_code == 415


async def test_folders_need_a_scope_by_a_switch(simulate, soap_of):
    lacking = await soap_of(simulate(), scope="data_extensions_write")
    free = await soap_of(simulate(soap_folder_scope=""), scope="")
    status = text(await lacking.retrieve(asking()), "OverallStatus")
    assert status.startswith("Error: API Permission Failed")
    assert text(await free.retrieve(asking()), "OverallStatus") == "OK"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("unauthorized", "Token Expired"),
        ("rate-limited", "Rate limit exceeded"),
        ("blocked", "Your requests are temporarily blocked."),
        ("server-error", "Internal Server Error"),
    ],
)
async def test_faults_have_the_form_of_soap(soap, simulator, kind, said):
    simulator.inject(Fault(kind=kind, path="Service.asmx"))
    assert fault_of(await soap.post(envelope(soap.token, asking())))[1] == said
    again = await soap.post(envelope(soap.token, asking()))
    assert again.status_code == (500 if kind == "unauthorized" else 200)


async def test_a_forbidden_call_and_a_bad_gateway_keep_their_forms(soap, simulator):
    simulator.inject(Fault(kind="forbidden"), Fault(kind="bad-gateway"))
    status = text(await soap.retrieve(asking()), "OverallStatus")
    assert status == "Error: API Permission Failed."
    assert (await soap.post(envelope(soap.token, asking()))).status_code == 502
