"""The kit for authors of plugins: the contract of a destination as tests, and a vendor on paper.

A class that derives from `DestinationContract`, or one that `contract` makes, tries a plugin in
every way that a host and a vendor can; see its docstring. ``pytest -p wharfinger.testing`` gives
the fixture ``vendor`` to tests of one's own, and tries an installed plugin without a class::

    pytest -p wharfinger.testing --pyargs wharfinger.testing.installed --wharfinger-destination acme

It needs the extra: ``pip install "wharfinger[testing]"``. Nothing of it is imported by wharfinger
itself. The names below are promised; nothing else is.
"""

from __future__ import annotations

try:
    import pytest_httpx  # noqa: F401  # looked for before anything of ours needs it
except ImportError as error:
    text = 'wharfinger.testing needs pytest-httpx: pip install "wharfinger[testing]"'
    raise ImportError(text) from error

from wharfinger.testing.destination_contract import DestinationContract
from wharfinger.testing.examples import Example
from wharfinger.testing.factory import contract
from wharfinger.testing.options import (
    pytest_addoption,
    pytest_collection_modifyitems,
    vendor,
    wharfinger_facts,
)
from wharfinger.testing.paper import Vendor

__all__ = [
    "DestinationContract",
    "Example",
    "Vendor",
    "contract",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "vendor",
    "wharfinger_facts",
]
