"""From what Segment keeps to connections and mappings, with a note for all that is not the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

import wharfinger
from wharfinger_host.segment.differences import differences
from wharfinger_host.segment.fields import convert_fields
from wharfinger_host.segment.matching import action_of, named_by, normal
from wharfinger_host.segment.reading import Export, ExportedDestination, Subscription, where
from wharfinger_host.segment.report import (
    ConnectionReport,
    Kind,
    MappingReport,
    Note,
    Severity,
)
from wharfinger_host.segment.triggers import trigger_notes
from wharfinger_host.setting_sources import is_reference
from wharfinger_host.toml import fits

__all__ = ["ConnectionDraft", "MappingDraft", "convert", "name_for"]

_LONGEST_NAME = 40
_ID = re.compile(r"(?=.*\d)(?=.*[A-Z])[0-9A-Za-z]{20,30}")


@attrs.define(kw_only=True)
class MappingDraft:
    """One mapping of a configuration that is about to be written.

    Attributes:
        report: What there is to say about it.
        action: The installed action.
        table: What the mapping says, its fields left out.
        fields: Its field mapping.
    """

    report: MappingReport
    action: wharfinger.Action
    table: dict[str, Any]
    fields: dict[str, Any]


@attrs.define(kw_only=True)
class ConnectionDraft:
    """One connection of a configuration that is about to be written.

    Attributes:
        report: What there is to say about it.
        settings: Its settings; a secret is ``{"env": VARIABLE}``.
        missing: Settings that are required and that the export does not hold.
        mappings: Its mappings, by name.
    """

    report: ConnectionReport
    settings: dict[str, Any] = attrs.field(factory=dict)
    missing: list[wharfinger.Field] = attrs.field(factory=list)
    mappings: dict[str, MappingDraft] = attrs.field(factory=dict)


def convert(
    plugins: wharfinger.Plugins,
    exported: ExportedDestination,
    export: Export,
    *,
    destination: str,
    name: str,
) -> ConnectionDraft:
    """Make a connection of an exported destination.

    Args:
        plugins: Give the destination and its actions.
        exported: What Segment keeps.
        export: The rest of the file, for what it says about actions.
        destination: Slug of the installed destination.
        name: What the connection is called.
    """
    report = ConnectionReport(origin=exported.origin, name=name, destination=destination)
    draft = ConnectionDraft(report=report)
    _convert_settings(draft, plugins, exported)
    if not exported.enabled:
        report.notes.append(
            Note(
                kind=Kind.CHANGED,
                severity=Severity.WARNING,
                message="The whole destination is disabled in Segment; a connection has no such "
                "switch, so each of its mappings is disabled here.",
                next_step="Take enabled = false out of the mappings that shall deliver.",
            )
        )
    for subscription in exported.subscriptions:
        taken = name_for(subscription.name or subscription.action[0], draft.mappings, "mapping")
        mapping = _convert_subscription(plugins, subscription, export, destination, taken)
        report.mappings.append(mapping if isinstance(mapping, MappingReport) else mapping.report)
        if isinstance(mapping, MappingDraft):
            if not exported.enabled:
                mapping.table["enabled"] = mapping.report.enabled = False
            draft.mappings[taken] = mapping
    return draft


def name_for(text: str, taken: Iterable[str], otherwise: str) -> str:
    """Return a short name that is easy to type and not taken yet."""
    words = re.sub(r"[^\w]+", "-", text.lower()).strip("-_")
    name = first = words[:_LONGEST_NAME].strip("-_") or otherwise
    number = 1
    while name in taken:
        number += 1
        name = f"{first}-{number}"
    return name


def _convert_settings(
    draft: ConnectionDraft, plugins: wharfinger.Plugins, exported: ExportedDestination
) -> None:
    record = plugins.settings(draft.report.destination)
    fields = wharfinger.fields_of(record.schema) if record else ()
    by_name = {normal(field.name): field for field in fields}
    given: dict[str, Any] = {}
    for name, value in exported.settings.items():
        field = by_name.get(normal(name))
        if field is None:
            _leave_out(draft.report, name, "The destination has no such setting.")
        elif field.secret or (fits(value) and not is_reference(value)):
            given[field.name] = value
        elif value is not None:
            _leave_out(draft.report, name, "Its value cannot stand in a configuration.")
    for field in fields:
        has_value = given.get(field.name, "") != ""
        if field.secret and (has_value or field.required is True):
            draft.settings[field.name] = {"env": _put_into_environment(draft.report, field)}
        elif has_value:
            draft.settings[field.name] = given[field.name]
        elif field.required is True:
            draft.missing.append(field)


def _leave_out(report: ConnectionReport, setting: str, reason: str) -> None:
    note = Note(
        kind=Kind.LEFT_OUT,
        severity=Severity.INFO,
        where=f"settings.{setting}",
        message=reason,
    )
    report.notes.append(note)


def _put_into_environment(report: ConnectionReport, field: wharfinger.Field) -> str:
    name = re.sub(r"[^A-Z0-9]+", "_", f"{report.name}_{field.name}".upper()).strip("_")
    variable = f"_{name}" if name[:1].isdigit() else name
    report.variables.append(variable)
    report.notes.append(
        Note(
            kind=Kind.CHANGED,
            severity=Severity.WARNING,
            where=f"settings.{field.name}",
            message=f"{field.label} is a secret, so it is not written into the file.",
            next_step=f"Put it into the environment variable {variable}.",
        )
    )
    return variable


def _convert_subscription(
    plugins: wharfinger.Plugins,
    subscription: Subscription,
    export: Export,
    destination: str,
    name: str,
) -> MappingDraft | MappingReport:
    named = named_by(subscription, export)
    report = MappingReport(
        origin=subscription.origin,
        place=where(subscription.place),
        segment_action=named[0],
        enabled=subscription.enabled,
    )
    try:
        action = action_of(plugins, destination, subscription, export)
    except wharfinger.PluginClashError as error:
        report.notes.append(_unknown_action("The action is given twice.", str(error)))
        return report
    if action is None:
        report.notes.append(_no_such_action(plugins, destination, named))
        return report
    report.name, report.action = name, action.slug
    fields, batch, notes = convert_fields(plugins, action, subscription.fields)
    table: dict[str, Any] = {"action": action.slug}
    if subscription.trigger and subscription.trigger.strip():
        table["trigger"] = subscription.trigger
    else:
        report.enabled = False
    if not report.enabled:
        table["enabled"] = False
    if batch:
        table["batch"] = batch
    report.notes += [_taken(subscription, table, fields), *notes]
    report.notes += trigger_notes(subscription.trigger, action)
    report.notes += _model_notes(subscription)
    report.notes += [_differs(where(("fields", *at)), how) for at, how in differences(fields)]
    return MappingDraft(report=report, action=action, table=table, fields=fields)


def _no_such_action(plugins: wharfinger.Plugins, destination: str, named: list[str]) -> Note:
    known = ", ".join(plugins.actions(destination)) or "none"
    message = f"The action {named[0]} is not known to any installed plugin."
    if _ID.fullmatch(named[0]):
        message += " This looks like an id; put the reply that describes the destination into the"
        message += " same file: it names the slug."
    return _unknown_action(
        message,
        f"Install a plugin that gives it, or write the mapping anew; {destination} has: {known}.",
    )


def _unknown_action(message: str, next_step: str) -> Note:
    return Note(
        kind=Kind.LEFT_OUT,
        severity=Severity.ERROR,
        where="action",
        message=message,
        next_step=next_step,
    )


def _taken(subscription: Subscription, table: Mapping[str, Any], fields: Mapping[str, Any]) -> Note:
    same = [name for name in fields if subscription.fields.get(name) == fields[name]]
    parts = ["the trigger"] if "trigger" in table else []
    parts += [f"the fields {', '.join(same)}"] if same else []
    text = " and ".join(parts)
    return Note(
        kind=Kind.TAKEN,
        severity=Severity.INFO,
        message=f"Taken as they are: {text}." if text else "Only its action could be taken.",
    )


def _model_notes(subscription: Subscription) -> list[Note]:
    if not subscription.model:
        return []
    return [
        Note(
            kind=Kind.DIFFERS,
            severity=Severity.WARNING,
            message="In Segment a model feeds this mapping with rows of a warehouse.",
            next_step="Feed it with events of the same shape; nothing here reads the warehouse.",
        )
    ]


def _differs(at: str, how: str) -> Note:
    return Note(
        kind=Kind.DIFFERS,
        severity=Severity.WARNING,
        where=at,
        message=f"{how[0].upper()}{how[1:]}",
        next_step="Look at it with `wharfinger preview` if the mapping relied on it.",
    )
