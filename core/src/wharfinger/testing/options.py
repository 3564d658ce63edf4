"""What pytest gets from the kit: the fixture ``vendor``, and options for installed plugins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpx import HTTPXMock

from wharfinger.testing.names import no_look_ups
from wharfinger.testing.paper import Vendor, Wire
from wharfinger.testing.waits import no_waits

__all__ = ["DESTINATION", "SETTINGS", "pytest_addoption", "vendor"]

DESTINATION = "--wharfinger-destination"
SETTINGS = "--wharfinger-settings"


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


@pytest.fixture
def vendor(httpx_mock: HTTPXMock) -> Iterator[Vendor]:
    """A vendor on paper; nothing reaches the network, and waits pass at once."""
    with no_waits(), no_look_ups():
        yield Wire(httpx_mock).vendor()
