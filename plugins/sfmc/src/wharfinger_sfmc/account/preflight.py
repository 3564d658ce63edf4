"""What a mapping names, compared with what the account has, when a connection opens."""

from __future__ import annotations

import wharfinger
from wharfinger_sfmc.account.catalog import Catalog, DataExtensionNotFoundError, words_of
from wharfinger_sfmc.account.event_definitions import open_event_definition
from wharfinger_sfmc.account.findings import Said, decided_by_events, error, listing, ok, warning
from wharfinger_sfmc.account.outlines import KEYS_LABEL, names_of, target_of, values_label
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc.values.columns import Column, Table, fold, quoted

__all__ = ["key_problems", "misfit", "open_event_definition", "open_rows"]

_ADVISED_COLUMNS = 50


async def open_rows(
    session: wharfinger.Session, outline: wharfinger.Outline
) -> list[wharfinger.Finding]:
    """Compare a mapping that sends rows with its data extension.

    Raises:
        wharfinger.HaltedError: The account itself cannot be used.
    """
    target = target_of(outline)
    if target is None:
        return [decided_by_events("data extension")]
    try:
        table = await session.shared(Catalog).table(session, target)
    except DataExtensionNotFoundError as missing:
        return [error(words_of(target), missing.found, missing.fix, missing.code)]
    if table is None:
        return _unread(session, target)
    findings = [*key_problems(table, outline), *_column_problems(table, outline)]
    if not findings:
        findings.append(_matches(target, table, outline))
    return [*findings, *_required(table, outline), *_too_many(outline)]


def _unread(session: wharfinger.Session, target: DataExtension) -> list[wharfinger.Finding]:
    catalog = session.shared(Catalog)
    if catalog.readable:
        message = f"Its columns could not be read just now. {catalog.reason(target)}"
        fix = "Nothing needs to be done: they are asked for again while rows are sent."
        return [warning(words_of(target), message, fix, "columns-unread")]
    message = (
        "Their columns cannot be read, so names and values are not checked before they are sent. "
        f"{catalog.forbidden}"
    )
    fix = 'Tick "Data Extensions: Read" in Setup, and open the connection again.'
    finding = warning("Data extensions", message, fix, "columns-unreadable")
    return session.shared(Said).first(finding)


def misfit(table: Table, outline: wharfinger.Outline | None) -> wharfinger.HaltedError | None:
    """Return why a mapping fits its data extension no more; None where it does.

    What would have halted the mapping when the connection opened is no fault of its rows later.
    Where events decide about the data extension or its names, each row speaks for itself.
    """
    if outline is None or target_of(outline) is None:
        return None
    problems = [*key_problems(table, outline), *_column_problems(table, outline)]
    if not problems:
        return None
    message = " ".join(f"{each.subject}: {each.message} {each.fix}" for each in problems)
    return wharfinger.HaltedError(message, code=problems[0].code)


def key_problems(table: Table, outline: wharfinger.Outline) -> list[wharfinger.Finding]:
    """Compare the primary keys of a mapping with those of its data extension."""
    where = f"the data extension {quoted(table.name or table.key)}"
    if not table.primary_keys:
        found = f"SFMC updates rows by their primary key, and {where} has none."
        fix = "Make a data extension with a primary key, and map that one."
        return [error(KEYS_LABEL, found, fix, "no-primary-key")]
    names = names_of(outline, "keys")
    if names is None:
        return []
    its_key = f"Its primary key is {listing(table.primary_keys)}."
    strangers = [
        error(
            KEYS_LABEL,
            f"{quoted(name)} is not a primary key column of {where}.",
            f'Map it under "{values_label(outline)}". {its_key}',
            "not-a-primary-key",
        )
        for name in names
        if (column := table.find(name)) is not None and not column.primary_key
    ]
    mapped = set(map(fold, names))
    missing = [
        error(
            KEYS_LABEL,
            f"The primary key column {quoted(column.name)} of {where} is not mapped.",
            f'Map it under "{KEYS_LABEL}". {its_key}',
            "primary-key-unmapped",
        )
        for column in table.primary_keys
        if fold(column.name) not in mapped
    ]
    return strangers + missing


def _column_problems(table: Table, outline: wharfinger.Outline) -> list[wharfinger.Finding]:
    where = f"the data extension {quoted(table.name or table.key)}"
    known = f"Correct the name, or add the column. There are {listing(table.columns)}."
    return [
        error(
            label,
            f"{quoted(name)} is not a column of {where}; SFMC would drop its value.",
            table.suggest(name) or known,
            "column-missing",
        )
        for field, label in (("keys", KEYS_LABEL), ("values", values_label(outline)))
        for name in names_of(outline, field) or ()
        if table.find(name) is None
    ]


def _required(table: Table, outline: wharfinger.Outline) -> list[wharfinger.Finding]:
    """Columns that every new row needs; nothing can be said where events decide the names."""
    keys, values = names_of(outline, "keys"), names_of(outline, "values")
    if keys is None or values is None:
        return []
    mapped = set(map(fold, (*keys, *values)))
    return [
        warning(
            values_label(outline),
            f"The column {quoted(column.name)} must not be empty and has no default value, but it "
            "is not mapped: SFMC will refuse new rows.",
            "Map it, make it nullable, or give it a default value.",
            "required-column-unmapped",
        )
        for column in table.columns
        if _is_required(column) and fold(column.name) not in mapped
    ]


def _is_required(column: Column) -> bool:
    return not (column.nullable or column.primary_key or column.has_default)


def _too_many(outline: wharfinger.Outline) -> list[wharfinger.Finding]:
    mapped = len(_mapped(outline))
    if mapped <= _ADVISED_COLUMNS:
        return []
    message = f"{mapped} columns are mapped; SFMC advises at most {_ADVISED_COLUMNS}."
    fix = "Map fewer of them, or expect slower requests."
    return [warning(values_label(outline), message, fix, "many-columns")]


def _matches(
    target: DataExtension, table: Table, outline: wharfinger.Outline
) -> wharfinger.Finding:
    mapped = sum(fold(column.name) in _mapped(outline) for column in table.columns)
    message = (
        f"{quoted(table.name or table.key)} is there. {mapped} of its {len(table.columns)} columns "
        f"are mapped; its primary key is {listing(table.primary_keys)}."
    )
    if None in (names_of(outline, "keys"), names_of(outline, "values")):
        message += " Events decide about others; those are checked row by row."
    return ok(words_of(target), message)


def _mapped(outline: wharfinger.Outline) -> set[str]:
    return {fold(name) for field in ("keys", "values") for name in names_of(outline, field) or ()}
