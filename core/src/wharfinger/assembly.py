"""From a configuration to a connection: every name looked up, every mapping compiled.

Whatever is wrong is collected and reported at once; nothing here is left to the first event.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import httpx

from wharfinger.active import ActiveMapping
from wharfinger.configuration import (
    BatchOverride,
    ConnectionConfig,
    MappingConfig,
    read_configuration,
)
from wharfinger.connection import Connection
from wharfinger.errors import (
    ConfigurationError,
    PayloadError,
    PluginError,
    Problem,
    TriggerError,
)
from wharfinger.fused import fuse
from wharfinger.given import Given
from wharfinger.mapping import Node, parse, saved_choices, without_reserved
from wharfinger.model.action import Action
from wharfinger.model.batching import BatchPolicy, Unbatched
from wharfinger.model.destination import Destination
from wharfinger.model.fields import Condition, Control, Field
from wharfinger.model.opening import Outline
from wharfinger.model.unset import UNSET
from wharfinger.outlining import constants_of, is_plain, options_of, outline_of
from wharfinger.payload import fields_of, read_field, structure
from wharfinger.suggest import did_you_mean
from wharfinger.trigger import compile_trigger

if TYPE_CHECKING:
    from wharfinger.plugins import Plugins

__all__ = ["build_connection"]


def build_connection(
    plugins: Plugins,
    config: Mapping[str, Any] | ConnectionConfig,
    *,
    name: str,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Connection:
    """Check a configuration and make a connection of it.

    Raises:
        ConfigurationError: With everything that is wrong, at once.
    """
    problems: list[Problem] = []
    if not isinstance(config, ConnectionConfig):
        config, problems = read_configuration(config)
    if not config.destination:
        raise ConfigurationError(problems)
    try:
        destination = plugins.destination(config.destination)
    except PluginError as error:
        problems.append(Problem(("destination",), str(error)))
        raise ConfigurationError(problems) from error
    settings = _settings_of(plugins, destination, config.settings, problems)
    mappings = _mappings_of(plugins, destination, config.mappings, settings, problems)
    if problems:
        raise ConfigurationError(problems)
    record = plugins.settings(destination.slug)
    warn = record.warnings if record else None
    try:
        return Connection(
            name=name,
            destination=destination,
            config=config,
            settings=settings,
            mappings=mappings,
            warnings=warn(settings) if warn else (),
            given=Given(
                authentication=plugins.authentication(destination.slug),
                action=partial(plugins.action, destination.slug),
                diagnostics=plugins.diagnostics(destination.slug),
                observers=plugins.observers(),
            ),
            governor=plugins.governors.of(
                destination, settings, route=config.route, transport=transport
            ),
            transport=transport,
        )
    except PluginError as error:  # the destination could not tell its tenant, or its hosts
        raise ConfigurationError([Problem(("destination",), str(error))]) from error


def _settings_of(
    plugins: Plugins, destination: Destination, source: Mapping[str, Any], problems: list[Problem]
) -> Any:
    """Make an instance of the destination's settings class; None where there is none or it fails.

    Args:
        plugins: Where the settings class comes from.
        destination: Whose settings they are.
        source: The settings as they are written.
        problems: Gets everything that is wrong.
    """
    record = plugins.settings(destination.slug)
    if record is None:
        problems += [
            Problem(("settings", name), f"{destination.title} has no settings.") for name in source
        ]
        return None
    try:
        return structure(record.schema, source)
    except PayloadError as error:
        problems += [problem.under("settings") for problem in error.problems]
        return None


def _mappings_of(
    plugins: Plugins,
    destination: Destination,
    configs: Mapping[str, MappingConfig],
    settings: Any,
    problems: list[Problem],
) -> dict[str, ActiveMapping]:
    """Compile the enabled mappings of a connection.

    Args:
        plugins: Where actions, directives and batching come from.
        destination: What the mappings deliver to.
        configs: The mappings as they are written, by name.
        settings: The connection's settings; None while they are wrong.
        problems: Gets everything that is wrong.
    """
    most = destination.limits.mappings
    if most is not None and len(configs) > most:
        found = f"{len(configs)} mappings are too many: {destination.title} takes at most {most}."
        problems.append(Problem(("mappings",), f"{found} Put the others into another connection."))
    active: dict[str, ActiveMapping] = {}
    for name, config in configs.items():
        assembly = _Assembly(plugins, destination, name, config)
        mapping = assembly.assemble(settings)
        problems += [problem.under("mappings", name) for problem in assembly.problems]
        if mapping is not None and config.enabled:
            active[name] = mapping
    return active


@attrs.define
class _Assembly:
    """The making of one mapping, with what was found wrong on the way."""

    plugins: Plugins
    destination: Destination
    name: str
    config: MappingConfig
    problems: list[Problem] = attrs.field(factory=list)

    def assemble(self, settings: Any) -> ActiveMapping | None:
        try:
            action = self.plugins.action(self.destination.slug, self.config.action)
        except PluginError as error:
            self.problems.append(Problem(("action",), str(error)))
            return None
        trigger = self.config.trigger or action.default_trigger
        matches = self._trigger(action, trigger)
        fields = _with_defaults(self._fields(action), action.default_fields)
        controls = self._take_controls(action, fields)
        outline = outline_of(self.name, action, fields)
        policy = self._policy(action, settings, controls, options_of(action, fields), outline)
        self._check_names(action, fields)
        self._check_constants(action, fields)
        node = self._parse(fields)
        if self.problems or matches is None or node is None or policy is None:
            return None
        fused = fuse(node, action.payload)
        return ActiveMapping(
            name=self.name,
            action=action,
            trigger=trigger,
            policy=policy,
            outline=outline,
            matches=matches,
            node=node,
            payload=fused.function,
            source=fused.source,
            most_bytes=self.destination.limits.request_bytes
            if isinstance(policy, Unbatched)
            else policy.bytes,
        )

    def _fields(self, action: Action) -> dict[str, Any]:
        """Take the fields; what was chosen when Segment saved the mapping fills those left out."""
        fields = without_reserved(self.config.fields)
        known = {field.name for field in fields_of(action.payload)}
        for chosen in saved_choices(self.config.fields):
            fields.update((k, v) for k, v in chosen.items() if k in known and k not in fields)
        return fields

    def _trigger(self, action: Action, text: str) -> Any:
        if not text.strip():
            self.problems.append(
                Problem(
                    ("trigger",),
                    f"{action.title} has no default trigger. Say which events this mapping takes, "
                    "for example: trigger = 'type = \"track\"'.",
                )
            )
            return None
        try:
            return compile_trigger(text)
        except TriggerError as error:
            self.problems += [problem.under("trigger") for problem in error.problems]
            return None

    def _parse(self, fields: Mapping[str, Any]) -> Node | None:
        try:
            return parse(fields, directives=self.plugins.directives)
        except ConfigurationError as error:
            self.problems += [problem.under("fields") for problem in error.problems]
            return None

    def _check_names(self, action: Action, fields: Mapping[str, Any]) -> None:
        if any(name.startswith(("@", "__segment_internal_")) for name in fields):
            return  # the whole payload comes out of a directive: checked per event
        known = {field.name: field for field in fields_of(action.payload) if field.in_payload}
        for name in fields:
            if name not in known:
                message = f"{action.title} has no field {name}. {did_you_mean(name, known)}"
                self.problems.append(Problem(("fields", name), message))
        named_already: set[str] = set()
        for field in known.values():
            if field.name in named_already or not _is_missing(field, fields):
                continue
            label = field.label
            if other := _alternative(known, field):
                label = f"{label} or {other.label}"
                named_already.add(other.name)
            self.problems.append(
                Problem(
                    ("fields", field.name),
                    f"{label} is required, but the mapping says nothing about it. "
                    f'Add {field.name} = {{ "@path" = "$.properties...." }} or a fixed value.',
                )
            )

    def _check_constants(self, action: Action, fields: Mapping[str, Any]) -> None:
        """Check now what will be the same for every event."""
        known = {field.name for field in fields_of(action.payload)}
        constants = {n: v for n, v in constants_of(fields).items() if n in known}
        self._report_fields(action, constants)
        for field in fields_of(action.payload):
            varies = field.name in fields and field.name not in constants
            if field.control is Control.OPTION and varies:
                self._refuse_varying(field)

    def _report_fields(self, action: Action, values: Mapping[str, Any]) -> None:
        """Report what is wrong with these values; what is missing beside them does not matter."""
        try:
            structure(action.payload, values)
        except PayloadError as error:
            wrong = (problem for problem in error.problems if problem.path[0] in values)
            self.problems += [problem.under("fields") for problem in wrong]

    def _take_controls(self, action: Action, fields: dict[str, Any]) -> dict[Control, Any]:
        """Take fields that steer batching out of the mapping; they are constants."""
        known = {field.name: field for field in fields_of(action.payload)}
        own = {name: field for name, field in known.items() if not field.in_payload}
        siblings = (
            field
            for other in self.plugins.actions(self.destination.slug).values()
            for field in fields_of(other.payload)
            if not field.in_payload and field.name not in known
        )
        controls: dict[Control, Any] = {}
        for field in {**{f.name: f for f in siblings}, **own}.values():
            if field.name not in fields or field.control is None:
                continue
            value = fields.pop(field.name)
            if isinstance(value, Mapping) and set(value) == {"@literal"}:
                value = value["@literal"]
            if isinstance(value, Mapping):
                self._refuse_varying(field)
                continue
            problems: list[Problem] = []
            value = read_field(field, value, (field.name,), problems)
            self.problems += [problem.under("fields") for problem in problems]
            if problems:
                continue
            if field.name in own:
                controls[field.control] = value
            elif value not in (False, None, UNSET):
                self._refuse_batching(action, field)
        return controls

    def _refuse_varying(self, field: Field) -> None:
        message = f"{field.label} must be a fixed value, not one that differs per event."
        self.problems.append(Problem(("fields", field.name), message))

    def _refuse_batching(self, action: Action, field: Field) -> None:
        try:
            policy = self.plugins.batching(action, None)
        except PluginError:
            return  # reported with the policy itself
        if field.control is Control.BATCHING and isinstance(policy, BatchPolicy):
            return  # it asks for what the action does anyway
        reason = policy.reason if isinstance(policy, Unbatched) else "it has no such choice"
        message = f"{field.label}: {action.title} cannot be batched: {reason}. Take it out."
        self.problems.append(Problem(("fields", field.name), message))

    def _policy(
        self,
        action: Action,
        settings: Any,
        controls: Mapping[Control, Any],
        options: Mapping[str, Any],
        outline: Outline,
    ) -> BatchPolicy | Unbatched | None:
        try:
            policy = self.plugins.batching(action, settings, options, outline)
        except PluginError as error:
            self.problems.append(Problem(("action",), str(error)))
            return None
        override = self.config.batch
        if isinstance(policy, Unbatched):
            for name in _said(override).keys() - {"lanes"}:
                message = f"{action.title} cannot be batched: {policy.reason}. Take this out."
                self.problems.append(Problem(("batch", name), message))
            return attrs.evolve(policy, lanes=_said(override).get("lanes", policy.lanes))
        if isinstance(rows := controls.get(Control.BATCH_ROWS), int):
            policy = attrs.evolve(policy, rows=max(1, min(policy.rows, rows)))
        if controls.get(Control.BATCHING) is False:
            policy = attrs.evolve(policy, rows=1)
        policy = attrs.evolve(policy, **_said(override))
        most_bytes = min(policy.bytes, self.destination.limits.request_bytes)
        return attrs.evolve(policy, bytes=most_bytes)


def _with_defaults(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what a mapping leaves out, down into plain objects."""
    merged = dict(fields)
    if any(name.startswith("@") or name == "__segment_internal_directive" for name in fields):
        return merged
    for name, default in defaults.items():
        if name not in merged:
            merged[name] = default
        elif is_plain(merged[name]) and is_plain(default):
            merged[name] = _with_defaults(merged[name], default)
    return merged


def _is_missing(field: Field, fields: Mapping[str, Any]) -> bool:
    if field.name in fields or field.default is not None:
        return False
    if isinstance(field.required, Condition):
        return field.required.operator == "absent" and field.required.field not in fields
    return field.required


def _alternative(known: Mapping[str, Field], field: Field) -> Field | None:
    """Return the field without which this one is required."""
    return known.get(field.required.field) if isinstance(field.required, Condition) else None


def _said(override: BatchOverride | None) -> dict[str, Any]:
    if override is None:
        return {}
    return {
        attribute.name: value
        for attribute in attrs.fields(BatchOverride)
        if (value := getattr(override, attribute.name)) is not None
    }
