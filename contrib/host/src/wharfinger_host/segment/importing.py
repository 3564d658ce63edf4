"""From the bytes of an export to a configuration, checked by core, and a report about it."""

from __future__ import annotations

import pathlib
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

import wharfinger
from wharfinger_host.segment.converting import ConnectionDraft, convert, name_for
from wharfinger_host.segment.matching import UnmatchedError, choose, fit
from wharfinger_host.segment.reading import Export, ExportedDestination, read_export
from wharfinger_host.segment.report import ConnectionReport, Kind, Note, Report, Severity
from wharfinger_host.segment.writing import Document, render
from wharfinger_host.setting_sources import is_reference

__all__ = ["Import", "NothingTakenError", "Wishes", "import_export"]


class NothingTakenError(Exception):
    """Nothing of the export can be taken as it was asked for; the message says why."""


@attrs.frozen(kw_only=True)
class Wishes:
    """What the user asked for; ``""`` leaves it open.

    Attributes:
        destination: Slug of the installed destination.
        name: Name of the connection.
    """

    destination: str = ""
    name: str = ""


@attrs.frozen(kw_only=True)
class Import:
    """An import that is ready to be written.

    Attributes:
        document: The configuration.
        drafts: The connections it was made of.
        report: What there is to say.
    """

    document: Document
    drafts: Sequence[ConnectionDraft]
    report: Report


def import_export(
    data: bytes,
    plugins: wharfinger.Plugins,
    *,
    source: str,
    file: pathlib.Path,
    wishes: Wishes,
) -> Import:
    """Turn an export into a configuration; nothing is written.

    Args:
        data: JSON as Segment's Public API returns it.
        plugins: Give destinations and actions.
        source: The file it comes from, for comments.
        file: Where the configuration will stand.
        wishes: What the user asked for.

    Raises:
        wharfinger.ConfigurationError: The export cannot be read.
        wharfinger.PluginError: The destination that was asked for is not there.
        NothingTakenError: No destination of the export fits what is installed.
    """
    export = read_export(data)
    if wishes.destination:
        plugins.destination(wishes.destination)
    report = Report(source=source)
    report.notes += [_cut_off(place) for place in export.cut_off]
    drafts: list[ConnectionDraft] = []
    for exported in export.destinations:
        try:
            slug = _chosen(plugins, exported, export, wishes.destination)
        except UnmatchedError as error:
            report.connections.append(_left_out(exported, str(error)))
            continue
        name = wishes.name or name_for(exported.name or slug, [d.report.name for d in drafts], slug)
        draft = convert(plugins, exported, export, destination=slug, name=name)
        report.connections.append(draft.report)
        drafts.append(draft)
    _refuse_unless_taken(report, drafts, wishes)
    document = render(drafts, file=file, source=source)
    _check(document, drafts, plugins)
    return Import(document=document, drafts=drafts, report=report)


def _check(
    document: Document, drafts: Sequence[ConnectionDraft], plugins: wharfinger.Plugins
) -> None:
    """Let core look at what will be written; what it finds goes into the reports."""
    tables = tomllib.loads(document.text)["connections"]
    for draft in drafts:
        table = _as_read(tables[draft.report.name], document)
        try:
            connection = plugins.connect(table, name=draft.report.name)
        except wharfinger.ConfigurationError as error:
            for problem in error.problems:
                _note_problem(draft, problem)
        else:
            draft.report.notes += [_warning(finding) for finding in connection.warnings]
        if not draft.mappings:
            draft.report.notes.append(_no_mappings(draft))


def _as_read(table: Mapping[str, Any], document: Document) -> dict[str, Any]:
    """Return a connection's table as the host would read it, with something for each secret."""
    settings = {
        name: wharfinger.Secret(name) if is_reference(value) else value
        for name, value in table.get("settings", {}).items()
    }
    mappings = {}
    for name, mapping in table.get("mappings", {}).items():
        read = dict(mapping)
        if place := read.pop("fields_file", None):
            read["fields"] = document.fields[document.file.with_name(place)]
        mappings[name] = read
    return {**table, "settings": settings, "mappings": mappings}


def _note_problem(draft: ConnectionDraft, problem: wharfinger.Problem) -> None:
    match problem.path:
        case ("mappings", str(name), *rest) if name in draft.mappings:
            notes = draft.mappings[name].report.notes
        case ("settings", str(name), *_) if isinstance(draft.settings.get(name), dict):
            return  # what stands in a secret's place here is no value to judge
        case rest:
            notes = draft.report.notes
    notes.append(
        Note(
            kind=Kind.PROBLEM,
            severity=Severity.ERROR,
            where=wharfinger.Problem(tuple(rest), "").where,
            message=problem.message,
            next_step="Correct it in the file; `wharfinger check` shows its line.",
        )
    )


def _warning(finding: wharfinger.Finding) -> Note:
    return Note(
        kind=Kind.PROBLEM,
        severity=Severity.WARNING,
        where="settings",
        message=f"{finding.subject}: {finding.message}",
        next_step=finding.fix,
    )


def _chosen(
    plugins: wharfinger.Plugins, exported: ExportedDestination, export: Export, wanted: str
) -> str:
    if not wanted:
        return choose(plugins, exported, export)
    if len(export.destinations) > 1 and not fit(plugins, wanted, exported, export):
        raise UnmatchedError(f"{exported.origin} does not fit {wanted}.")
    return wanted


def _refuse_unless_taken(report: Report, drafts: Sequence[ConnectionDraft], wishes: Wishes) -> None:
    if not drafts:
        reasons = [note.message for connection in report.connections for note in connection.notes]
        raise NothingTakenError("\n".join(reasons))
    if wishes.name and len(drafts) > 1:
        origins = ", ".join(draft.report.origin for draft in drafts)
        raise NothingTakenError(
            f"--name names one connection, but there would be {len(drafts)}: {origins}. "
            "Leave it out, or import them from files of their own."
        )


def _left_out(exported: ExportedDestination, message: str) -> ConnectionReport:
    note = Note(kind=Kind.LEFT_OUT, severity=Severity.ERROR, message=message)
    return ConnectionReport(origin=exported.origin, notes=[note])


def _no_mappings(draft: ConnectionDraft) -> Note:
    return Note(
        kind=Kind.PROBLEM,
        severity=Severity.ERROR,
        where="mappings",
        message="There is no mapping, so nothing would be sent.",
        next_step="Export the destination's subscriptions as well and put both replies into one "
        "file: jq -s . destination.json subscriptions.json"
        if not draft.report.mappings
        else "See what is said about each mapping.",
    )


def _cut_off(place: str) -> Note:
    return Note(
        kind=Kind.LEFT_OUT,
        severity=Severity.ERROR,
        where=place,
        message="The list goes on in another page of the API, which is not in this file.",
        next_step="Fetch the other pages and put all replies into one file: jq -s . page*.json",
    )
