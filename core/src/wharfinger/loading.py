"""Finding plugins and loading them under guard.

A plugin that cannot be loaded, or gives wrong records, is set aside with the reason; two that own
one name leave it unusable until one of them is blocked. Everything else keeps working, and
``plugins.report`` tells all of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from typing import Any

import pluggy

from wharfinger import hookspecs
from wharfinger.discovery import BLOCK, Gate, discover, distribution_of
from wharfinger.errors import PluginError
from wharfinger.hookspecs import PROJECT
from wharfinger.plugin_report import PluginReport, PluginStatus, clash
from wharfinger.plugins import Plugins
from wharfinger.registry import Offer, Registry, collect_offer
from wharfinger.suggest import did_you_mean

__all__ = ["load_plugins"]


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
            status.state, status.reason = "clashing", clash(f"the plugin name {name}", owners)
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
            status.reason = f"{status.reason} {clash(f'the {what}', owners)}".lstrip()
    return registry
