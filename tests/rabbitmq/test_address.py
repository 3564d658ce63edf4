"""What a URL says, and what is never shown of it."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.engines.contract import EngineUrlError
from wharfinger_host.engines.finding import without_password
from wharfinger_rabbitmq.address import Address


def test_a_short_url_takes_what_rabbitmq_takes_by_itself():
    address = Address.of("amqp://rabbit/")
    assert address.hosts == (("rabbit", 5672),)
    assert (address.user, address.password, address.vhost) == ("guest", "guest", "/")
    assert Address.of("amqps://rabbit").hosts == (("rabbit", 5671),)


def test_several_nodes_stand_with_commas_between_them():
    address = Address.of("amqp://u:p@one:5000,[::1]:5001,three/shop?space=eu&heartbeat=10")
    assert address.hosts == (("one", 5000), ("[::1]", 5001), ("three", 5672))
    assert (address.vhost, address.space, address.heartbeat_s) == ("shop", "eu", 10)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://rabbit/", "amqp://USER"),
        ("amqp:///", "names no host"),
        ("amqp://u:p@one:99999/", "names no host"),
        ("amqp://u:p@one,,two/", "names no host"),
        ("amqp://one/?heartbeat=soon", "heartbeat must be"),
        ("amqp://one/?heartbeat=0", "heartbeat must be"),
        ("amqp://one/?most_waiting=-1", "most_waiting must be"),
        ("amqp://one/?space=a%20b", "space must be"),
        ("amqp://one/?lanes=4", "lanes, which is not known"),
    ],
)
def test_what_is_wrong_is_said(url, said):
    with pytest.raises(EngineUrlError, match=said):
        Address.of(url)


@given(st.text(string.ascii_letters + string.digits + "@:/?#%&!", min_size=12))
def test_the_password_is_never_shown(password):
    quoted = quote(password, safe="")
    url = f"amqp://u:{quoted}@one:5000/shop"
    address = Address.of(url)
    assert address.password == password
    for shown in (str(address), repr(address), without_password(url)):
        assert password not in shown
        assert quoted not in shown
    assert quoted in address.url(address.hosts[0])


@given(st.text(string.ascii_letters + string.digits, min_size=12), st.sampled_from("#?/ ["))
def test_nor_is_it_in_what_is_said_of_a_url_that_is_wrong(password, broken):
    url = f"amqp://u:{password}{broken}x@one:port/"
    assert password not in without_password(url)
    with pytest.raises(EngineUrlError) as caught:
        Address.of(url)
    assert password not in str(caught.value)
