"""Folders by SOAP: every batch, every odd reply, and a token that travels in the body."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter

import attrs
import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import given

import wharfinger
from wharfinger_sfmc.account.folders import Folder, FolderTree, folder_tree
from wharfinger_sfmc_simulator import Fault

CONTEXT = {"organization": {"id": 510001234}}
RESULT = """<Results xsi:type="DataFolder"><PartnerKey xsi:nil="true"/><ID>{id}</ID>
<ObjectID xsi:nil="true"/><ParentFolder><PartnerKey xsi:nil="true"/><ID>{parent}</ID></ParentFolder>
<Name>{name}</Name><ContentType>dataextension</ContentType></Results>"""
IMPORTS = RESULT.format(id=900, parent=1, name="Imports")
DAILY = RESULT.format(id=901, parent=900, name="Daily &amp; more")


def envelope(body: str, prolog: str = "") -> str:
    return (
        f'{prolog}<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body>'
        f"{body}</soap:Body></soap:Envelope>"
    )


def retrieved(status: str, results: str = "") -> str:
    return envelope(
        '<RetrieveResponseMsg xmlns="http://exacttarget.com/wsdl/partnerAPI">'
        f"<OverallStatus>{status}</OverallStatus><RequestID>batch-1</RequestID>{results}"
        "</RetrieveResponseMsg>"
    )


def fault(text: str) -> str:
    return envelope(
        f"<soap:Fault><faultcode>q0:Security</faultcode><faultstring>{text}</faultstring>"
        "</soap:Fault>"
    )


EXPIRED = fault("Token Expired")


def sent(cloud) -> list[ET.Element]:
    return [
        ET.fromstring(request.content)
        for request in cloud.requests
        if request.url.path == "/Service.asmx"
    ]


def text_of(message: ET.Element, name: str) -> str | None:
    return message.findtext(f".//{{*}}{name}")


@pytest.fixture
def signed_in(cloud):
    return cloud.answers(json=CONTEXT)


async def test_a_request_is_what_sfmc_documents(paper_session, signed_in, cloud):
    cloud.answers(text=retrieved("OK"))

    await folder_tree(paper_session)

    request = cloud.requests[-1]
    assert str(request.url) == (
        "https://mcsample0sample0sample0sampl.soap.marketingcloudapis.com/Service.asmx"
    )
    assert request.headers["SOAPAction"] == "Retrieve"
    assert request.headers["Content-Type"].startswith("text/xml")
    (message,) = sent(cloud)
    partner = "{http://exacttarget.com/wsdl/partnerAPI}"
    assert message.tag == "{http://schemas.xmlsoap.org/soap/envelope/}Envelope"
    assert message.findtext(".//{http://exacttarget.com}fueloauth") == cloud.tokens[0]
    assert message.findtext(f".//{partner}ObjectType") == "DataFolder"
    assert message.findtext(f".//{partner}BatchSize") == "200"
    names = [each.text for each in message.iter(f"{partner}Properties")]
    assert names == ["ID", "Name", "ParentFolder.ID", "ContentType", "CustomerKey"]
    condition = message.find(f".//{partner}Filter")
    assert condition is not None
    kind = condition.get("{http://www.w3.org/2001/XMLSchema-instance}type")
    assert (kind, [part.text for part in condition]) == (
        "SimpleFilterPart",
        ["ContentType", "equals", "dataextension"],
    )
    # A type without a prefix means one of the default namespace, which must be the vendor's.
    assert b'<RetrieveRequestMsg xmlns="http://exacttarget.com/wsdl/partnerAPI">' in request.content


@pytest.mark.parametrize(
    ("results", "names"),
    [("", []), (IMPORTS, ["Imports"]), (IMPORTS + DAILY, ["Imports", "Daily & more"])],
)
async def test_none_one_and_many_folders_are_read(paper_session, signed_in, cloud, results, names):
    cloud.answers(text=retrieved("OK", results))

    tree = await folder_tree(paper_session)

    assert [folder.name for folder in tree.folders.values()] == names


async def test_batches_are_asked_for_until_there_are_no_more(paper_session, signed_in, cloud):
    cloud.answers(text=retrieved("MoreDataAvailable", IMPORTS))
    cloud.answers(text=retrieved("OK", DAILY))

    tree = await folder_tree(paper_session)

    assert list(tree.folders) == ["900", "901"]
    assert [text_of(message, "ContinueRequest") for message in sent(cloud)] == [None, "batch-1"]


async def test_batches_without_end_are_given_up(paper_session, cloud):
    cloud.judges(
        lambda request: (
            httpx.Response(200, json=CONTEXT)
            if request.method == "GET"
            else httpx.Response(200, text=retrieved("MoreDataAvailable", IMPORTS))
        )
    )

    with pytest.raises(wharfinger.HaltedError, match="goes on and on"):
        await folder_tree(paper_session)

    assert len(sent(cloud)) == 200


async def test_a_token_that_is_over_is_renewed_once(paper_session, signed_in, cloud):
    cloud.answers(500, text=EXPIRED).answers(json=CONTEXT).answers(text=retrieved("OK", IMPORTS))

    tree = await folder_tree(paper_session)

    assert list(tree.folders) == ["900"]
    assert [text_of(message, "fueloauth") for message in sent(cloud)] == cloud.tokens
    assert len(cloud.tokens) == 2


async def test_a_second_refusal_of_the_token_is_a_matter_of_permission(
    paper_session, signed_in, cloud
):
    cloud.answers(500, text=EXPIRED).answers(json=CONTEXT).answers(500, text=EXPIRED)

    with pytest.raises(wharfinger.HaltedError, match='"Data Extensions: Read"') as caught:
        await folder_tree(paper_session)

    assert caught.value.code == "not-authorized"
    assert len(cloud.tokens) == 2


async def test_a_token_at_hand_costs_no_further_request(paper_session, signed_in, cloud):
    cloud.answers(text=retrieved("OK")).answers(text=retrieved("OK"))

    await folder_tree(paper_session)
    await folder_tree(paper_session)

    assert len(cloud.requests) == 3
    assert len(cloud.token_requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (
            200,
            retrieved("Error: API Permission Failed."),
            (wharfinger.HaltedError, "permission-missing"),
        ),
        (
            200,
            retrieved("Error: Unable to find a handler."),
            (wharfinger.HaltedError, "request-refused"),
        ),
        (500, fault("Rate limit exceeded"), (wharfinger.RetryError, "vendor-failed")),
        (503, "", (wharfinger.RetryError, "unavailable")),
        (200, "<p>Welcome", (wharfinger.RetryError, "unexpected-reply")),
        (200, "", (wharfinger.RetryError, "unexpected-reply")),
        (200, envelope("<Other/>"), (wharfinger.RetryError, "unexpected-reply")),
        (403, "<p>Forbidden</p>", (wharfinger.HaltedError, "permission-missing")),
    ],
)
async def test_a_reply_that_lists_nothing_is_an_error(paper_session, cloud, status, body, error):
    cloud.answers(json=CONTEXT).answers(status, text=body)

    with pytest.raises(wharfinger.DeliveryError) as caught:
        await folder_tree(paper_session)

    kind, code = error
    assert isinstance(caught.value, kind)
    assert caught.value.code == code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_a_reply_that_declares_entities_is_not_unfolded(
    paper_session, signed_in, cloud, encoding
):
    declared = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    prolog = f'<?xml version="1.0" encoding="{encoding}"?>{declared}'
    body = envelope(retrieved("OK", IMPORTS.replace("Imports", "&b;")), prolog)
    cloud.answers(content=body.encode(encoding))

    with pytest.raises(wharfinger.RetryError) as caught:
        await folder_tree(paper_session)

    assert caught.value.code == "unexpected-reply"


async def test_nobody_reads_the_token_in_an_error(paper_session, signed_in, cloud):
    cloud.answers(text=retrieved("Error: sample-access-token-1 is not known."))

    with pytest.raises(wharfinger.HaltedError) as caught:
        await folder_tree(paper_session)

    assert "sample-access-token" not in f"{caught.value} {caught.value.vendor_message}"


async def test_without_signing_in_nothing_is_sent(paper_session, cloud):
    with pytest.raises(wharfinger.HaltedError, match="Nobody has signed in"):
        await folder_tree(attrs.evolve(paper_session, auth=None))

    assert cloud.requests == []


async def test_a_token_is_replaced_where_it_is_the_one_that_was_refused(paper_session, cloud):
    cloud.answers(json=CONTEXT).answers(json=CONTEXT)
    auth = paper_session.auth

    first = await auth.bearer(paper_session)
    second = await auth.bearer(paper_session, refused=first)
    third = await auth.bearer(paper_session, refused=first)

    assert [first.reveal(), second.reveal(), third.reveal()] == [*cloud.tokens, cloud.tokens[1]]


async def test_a_simulated_tenant_lists_its_folders(simulate):
    _, session = await simulate(switches={"soap_batch_max": 1})

    tree = await folder_tree(session)

    assert [path for path, _ in tree.paths] == ["Imports", "Imports/Daily"]
    assert tree.root == Folder(
        id="12345", name="Data Extensions", parent="0", key="dataextension_default"
    )


async def test_a_simulated_token_that_ends_is_renewed(simulate):
    simulator, session = await simulate()
    await folder_tree(session)
    simulator.end_tokens()

    tree = await folder_tree(session)

    assert [path for path, _ in tree.paths] == ["Imports", "Imports/Daily"]
    assert simulator.token_requests == 2


async def test_a_simulated_client_without_permission_is_told_what_to_tick(simulate, tenant):
    tenant["clients"][0]["scopes"] = ["journeys_read"]
    _, session = await simulate()

    with pytest.raises(wharfinger.HaltedError, match='"Data Extensions: Read"'):
        await folder_tree(session)


async def test_simulated_trouble_can_be_tried_again(simulate):
    fault = Fault(kind="server-error", path="Service.asmx", times=1)
    _, session = await simulate(faults=[fault])

    with pytest.raises(wharfinger.RetryError):
        await folder_tree(session)
    assert (await folder_tree(session)).root is not None


ROOT = Folder(id="1", name="Data Extensions", parent="0", key="dataextension_default")
TREE = FolderTree(
    {
        "1": ROOT,
        "2": Folder(id="2", name="Imports", parent="1"),
        "3": Folder(id="3", name="Daily", parent="2"),
        "4": Folder(id="4", name="Shared", parent="77"),
        "5": Folder(id="5", name="Daily", parent="4"),
    }
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "1"),
        ("Data Extensions", "1"),
        ("imports", "2"),
        ("Imports/Daily", "3"),
        ("/Imports/Daily/", "3"),
        ("Data Extensions/Imports/Daily", "3"),
        ("Shared/Daily", "5"),
    ],
)
def test_a_folder_is_found_by_its_path_or_its_name(text, found):
    assert TREE.find(text).id == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Daily", 'Several folders are called "Daily": "Imports/Daily" (3), "Shared/Daily" (5)'),
        ("Import", 'Did you mean "Imports"?'),
        ("Something else", "Make it in Contact Builder first."),
    ],
)
def test_a_folder_that_is_not_clear_is_told_with_a_hint(text, words):
    with pytest.raises(LookupError) as caught:
        TREE.find(text)
    assert words in str(caught.value)


def test_without_a_root_somebody_has_to_name_a_folder():
    folders = [Folder(id="2", name="A", parent="8"), Folder(id="3", name="B", parent="9")]
    tree = FolderTree({folder.id: folder for folder in folders})

    with pytest.raises(LookupError, match="no root folder"):
        tree.find("")
    assert tree.find("B").id == "3"


@given(
    st.dictionaries(
        st.integers(2, 9).map(str),
        st.tuples(st.sampled_from("ABCd"), st.integers(0, 12).map(str)),
    )
)
def test_a_folder_is_found_by_its_path_wherever_no_other_has_it(drawn):
    folders = [Folder(id=id_, name=name, parent=up) for id_, (name, up) in drawn.items()]
    tree = FolderTree({folder.id: folder for folder in [ROOT, *folders]})
    paths = Counter(tree.path(folder).lower() for folder in folders)

    for folder in folders:
        path = tree.path(folder)
        if paths[path.lower()] == 1:
            assert tree.find(path) is folder
        else:
            with pytest.raises(LookupError, match="Several folders"):
                tree.find(path)


def test_a_folder_inside_itself_has_a_path_all_the_same():
    folders = [Folder(id="2", name="A", parent="3"), Folder(id="3", name="B", parent="2")]
    tree = FolderTree({folder.id: folder for folder in folders})

    assert {path for path, _ in tree.paths} == {"B/A", "A/B"}
