"""The fixture of the kit, as its authors' own tests get it, and runs of the kit itself."""

from __future__ import annotations

import pytest
from tests.core.testing.planting import CONTRACT

from wharfinger.telemetry import telemetry_of
from wharfinger.testing import vendor  # noqa: F401  # a fixture
from wharfinger.testing.spans import recorded

QUICK = (
    *("-p", "pytest_httpx", "-p", "no:cacheprovider", "-p", "no:logging"),
    *("-p", "no:unraisableexception", "--assert=plain", "-W", "default"),
)
"""What of pytest sets up, and takes as long as what it is to run; see `run_kit`."""


@pytest.fixture(scope="module")
def imported():
    """Import once what else each run within a test would import anew, and forgets at its end."""
    with recorded():
        telemetry_of("contract", "acme")


@pytest.fixture
def run_kit(pytester, monkeypatch, imported):
    """Run the kit over a plugin; give what failed, and the output."""
    # A run of its own that sets up all plugins of pytest takes as long as what it is to run.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run_kit(text, *options, contract=""):
        pytester.makepyfile(acme=text, acme_contract=contract or CONTRACT)
        pytester.makepyfile(pandas="")  # stands in for a library that takes long
        pytester.syspathinsert()
        result = pytester.runpytest_inprocess(*QUICK, "-q", "acme_contract.py", *options)
        failed = [report.location[2].rpartition(".")[2] for report in result.reprec.getfailures()]
        return failed, result

    return run_kit
