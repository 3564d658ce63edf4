"""Hand-made distributions on the path: what an installer would have left there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import Any

import attrs
import httpx
import pytest

import wharfinger

INSTALLED = {entry.name for entry in entry_points(group="wharfinger")}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Put a distribution with entry points and modules in front of the path."""
    imported_before = set(sys.modules)

    def install(
        distribution: str,
        entries: Mapping[str, str],
        *,
        version: str = "1.0",
        metadata: str | None = None,
        **modules: str,
    ) -> Path:
        site = tmp_path / f"{distribution}-{version}"
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        if metadata is None:
            metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata)
        lines = [f"{name} = {value}" for name, value in entries.items()]
        (info / "entry_points.txt").write_text("\n".join(["[wharfinger]", *lines]))
        for module, source in modules.items():
            (site / f"{module}.py").write_text(dedent(source))
        monkeypatch.syspath_prepend(str(site))
        return site

    yield install
    for module in set(sys.modules) - imported_before:
        del sys.modules[module]


@pytest.fixture
def load() -> Callable[..., wharfinger.Plugins]:
    """Load hand-made plugins only, whatever else is installed here."""

    def load(*, block: Collection[str] = (), **arguments: Any) -> wharfinger.Plugins:
        return wharfinger.load_plugins(block={*block, *INSTALLED}, **arguments)

    return load


@pytest.fixture
def status() -> Callable[[wharfinger.Plugins, str], wharfinger.PluginStatus]:
    def status(plugins: wharfinger.Plugins, name: str) -> wharfinger.PluginStatus:
        return {plugin.name: plugin for plugin in plugins.report.plugins}[name]

    return status


@pytest.fixture
def destination() -> Callable[[str], str]:
    """Return the source of a plugin that gives one destination."""

    def destination(slug: str) -> str:
        return f"""
            import wharfinger

            @wharfinger.hookimpl
            def wharfinger_destinations():
                return [
                    wharfinger.Destination(
                        slug="{slug}", title="{slug.title()}", hosts=("api.{slug}.example",)
                    )
                ]
        """

    return destination


@attrs.define(kw_only=True)
class Ring:
    author: str = wharfinger.field(label="Author", name="author", default="nobody")


async def ring(session: wharfinger.Session, batch: wharfinger.Batch) -> list[wharfinger.Outcome]:
    for _ in batch.payloads:
        await session.request("POST", "https://api.bell.example/ring")
    return [wharfinger.Outcome.delivered()] * len(batch)


class Bell:
    """A destination without settings whose one action says nothing about batching."""

    @wharfinger.hookimpl
    def wharfinger_destinations(self) -> list[wharfinger.Destination]:
        return [wharfinger.Destination(slug="bell", title="Bell", hosts=("api.bell.example",))]

    @wharfinger.hookimpl
    def wharfinger_actions(self) -> list[wharfinger.Action]:
        return [
            wharfinger.Action(
                destination="bell",
                slug="ring",
                title="Ring",
                payload=Ring,
                perform=ring,
                effect=wharfinger.Effect.IDEMPOTENT,
                default_trigger='type = "track"',
            )
        ]


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def ringing(bell: Bell) -> Callable[..., wharfinger.Connection]:
    """Connect to the bell, with further plugins brought along; the vendor says yes to all."""

    def ringing(*extra: object, **overrides: object) -> wharfinger.Connection:
        plugins = wharfinger.load_plugins(allow=(), extra=[bell, *extra])
        config = {"destination": "bell", "mappings": {"rings": {"action": "ring", **overrides}}}
        transport = httpx.MockTransport(lambda _: httpx.Response(200))
        return plugins.connect(config, name="the-bell", transport=transport)

    return ringing
