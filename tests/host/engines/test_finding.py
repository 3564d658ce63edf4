"""Engines are found by the scheme of their URL, whoever wrote them."""

from __future__ import annotations

import pytest
from tests.host.engines.harbour import Harbour

from wharfinger_host.engines.contract import EngineUrlError
from wharfinger_host.engines.finding import engine_of, schemes, without_password


def test_an_engine_of_a_third_party_is_found(harbour):
    engine = engine_of("harbour://quay/", 3)
    assert isinstance(engine, Harbour)
    assert engine.lanes == 3
    assert {"harbour", "sqlite"} <= schemes().keys()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("quay", "This is no URL of an engine"),
        ("://quay", "This is no URL of an engine"),
        ("submarine://u:hunter2hunter2@x/", "harbour://.*sqlite://"),
        ("sunken://u:hunter2hunter2@x/", "could not be loaded: ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_found_is_said_without_the_password(harbour, url, said):
    with pytest.raises(EngineUrlError, match=said) as caught:
        engine_of(url, 3)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://u:p@one:1,two:2/v?space=x", "amqp://u@one:1,two:2/v?space=x"),
        ("amqp://one/", "amqp://one/"),
        ("sqlite:///tmp/a.db?lease_s=3", "sqlite:///tmp/a.db?lease_s=3"),
        ("amqp://u:p@ss@w/ord@one/", "amqp://u@one/"),
        ("kafka://one/?sasl_password=hush&acks=all", "kafka://one/?sasl_password=...&acks=all"),
    ],
)
def test_a_url_is_shown_without_what_is_secret(url, shown):
    assert without_password(url) == shown
