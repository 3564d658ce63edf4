"""From the name of a configuration file to its inbox, or to a good way out."""

from __future__ import annotations

import logging
import pathlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from typing import Any, Final

import typer

import wharfinger
from wharfinger_host import opening
from wharfinger_host.configuration import Configuration, read_inbox_configuration
from wharfinger_host.exits import Exit
from wharfinger_host.inbox_configuration import InboxConfig
from wharfinger_host.ledger_configuration import place_of
from wharfinger_host.logs import tell
from wharfinger_host.store.deferred import put_aside
from wharfinger_host.store.errors import ServerDownError, StoreError
from wharfinger_host.store.facts import Layout
from wharfinger_host.store.inbox import depth
from wharfinger_host.store.leases import known, register
from wharfinger_host.store.store import Store
from wharfinger_host.terminal import messages, plural, printable, write_json
from wharfinger_host.views import check

__all__ = [
    "file_of",
    "lanes_of",
    "layout_at_work",
    "leave_with_problems",
    "open_inbox",
    "open_store",
    "read",
    "say_where_the_file_is",
    "store_at_work",
    "store_of",
    "warn_of_strangers",
    "warn_of_what_waits",
]


_WAITS_S: Final = (1.0, 2.0, 4.0, 8.0)


def read(file: pathlib.Path, *, as_json: bool) -> tuple[Configuration, InboxConfig]:
    """Read a configuration that has an inbox, without its plugins.

    Args:
        file: The configuration.
        as_json: Write problems to standard output as JSON.

    Raises:
        typer.Exit: Something is wrong; it has been said.
    """
    try:
        configuration = read_inbox_configuration(file)
    except OSError as error:
        raise opening.leave_unreadable(str(file), error) from error
    if configuration.inbox is None or configuration.problems:
        raise leave_with_problems(configuration, as_json=as_json)
    return configuration, configuration.inbox


@contextmanager
def open_inbox(
    file: pathlib.Path, *, as_json: bool
) -> Iterator[tuple[Store, dict[str, frozenset[str]]]]:
    """Open the inbox of a configuration; its connections get every event from now on.

    Args:
        file: The configuration.
        as_json: Write problems to standard output as JSON.

    Yields:
        The inbox, and the names of the connections with those of their enabled mappings.

    Raises:
        typer.Exit: Something is wrong, or goes wrong with the inbox meanwhile; it has been said.
    """
    configuration, _ = read(file, as_json=as_json)
    with store_of(configuration) as store:
        tables = configuration.connections
        yield store, {name: _enabled_mappings(table) for name, table in tables.items()}


@contextmanager
def open_store(file: pathlib.Path, *, as_json: bool) -> Iterator[Store]:
    """Open the inbox of a configuration, as `open_inbox` does."""
    with open_inbox(file, as_json=as_json) as (store, _):
        yield store


@contextmanager
def store_of(configuration: Configuration) -> Iterator[Store]:
    """Open the inbox of a configuration that has one and nothing wrong with it, or its ledger.

    Raises:
        typer.Exit: It cannot be used, or fails meanwhile; it has been said.
    """
    with _leaving(), _make(configuration) as store:
        yield store


@contextmanager
def file_of(configuration: Configuration) -> Iterator[Store]:
    """Open the file of the inbox, wherever the ledger is.

    Raises:
        typer.Exit: It cannot be used, or fails meanwhile; it has been said.
    """
    with _leaving(), _make(configuration, ledger=False) as store:
        yield store


@contextmanager
def store_at_work(configuration: Configuration, engine: str) -> Iterator[Store]:
    """Open it as `store_of` does, to work on it; where its server is down, wait for that.

    Args:
        configuration: Says where.
        engine: The URL of the engine whose events are worked on; ``""`` for the inbox.

    Raises:
        typer.Exit: It cannot be used, or fails meanwhile; it has been said.
    """
    if configuration.inbox is not None and configuration.inbox.ledger is not None and not engine:
        text = "[inbox] ledger is for the events of an engine: give --engine, or take ledger out "
        text += f"of {configuration.file} to work on the file of [inbox]."
        raise opening.leave(text, Exit.USAGE)
    _warn_of_the_file(configuration.inbox)
    with _leaving(), _once_it_answers(configuration) as store:
        yield store


@contextmanager
def _leaving() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise opening.leave(str(error), Exit.FILES) from error


def _make(configuration: Configuration, *, ledger: bool = True) -> Store:
    """Open the store of a configuration; its connections get every event from now on."""
    inbox = configuration.inbox
    if inbox is None:
        raise ValueError("the configuration has no inbox")
    place = place_of(inbox, configuration.file.parent) if ledger else inbox.file
    store = Store(place, _layout(inbox), most_waiting=inbox.most_waiting)
    try:
        names = tuple(configuration.connections)
        store.write(register, names, store.layout.partitions).result()
    except BaseException:
        store.close()
        raise
    return store


def _once_it_answers(configuration: Configuration) -> Store:
    """Open a store; where its server is down, say so and try again."""
    said = False
    for wait_s in chain(_WAITS_S, repeat(_WAITS_S[-1])):
        try:
            store = _make(configuration)
        except ServerDownError as error:
            if not said:
                text = f"{error} Nothing is taken or sent until it answers; it is tried again."
                tell("ledger-down", text, style="bold red", level=logging.ERROR)
            said = True
            _sleep(wait_s)
            continue
        if said:
            tell("ledger-up", "The ledger answers; work begins.")
        return store
    raise AssertionError("it never ends to repeat")  # pragma: no cover  # for mypy alone


def _sleep(seconds: float) -> None:
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None


def layout_at_work(configuration: Configuration) -> Layout:
    """Return how those spread events who work on an engine, wherever their ledger is.

    Raises:
        typer.Exit: The ledger cannot be used; it has been said.
    """
    with store_of(configuration) as store:
        return store.layout


def lanes_of(inbox: InboxConfig, layout: Layout) -> int:
    """Return how many lanes each connection has in an engine."""
    return inbox.lanes or layout.partitions


def warn_of_strangers(store: Store, connections: Mapping[str, wharfinger.Connection]) -> None:
    """Say for what events are kept although the configuration has it no more, or switched off."""
    warnings = [
        f"Events are kept for the connection {name}, which the configuration does not have; "
        "`wharfinger forget` lets them go."
        for name in store.read(known).result()
        if name not in connections
    ]
    warnings += [
        f"{plural(count, 'event')} put aside for the mapping {connection}.{mapping}, which the "
        f"configuration does not have or has switched off; `wharfinger forget` with --mapping lets "
        "them go."
        for connection, mapping, count in store.read(put_aside).result()
        if connection in connections and mapping not in connections[connection].mappings
    ]
    for text in warnings:
        messages().print(printable(text), style="yellow", soft_wrap=True)


def warn_of_what_waits(store: Store) -> None:
    """Say what waits in the inbox, where an engine is worked on in its place."""
    if waiting := store.read(depth).result():
        text = (
            f"{plural(waiting, 'event')} in the inbox, which --engine leaves alone. `wharfinger "
            "engine migrate` moves them to the engine."
        )
        messages().print(printable(text), style="yellow", soft_wrap=True)


def say_where_the_file_is(inbox: InboxConfig) -> None:
    """Say how to reach what a move leaves in the file, where commands ask a ledger instead."""
    if inbox.ledger is not None:
        text = f"What stays in {inbox.file}, dead letters included, is found by commands with a "
        text += "configuration that has no ledger in [inbox]."
        messages().print(printable(text), style="yellow", soft_wrap=True)


def _warn_of_the_file(inbox: InboxConfig | None) -> None:
    """Say what waits in the file of an inbox, where there is a ledger in its place."""
    if inbox is None or inbox.ledger is None or not inbox.file.exists():
        return
    with suppress(StoreError), Store(inbox.file) as store:
        if waiting := store.read(depth).result():
            text = f"{plural(waiting, 'event')} in the inbox {inbox.file}, which a ledger leaves "
            text += "alone. `wharfinger engine migrate` moves them to the engine."
            messages().print(printable(text), style="yellow", soft_wrap=True)


def _enabled_mappings(connection: Mapping[str, Any]) -> frozenset[str]:
    mappings = connection.get("mappings", {})
    return frozenset(
        name
        for name, table in (mappings.items() if isinstance(mappings, dict) else ())
        if not isinstance(table, dict) or table.get("enabled") is not False
    )


def _layout(inbox: InboxConfig) -> Layout | None:
    """Return what the configuration asks for; None where it leaves that to the file."""
    given = {"partitions": inbox.partitions, "order_key": inbox.order_key}
    said = {name: value for name, value in given.items() if value is not None}
    return Layout(**said) if said else None  # type: ignore[arg-type]  # each value has its field's type


def leave_with_problems(configuration: Configuration, *, as_json: bool) -> typer.Exit:
    """Show what is wrong with a configuration, and return what to raise."""
    check.show_problems(messages(), configuration)
    count = plural(len(configuration.problems), "problem")
    text = f"{count} in {printable(str(configuration.file))}; nothing was done"
    messages().print(text, style="bold red", soft_wrap=True)
    if as_json:
        write_json(check.as_json(configuration, {}, {}))
    return typer.Exit(Exit.USAGE)
