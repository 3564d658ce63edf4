"""The contract between core and a destination, as tests over anyone's plugin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

import attrs
import httpx
import pytest
from pytest_httpx import HTTPXMock

from wharfinger.loading import load_plugins
from wharfinger.model.batching import Unbatched
from wharfinger.plugins import Plugins
from wharfinger.testing import (
    batches,
    diagnosing,
    hosts,
    leaks,
    loading,
    mappings,
    outcomes,
    pickling,
    records,
    repeating,
    running,
)
from wharfinger.testing.bench import Bench, Delivery, InTrouble, in_every_trouble
from wharfinger.testing.complaints import Complaint, complain
from wharfinger.testing.examples import Example
from wharfinger.testing.names import no_look_ups
from wharfinger.testing.paper import Beside, Reply, Vendor, Wire, either
from wharfinger.testing.troubles import WORKING, Trouble, troubles
from wharfinger.testing.waits import awake, no_waits

__all__ = ["DestinationContract", "Troubled"]


@attrs.frozen
class Troubled:
    """What became of the examples in every trouble, and what was sent past the session."""

    found: Sequence[InTrouble]
    past: Sequence[httpx.Request]


_KEPT: Final[WeakKeyDictionary[type, dict[str, Any]]] = WeakKeyDictionary()
"""What was found out once for all tests of a class, by what it is."""


class DestinationContract:
    """Tests that a destination keeps its contract; derive a class whose name begins with Test.

    Every test looks at all actions and says of each fault what is wrong, where, and what to do.
    The network is never reached, no name server is asked, and nothing waits. The methods below
    say how the vendor answers; `answers` must be given for anything but an empty object with the
    status 200.

    Attributes:
        destination: Slug of the destination.
        plugin: The module or object with the hooks, where it is not installed.
        beside: Entry-point names of installed plugins that `plugin` needs beside it.
        settings: Made-up settings, as in a configuration; secrets of 8 or more characters.
        actions: Slugs of the actions that are tried; none for all of the destination.
        examples: Events per action. An action without gets events made up from its fields.
        harmless: Statuses by which the vendor says that it did nothing, so that even what must
            not happen twice may be tried again. Name 403 or 404 only where the vendor means by it
            that one should come later.
        status_confirms: Slugs of the actions for which the status alone says that the vendor
            accepts. For others a page of a proxy with the status 200 must not count as delivered.
        may_import: Heavy modules that may be imported when the plugin loads.

    Example:
        ::

            class TestAcme(DestinationContract):
                destination = "acme"
                settings = {"api_key": "made-up-key-0123"}
                examples = {"send-note": Example(events=[TRACK_1, TRACK_2])}

                def answers(self, request):
                    return httpx.Response(200, json={"accepted": True})
    """

    destination: str = ""
    plugin: Any = None
    beside: Collection[str] = ()
    settings: Mapping[str, Any] = {}
    actions: Collection[str] = ()
    examples: Mapping[str, Example] = {}
    harmless: Collection[int] = (429, 503)
    status_confirms: Collection[str] = ()
    may_import: Collection[str] = ()

    def answers(self, request: httpx.Request) -> Reply:
        """Reply to a delivering request as the vendor does while it works.

        It refuses the events that an example calls ``refused``, and accepts all others. Like the
        three below it may be async.
        """
        del request
        return httpx.Response(200, json={})

    def besides(self, request: httpx.Request) -> Beside:
        """Reply to a request that delivers nothing, for a token or a look-up; else None."""
        del request
        return None  # an author's own may reply

    def refuses(self, request: httpx.Request) -> Reply:
        """Reply as the vendor does to a whole request that it refuses for what is in it."""
        del request
        return httpx.Response(400, json={"message": "Bad request"})

    def throttles(self, request: httpx.Request, retry_after_s: float) -> Reply:
        """Reply as the vendor does when it wants to be asked later."""
        del request
        headers = {"Retry-After": f"{retry_after_s:g}"}
        return httpx.Response(429, headers=headers, json={"message": "Too many requests"})

    @pytest.fixture
    def wire(self, httpx_mock: HTTPXMock) -> Iterator[Wire]:
        """Where all requests of a test come together; nothing waits, and no name is looked up."""
        with no_waits(), awake(), no_look_ups():
            yield Wire(httpx_mock)

    @pytest.fixture
    def loaded(self) -> Plugins:
        """The plugins, whatever became of them; loaded once for all tests."""
        plugins: Plugins = _once(self, "loaded", lambda: _load(self))
        return plugins

    @pytest.fixture
    def bench(self, wire: Wire, loaded: Plugins) -> Bench:
        """The plugin on the bench; a test is skipped where it cannot be put there."""
        del wire
        if list(records.missing(loaded, self.destination, {*self.actions, *self.examples})):
            pytest.skip("the plugin does not load: see test_the_plugin_loads")
        return self._bench(loaded)

    def _bench(self, plugins: Plugins) -> Bench:
        return Bench.of(
            plugins,
            self.destination,
            settings=self.settings,
            actions=self.actions,
            examples=self.examples,
            working=lambda: Vendor().answers(self.answers).besides(self.besides),
        )

    @pytest.fixture
    def usable(self, bench: Bench) -> Bench:
        """The bench; a test is skipped where the examples make no payloads."""
        if _once(self, "unusable", lambda: list(mappings.examples_work(bench))):
            pytest.skip(
                "the examples make no payloads: see test_defaults_and_examples_make_payloads"
            )
        return bench

    def _troubles(self) -> Iterator[Trouble]:
        def usual(request: httpx.Request) -> Reply:
            return either(self.besides(request), lambda: self.answers(request))

        return troubles(usual, self.refuses, self.throttles, self.harmless)

    @pytest.fixture
    def troubled(self, usable: Bench, wire: Wire) -> Troubled:
        """What becomes of the examples in every trouble; found out once for all tests."""

        def find() -> Troubled:
            found = asyncio.run(in_every_trouble(usable, [*self._troubles(), WORKING]))
            return Troubled(found, list(wire.past))

        troubled: Troubled = _once(self, "troubled", find)
        return troubled

    # --- what a plugin gives ---

    def test_the_plugin_loads(self, loaded: Plugins) -> None:
        """Hooks exist and take the arguments they name; records are valid."""
        missing = list(records.missing(loaded, self.destination, {*self.actions, *self.examples}))
        # Somebody else's plugin that is broken is no concern of this one.
        names = None if missing or self.plugin is not None else {self.destination}
        complain([*records.set_aside(loaded, names), *missing])

    def test_people_understand_its_names(self, bench: Bench) -> None:
        """Titles and labels are there, and what looks like a secret is one."""
        complain(records.names(bench))

    def test_its_classes_can_be_written_as_json_schema(self, bench: Bench) -> None:
        """Forms and documentation are made from the schemas."""
        complain(records.schemas(bench))

    def test_loading_it_imports_nothing_heavy(self, loaded: Plugins) -> None:
        """A host starts quickly, whatever is installed."""
        module = loading.module_of(loaded, self.plugin, self.destination, self.actions)
        if not module:
            pytest.skip("the plugin is no module, so it cannot be imported by itself")
        try:
            complain(loading.heavy_imports(module, self.may_import))
        except loading.NotImportableError:
            pytest.skip(f"{module} cannot be imported by another process")

    def test_it_declares_hosts_of_its_vendor_only(self, bench: Bench) -> None:
        """The allow-list of hosts allows nothing else."""
        complain(hosts.declared(bench))

    # --- payloads ---

    def test_defaults_and_examples_make_payloads(self, bench: Bench) -> None:
        """Triggers take the example events, and field mappings make valid payloads of them."""
        complain(mappings.examples_work(bench))

    def test_the_same_event_makes_the_same_payload(self, usable: Bench) -> None:
        """Mapping, encoding and keys depend on the event alone, and leave it as it is."""
        complain(mappings.repeatable(usable))

    def test_settings_and_payloads_can_be_pickled(self, usable: Bench) -> None:
        """Hosts of several processes send them from one to the other."""
        complain(pickling.records_travel(usable))

    # --- outcomes ---

    def test_what_the_vendor_accepts_is_delivered(self, usable: Bench) -> None:
        """A vendor that works leads to one delivered outcome per event."""
        complain(
            complaint
            for slug in usable.actions
            for complaint in outcomes.accepted(
                slug, asyncio.run(usable.deliver(slug, usable.working()))
            )
        )

    def test_a_refused_row_takes_no_other_along(self, usable: Bench) -> None:
        """Outcomes stand in the order of the payloads."""
        tried = [slug for slug in usable.actions if usable.examples[slug].refused]
        if not tried:
            pytest.skip("no example names events that the vendor refuses")
        complain(complaint for slug in tried for complaint in _refused(usable, slug))

    def test_every_payload_has_one_outcome_whatever_the_vendor_does(
        self, usable: Bench, troubled: Troubled
    ) -> None:
        """``perform`` returns one outcome per payload, or raises a DeliveryError.

        So it does where tokens and look-ups meet the trouble.
        """
        everywhere = asyncio.run(in_every_trouble(usable, self._troubles(), from_the_start=True))
        complain(c for found in (*troubled.found, *everywhere) for c in outcomes.untold(found))

    def test_statuses_agree_with_the_effect_of_an_action(self, troubled: Troubled) -> None:
        """What must not happen twice is never to be tried again once it may have arrived."""
        confirms = self.status_confirms
        complain(c for found in troubled.found for c in outcomes.told_truly(found, confirms))
        complain(c for found in troubled.found for c in outcomes.sent_twice(found))

    def test_the_wait_that_a_vendor_asks_for_reaches_the_host(self, troubled: Troubled) -> None:
        """``retry_after_s`` is what ``Retry-After`` says."""
        complain(c for found in troubled.found for c in outcomes.throttled(found))

    def test_outcomes_and_errors_can_be_pickled(self, troubled: Troubled) -> None:
        """Hosts of several processes send them from one to the other."""
        complain(pickling.verdicts_travel(troubled.found))

    def test_credentials_can_be_tried(self, usable: Bench) -> None:
        """Refused ones are found, and no check fails, whatever the vendor does."""
        complain(asyncio.run(diagnosing.tried(usable, self._troubles())))

    # --- requests ---

    def test_batches_have_a_policy_that_holds(self, usable: Bench) -> None:
        """What is counted is what is sent."""
        complain(batches.policies(usable))

    def test_requests_carry_their_batch_and_no_more(self, usable: Bench) -> None:
        """Rows and bytes of a request stay within the policy."""
        complain(
            complaint
            for slug in usable.actions
            for complaint in batches.within_policy(usable, slug, _in_small_batches(usable, slug))
        )

    def test_rows_keep_their_order(self, usable: Bench) -> None:
        """A later event is never overwritten by an earlier one."""
        complain(
            complaint
            for slug in usable.actions
            for complaint in batches.in_order(
                slug, asyncio.run(usable.deliver(slug, usable.working()))
            )
        )

    def test_another_try_sends_the_same_request(self, usable: Bench, troubled: Troubled) -> None:
        """A batch stays as it is, and what may be repeated is not another request then."""
        complain(c for each in troubled.found for c in repeating.changed(each.slug, each.delivery))
        complain(
            complaint
            for slug in usable.actions
            for complaint in asyncio.run(repeating.repeated(usable, slug, self.throttles))
        )

    def test_requests_go_to_the_declared_hosts(self, troubled: Troubled) -> None:
        """By the session, and wherever a vendor may redirect to."""
        complain(c for each in troubled.found for c in hosts.refused(each.where, each.delivery))
        complain(hosts.sent_past(troubled.past))

    def test_a_preview_shows_the_requests_and_sends_none(self, usable: Bench) -> None:
        """``perform`` looks nothing up while nothing may be sent."""
        complain(
            complaint
            for slug in usable.actions
            for complaint in asyncio.run(running.previewed(usable, slug))[0]
        )

    # --- secrets ---

    def test_secrets_show_nowhere(self, usable: Bench) -> None:
        """Not in outcomes, findings, logs, errors, reprs or previews."""
        complain(leaks.too_short(usable))
        complain(asyncio.run(leaks.in_every_echo(usable)))

    # --- running with others ---

    def test_a_delivery_that_is_cancelled_ends(self, usable: Bench) -> None:
        """A host that stops must not be kept."""
        complain(c for slug in usable.actions for c in asyncio.run(running.cancelled(usable, slug)))

    def test_waits_go_by_the_session(self, troubled: Troubled) -> None:
        """Sleeping holds up everybody else, or every test."""
        complain(
            complaint
            for found in troubled.found
            for complaint in running.holds_up(found.slug, found.delivery)
        )

    def test_two_connections_share_nothing(self, usable: Bench) -> None:
        """State belongs to a connection."""
        complain(c for slug in usable.actions for c in asyncio.run(running.mixed_up(usable, slug)))


def _once(contract: DestinationContract, name: str, find: Callable[[], Any]) -> Any:
    kept = _KEPT.setdefault(type(contract), {})
    if name not in kept:
        kept[name] = find()
    return kept[name]


def _load(contract: DestinationContract) -> Plugins:
    if contract.plugin is None:
        return load_plugins()
    return load_plugins(allow=contract.beside, extra=[contract.plugin])


def _refused(bench: Bench, slug: str) -> Iterator[Complaint]:
    """Deliver refused events between accepted ones."""
    example = bench.examples[slug]
    first, *others = example.events
    events = [first, *example.refused, *others]
    refused = range(1, 1 + len(example.refused))
    delivery = asyncio.run(bench.deliver(slug, bench.working(), events))
    return outcomes.each_refused_alone(slug, delivery, refused)


def _in_small_batches(bench: Bench, slug: str) -> Delivery:
    """Deliver in one lane, in batches of two rows where there are batches."""
    policy = bench.connect(slug, bench.working()).mappings[slug].policy
    batch = {"lanes": 1} if isinstance(policy, Unbatched) else {"lanes": 1, "rows": batches.ROWS}
    events = list(bench.examples[slug].events) * batches.ROWS
    return asyncio.run(bench.deliver(slug, bench.working(), events, batch=batch))
