"""What plugins gave, validated and found by name."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs
import pluggy

from wharfinger.errors import PluginError
from wharfinger.hookspecs import PROJECT
from wharfinger.mapping import BUILT_IN, parse
from wharfinger.model.action import Action, Directive, RowFields
from wharfinger.model.destination import Authentication, Destination, Diagnostic, Settings
from wharfinger.model.fields import Field, Kind
from wharfinger.payload import fields_of
from wharfinger.trigger import compile_trigger

__all__ = ["Offer", "Registry", "collect_offer"]

_GIVEN_BY: Final[Mapping[str, type[Any]]] = {
    "destinations": Destination,
    "settings": Settings,
    "authentication": Authentication,
    "actions": Action,
    "directives": Directive,
    "diagnostics": Diagnostic,
}


@attrs.define
class Offer:
    """What one plugin gave, one list per hook of the same name."""

    destinations: list[Destination] = attrs.field(factory=list)
    settings: list[Settings] = attrs.field(factory=list)
    authentication: list[Authentication] = attrs.field(factory=list)
    actions: list[Action] = attrs.field(factory=list)
    directives: list[Directive] = attrs.field(factory=list)
    diagnostics: list[Diagnostic] = attrs.field(factory=list)

    @property
    def provides(self) -> tuple[str, ...]:
        """The records in words: ``"action acme/send-note"``."""
        return (
            *(f"destination {d.slug}" for d in self.destinations),
            *(f"action {a.destination}/{a.slug}" for a in self.actions),
            *(f"directive {d.name}" for d in self.directives),
            *(f"check {d.destination}: {d.title}" for d in self.diagnostics),
        )

    @property
    def owned(self) -> tuple[str, ...]:
        """What may have one giver only, aliases of actions included, in the same words."""
        return (
            *(f"destination {d.slug}" for d in self.destinations),
            *(f"action {a.destination}/{n}" for a in self.actions for n in (a.slug, *a.aliases)),
            *(f"directive {d.name}" for d in self.directives),
        )


def collect_offer(manager: pluggy.PluginManager, name: str) -> Offer:
    """Ask one registered plugin for its records and validate each.

    Raises:
        PluginError: A hook raised, is async, or gave something that is no valid record.
    """
    _refuse_async(manager, name)
    others = [plugin for other, plugin in manager.list_name_plugin() if other != name and plugin]
    offer = Offer()
    for kind, record_type in _GIVEN_BY.items():
        hook = f"{PROJECT}_{kind}"
        caller = manager.subset_hook_caller(hook, others)
        try:
            answers = [record for answer in caller() for record in _iterable(hook, answer)]
        except PluginError:
            raise
        # SystemExit too: a hook that exits must not take the host along.
        except (Exception, SystemExit) as error:
            raise PluginError(f"{hook} raised {type(error).__name__}: {error}") from error
        for record in answers:
            if not isinstance(record, record_type):
                raise PluginError(
                    f"{hook} gave {type(record).__name__} where {record_type.__name__} belongs."
                )
            _validate(hook, record)
        setattr(offer, kind, answers)
    if twice := [what for what, times in Counter(offer.owned).items() if times > 1]:
        raise PluginError(f"it gives the {' and the '.join(twice)} twice.")
    return offer


def _refuse_async(manager: pluggy.PluginManager, name: str) -> None:
    for caller in manager.get_hookcallers(manager.get_plugin(name)) or ():
        for implementation in caller.get_hookimpls():
            if implementation.plugin_name == name and inspect.iscoroutinefunction(
                implementation.function
            ):
                raise PluginError(
                    f"{caller.name} is async; hooks give functions, which may be async."
                )


def _iterable(hook: str, answer: Any) -> Iterable[Any]:
    if isinstance(answer, (str, bytes)) or not isinstance(answer, Iterable):
        raise PluginError(f"{hook} must give a list of records, not {type(answer).__name__}.")
    return answer


def _validate(hook: str, record: Any) -> None:
    try:
        _check(record)
    except Exception as error:
        raise PluginError(f"{hook}: {_name_of(record)}: {error}") from error


def _check(record: Any) -> None:
    match record:
        case Settings():
            fields_of(record.schema)
        case Action():
            _check_action(record)
        case Directive() if record.name in BUILT_IN:
            raise ValueError("this name is built in and cannot be taken.")
        case Destination() if not record.hosts and record.hosts_of is None:
            raise ValueError("it names no host it may talk to.")


def _name_of(record: Any) -> str:
    match record:
        case Action():
            return f"{record.destination}/{record.slug}"
        case Destination():
            return record.slug
        case Directive():
            return record.name
    return str(record.destination)


def _check_action(action: Action) -> None:
    known = {field.name for field in fields_of(action.payload)}
    if unknown := sorted(set(action.default_fields) - known):
        raise PluginError(f"default_fields names {', '.join(unknown)}, which it has not.")
    if action.rows:
        _check_rows(action.rows, {field.name: field for field in fields_of(action.payload)})
    if action.provision and action.provision.options:
        known |= {field.name for field in fields_of(action.provision.options)}
    if unknown := sorted(set(action.choices) - known):
        raise PluginError(f"choices names {', '.join(unknown)}, which it has not.")
    parse(dict(action.default_fields))
    if action.default_trigger:
        compile_trigger(action.default_trigger)


def _check_rows(rows: RowFields, known: Mapping[str, Field]) -> None:
    named = [rows.values, rows.keys, *([rows.table] if rows.table else [])]
    if unknown := sorted(set(named) - known.keys()):
        raise PluginError(f"rows names {', '.join(unknown)}, which it has not.")
    for name in (rows.values, rows.keys):
        if known[name].kind is not Kind.OBJECT:
            raise PluginError(f"rows names {name} for columns, which holds no object.")


@attrs.define
class Registry:
    """Records of all plugins, by name, each with the plugin that gave it.

    Attributes:
        destinations: By slug.
        settings: By slug of the destination.
        authentication: By slug of the destination.
        actions: By slug of the destination, then by slug or alias of the action.
        directives: By name.
        diagnostics: By slug of the destination.
        givers: The plugin's name for each thing given, in the words of `Offer.provides`.
        clashes: Things given by several plugins and so usable by nobody, with their names.
        misplaced: Plugins that answered for a destination they do not own, with the reason.
        notes: Per plugin, what its user may want to know.
    """

    destinations: dict[str, Destination] = attrs.field(factory=dict)
    settings: dict[str, Settings] = attrs.field(factory=dict)
    authentication: dict[str, Authentication] = attrs.field(factory=dict)
    actions: dict[str, dict[str, Action]] = attrs.field(factory=dict)
    directives: dict[str, Directive] = attrs.field(factory=dict)
    diagnostics: dict[str, list[Diagnostic]] = attrs.field(factory=dict)
    givers: dict[str, str] = attrs.field(factory=dict)
    clashes: dict[str, list[str]] = attrs.field(factory=dict)
    misplaced: dict[str, str] = attrs.field(factory=dict)
    notes: dict[str, list[str]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, offers: Mapping[str, Offer]) -> Registry:
        """Index what the plugins gave; two givers of one name make it unusable."""
        registry = cls()
        for name, offer in offers.items():
            for destination in offer.destinations:
                registry._own(name, f"destination {destination.slug}")
                registry.destinations[destination.slug] = destination
            for directive in offer.directives:
                registry._own(name, f"directive {directive.name}")
                registry.directives[directive.name] = directive
        for name, offer in offers.items():
            registry._attach(name, offer)
        registry._drop_clashing()
        return registry

    def _own(self, plugin: str, what: str) -> None:
        if what in self.givers:
            self.clashes.setdefault(what, [self.givers[what]]).append(plugin)
        else:
            self.givers[what] = plugin

    def _attach(self, plugin: str, offer: Offer) -> None:
        for kind, index in (("settings", self.settings), ("authentication", self.authentication)):
            for record in getattr(offer, kind):
                owner = self.givers.get(f"destination {record.destination}")
                if self._is_clashing(record.destination):
                    continue
                if owner == plugin:
                    index[record.destination] = record
                else:
                    whose = f"belongs to {owner}" if owner else "nobody gives"
                    self.misplaced[plugin] = (
                        f"{PROJECT}_{kind} answers for {record.destination}, which {whose}."
                    )
        for action in offer.actions:
            if self._is_clashing(action.destination):
                continue
            self._wait_for(plugin, action.destination, f"action {action.slug}")
            by_name = self.actions.setdefault(action.destination, {})
            for name in (action.slug, *action.aliases):
                self._own(plugin, f"action {action.destination}/{name}")
                by_name[name] = action
        for diagnostic in offer.diagnostics:
            self._wait_for(plugin, diagnostic.destination, f"check {diagnostic.title}")
            self.diagnostics.setdefault(diagnostic.destination, []).append(diagnostic)

    def _is_clashing(self, destination: str) -> bool:
        """Nothing is attached to a destination that nobody can use."""
        return f"destination {destination}" in self.clashes

    def _wait_for(self, plugin: str, destination: str, what: str) -> None:
        if f"destination {destination}" not in self.givers:
            self.notes.setdefault(plugin, []).append(
                f"{what} waits for the destination {destination}, which no plugin gives."
            )

    def _drop_clashing(self) -> None:
        for what in self.clashes:
            kind, _, name = what.partition(" ")
            match kind:
                case "destination":
                    self.destinations.pop(name, None)
                case "directive":
                    self.directives.pop(name, None)
                case "action":
                    destination, _, slug = name.partition("/")
                    self.actions[destination] = {
                        name: action
                        for name, action in self.actions[destination].items()
                        if slug not in (name, action.slug)
                    }
