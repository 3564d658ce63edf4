"""A configuration that is read again while a process works, and what of it waits for a start."""

from __future__ import annotations

import logging
import pathlib
from typing import Self

import attrs

import wharfinger
from wharfinger_host import opening
from wharfinger_host.configuration import Configuration, Selection, connect, read_configuration
from wharfinger_host.inbox_configuration import NO_INBOX, InboxConfig
from wharfinger_host.ledger_configuration import fetch_ledger
from wharfinger_host.logs import tell
from wharfinger_host.running import loaded
from wharfinger_host.sharing.at_work import keeps_sharing
from wharfinger_host.terminal import messages
from wharfinger_host.views import check
from wharfinger_host.working.worker import Loaded

__all__ = ["AtStart", "can_be_used", "load_again", "say_not_reloaded"]


@attrs.frozen(kw_only=True)
class AtStart:
    """What a process took from its configuration when it began, and keeps until it ends.

    Attributes:
        inbox: Where events and outcomes are, and for how long.
        plugins: Know what workers share; None where nothing is delivered.
    """

    inbox: InboxConfig | None
    plugins: wharfinger.Plugins | None = None

    @classmethod
    def of(cls, configuration: Configuration, plugins: wharfinger.Plugins | None) -> Self:
        """Return what is kept of a configuration that is being worked with.

        Args:
            configuration: Has nothing wrong with it.
            plugins: Share already what they are to share.
        """
        fetch_ledger(configuration)
        return cls(inbox=configuration.inbox, plugins=plugins)

    def say_what_waits(self, configuration: Configuration) -> None:
        """Say of each table that is not what it was that it counts from the next start.

        Args:
            configuration: As it was read again, and can be used.
        """
        kept = {
            "inbox": configuration.inbox == self.inbox,
            "shared": self.plugins is None or keeps_sharing(self.plugins, configuration),
        }
        for name in (name for name, same in kept.items() if not same):
            text = f"[{name}] has changed, and counts from the next start of this process."
            tell("next-start", text, style="yellow", level=logging.WARNING, section=name)


def load_again(
    file: pathlib.Path, selection: Selection, plugins: wharfinger.Plugins, at_start: AtStart
) -> dict[str, Loaded] | None:
    """Read the configuration again; where it cannot be used as it is, say why and return None.

    Args:
        file: The configuration.
        selection: The part of it that is wanted.
        plugins: Those that are loaded.
        at_start: What stays as it is.
    """
    try:
        configuration = read_configuration(file, plugins, selection)
        connections = connect(configuration, plugins)
    except OSError as error:
        opening.leave_unreadable(str(file), error)
        say_not_reloaded()
        return None
    if configuration.inbox is None and not configuration.problems:
        configuration.problems.append(configuration.remark((), NO_INBOX))
    if not can_be_used(configuration):
        return None
    at_start.say_what_waits(configuration)
    return loaded(configuration, connections)


def can_be_used(configuration: Configuration) -> bool:
    """Tell whether nothing is wrong with a configuration that was read again; else say what is."""
    fetch_ledger(configuration)
    if configuration.problems:
        check.show_problems(messages(), configuration)
        say_not_reloaded()
    return not configuration.problems


def say_not_reloaded() -> None:
    """Say that everything stays as it was."""
    text = "The configuration was not reloaded; work goes on with the one before."
    tell("not-reloaded", text, style="bold red", level=logging.ERROR)
