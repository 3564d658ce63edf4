from __future__ import annotations

from pathlib import Path

import pytest
from tests.host.engines.harbour import WATERS, Harbour, Water
from tests.stores.ledgers import ledgers, server

__all__ = ["ledgers", "server"]

ENGINES = "harbour = tests.host.engines.harbour:open_engine\nsunken = no_such_module:open_engine\n"


def install_engine(site: Path) -> None:
    """Lay down the metadata that an installer would have written for the harbour."""
    info = site / "harbour-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: harbour\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[wharfinger.engines]\n{ENGINES}")


@pytest.fixture
def harbour(site):
    """A third party's engine is installed, beside Acme."""
    install_engine(site)
    WATERS.clear()
    return WATERS


@pytest.fixture
def water():
    return Water()


@pytest.fixture
def engine(water):
    return Harbour(water, lanes=4)


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.stores)])
def books(request, tmp_path):
    """Where a ledger is: in a file, or on a server."""
    if request.param == "file":
        return tmp_path / "ledger.db"
    return request.getfixturevalue("ledgers").place()
