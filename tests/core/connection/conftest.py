"""Acme with one more action, whose opening, choices and plans are up to each test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
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


@attrs.define(kw_only=True)
class Parcel:
    """Goes to a place; parcels of one owner keep their order."""

    place: str = field(label="Place")
    owner: str | None = field(label="Owner", default=None)
    number: int = field(label="Number")
    weight: int = field(label="Weight", default=0)


class Yard:
    """The vendor's side of parcels: what came when, and what a test says becomes of it.

    Attributes:
        batches: The place and the numbers of each batch, in the order of their arrival.
        stored: The numbers that were delivered, in order.
        by: The same two per action: its batches' numbers, and what of them was delivered.
        answer: Gives the outcome of a number; delivered unless a test says otherwise.
        closed: Places whose batches hang until the event is set.
        before: Called when a batch arrives.
    """

    def __init__(self) -> None:
        self.batches: list[tuple[str, list[int]]] = []
        self.stored: list[int] = []
        self.by: dict[str, tuple[list[list[int]], list[int]]] = {
            slug: ([], []) for slug in ("ship", "launch")
        }
        self.answer: Callable[[int], Outcome] = lambda _number: Outcome.delivered()
        self.closed: dict[str, asyncio.Event] = {}
        self.before: Callable[[], None] = lambda: None

    async def perform(self, slug: str, _session: Any, batch: Any) -> list[Outcome]:
        self.before()
        numbers = [parcel.number for parcel in batch.payloads]
        self.batches.append((batch.key, numbers))
        self.by[slug][0].append(numbers)
        await asyncio.sleep(0)
        if batch.key in self.closed:
            await self.closed[batch.key].wait()
        outcomes = [self.answer(number) for number in numbers]
        pairs = zip(numbers, outcomes, strict=True)
        stored = [number for number, outcome in pairs if outcome.status == "delivered"]
        self.stored += stored
        self.by[slug][1].extend(stored)
        return outcomes

    def sizes(self) -> list[int]:
        return [len(numbers) for _, numbers in self.batches]


class HandClock:
    """A clock that stands still until it is set forward."""

    def __init__(self) -> None:
        self._now = 0.0
        self._calls: list[tuple[float, Callable[[], object], list[bool]]] = []

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Any:
        valid = [True]
        self._calls.append((self._now + delay, callback, valid))
        return SimpleNamespace(cancel=valid.clear)

    @property
    def awaited(self) -> int:
        """How many calls are still to come."""
        return sum(map(bool, (valid for *_, valid in self._calls)))

    def advance(self, seconds: float) -> None:
        self._now += seconds
        due = [call for call in self._calls if call[0] <= self._now]
        self._calls = [call for call in self._calls if call[0] > self._now]
        for _, callback, valid in due:
            if valid:
                callback()


class Yards:
    """A plugin that ships parcels to a yard: ``ship`` in batches, ``launch`` once and alone."""

    __name__ = "yards"

    def __init__(self, yard: Yard) -> None:
        self._yard = yard

    @wharfinger.hookimpl
    def wharfinger_destinations(self) -> list[wharfinger.Destination]:
        return [wharfinger.Destination(slug="yard", title="Yard", hosts=("yard.example",))]

    @wharfinger.hookimpl
    def wharfinger_actions(self) -> list[Action]:
        return [
            Action(
                destination="yard",
                slug=slug,
                title=slug,
                payload=Parcel,
                perform=partial(self._yard.perform, slug),
                effect=effect,
                default_trigger=ANY,
                default_fields={
                    name: {"@path": f"$.{name}"} for name in ("place", "owner", "number", "weight")
                },
                batch_key=lambda parcel: parcel.place,
                order_key=lambda parcel: parcel.owner,
                encode=lambda parcel: b"x" * parcel.weight,
            )
            for slug, effect in (("ship", Effect.IDEMPOTENT), ("launch", Effect.ONCE))
        ]

    @wharfinger.hookimpl
    def wharfinger_batching(self, action: Action) -> Any:
        if action.slug == "ship":
            return wharfinger.BatchPolicy(rows=10, bytes=1_000, age_s=1.0)
        return wharfinger.Unbatched(reason="it flies", lanes=2)


@pytest.fixture
def yard() -> Yard:
    return Yard()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ship(yard: Yard, clock: HandClock) -> Callable[..., wharfinger.Connection]:
    """Connect to the yard, under a clock that stands still; the mapping is called ``ship``."""

    def ship(*, mappings: dict[str, Any] | None = None, **batch: Any) -> wharfinger.Connection:
        mappings = mappings or {"ship": {"action": "ship", "batch": batch}}
        connection = wharfinger.load_plugins(allow=(), extra=[Yards(yard)]).connect(
            {"destination": "yard", "mappings": mappings}
        )
        connection._clock = clock
        return connection

    return ship


@pytest.fixture
def parcel() -> Callable[..., dict[str, Any]]:
    def parcel(number: int, place: str = "a", **facts: Any) -> dict[str, Any]:
        return {"type": "track", "place": place, "number": number, **facts}

    return parcel


@pytest.fixture
def turns() -> Callable[[], Any]:
    """Let everything that can go on without time passing go on."""

    async def turns(count: int = 30) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    return turns
