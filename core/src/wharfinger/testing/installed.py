"""The contract of whatever destination the command line names; see `wharfinger.testing`."""

from __future__ import annotations

import httpx
import pytest

from wharfinger.testing.destination_contract import DestinationContract
from wharfinger.testing.facts import DESTINATION, Facts
from wharfinger.testing.paper import Beside, Reply

__all__ = ["TestInstalled", "pytest_generate_tests"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say once where the kit is no plugin of pytest, which has no options for it then."""
    if metafunc.config.getoption(DESTINATION, None) is None:
        raise pytest.Collector.CollectError(
            "Give pytest the kit as a plugin: -p wharfinger.testing"
        )


class TestInstalled(DestinationContract):
    """Tries the destination of ``--wharfinger-destination`` as ``--wharfinger-settings`` says."""

    _facts: Facts

    @pytest.fixture(autouse=True)
    def _from_the_command_line(self, wharfinger_facts: Facts) -> None:
        self._facts = wharfinger_facts
        self.destination = wharfinger_facts.destination
        for name, fact in wharfinger_facts.given.items():
            setattr(self, name, fact)

    def answers(self, request: httpx.Request) -> Reply:
        """Reply as the file says; ``200 {}`` where it says nothing."""
        reply = self._facts.answers(request)
        return httpx.Response(200, json={}) if reply is None else reply

    def besides(self, request: httpx.Request) -> Beside:
        """Reply as the file says."""
        return self._facts.besides(request)
