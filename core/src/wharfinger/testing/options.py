"""What pytest gets from the kit: the fixture ``vendor``, and options for installed plugins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from pytest_httpx import HTTPXMock

from wharfinger.testing.facts import DESTINATION, SETTINGS, Facts, facts_of
from wharfinger.testing.names import no_look_ups
from wharfinger.testing.paper import Vendor, Wire
from wharfinger.testing.waits import no_waits

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "vendor", "wharfinger_facts"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name an installed destination and how to try it."""
    group = parser.getgroup("wharfinger", "wharfinger: try an installed destination")
    group.addoption(DESTINATION, metavar="SLUG", default="", help="Slug of the destination.")
    group.addoption(
        SETTINGS,
        metavar="FILE",
        default="",
        help="TOML file with made-up settings, example events, and how the vendor answers.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Refuse a command line that cannot be used, once and before anything is tried."""
    if any(wharfinger_facts.__name__ in getattr(item, "fixturenames", ()) for item in items):
        facts_of(config)


@pytest.fixture(scope="session")
def wharfinger_facts(pytestconfig: pytest.Config) -> Facts:
    """What the command line says of an installed destination."""
    return facts_of(pytestconfig)


@pytest.fixture
def vendor(httpx_mock: HTTPXMock) -> Iterator[Vendor]:
    """A vendor on paper; nothing reaches the network, and waits pass at once."""
    with no_waits(), no_look_ups():
        yield Wire(httpx_mock).vendor()
