"""Acme with one more action, whose opening, choices and plans are up to each test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import httpx
import pytest

import wharfinger
from wharfinger import Action, Control, Effect, Finding, Outcome, field

ANY = 'type = "track"'


@attrs.define(kw_only=True)
class Crate:
    shelf: str = field(label="Shelf", default="a")
    label: str | None = field(label="Label", default=None)
    things: dict[str, Any] | None = field(label="Things", default=None)
    delivery: str = field(
        label="Delivery", default="once", choices=("once", "often"), control=Control.OPTION
    )


async def stow(session: Any, batch: Any) -> list[Outcome]:
    shelves = [payload.shelf for payload in batch.payloads]
    response = await session.request("POST", "https://api.acme.example/stow", json=shelves)
    if response.status_code == 401:
        raise wharfinger.CredentialsError("The API Key was refused.")
    return [Outcome.delivered(http_status=response.status_code)] * len(batch)


ACTION = Action(
    destination="acme",
    slug="stow",
    title="Stow",
    payload=Crate,
    perform=stow,
    effect=Effect.IDEMPOTENT,
    default_trigger=ANY,
    default_fields={"label": {"@path": "$.event"}},
    aliases=("put-away",),
)


class Harbour:
    """A plugin that adds the action to Acme, and notes what it is asked about batching."""

    __name__ = "harbour"

    def __init__(self, action: Action, asked: list[tuple[Any, Any]]) -> None:
        self._action = action
        self._asked = asked

    @wharfinger.hookimpl
    def wharfinger_actions(self) -> list[Action]:
        return [self._action]

    @wharfinger.hookimpl
    def wharfinger_batching(self, settings: Any, options: Any) -> wharfinger.BatchPolicy:
        self._asked.append((settings, options))
        return wharfinger.BatchPolicy(rows=7 if options["delivery"] == "often" else 1)


@pytest.fixture
def harbour(plugins: wharfinger.Plugins, vendor: Any, config: dict[str, Any]) -> Any:
    """Connect with the action changed as a test likes; mappings are named like their shelves.

    What the batching hook was asked is in ``harbour.asked``.
    """
    [acme] = (p for name, p in plugins._manager.list_name_plugin() if name == "acme")

    asked: list[tuple[Any, Any]] = []

    def harbour(
        *shelves: str,
        mappings: dict[str, Any] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        **facts: Any,
    ) -> wharfinger.Connection:
        config_facts: dict[str, Any] = {
            n: facts.pop(n) for n in ("timeouts", "retry") if n in facts
        }
        extra = [acme, Harbour(attrs.evolve(ACTION, **facts), asked)]
        loaded = wharfinger.load_plugins(allow=(), extra=extra)
        named = {name: {"action": "stow", "fields": {"shelf": name}} for name in shelves}
        return loaded.connect(
            {**config, **config_facts, "mappings": {**named, **(mappings or {})}},
            name="test",
            transport=transport or httpx.MockTransport(vendor),
        )

    harbour.asked = asked  # type: ignore[attr-defined]  # a function takes notes of its own
    return harbour


@pytest.fixture
def finding() -> Callable[..., Finding]:
    def finding(level: Any = "error", message: str = "The shelf is full.", **facts: Any) -> Finding:
        return Finding(level=level, subject="Shelf", message=message, **facts)

    return finding
