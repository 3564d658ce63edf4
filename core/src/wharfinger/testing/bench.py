"""The plugin on a bench: connections to vendors on paper, and all that its actions say and do."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final

import attrs
import httpx
import pytest

from wharfinger.active import ActiveMapping
from wharfinger.connection import Connection
from wharfinger.delivery.session import Session
from wharfinger.errors import DeliveryError
from wharfinger.model.action import Action, Perform
from wharfinger.model.batching import Batch
from wharfinger.model.destination import Destination
from wharfinger.model.opening import Opening, Outline
from wharfinger.model.outcome import Outcome, Receipt, Status
from wharfinger.plugins import Plugins
from wharfinger.testing.examples import Example, example_for
from wharfinger.testing.listening import listening
from wharfinger.testing.paper import SENDING, Vendor
from wharfinger.testing.troubles import WORKING, Trouble
from wharfinger.testing.waits import SLEPT_S

__all__ = [
    "UNTOLD",
    "Bench",
    "Delivery",
    "InTrouble",
    "Performed",
    "blame",
    "in_every_trouble",
]

_CONNECTION: Final = "contract"
UNTOLD: Final = "untold"
"""Code of what stands for outcomes that an action did not give."""
_BLAMED: Final = (
    "The test itself is at fault: {}.\n    What to do: let `besides` reply to requests for tokens "
    "and look-ups, and `answers`, `refuses` and `throttles` to all others that the plugin may send."
)


@attrs.define
class Performed:
    """One call of an action's ``perform``.

    Attributes:
        action: The action.
        batch: What it got.
        requests: The delivering requests it sent.
        given: What it returned, as it returned it.
        error: What it raised.
        slept_s: Seconds that it wanted to sleep, by the name of the function.
        was_cancelled: Whether somebody asked it to end.
        changed_batch: Whether what it got was changed when it ended.
    """

    action: Action
    batch: Batch
    requests: list[httpx.Request] = attrs.field(factory=list)
    given: Any = None
    error: BaseException | None = None
    slept_s: dict[str, float] = attrs.field(factory=dict)
    was_cancelled: bool = False
    changed_batch: bool = False

    @property
    def outcomes(self) -> list[Outcome] | None:
        """One outcome per payload; None where it gave something else."""
        if isinstance(self.error, DeliveryError):
            return [Outcome.of(self.error)] * len(self.batch)
        if self.error is not None or isinstance(self.given, (str, bytes, Mapping)):
            return None
        try:
            given = list(self.given)
        except TypeError:
            return None
        fits = len(given) == len(self.batch) and all(isinstance(each, Outcome) for each in given)
        return given if fits else None


@attrs.define(kw_only=True)
class Delivery:
    """What became of events on the bench.

    Attributes:
        connection: Over which they went; closed by now.
        performed: The calls of ``perform``, in their order.
        receipts: One per event.
        texts: What else was said: findings, log lines, what was printed; by where it was said.
    """

    connection: Connection
    performed: list[Performed] = attrs.field(factory=list)
    receipts: list[Receipt] = attrs.field(factory=list)
    texts: list[tuple[str, str]] = attrs.field(factory=list)

    def outcomes(self, mapping: str) -> list[Outcome]:
        """Return the outcome of each event under a mapping."""
        return [receipt.outcomes[mapping] for receipt in self.receipts]

    def statuses(self, mapping: str) -> list[Status]:
        """Return their statuses alone."""
        return [outcome.status for outcome in self.outcomes(mapping)]


@attrs.frozen(kw_only=True)
class Bench:
    """What the checks work with.

    Attributes:
        plugins: The plugins, loaded.
        destination: The destination that is tried.
        settings: Its settings, as in a configuration.
        actions: The actions that are tried, by slug.
        examples: What they are tried with, by slug.
        working: Returns a fresh vendor that works as the author says.
    """

    plugins: Plugins
    destination: Destination
    settings: Mapping[str, Any]
    actions: Mapping[str, Action]
    examples: Mapping[str, Example]
    working: Callable[[], Vendor]

    @classmethod
    def of(
        cls,
        plugins: Plugins,
        destination: str,
        *,
        settings: Mapping[str, Any],
        actions: Collection[str],
        examples: Mapping[str, Example],
        working: Callable[[], Vendor],
    ) -> Bench:
        """Put a destination on the bench.

        Raises:
            PluginError: It gives no such destination or action.
        """
        chosen = {slug: plugins.action(destination, slug) for slug in actions}
        tried = chosen or dict(plugins.actions(destination))
        return cls(
            plugins=plugins,
            destination=plugins.destination(destination),
            settings=settings,
            actions=tried,
            examples={slug: example_for(each, examples.get(slug)) for slug, each in tried.items()},
            working=working,
        )

    def configuration(self, slug: str, **changes: Any) -> dict[str, Any]:
        """Return the configuration of a connection with one mapping, named after its action.

        Args:
            slug: The action.
            changes: Further keys of the connection, and ``batch`` for the mapping.
        """
        example = self.examples[slug]
        mapping: dict[str, Any] = {"action": slug, "fields": dict(example.fields)}
        trigger = example.trigger or (
            "" if self.actions[slug].default_trigger else _any_of(example)
        )
        if trigger:
            mapping["trigger"] = trigger
        if batch := changes.pop("batch", None):
            mapping["batch"] = batch
        return {
            "destination": self.destination.slug,
            "settings": dict(self.settings),
            "mappings": {slug: mapping},
            "retry": {"attempts": 1},
            **changes,
        }

    def connect(self, slug: str, vendor: Vendor, **changes: Any) -> Connection:
        """Return a connection to a vendor on paper; arguments as for `configuration`."""
        return self.plugins.connect(
            self.configuration(slug, **changes), name=_CONNECTION, transport=vendor.transport
        )

    async def deliver(
        self,
        slug: str,
        vendor: Vendor,
        events: Sequence[Mapping[str, Any]] | None = None,
        *,
        performed: list[Performed] | None = None,
        listen: bool = True,
        **changes: Any,
    ) -> Delivery:
        """Deliver events by one action and return everything that was said and done.

        Args:
            slug: The action.
            vendor: Where to.
            events: The events; None for those of the example that the vendor accepts.
            performed: Gets the calls of ``perform``, for one who does not see the end.
            listen: Whether to hear what is logged and printed; for one delivery at a time.
            changes: As for `configuration`.
        """
        connection = self.connect(slug, vendor, **changes)
        delivery = Delivery(connection=connection)
        if performed is not None:
            delivery.performed = performed
        connection.mappings = {
            name: _overheard(mapping, delivery.performed)
            for name, mapping in connection.mappings.items()
        }
        with listening(delivery.texts) if listen else nullcontext():
            async with connection:
                delivery.texts += [("a finding", str(each)) for each in connection.findings]
                delivery.receipts = await connection.deliver(
                    self.examples[slug].events if events is None else events
                )
        blame(vendor)
        return delivery


def blame(vendor: Vendor) -> None:
    """Fail the running test where a function of the test raised: the plugin is not to blame."""
    if vendor.faults:
        pytest.fail(_BLAMED.format(vendor.faults[0]), pytrace=False)


@attrs.frozen
class InTrouble:
    """What became of the example of one action in one trouble."""

    slug: str
    trouble: Trouble
    delivery: Delivery

    @property
    def where(self) -> str:
        """The action and the trouble, for people."""
        return f"{self.slug}, when the vendor {self.trouble.name}"


async def in_every_trouble(
    bench: Bench, troubles: Iterable[Trouble], *, from_the_start: bool = False
) -> list[InTrouble]:
    """Deliver the examples of every action in every trouble.

    Args:
        bench: The plugin.
        troubles: What the vendor does.
        from_the_start: Whether it does it to requests that deliver nothing as well.
    """
    found = []
    for trouble in troubles:
        for slug in bench.actions:
            vendor = bench.working()
            if from_the_start:
                vendor.besides(lambda _: None)
            if trouble is not WORKING:
                vendor.forgets()
            trouble.script(vendor)
            found.append(InTrouble(slug, trouble, await bench.deliver(slug, vendor)))
    return found


def _any_of(example: Example) -> str:
    types = dict.fromkeys(str(event.get("type", "track")) for event in example.events)
    return " or ".join(f'type = "{each}"' for each in types)


def _overheard(mapping: ActiveMapping, performed: list[Performed]) -> ActiveMapping:
    """Return a mapping whose action's calls are written down, as it is and as it opens."""
    action = mapping.action
    opening = action.open

    async def open_overheard(session: Session, outline: Outline) -> Opening:
        if opening is None:
            return Opening()
        opened = await opening(session, outline)
        if opened.action is None:
            return opened
        heard = _heard(opened.action, opened.action.perform, performed)
        return attrs.evolve(opened, action=attrs.evolve(opened.action, perform=heard))

    heard = _heard(action, action.perform, performed)
    overheard = attrs.evolve(action, perform=heard, open=open_overheard if opening else None)
    return attrs.evolve(mapping, action=overheard)


def _heard(action: Action, perform: Perform, performed: list[Performed]) -> Perform:
    async def call(session: Session, batch: Batch) -> Sequence[Outcome]:
        written = Performed(action, batch)
        performed.append(written)
        before = _copied(batch)
        token, awake = SENDING.set(written.requests), SLEPT_S.set(written.slept_s)
        try:
            written.given = await perform(session, batch)
        except BaseException as error:
            written.error = error
            raise
        finally:
            SENDING.reset(token)
            SLEPT_S.reset(awake)
            written.changed_batch = before not in (None, _held(batch))
            task = asyncio.current_task()
            written.was_cancelled = bool(task and task.cancelling())
        if written.outcomes is None:
            return [Outcome(status=Status.UNKNOWN, code=UNTOLD)] * len(batch)
        given: Sequence[Outcome] = written.given
        return given

    return call


def _held(batch: Batch) -> tuple[list[Any], list[bytes]]:
    """Return what a batch holds."""
    return list(batch.payloads), list(batch.bodies)


def _copied(batch: Batch) -> tuple[list[Any], list[bytes]] | None:
    """Return what a batch holds now, whatever becomes of it.

    None where what it holds cannot be copied, or does not compare by its values: what an action's
    ``form`` makes need not.
    """
    try:
        copied = copy.deepcopy(_held(batch))
        return copied if copied == _held(batch) else None
    except Exception:  # noqa: BLE001  # copying may fail in any way; another check says so
        return None
