"""A third party's destination that Segment knows too, and exports as Segment's API gives them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

DEPOT = """
import attrs
import httpx
import wharfinger


@attrs.frozen(kw_only=True)
class DepotSettings:
    account_id: str = wharfinger.field(
        label="Account ID", pattern=r"[0-9]+", pattern_hint="must be digits only"
    )
    api_key: wharfinger.Secret = wharfinger.field(label="API Key", secret=True)
    region: str | None = wharfinger.field(label="Region", default=None)


@attrs.define(kw_only=True)
class Crate:
    key: str | None = wharfinger.field(label="Shelf Key", required=wharfinger.when_absent("id"))
    id: str | None = wharfinger.field(label="Shelf ID", required=wharfinger.when_absent("key"))
    keys: dict = wharfinger.field(label="Crate Keys", kind="object")
    values: dict = wharfinger.field(label="Crate Values", kind="object")
    enable_batching: bool = wharfinger.field(
        label="Batch", default=True, control=wharfinger.Control.BATCHING
    )
    batch_size: int | None = wharfinger.field(
        label="Batch Size", default=None, minimum=1, control=wharfinger.Control.BATCH_ROWS
    )


@attrs.define(kw_only=True)
class Call:
    to: str = wharfinger.field(label="Recipient")
    text: str | None = wharfinger.field(label="Text", default=None)
    mood: str | None = wharfinger.field(label="Mood", choices=("glad", "sad"), default=None)


@attrs.define(kw_only=True)
class Line:
    text: str = wharfinger.field(label="Text")


async def send(session, batch):
    rows = [attrs.asdict(payload) for payload in batch.payloads]
    await session.request("POST", "https://api.depot.example/in", json=rows)
    return [wharfinger.Outcome.delivered() for _ in rows]


async def test_key(session):
    return []


@wharfinger.hookimpl
def wharfinger_destinations():
    return [wharfinger.Destination(slug="depot", title="Depot", hosts=("api.depot.example",))]


@wharfinger.hookimpl
def wharfinger_settings():
    return [wharfinger.Settings(destination="depot", schema=DepotSettings)]


@wharfinger.hookimpl
def wharfinger_authentication():
    return [wharfinger.Authentication(
        destination="depot", create=lambda settings: httpx.Auth(), test=test_key
    )]


@wharfinger.hookimpl
def wharfinger_actions():
    def action(slug, payload, *aliases, **facts):
        return wharfinger.Action(
            destination="depot", slug=slug, title=slug.replace("-", " ").title(), payload=payload,
            perform=send, effect=wharfinger.Effect.IDEMPOTENT, aliases=aliases, **facts,
        )

    return [
        action("store-crate", Crate, "crate", "crateV2",
               batch_key=lambda crate: crate.key or crate.id),
        action("call-person", Call, "callPerson", default_trigger='type = "identify"',
               default_fields={"to": {"@path": "$.userId"}}),
        action("print-line", Line, "line"),
    ]


@wharfinger.hookimpl
def wharfinger_batching(action):
    if action.slug == "call-person":
        return wharfinger.Unbatched(reason="a person answers one call at a time")
    return wharfinger.BatchPolicy(rows=50, bytes=100_000)
"""

SECRET = "depot-s3cr3t-key"


@pytest.fixture(autouse=True)
def depot(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install Depot beside Acme."""
    (site / "depot.py").write_text(DEPOT)
    info = site / "depot-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: depot\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[wharfinger]\ndepot = depot\n")
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "acme,depot")


def destination(**changes: Any) -> dict[str, Any]:
    return {
        "id": "d0",
        "name": "Depot North",
        "enabled": True,
        "sourceId": "src",
        "metadata": {
            "id": "m0",
            "name": "Depot (Actions)",
            "slug": "actions-depot",
            "actions": [
                {"id": "iD4oFaCtIoN0000000001", "slug": "crate"},
                {"id": "iD4oFaCtIoN0000000002", "slug": "callPerson"},
            ],
        },
        "settings": {"account_id": "77", "api_key": SECRET, "region": ""},
        **changes,
    }


def subscription(**changes: Any) -> dict[str, Any]:
    return {
        "id": "s0",
        "name": "Orders",
        "actionId": "iD4oFaCtIoN0000000001",
        "actionSlug": "crate",
        "destinationId": "d0",
        "modelId": "",
        "enabled": True,
        "trigger": 'type = "track" and event = "Order Completed"',
        "settings": {
            "key": "orders",
            "keys": {"id": {"@path": "$.properties.order_id"}},
            "values": {"total": {"@path": "$.properties.total"}},
            "enable_batching": True,
        },
        **changes,
    }


@attrs.define
class Imported:
    """What one run of the command gave."""

    code: int
    report: dict[str, Any]
    said: str
    text: str

    @property
    def mapping(self) -> dict[str, Any]:
        """The report about the only mapping."""
        [connection] = self.report["connections"]
        [mapping] = connection["mappings"]
        return dict(mapping)

    def notes(self, where: str = "", **facts: Any) -> list[dict[str, Any]]:
        """Notes about the only mapping, by the end of their place and by their facts."""
        return [
            note
            for note in self.mapping["notes"]
            if note["where"].endswith(where) and facts.items() <= note.items()
        ]


@pytest.fixture
def importing(cli: Any, tmp_path: Path) -> Any:
    """Makers of exports, and the command run on them."""

    class Importing:
        secret = SECRET
        destination = staticmethod(destination)
        subscription = staticmethod(subscription)

        @staticmethod
        def write(document: Any, name: str = "export.json") -> Path:
            file = tmp_path / name
            data = document if isinstance(document, bytes) else json.dumps(document).encode()
            file.write_bytes(data)
            return file

        def run(self, document: Any, *options: object) -> Imported:
            result = cli("import-segment", self.write(document), "--json", *options)
            assert SECRET not in result.output
            report = json.loads(result.stdout) if result.stdout else {}
            output = report.get("output")
            text = Path(output).read_text() if output else ""
            assert SECRET not in text
            return Imported(result.exit_code, report, result.stderr, text)

        def both(self, *subscriptions: Any, **changes: Any) -> list[Any]:
            """Return a destination and its subscriptions, as `jq -s` joins two replies."""
            return [
                {"data": {"destination": destination(**changes)}},
                {
                    "data": {
                        "subscriptions": list(subscriptions),
                        "pagination": {"current": "MA==", "totalEntries": len(subscriptions)},
                    }
                },
            ]

        def one(self, fields: Any = None, *options: object, **changes: Any) -> Imported:
            """Import one subscription with these fields."""
            settings = {} if fields is None else {"settings": fields}
            return self.run(self.both(subscription(**settings, **changes)), *options)

    return Importing()
