"""While the kit runs, names of hosts lead somewhere, and no name server is asked."""

from __future__ import annotations

import asyncio
import socket

import pytest
from tests.core.testing.planting import PLUGIN, SENDS, changed

from wharfinger.testing.names import ANYWHERE

pytest_plugins = ["pytester"]

LOOKS_UP = """
    import asyncio

    await asyncio.get_running_loop().getaddrinfo("api.acme.example", 443)
"""


@pytest.fixture
def asked(monkeypatch):
    """Stand in for name servers, and write down what they are asked."""
    hosts, look_up = [], socket.getaddrinfo

    def getaddrinfo(host, *arguments, **named):
        hosts.append(host)
        return look_up("127.0.0.1", *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return hosts


def test_a_plugin_that_looks_its_host_up_asks_no_name_server(asked, run_kit):
    text = changed(PLUGIN, [(SENDS, f"{LOOKS_UP.strip()}\n    {SENDS}")])
    failed, result = run_kit(text, "-k", "what_the_vendor_accepts")
    assert failed == [], result.stdout.str()
    assert set(asked) == {ANYWHERE}


@pytest.mark.parametrize("host", ["api.acme.example", b"api.acme.example"])
async def test_a_name_leads_to_an_address_that_checks_take_for_public(asked, vendor, host):
    await asyncio.get_running_loop().getaddrinfo(host, 443)
    assert asked == [ANYWHERE]
    assert socket.gethostbyname("api.acme.example") == ANYWHERE
    assert socket.gethostbyname_ex("api.acme.example")[2] == [ANYWHERE]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", None, ""])
async def test_addresses_and_this_machine_stay_what_they_are(asked, vendor, host):
    await asyncio.get_running_loop().getaddrinfo(host, 443)
    assert asked == [host]
