"""A URL does not lead into the network of the host, unless somebody says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.webhook.conftest import track

from wharfinger import ConfigurationError, Status
from wharfinger_webhook.addresses import address_problem, is_loopback, url_problem

PRIVATE = ["127.0.0.1", "10.1.2.3", "172.16.0.9", "192.168.1.1", "100.64.0.1", "::1", "fd12::1"]
NEVER = [
    *("169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"),
    *("0.0.0.0", "::", "224.0.0.1", "ff02::1"),
]
IN_DISGUISE = [
    *("::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::"),
    *("::10.0.0.1", "::ffff:0:10.0.0.1", "fec0::1"),
]


@pytest.mark.parametrize("address", [*PRIVATE, *IN_DISGUISE, *NEVER])
async def test_an_address_that_is_not_public_is_refused(address):
    assert address in (await address_problem(address, private=False) or "")


@pytest.mark.parametrize("address", [*PRIVATE, *IN_DISGUISE])
async def test_a_private_one_may_be_allowed(address):
    assert await address_problem(address, private=True) is None


@pytest.mark.parametrize(
    "address",
    [
        *(*NEVER, "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe"),
        *("::169.254.169.254", "::ffff:0:169.254.169.254", "2002:a9fe:a9fe::1"),
    ],
)
async def test_where_clouds_keep_credentials_is_never_allowed(address):
    assert await address_problem(address, private=True) is not None


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
async def test_a_public_one_is_allowed(address):
    assert await address_problem(address, private=False) is None


async def test_one_private_address_of_several_is_enough_to_refuse_a_name(names):
    names["two.example"] = ["93.184.216.34", "10.0.0.1"]
    assert await address_problem("two.example", private=False) is not None


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
async def test_an_address_written_as_a_number_is_looked_at_as_what_it_leads_to(monkeypatch, host):
    monkeypatch.undo()  # the numbers are read by this machine; no name server is asked
    assert "leads to 127.0.0.1" in (await address_problem(host, private=False) or "")


async def test_a_name_with_other_letters_is_looked_up_as_it_is_asked_for(connect, paper, names):
    # Python's own reading would look up strasse.example, which is somebody else's.
    names["xn--strae-oqa.example"] = ["10.0.0.5"]
    async with connect(url="https://straße.example/in") as connection:
        (receipt,) = await connection.deliver([track()])
    assert receipt.outcomes["hook"].code == "address-refused"
    assert paper.requests == []


async def test_a_name_that_leads_into_the_private_network_halts_the_mapping(connect, paper, names):
    names["hooks.shop.example"] = ["10.0.0.5"]
    connection = connect()
    async with connection:
        (receipt,) = await connection.deliver([track()])
    outcome = receipt.outcomes["hook"]
    assert (outcome.status, outcome.code) == (Status.HALTED, "address-refused")
    assert "hooks.shop.example leads to 10.0.0.5" in outcome.message
    assert "allow_private_addresses" in outcome.message
    assert [finding.code for finding in connection.findings] == ["address-refused"]
    assert paper.requests == []


async def test_a_name_that_changes_its_mind_later_is_refused_before_the_next_request(
    connect, paper, names
):
    async with connect() as connection:
        (first,) = await connection.deliver([track(1)])
        names["hooks.shop.example"] = ["169.254.169.254"]
        (second,) = await connection.deliver([track(2)])
    assert first.outcomes["hook"].status is Status.DELIVERED
    assert second.outcomes["hook"].code == "address-refused"
    assert len(paper.requests) == 1


async def test_the_setting_allows_a_private_network(connect, paper, names):
    names["hooks.shop.example"] = ["10.0.0.5"]
    async with connect(allow_private_addresses=True) as connection:
        (receipt,) = await connection.deliver([track()])
    assert receipt.outcomes["hook"].status is Status.DELIVERED


@pytest.mark.parametrize(
    "url",
    [
        *("hooks.shop.example", "ftp://shop.example/", "https://", "https:///in", "file:///etc"),
        *("https://user:pw@shop.example/", "https://shop.example/#part", "https://*.example/"),
        *("https://shop.example/a b", "https://shop.example/\r\nX: 1", "https://shop.example:x/"),
        *("https://sh%6fp.example/", "https://shop.example\\@evil.example/", "javascript:alert(1)"),
        "https://shop.example/" + "x" * 2000,
    ],
)
def test_what_is_no_address_of_an_endpoint_is_refused_by_its_label(connect, url):
    with pytest.raises(ConfigurationError, match="URL "):
        connect(url=url)


def test_plain_text_over_a_network_has_to_be_allowed(connect):
    with pytest.raises(ConfigurationError, match="allow_plain_http = true"):
        connect(url="http://shop.example/in")
    connection = connect(url="http://shop.example/in", allow_plain_http=True)
    assert [finding.subject for finding in connection.warnings] == ["Signing Secret", "URL"]


async def test_plain_text_that_is_allowed_is_sent(connect, paper):
    async with connect(url="http://shop.example:8080/in", allow_plain_http=True) as connection:
        (receipt,) = await connection.deliver([track()])
    assert receipt.outcomes["hook"].status is Status.DELIVERED
    assert str(paper.request.url) == "http://shop.example:8080/in"


@pytest.mark.parametrize(
    "url", ["https://SHOP.Example./in", "https://[2606:2800::1]:8443/in", "https://bücher.example/"]
)
async def test_however_a_host_is_written_it_may_be_reached(connect, paper, url):
    async with connect(url=url) as connection:
        (receipt,) = await connection.deliver([track()])
    assert receipt.outcomes["hook"].status is Status.DELIVERED


@given(st.text(max_size=60) | st.text(max_size=40).map("https://{}".format))
def test_no_text_breaks_the_check_of_a_url(text):
    assert url_problem(text) is None or url_problem(text).startswith("URL ")  # type: ignore[union-attr]  # not None here


@given(st.text())
def test_no_text_breaks_the_look_for_loopback(text):
    assert is_loopback(text) in (True, False)
