"""What ``serve`` needs to show the dashboard beside what it answers anyway."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from starlette.routing import BaseRoute

import wharfinger
from wharfinger import Secret
from wharfinger_host import opening
from wharfinger_host.configuration import Selection
from wharfinger_host.dashboard.access import Access
from wharfinger_host.dashboard.app import dashboard
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.serving.intake import Intake
from wharfinger_host.serving.setup import Pages, Reading
from wharfinger_host.store.dialect import Place
from wharfinger_host.store.store import Store
from wharfinger_host.tally import Tally

__all__ = ["pages_of"]


@contextmanager
def pages_of(
    reading: Reading,
    inbox: Place,
    tally: Tally,
    token: Secret | None,
    names: Sequence[str] | None,
    *,
    shared: str = "",
) -> Iterator[Pages]:
    """Open what the pages look at.

    Args:
        reading: The configuration.
        inbox: Where its inbox is, or its ledger.
        tally: Counts what this process delivers.
        token: Lets people sign in and change things; None lets nobody.
        names: Names, beside ``localhost`` and addresses, under which they may be asked for.
        shared: The URL of what workers share, in the place of the one of the configuration.

    Yields:
        What makes the routes.

    Raises:
        StoreError: The inbox cannot be used.
    """
    plugins = reading.plugins or _plugins_of(reading, shared)
    access = Access(token)
    with Store(inbox) as store:

        def pages(
            intake: Intake, at_work: Callable[[], Mapping[str, wharfinger.Connection]]
        ) -> Sequence[BaseRoute]:
            desk = Desk(
                config=reading.configuration.file,
                store=store,
                plugins=plugins,
                access=access,
                at_work=at_work,
                tally=tally,
                counts=intake.counts,
                intake=intake,
                reload=_reload,
            )
            return dashboard(desk, names or ())

        yield pages


def _plugins_of(reading: Reading, shared: str) -> wharfinger.Plugins:
    """Load plugins to send by hand with; those calls count among those of all workers."""
    plugins = opening.load_plugins()
    selection = Selection(account_only=True)
    configuration, _ = opening.load(reading.configuration.file, selection, plugins)
    opening.share(plugins, configuration, shared)
    return plugins


def _reload() -> None:
    """Do as an operator would: the process reads its configuration again."""
    signal.raise_signal(signal.SIGHUP)
