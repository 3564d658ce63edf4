"""Finding plugins, loading them under guard, and answering by name.

A plugin that cannot be loaded, or gives wrong records, is set aside with the reason; two that own
one name leave it unusable until one of them is blocked. Everything else keeps working, and
``plugins.report`` tells all of it.
"""

from __future__ import annotations

import itertools
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs
import httpx
import pluggy

from wharfinger import hookspecs
from wharfinger.assembly import build_connection
from wharfinger.configuration import ConnectionConfig
from wharfinger.connection import Connection
from wharfinger.delivery.governors import Governors
from wharfinger.delivery.shared import SharedState
from wharfinger.discovery import BLOCK, Gate, discover, distribution_of
from wharfinger.errors import PluginClashError, PluginError
from wharfinger.hookspecs import PROJECT
from wharfinger.model.action import Action, Directive
from wharfinger.model.batching import BatchPolicy, BatchReport, Unbatched
from wharfinger.model.destination import Authentication, Destination, Diagnostic, Settings
from wharfinger.model.opening import Outline
from wharfinger.outlining import options_of
from wharfinger.registry import Offer, Registry, collect_offer
from wharfinger.suggest import did_you_mean

if TYPE_CHECKING:
    from wharfinger.sending import Observer

__all__ = ["PluginReport", "PluginStatus", "Plugins", "load_plugins"]

_UNBATCHED: Final = Unbatched(reason="its plugin names no way to batch it")


@attrs.define(kw_only=True)
class PluginStatus:
    """What became of one plugin.

    Attributes:
        name: Its entry-point name; blocking and allowing go by it.
        distribution: The installed distribution it came from, or ``""`` if the host gave it.
        version: Version of that distribution, or ``""``.
        state: ``"loaded"``, ``"blocked"``, ``"failed"`` or ``"clashing"``.
        reason: Why it is not plainly loaded, and what to do.
        traceback: Where a failed import or hook broke, or ``""``.
        hooks: Names of the hooks it implements.
        provides: What it gave: ``"action acme/send-note"``.
        notes: What its user may want to know.
    """

    name: str
    distribution: str = ""
    version: str = ""
    state: Literal["loaded", "blocked", "failed", "clashing"] = "loaded"
    reason: str = ""
    traceback: str = ""
    hooks: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """The distribution and its version, for messages."""
        return f"{self.distribution} {self.version}" if self.distribution else "the host itself"

    def fail(self, reason: str, error: BaseException | None = None) -> None:
        """Set the plugin aside."""
        self.state = "failed"
        self.provides = ()
        self.reason = f"{self.origin}: {reason}"
        self.traceback = "".join(traceback.format_exception(error)) if error else ""


@attrs.frozen
class PluginReport:
    """What became of every plugin that was found, sorted by name."""

    plugins: tuple[PluginStatus, ...]

    @property
    def ok(self) -> bool:
        """Whether every plugin is loaded, or blocked on purpose."""
        return all(plugin.state in ("loaded", "blocked") for plugin in self.plugins)


class Plugins:
    """The plugins of a host, and what they gave, by name. Made by `load_plugins`."""

    def __init__(
        self,
        manager: pluggy.PluginManager,
        registry: Registry,
        report: PluginReport,
    ) -> None:
        self._manager = manager
        self._registry = registry
        self.report = report
        self.governors = Governors()  # connections of one tenant share theirs

    @property
    def destinations(self) -> Mapping[str, Destination]:
        """The destinations that can be used, by slug."""
        return MappingProxyType(self._registry.destinations)

    @property
    def directives(self) -> Mapping[str, Directive]:
        """The directives that plugins add to field mappings, by name."""
        return MappingProxyType(self._registry.directives)

    def destination(self, slug: str) -> Destination:
        """Return a destination.

        Raises:
            PluginClashError: Two plugins own the slug; the message names both.
            PluginError: No plugin gives it; the message says why, or what is installed.
        """
        if slug in self._registry.destinations:
            return self._registry.destinations[slug]
        if owners := self._registry.clashes.get(f"destination {slug}"):
            raise PluginClashError(_clash(f"the destination {slug}", self._statuses(owners)))
        aside = [p.reason for p in self.report.plugins if p.name == slug and p.reason]
        hint = aside[0] if aside else did_you_mean(slug, self._registry.destinations)
        raise PluginError(f'No installed plugin gives the destination "{slug}". {hint}')

    def settings(self, slug: str) -> Settings | None:
        """Return the settings of a destination, if it has any."""
        return self._registry.settings.get(slug)

    def authentication(self, slug: str) -> Authentication | None:
        """Return how a destination signs in, if it does."""
        return self._registry.authentication.get(slug)

    def actions(self, slug: str) -> Mapping[str, Action]:
        """Return the actions of a destination, by their own slugs, aliases left out."""
        named = self._registry.actions.get(slug, {})
        return {name: action for name, action in named.items() if name == action.slug}

    def action(self, destination: str, name: str) -> Action:
        """Return an action by its slug or an alias of it.

        Raises:
            PluginClashError: Two plugins give it.
            PluginError: No plugin gives it; the message suggests one.
        """
        named = self._registry.actions.get(destination, {})
        if name in named:
            return named[name]
        if givers := self._registry.clashes.get(f"action {destination}/{name}"):
            raise PluginClashError(_clash(f"the action {name}", self._statuses(givers)))
        raise PluginError(
            f'{destination} has no action "{name}". '
            + did_you_mean(name, self.actions(destination))
        )

    def diagnostics(self, slug: str) -> Sequence[Diagnostic]:
        """Return the further checks of a destination."""
        return tuple(self._registry.diagnostics.get(slug, ()))

    def batching(
        self,
        action: Action,
        settings: Any,
        options: Mapping[str, Any] | None = None,
        outline: Outline | None = None,
    ) -> BatchPolicy | Unbatched:
        """Ask who overrides batching, then the plugin that gave an action, then core.

        Args:
            action: The action in question.
            settings: The connection's settings; None where there is no connection.
            options: The mapping's options by field name; None for the action's defaults.
            outline: What the mapping says; None where there is no mapping.

        Raises:
            PluginError: The hook raised, or its answer is no policy.
        """
        options = options_of(action) if options is None else options
        asked = {"action": action, "settings": settings, "options": options, "outline": outline}
        giver = self._registry.givers[f"action {action.destination}/{action.slug}"]
        hook = self._manager.hook.wharfinger_batching
        overriding = {each.plugin_name for each in hook.get_hookimpls() if each.tryfirst}
        for plugin in (*sorted(overriding - {giver}), giver):
            if (answer := self._ask(plugin, asked)) is not None:
                return answer
        return _UNBATCHED

    def _ask(self, plugin: str, asked: Mapping[str, Any]) -> BatchPolicy | Unbatched | None:
        """Ask one plugin how an action's payloads travel."""
        slug = asked["action"].slug
        others = [other for name, other in self._manager.list_name_plugin() if name != plugin]
        ask = self._manager.subset_hook_caller(f"{PROJECT}_batching", filter(None, others))
        asking = f"{self._statuses([plugin])[0].origin}: {PROJECT}_batching"
        try:
            answer = ask(**asked)
        except Exception as error:
            text = f"{asking} raised {type(error).__name__}: {error} for {slug}."
            raise PluginError(text) from error
        if not isinstance(answer, (BatchPolicy, Unbatched, type(None))):
            what = type(answer).__name__
            raise PluginError(f"{asking} gave {what} for {slug} where a BatchPolicy belongs.")
        return answer

    def observers(self) -> Sequence[Observer]:
        """Return what plugins want called per finished batch, taken out once."""
        hook = self._manager.hook.wharfinger_batch_delivered
        return tuple(_observer(implementation) for implementation in hook.get_hookimpls())

    def connect(
        self,
        config: Mapping[str, Any] | ConnectionConfig,
        *,
        name: str = "connection",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> Connection:
        """Check a configuration and make a connection of it; nothing is sent yet.

        Args:
            config: ``destination``, ``settings``, ``mappings`` and optionally ``route``,
                ``retry``, ``timeouts``, ``budget`` and ``circuit``, as plain data; secrets as
                text or `Secret`.
            name: What messages and reports call it.
            transport: Takes the place of the network; for tests.

        Raises:
            ConfigurationError: With everything that is wrong, at once.
        """
        return build_connection(self, config, name=name, transport=transport)

    def share(self, state: SharedState) -> None:
        """Share budgets, pauses and access tokens of tenants with other processes.

        Call it before a connection opens.

        Args:
            state: What all of these processes can reach.
        """
        self.governors.share(state)

    @property
    def shared(self) -> SharedState | None:
        """What was given to `share` last; None where nothing was."""
        return self.governors.shared

    def _statuses(self, names: Iterable[str]) -> list[PluginStatus]:
        by_name = {plugin.name: plugin for plugin in self.report.plugins}
        return [by_name[name] for name in names]


def load_plugins(
    *,
    block: Collection[str] = (),
    allow: Collection[str] | None = None,
    extra: Iterable[Any] = (),
) -> Plugins:
    """Find, load and validate every installed plugin.

    The environment has its say as well: ``WHARFINGER_BLOCK_PLUGINS`` and
    ``WHARFINGER_ALLOW_PLUGINS`` are lists of entry-point names with commas between them, and
    ``WHARFINGER_SAFE_MODE=1`` loads nothing that is installed.

    Args:
        block: Entry-point names that are not even imported.
        allow: If given, the only entry-point names that are imported.
        extra: Plugins the host brings along: modules or objects with hook implementations.

    Returns:
        The plugins; ``report`` says what became of each. Nothing here raises for a bad plugin.

    Example:
        >>> plugins = load_plugins(block=["acme"])
        >>> [plugin.name for plugin in plugins.report.plugins if plugin.state == "failed"]
        []
    """
    gate = Gate.of(block, allow)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)

    statuses: dict[str, PluginStatus] = {}
    for name, found in discover().items():
        status = statuses[name] = _found(name, found)
        if reason := gate.refusal(name):
            status.state, status.reason = "blocked", reason
        elif len(found) > 1:
            owners = [_found(name, [entry]) for entry in found]
            status.state, status.reason = "clashing", _clash(f"the plugin name {name}", owners)
        else:
            _load(manager, status, found[0])
    for plugin in extra:
        name = _unused(getattr(plugin, "__name__", type(plugin).__name__), statuses)
        statuses[name] = PluginStatus(name=name)
        _register(manager, statuses[name], plugin)
    _refuse_unknown_hooks(manager, statuses)
    registry = _collect(manager, statuses)
    return Plugins(manager, registry, PluginReport(tuple(statuses[n] for n in sorted(statuses))))


def _found(name: str, entries: Sequence[EntryPoint]) -> PluginStatus:
    names, versions = zip(*map(distribution_of, entries), strict=True)
    return PluginStatus(name=name, distribution=", ".join(names), version=", ".join(versions))


def _unused(name: str, taken: Collection[str]) -> str:
    """Number the plugins a host brings, so that none hides another one."""
    names = (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
    return next(name for name in names if name not in taken and name != PROJECT)


def _load(manager: pluggy.PluginManager, status: PluginStatus, entry: EntryPoint) -> None:
    try:
        plugin = entry.load()
    # SystemExit too: a module that exits while it is imported must not take the host along.
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a guard: it ends up in the report
        status.fail(
            f"importing {entry.value} raised {type(error).__name__}: {error}. Update or uninstall "
            f"it, or block it with {BLOCK}={status.name}.",
            error,
        )
    else:
        _register(manager, status, plugin)


def _register(manager: pluggy.PluginManager, status: PluginStatus, plugin: Any) -> None:
    try:
        hash(plugin)  # pluggy keeps plugins in sets
        manager.register(plugin, name=status.name)
    except pluggy.PluginValidationError as error:
        status.fail(f"its hooks do not fit this version of wharfinger: {error}", error)
    except (TypeError, ValueError) as error:
        status.fail(f"it cannot be registered: {str(error).partition(chr(10))[0]}", error)
    else:
        callers = manager.get_hookcallers(plugin) or []
        status.hooks = tuple(sorted(caller.name for caller in callers))


def _refuse_unknown_hooks(
    manager: pluggy.PluginManager, statuses: Mapping[str, PluginStatus]
) -> None:
    """A misspelt hook registers without complaint until it is checked."""
    while True:
        try:
            manager.check_pending()
        except pluggy.PluginValidationError as error:
            name = manager.get_name(error.plugin)
            manager.unregister(error.plugin)
            status = statuses[name or ""]
            known = [name for name in hookspecs.__all__ if name.startswith(PROJECT)]
            unknown = [hook for hook in status.hooks if hook not in known]
            hints = " ".join(f"{hook}: {did_you_mean(hook, known)}" for hook in unknown)
            status.fail(f"it implements a hook that does not exist. {hints}")
        else:
            return


def _collect(manager: pluggy.PluginManager, statuses: Mapping[str, PluginStatus]) -> Registry:
    offers: dict[str, Offer] = {}
    for name, status in statuses.items():
        if status.state != "loaded":
            continue
        try:
            offers[name] = collect_offer(manager, name)
        except PluginError as error:
            manager.unregister(name=name)
            status.fail(str(error), error.__cause__)
        else:
            status.provides = offers[name].provides
    registry = Registry.of(offers)
    while registry.misplaced:
        for name, reason in registry.misplaced.items():
            manager.unregister(name=name)
            statuses[name].fail(reason)
            del offers[name]
        registry = Registry.of(offers)
    for name, notes in registry.notes.items():
        statuses[name].notes = tuple(notes)
    for what, names in registry.clashes.items():
        owners = [statuses[name] for name in names]
        for status in owners:
            status.state = "clashing"
            status.reason = f"{status.reason} {_clash(f'the {what}', owners)}".lstrip()
    return registry


def _clash(what: str, owners: Sequence[PluginStatus]) -> str:
    names = " and ".join(f"{owner.name} ({owner.origin})" for owner in owners)
    text = f"{what[0].upper()}{what[1:]} is given by {names}. Uninstall one of them"
    if owners[0].name == owners[-1].name:
        return f"{text}."
    return f"{text}, or block one by name: {BLOCK}={owners[-1].name}."


def _observer(implementation: pluggy.HookImpl) -> Observer:
    """Let an observer take no argument, as pluggy does."""
    function, takes_report = implementation.function, bool(implementation.argnames)

    def observe(report: BatchReport) -> None:
        if takes_report:
            function(report)
        else:
            function()

    return implementation.plugin_name, observe
