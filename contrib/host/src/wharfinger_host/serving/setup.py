"""What ``serve`` makes of a configuration, at the start and again at each reload."""

from __future__ import annotations

import pathlib
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
from starlette.routing import BaseRoute

import wharfinger
from wharfinger_host import keeping, opening
from wharfinger_host.configuration import Configuration, Selection, read_inbox_configuration
from wharfinger_host.engines.at_work import Lanes
from wharfinger_host.inbox_configuration import NO_INBOX, InboxConfig
from wharfinger_host.reloading import AtStart, can_be_used, load_again, say_not_reloaded
from wharfinger_host.running import Report, loaded, patience_of, retention_of
from wharfinger_host.serving.app import build_app
from wharfinger_host.serving.authentication import Doorkeeper
from wharfinger_host.serving.intake import Intake
from wharfinger_host.serving.process import Process
from wharfinger_host.serving.rejects import RejectsFile
from wharfinger_host.serving.report import ServingReport
from wharfinger_host.serving.server import Server
from wharfinger_host.sources import NO_SOURCE, Source, add_sources
from wharfinger_host.store.store import Store
from wharfinger_host.working.post import Post
from wharfinger_host.working.worker import Loaded, Worker

__all__ = ["Delivery", "Pages", "Reading", "SourceReloader", "process_of", "read", "sources_of"]

Pages = Callable[[Intake, Callable[[], Mapping[str, wharfinger.Connection]]], Sequence[BaseRoute]]
"""Makes further routes of what takes events in, and of what gives the connections at work."""


@attrs.frozen(kw_only=True)
class Reading:
    """A configuration with nothing wrong in it.

    Attributes:
        configuration: As it was read.
        inbox: Where events are kept.
        sources: Who may send, by name.
        plugins: Those that are loaded; None where nothing is to be delivered.
        connections: What events go to.
    """

    configuration: Configuration
    inbox: InboxConfig
    sources: dict[str, Source]
    plugins: wharfinger.Plugins | None
    connections: dict[str, wharfinger.Connection]


def read(config: pathlib.Path, *, deliver: bool, as_json: bool) -> Reading:
    """Read a configuration.

    Args:
        config: The file.
        deliver: Whether its connections are wanted.
        as_json: Write problems to standard output as JSON.

    Raises:
        typer.Exit: Something is wrong; it has been said.
    """
    plugins: wharfinger.Plugins | None = None
    connections: dict[str, wharfinger.Connection] = {}
    try:
        if deliver:
            plugins = opening.load_plugins()
            configuration, connections = opening.load(config, plugins=plugins)
        else:
            configuration = read_inbox_configuration(config)
    except OSError as error:
        raise opening.leave_unreadable(str(config), error) from error
    if configuration.inbox is None and not configuration.problems:
        configuration.problems.append(configuration.remark((), NO_INBOX))
    sources = sources_of(configuration)
    if configuration.inbox is None or configuration.problems:
        raise keeping.leave_with_problems(configuration, as_json=as_json)
    return Reading(
        configuration=configuration,
        inbox=configuration.inbox,
        sources=sources,
        plugins=plugins,
        connections=connections,
    )


def process_of(
    reading: Reading,
    store: Store,
    listener: socket.socket,
    report: Report,
    *,
    drain_s: float,
    pages: Sequence[Pages] = (),
    lanes: Lanes | None = None,
) -> Process:
    """Return what takes in and delivers, not running yet.

    Args:
        reading: The configuration.
        store: Its inbox.
        listener: It listens.
        report: Hears how delivery goes.
        drain_s: Seconds that are left at the end to what is under way.
        pages: Each makes something else that is answered.
        lanes: Of an engine; None where the inbox has them.
    """
    rejects = RejectsFile(reading.inbox.file.with_name(f"{reading.inbox.file.name}.refused.jsonl"))
    serving = ServingReport(rejects)
    keeper = Doorkeeper(reading.sources.values())
    intake = Intake(store=store, doorkeeper=keeper, rejects=rejects, audience=serving)
    if lanes is not None:
        intake.take = lanes.take
    sources = SourceReloader(
        config=reading.configuration.file,
        intake=intake,
        report=serving,
        at_start=AtStart.of(reading.configuration, reading.plugins),
    )
    delivery = None
    if reading.plugins is not None:
        delivery = Delivery(
            plugins=reading.plugins,
            connections=loaded(reading.configuration, reading.connections),
            inbox=reading.inbox,
            sources=sources,
            report=report,
            drain_s=drain_s,
            post=lanes.post if lanes is not None else Post,
        )
    at_work = delivery.at_work if delivery else dict
    routes = [route for make in pages for route in make(intake, at_work)]
    return Process(
        server=Server(build_app(intake, routes), listener, drain_s=drain_s),
        intake=intake,
        report=serving,
        worker=delivery.worker if delivery else None,
        reload=delivery.reload if delivery else sources.reload,
    )


def sources_of(configuration: Configuration) -> dict[str, Source]:
    """Return the sources of a configuration; that there is none is one of its problems."""
    sources = add_sources(configuration)
    if not sources and not configuration.problems:
        configuration.problems.append(configuration.remark((), NO_SOURCE))
    return sources


@attrs.define(eq=False, kw_only=True)
class SourceReloader:
    """Reads the sources again.

    Attributes:
        config: The configuration.
        intake: Gets the keys.
        report: Tells a person.
        at_start: What stays as it is.
    """

    config: pathlib.Path
    intake: Intake
    report: ServingReport
    at_start: AtStart

    def read(self) -> tuple[Configuration, Doorkeeper] | None:
        """Return who may send now; None where the file cannot be used, which has been said."""
        try:
            configuration = read_inbox_configuration(self.config)
        except OSError as error:
            opening.leave_unreadable(str(self.config), error)
            say_not_reloaded()
            return None
        sources = sources_of(configuration)
        return (configuration, Doorkeeper(sources.values())) if can_be_used(configuration) else None

    def take(self, keeper: Doorkeeper) -> None:
        """Let the keys count from now on."""
        self.intake.doorkeeper = keeper
        self.report.keys_changed(keeper.names)

    def reload(self) -> None:
        """Read the sources again, and let them count if nothing is wrong with them."""
        if (found := self.read()) is not None:
            configuration, keeper = found
            self.at_start.say_what_waits(configuration)
            self.take(keeper)


@attrs.define(eq=False, kw_only=True)
class Delivery:
    """Makes workers, each with the connections of the newest configuration.

    Attributes:
        plugins: Those that are loaded.
        connections: What events go to.
        inbox: How long things are kept.
        sources: Are read again with the connections: both change, or neither.
        report: Hears how delivery goes.
        drain_s: Seconds that are left at the end to what is under way.
        post: Makes what works for one connection.
    """

    plugins: wharfinger.Plugins
    connections: dict[str, Loaded]
    inbox: InboxConfig
    sources: SourceReloader
    report: Report
    drain_s: float
    post: Callable[..., Any] = Post

    def at_work(self) -> dict[str, wharfinger.Connection]:
        """Return the connections of the newest configuration, by name."""
        return {name: each.connection for name, each in self.connections.items()}

    def worker(self) -> Worker:
        """Return a worker that has not begun."""
        return Worker(
            store=self.sources.intake.store,
            connections=self.connections,
            reload=self.reload,
            staff=self.report,
            retention=retention_of(self.inbox),
            patience=patience_of(self.inbox),
            drain_s=self.drain_s,
            post=self.post,
        )

    def reload(self) -> dict[str, Loaded] | None:
        """Read the configuration again; None where it cannot be used, which has been said."""
        if (found := self.sources.read()) is None:
            return None
        sources, (_, keeper) = self.sources, found
        again = load_again(sources.config, Selection(), self.plugins, sources.at_start)
        if again is not None:
            self.connections = again
            sources.take(keeper)
        return again
