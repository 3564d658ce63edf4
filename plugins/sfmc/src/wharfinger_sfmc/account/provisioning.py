"""Making the data extension that a mapping needs: first a plan, then the deed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.account.catalog import Catalog, DataExtensionNotFoundError, words_of
from wharfinger_sfmc.account.findings import error, ok, warning
from wharfinger_sfmc.account.folders import Folder, folder_tree
from wharfinger_sfmc.account.inference import InferredColumn, advice, infer_columns, widen
from wharfinger_sfmc.account.outlines import KEYS_LABEL, names_of, target_of
from wharfinger_sfmc.account.preflight import key_problems
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc.api.lookups import Lookups, NewExtension
from wharfinger_sfmc.values.columns import Column, Table, fold, quoted
from wharfinger_sfmc.values.converters import counted

__all__ = ["PROVISION", "Wishes"]

_LONGEST_KEY: Final = 36
"""Longest external key that Salesforce advises."""
_BY_HAND: Final = "Add it in Contact Builder, Data Extensions: SFMC's REST API cannot add columns."


@attrs.frozen(kw_only=True)
class Wishes:
    """What a person may wish for when data extensions are planned.

    Attributes:
        folder: Where a new one goes: a path such as ``Imports/Daily``, a name, or an id.
        name: What people will call a new one; its key where it is empty.
        sendable_by: The column that holds subscriber keys, where mail is to be sent to its rows.
        select: External key of one that exists, to use instead of the mapping's.
    """

    folder: str = wharfinger.field(
        label="Folder",
        description="Where a new data extension goes: a path such as Imports/Daily, a name, or "
        "the folder's id. The root folder where it is not given.",
        default="",
    )
    name: str = wharfinger.field(
        label="Name",
        description="What people will call a new data extension. Its key where it is not given.",
        default="",
    )
    sendable_by: str = wharfinger.field(
        label="Sendable By",
        description="The column that holds subscriber keys, where mail is to be sent to the rows "
        "of a new data extension.",
        default="",
    )
    select: str = wharfinger.field(
        label="Select",
        description="External key of a data extension that exists, to use it instead.",
        default="",
    )


async def _plan(
    session: wharfinger.Session,
    outline: wharfinger.Outline,
    payloads: Sequence[Any],
    wishes: Wishes,
) -> wharfinger.Plan:
    target = DataExtension(key=wishes.select) if wishes.select else target_of(outline)
    if target is None:
        return _undecided(outline)
    inferred = infer_columns(
        payloads, names_of(outline, "keys") or (), names_of(outline, "values") or ()
    )
    catalog = session.shared(Catalog)
    try:
        table = await catalog.table(session, target)
    except DataExtensionNotFoundError as missing:
        creation = _Creation(outline, target, inferred, wishes)
        return await creation.plan(session, missing)
    if table is None:
        raise catalog.refusal(target)
    return _comparison(outline, target, table, inferred)


def _undecided(outline: wharfinger.Outline) -> wharfinger.Plan:
    message = "Each event decides its data extension, so there is none to plan for."
    fix = 'Write "Data Extension Key" as a constant, or wish for one with "select".'
    return wharfinger.Plan(
        mapping=outline.mapping,
        subject="a data extension",
        findings=[warning("Data extension", message, fix, "key-not-constant")],
    )


def _comparison(
    outline: wharfinger.Outline,
    target: DataExtension,
    table: Table,
    inferred: Sequence[InferredColumn],
) -> wharfinger.Plan:
    """Return what is there and what is missing of a data extension that exists."""
    findings = key_problems(table, outline)
    mapped = target_of(outline)
    if mapped is None or mapped not in (DataExtension(key=table.key), DataExtension(id=table.id)):
        message = f"The mapping does not send to {quoted(table.name or table.key)} yet."
        fix = f'Set its "Data Extension Key" to {quoted(table.key)}.'
        findings.append(warning("Data extension", message, fix, "other-data-extension"))
    return wharfinger.Plan(
        mapping=outline.mapping,
        subject=f"the data extension with the {words_of(target)}",
        changes=[_compared(table, each) for each in inferred],
        findings=findings,
    )


def _compared(table: Table, inferred: InferredColumn) -> wharfinger.Change:
    wanted = inferred.column
    existing = table.find(wanted.name)
    subject = f"column {quoted(wanted.name)}"
    if existing is None:
        near = table.suggest(wanted.name)
        advice = f"{near} If not: {_BY_HAND}" if near else _BY_HAND
        after, reason = _definition(wanted), f"{_reason(inferred)}. {advice}"
        return wharfinger.Change(kind="by-hand", subject=subject, after=after, reason=reason)
    before = _definition(existing)
    if narrow := widen(existing, inferred):
        return wharfinger.Change(
            kind="by-hand",
            subject=subject,
            before=before,
            after=_definition(attrs.evolve(wanted, primary_key=existing.primary_key)),
            reason=f"{narrow} Change the column in Contact Builder, or the values in the mapping.",
        )
    return wharfinger.Change(kind="keep", subject=subject, before=before, after=before)


def _definition(column: Column) -> str:
    """The whole definition of a column, as somebody has to enter it."""
    if column.primary_key:
        return f"{column}, primary key"
    return f"{column}, nullable" if column.nullable else f"{column}, must not be empty"


def _reason(inferred: InferredColumn) -> str:
    """Why a column is as it is; its definition stands beside it."""
    return inferred.why.removeprefix(f"{inferred.column}: ")


class _Creation:
    """A plan for a data extension that is not there."""

    def __init__(
        self,
        outline: wharfinger.Outline,
        target: DataExtension,
        inferred: Sequence[InferredColumn],
        wishes: Wishes,
    ) -> None:
        self._outline = outline
        self._target = target
        self._inferred = inferred
        self._wishes = wishes
        self._subject = f"the data extension with the {words_of(target)}"
        self._findings: list[wharfinger.Finding] = []

    async def plan(
        self, session: wharfinger.Session, missing: DataExtensionNotFoundError
    ) -> wharfinger.Plan:
        """Plan it, or say what stands in the way."""
        self._check_target(missing)
        self._check_columns()
        folder = await self._folder(session)
        if folder is None or any(finding.level == "error" for finding in self._findings):
            return self._as_plan()
        new = NewExtension(
            key=self._target.key or "",
            name=self._wishes.name or self._target.key or "",
            folder=folder.id,
            columns=tuple(each.column for each in self._inferred),
            subscriber_column=self._subscriber_column(),
        )
        return self._as_plan(self._changes(new, folder), new)

    def _as_plan(
        self, changes: Sequence[wharfinger.Change] = (), new: NewExtension | None = None
    ) -> wharfinger.Plan:
        return wharfinger.Plan(
            mapping=self._outline.mapping,
            subject=self._subject,
            changes=changes,
            findings=self._findings,
            data=new,
        )

    def _changes(self, new: NewExtension, folder: Folder) -> list[wharfinger.Change]:
        mail = f", sendable by {quoted(new.subscriber_column)}" if new.subscriber_column else ""
        whole = wharfinger.Change(
            kind="create",
            subject=f"data extension {quoted(new.key)}",
            after=f"named {quoted(new.name)} in the folder {quoted(folder.name)}{mail}",
        )
        columns = (
            wharfinger.Change(
                kind="create",
                subject=f"column {quoted(each.column.name)}",
                after=_definition(each.column),
                reason=_reason(each),
            )
            for each in self._inferred
        )
        return [whole, *columns]

    def _check_target(self, missing: DataExtensionNotFoundError) -> None:
        if self._wishes.select:
            self._note(error("Select", missing.found, missing.fix, missing.code))
        elif self._target.key is None:
            fix = 'Write a "Data Extension Key" instead: SFMC gives a new one an ID of its own.'
            self._note(error("Data Extension ID", missing.found, fix, missing.code))
        elif missing.near:
            alike = ", ".join(map(quoted, missing.near))
            message = f"There are data extensions like it, with the external keys {alike}."
            fix = 'To use one of them instead, wish for it with "select".'
            self._note(warning("Data extension", message, fix, "similar-exist"))
        if len(self._target.key or "") > _LONGEST_KEY:
            message = f"The key has {len(self._target.key or '')} characters."
            fix = f"Use one of at most {_LONGEST_KEY}, as Salesforce advises."
            self._note(warning("Data Extension Key", message, fix, "key-long"))

    def _check_columns(self) -> None:
        if not any(each.column.primary_key for each in self._inferred):
            message = "No primary key column is known: the mapping writes out no names, and no "
            message += "sample event shows any."
            fix = f'Write out the columns of "{KEYS_LABEL}", or give sample events.'
            self._note(error(KEYS_LABEL, message, fix, "no-primary-key"))
        if not any(each.seen.samples for each in self._inferred):
            message = "No sample event has a value for any column, so every type is a guess."
            fix = "Give events that the mapping's trigger takes, and plan again."
            self._note(warning("Columns", message, fix, "no-samples"))
        for remark in advice(self._inferred):
            self._note(warning("Columns", remark, "", "columns-unadvised"))
        wished = self._wishes.sendable_by
        if wished and self._subscriber_column() is None:
            names = ", ".join(quoted(each.column.name) for each in self._inferred)
            message = f"There will be no column {quoted(wished)}."
            self._note(error("Sendable By", message, f"Choose one of {names}.", "column-missing"))

    def _subscriber_column(self) -> str | None:
        wished = fold(self._wishes.sendable_by)
        names = (each.column.name for each in self._inferred)
        return next((name for name in names if fold(name) == wished), None)

    async def _folder(self, session: wharfinger.Session) -> Folder | None:
        """Find the folder; an id is taken as it is, for accounts whose folders cannot be read."""
        wished = self._wishes.folder
        if wished.isascii() and wished.isdigit():
            return Folder(id=wished, name=wished)
        try:
            return (await folder_tree(session)).find(wished)
        except LookupError as unknown:
            self._note(error("Folder", str(unknown), "Name one that is there.", "folder-not-found"))
        except wharfinger.DeliveryError as refusal:
            fix = 'Give the id of the folder as "folder"; it stands in its address in SFMC.'
            self._note(error("Folder", refusal.message, fix, refusal.code))
        return None

    def _note(self, finding: wharfinger.Finding) -> None:
        self._findings.append(finding)


async def _apply(
    session: wharfinger.Session, plan: wharfinger.Plan
) -> Sequence[wharfinger.Finding]:
    new: NewExtension = plan.data
    target = DataExtension(key=new.key)
    catalog, lookups = session.shared(Catalog), Lookups(session)
    subject = words_of(target)
    created = await lookups.create_data_extension(new)
    if created is None:
        return await _existing(session, new)
    catalog.forget(target)  # the plan found none, a moment ago
    # The list finds a new one only after some seconds, so it is read by the id of the reply.
    try:
        fields = await lookups.fields(created.id)
    except wharfinger.DeliveryError as trouble:
        message = f"SFMC made it, but it could not be read back. {trouble.message}"
        return [warning(subject, message, "Plan again to see what is there.", "created-unread")]
    if fields is None:
        message = "SFMC made it, but does not find it yet, so it was not read back."
        return [warning(subject, message, "Plan again to see what is there.", "created-unread")]
    table = Table.from_json(id=created.id, key=created.key, name=created.name, fields=fields)
    catalog.learn(session, table)
    if lacking := _lacking(new, table):
        message = f"SFMC made it without {lacking}."
        fix = "Add what is missing in Contact Builder, Data Extensions."
        return [error(subject, message, fix, "created-incomplete")]
    message = (
        f"SFMC made {quoted(new.name)} with {counted(len(table.columns), 'column')}. It lists a "
    )
    message += "new one after some seconds: a connection that opens sooner may not find it yet."
    return [ok(subject, message)]


async def _existing(session: wharfinger.Session, new: NewExtension) -> Sequence[wharfinger.Finding]:
    """Say what it means that SFMC has such a data extension already."""
    target = DataExtension(key=new.key)
    catalog = session.shared(Catalog)
    if catalog.known(target) is None:
        catalog.forget(target)  # the plan found none, a moment ago
    subject = words_of(target)
    try:
        table = await catalog.table(session, target)
    except DataExtensionNotFoundError:
        message = (
            f"SFMC says that this key or the name {quoted(new.name)} is taken, and lists nothing "
            "with this key. Nothing was changed."
        )
        fix = 'Wish for another name with "name". If it was made only now, plan again in a minute.'
        return [error(subject, message, fix, "name-taken")]
    if table is None:
        message = "SFMC has one with this key or this name already; nothing was changed."
        return [warning(subject, message, "Plan again to see what is there.", "exists")]
    if lacking := _lacking(new, table):
        message = f"It exists already, without {lacking}; nothing was changed."
        return [warning(subject, message, "Plan again to see what is missing.", "exists")]
    return [ok(subject, "It exists already; nothing was changed.")]


def _lacking(new: NewExtension, table: Table) -> str:
    names = [column.name for column in new.columns if table.find(column.name) is None]
    return ", ".join(map(quoted, names))


PROVISION: Final = wharfinger.Provision(plan=_plan, apply=_apply, options=Wishes)
"""How the actions that send rows make their data extension."""
