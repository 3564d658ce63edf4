"""What a URL says, and what is never shown of it."""

from __future__ import annotations

import string
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.engines.contract import EngineError, EngineUrlError
from wharfinger_host.engines.finding import without_password
from wharfinger_kafka import open_engine
from wharfinger_kafka.address import Address


def test_a_short_url_takes_what_kafka_takes_by_itself():
    address = Address.of("kafka://broker/events")
    assert (address.hosts, address.topic, address.group) == ("broker:9092", "events", "wharfinger")
    assert address.client["security.protocol"] == "PLAINTEXT"
    assert "sasl.mechanism" not in address.client
    assert (address.group_of("shop"), address.dead_of("shop")) == (
        "wharfinger.shop",
        "events.wharfinger.shop.dead",
    )


def test_a_long_url_says_all():
    address = Address.of(
        "kafkas://u:p%40ss@one:5000,[::1],three/shop.events?group=eu&session_s=20&begin=earliest"
        "&partitioner=crc32&order_key=$.userId,$.context.device.id&sasl=SCRAM-SHA-512&ca=/ca.pem"
    )
    assert address.hosts == "one:5000,[::1]:9092,three:9092"
    assert (address.begin, address.partitioner_name, address.session_s) == (
        *("earliest", "consistent", 20.0),
    )
    assert address.order_key == ("$.userId", "$.context.device.id")
    assert address.client["sasl.password"] == "p@ss"
    assert address.client["security.protocol"] == "SASL_SSL"
    assert address.client["ssl.ca.location"] == "/ca.pem"
    assert address.client["sasl.mechanism"] == "SCRAM-SHA-512"


def test_a_worker_says_that_it_is_alive_ten_times_in_a_session():
    assert open_engine("kafka://broker/events?session_s=30", 8).beat_s == 3.0


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://broker/events", "kafka://USER"),
        ("kafka://broker/", "kafka://USER"),
        ("kafka://broker/a/b", "kafka://USER"),
        ("kafka:///events", "names no broker"),
        ("kafka://one:99999/events", "names no broker"),
        ("kafka://one,,two/events", "names no broker"),
        ("kafka://[::1/events", "bracket"),
        ("kafka://one/..", "letters, digits"),
        ("kafka://one/events?session_s=soon", "session_s must be"),
        ("kafka://one/events?session_s=0", "session_s must be"),
        ("kafka://one/events?session_s=301", "session_s must be"),
        ("kafka://one/events?group=a%20b", "group must be"),
        ("kafka://one/events?begin=now", "begin must be latest or earliest"),
        ("kafka://one/events?partitioner=md5", "partitioner must be"),
        ("kafka://one/events?sasl=MAGIC", "sasl must be"),
        ("kafka://one/events?order_key=userId", "order_key must be"),
        ("kafka://one/events?lanes=4", "lanes, which is not known"),
    ],
)
def test_what_is_wrong_is_said(url, said):
    with pytest.raises(EngineUrlError, match=said):
        Address.of(url)


@pytest.mark.parametrize("connection", ["päckchen", "a b", "x" * 240])
def test_a_name_that_kafka_does_not_take_is_said(connection):
    with pytest.raises(EngineError, match="Kafka takes no topic named"):
        Address.of("kafka://one/events").dead_of(connection)


@given(st.text(string.ascii_letters + string.digits + "@:/?#%&!", min_size=12))
def test_the_password_is_never_shown(password):
    quoted = quote(password, safe="")
    url = f"kafka://u:{quoted}@one:5000/events"
    address = Address.of(url)
    assert address.client["sasl.password"] == password
    for shown in (str(address), repr(address), without_password(url)):
        assert password not in shown
        assert quoted not in shown


@given(st.text(string.ascii_letters + string.digits, min_size=12), st.sampled_from("#?/ ["))
def test_nor_is_it_in_what_is_said_of_a_url_that_is_wrong(password, broken):
    url = f"kafka://u:{password}{broken}x@one:port/"
    with pytest.raises(EngineUrlError) as caught:
        Address.of(url)
    assert password not in str(caught.value)
