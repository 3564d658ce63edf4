"""A destination that can be looked at, asked and furnished; its vendor, and a configuration."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

PLUGIN = Path(__file__).with_name("depot_plugin.py")


@attrs.define
class Depot:
    """The vendor: shelves with slots, by name."""

    url: str = ""
    shelves: dict[str, dict[str, int]] = attrs.field(factory=dict)
    made: list[dict[str, Any]] = attrs.field(factory=list)
    stored: list[Any] = attrs.field(factory=list)
    lights: str = "on"
    refuses_key: bool = False
    has_wood: bool = True

    def reply(self, method: str, path: str, body: Any) -> tuple[int, str]:
        if self.refuses_key:
            return 401, ""
        if method == "GET":
            return self._show(path)
        if path == "/boxes":
            self.stored += body
        elif not self.has_wood:
            return 422, ""
        else:
            self.made.append(body)
            self.shelves[body["name"]] = body["slots"]
        return 200, "{}"

    def _show(self, path: str) -> tuple[int, str]:
        if path == "/me":
            return 200, "{}"
        if path == "/lights":
            return 200, json.dumps(self.lights)
        if path == "/shelves":
            return 200, json.dumps(list(self.shelves))
        if path == "/shelves/broken":
            return 500, ""
        name = path.removeprefix("/shelves/")
        return (200, json.dumps(self.shelves[name])) if name in self.shelves else (404, "")


@pytest.fixture
def depot(vendor: Any, site: Path, monkeypatch: pytest.MonkeyPatch) -> Depot:
    """The vendor on a socket; its plugin is installed beside Acme's."""
    (site / "depot.py").write_text(PLUGIN.read_text())
    info = site / "depot-2.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: depot\nVersion: 2.1\n")
    (info / "entry_points.txt").write_text("[wharfinger]\ndepot = depot\n")
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "acme,depot")
    state = Depot(vendor.url)
    vendor.answer = state.reply
    return state


@pytest.fixture
def config(tmp_path: Path, depot: Depot) -> Path:
    """One connection with a mapping that needs a shelf and one that needs nothing."""
    file = tmp_path / "depot.toml"
    file.write_text(connection("main", depot.url))
    return file


def connection(name: str, url: str) -> str:
    return f"""\
[connections.{name}]
destination = "depot"
route = "{url}"
retry = {{ attempts = 1 }}

[connections.{name}.settings]
city = "Köln"

[connections.{name}.mappings.boxes]
action = "store"
[connections.{name}.mappings.boxes.fields]
shelf = "oak"
items = {{ "@path" = "$.properties" }}

[connections.{name}.mappings.bells]
action = "ring"

"""


@pytest.fixture
def connection_text() -> Callable[[str, str], str]:
    return connection


@pytest.fixture
def closed_url() -> str:
    """An address of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def sample_events(tmp_path: Path, events: Any) -> Path:
    file: Path = events.write(
        tmp_path / "events.jsonl",
        {"type": "track", "properties": {"größe": "groß", "to": "x"}},
        {"type": "track", "properties": {"größe": "riesig", "to": "y"}},
        {"type": "page"},
    )
    return file
