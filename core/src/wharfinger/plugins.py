"""The plugins of a host, and what they gave, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import httpx
import pluggy

from wharfinger.assembly import build_connection
from wharfinger.configuration import ConnectionConfig
from wharfinger.connection import Connection
from wharfinger.delivery.governors import Governors
from wharfinger.delivery.shared import SharedState
from wharfinger.errors import PluginClashError, PluginError
from wharfinger.hookspecs import PROJECT
from wharfinger.model.action import Action, Directive
from wharfinger.model.batching import BatchPolicy, BatchReport, Unbatched
from wharfinger.model.destination import Authentication, Destination, Diagnostic, Settings
from wharfinger.model.opening import Outline
from wharfinger.outlining import options_of
from wharfinger.plugin_report import PluginReport, PluginStatus, clash
from wharfinger.registry import Registry
from wharfinger.suggest import did_you_mean

if TYPE_CHECKING:
    from wharfinger.sending import Observer

__all__ = ["Plugins"]

_UNBATCHED: Final = Unbatched(reason="its plugin names no way to batch it")


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
            raise PluginClashError(clash(f"the destination {slug}", self._statuses(owners)))
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
            raise PluginClashError(clash(f"the action {name}", self._statuses(givers)))
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


def _observer(implementation: pluggy.HookImpl) -> Observer:
    """Let an observer take no argument, as pluggy does."""
    function, takes_report = implementation.function, bool(implementation.argnames)

    def observe(report: BatchReport) -> None:
        if takes_report:
            function(report)
        else:
            function()

    return implementation.plugin_name, observe
