from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

import wharfinger
from wharfinger_host import opening
from wharfinger_host.sharing.finding import schemes

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "share-one-tenant.md"


def test_the_configuration_of_the_how_to_has_nothing_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv("WHARFINGER_STORE", "sqlite")
    monkeypatch.setenv("WHARFINGER_STORE_KEY", base64.b64encode(b"k" * 32).decode())
    monkeypatch.setenv("SHOP_CLIENT_SECRET", "sample")
    [toml] = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "wharfinger.toml").write_text(toml)
    configuration, connections = opening.load(
        tmp_path / "wharfinger.toml", plugins=wharfinger.load_plugins()
    )
    assert configuration.problems == configuration.warnings == []
    assert connections["shop"]._governor.tokens is not None
    assert configuration.shared is not None
    assert configuration.shared.workers == 8


@pytest.mark.parametrize("scheme", ["redis", "rediss", "postgresql", "sqlite"])
def test_the_stores_of_the_how_to_are_installed(scheme):
    assert f"`{scheme}:/" in PAGE.read_text()
    assert scheme in schemes()
