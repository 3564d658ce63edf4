"""What ``serve`` and ``run`` need to show metrics."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import typer
from starlette.applications import Starlette
from starlette.routing import BaseRoute

import wharfinger
from wharfinger import Secret
from wharfinger_host import opening
from wharfinger_host.configuration import read_inbox_configuration
from wharfinger_host.dashboard import options
from wharfinger_host.engines.at_work import Lanes
from wharfinger_host.exits import Exit
from wharfinger_host.logs import tell
from wharfinger_host.measuring.facts import Gauge
from wharfinger_host.measuring.page import Door, metrics
from wharfinger_host.serving.intake import Intake
from wharfinger_host.serving.server import Server, listen
from wharfinger_host.serving.setup import Pages
from wharfinger_host.sharing.at_work import sharing_of
from wharfinger_host.store.dialect import Place
from wharfinger_host.store.store import Store
from wharfinger_host.working.worker import Loaded, Worker

__all__ = ["beside", "page_of", "read_token", "server_of"]


def read_token(option: str) -> Secret | None:
    """Fetch the token that lets others read metrics; None where there is none.

    Args:
        option: ``env:NAME`` or ``file:PATH``, or ``""``.

    Raises:
        typer.BadParameter: It cannot be used; the message says why.
    """
    try:
        return options.read_token(option) if option else None
    except options.OptionError as error:
        raise typer.BadParameter(str(error), param_hint="--metrics-token") from None


@contextmanager
def page_of(
    config: pathlib.Path,
    inbox: Place,
    token: Secret | None,
    lanes: Lanes | None = None,
    plugins: wharfinger.Plugins | None = None,
) -> Iterator[Pages]:
    """Open what the metrics of a server are read from.

    Args:
        config: The configuration.
        inbox: Where its inbox is, or its ledger.
        token: Lets others than this machine read them.
        lanes: Of an engine; None where the events are in the inbox.
        plugins: Know what workers share; None where nothing is delivered from here.

    Yields:
        What makes the route.

    Raises:
        StoreError: The inbox cannot be used.
    """
    with Store(inbox) as store:

        def pages(
            intake: Intake, at_work: Callable[[], Mapping[str, wharfinger.Connection]]
        ) -> Sequence[BaseRoute]:
            gauge = Gauge(
                store=store,
                at_work=at_work,
                names=_names_in(config),
                counts=intake.counts,
                lanes=lanes,
                shared=sharing_of(plugins),
            )
            return [metrics(gauge, Door(token))]

        yield pages


@contextmanager
def server_of(
    config: pathlib.Path,
    inbox: Place,
    worker: Worker,
    *,
    host: str,
    port: int,
    token: Secret | None,
    lanes: Lanes | None = None,
    plugins: wharfinger.Plugins | None = None,
) -> Iterator[Server]:
    """Make a server that answers with the metrics of a worker, and with nothing else.

    Args:
        config: The configuration.
        inbox: Where its inbox is, or its ledger.
        worker: Works on it.
        host: Address to listen on.
        port: 0 takes a free one.
        token: Lets others than this machine read them.
        lanes: Of an engine; None where the events are in the inbox.
        plugins: Know what workers share; None where nothing is delivered from here.

    Raises:
        typer.Exit: The port is taken; it has been said.
        StoreError: The inbox cannot be used.
    """
    try:
        listener = listen(host, port)
    except OSError as error:
        text = f"Cannot listen on {host}:{port}: {error.strerror or error}. "
        raise opening.leave(f"{text}Try another --metrics-port.", Exit.USAGE) from error
    with listener, Store(inbox) as store:
        gauge = Gauge(
            store=store,
            at_work=lambda: _connections(worker.connections),
            names=_names_in(config),
            lanes=lanes,
            shared=sharing_of(plugins),
        )
        yield Server(Starlette(routes=[metrics(gauge, Door(token))]), listener, drain_s=1)


async def beside(work: Callable[[], Awaitable[None]], server: Server) -> None:
    """Answer for as long as some work goes on."""
    tell("listening", f"Metrics at {server.address}/metrics", address=server.address)
    answering = asyncio.create_task(server.run_until_stopped())
    try:
        await work()
    finally:
        server.stop()
        await asyncio.gather(answering, return_exceptions=True)


def _connections(loaded: Mapping[str, Loaded]) -> dict[str, wharfinger.Connection]:
    return {name: each.connection for name, each in loaded.items()}


def _names_in(config: pathlib.Path) -> Callable[[], Collection[str]]:
    def names() -> Collection[str]:
        try:
            return read_inbox_configuration(config).connections
        except OSError:
            return ()

    return names
