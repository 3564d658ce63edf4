"""A simulated Salesforce Marketing Cloud tenant: one value, answered in process or on a port."""

import random
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import httpx

from wharfinger_sfmc_simulator.asgi import AsgiApp, make_app
from wharfinger_sfmc_simulator.catalogue import Catalogue
from wharfinger_sfmc_simulator.clock import (
    Clock,
    MovableClock,
    StandingClock,
    server_time,
    utc_now,
)
from wharfinger_sfmc_simulator.faults import ArmedFault, Fault, FaultScript
from wharfinger_sfmc_simulator.gateway import Gateway
from wharfinger_sfmc_simulator.keeping import Keeper
from wharfinger_sfmc_simulator.loading import checked, load_catalogue, read_catalogue
from wharfinger_sfmc_simulator.server import serve, serve_in_thread
from wharfinger_sfmc_simulator.state import JourneyEntry, State, StoredContact
from wharfinger_sfmc_simulator.switches import Switches, change_switches
from wharfinger_sfmc_simulator.tables import Table
from wharfinger_sfmc_simulator.transport import InProcessTransport
from wharfinger_sfmc_simulator.wire import RecordedRequest, Reply, Request

__all__ = ["Simulator", "sample_file"]


class Simulator:
    """A Marketing Cloud tenant that answers as the vendor does, as far as that is known.

    It tells the vendor's hosts ``{subdomain}.auth|rest|soap.marketingcloudapis.com`` apart by the
    ``Host`` header, and takes any path under any other host. Every call is checked in this order:
    token (401), scope (403), armed faults, lookup, body.

    Args:
        catalogue: What the tenant holds; the sample tenant if not given.
        switches: Change single switches of the catalogue, by name.
        faults: Faults to arm besides those of the catalogue.
        clock: Gives the present moment; tests move it by hand, see `StandingClock`. Tokens end by
            it.
        seed: For everything that needs chance, so that a run can be repeated.
        keep: A file that outlives the process: what changes is written to it before it is answered,
            and what it holds is done again at the start. It goes with one catalogue and one choice
            of switches.

    Raises:
        CatalogueError: The catalogue describes no possible tenant; every problem is named.
        SwitchError: A switch has no such name or value.
        KeepingError: The file is about another tenant, or no such file at all.
        OSError: The file cannot be read or written.

    Example:
        >>> simulator = Simulator.sample(switches={"event_status": 200})
        >>> client = httpx.AsyncClient(transport=simulator.transport())
        >>> simulator.inject(Fault(kind="rate-limited", path="/rowset", times=2))
        >>> simulator.rows("orders")
        []
    """

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        *,
        switches: Mapping[str, Any] | None = None,
        faults: Iterable[Fault] = (),
        clock: Clock = utc_now,
        seed: int = 0,
        keep: Path | str | None = None,
    ) -> None:
        catalogue = checked(catalogue) if catalogue else load_catalogue(sample_file())
        self._seed = seed
        self._generator = random.Random(seed)  # noqa: S311 (a repeatable run is the point)
        chosen = change_switches(catalogue.switches, dict(switches or {}))
        self._clock = MovableClock(clock)
        self._step = clock.step if isinstance(clock, StandingClock) else None
        self._answering = threading.Lock()
        self._state = State(catalogue, chosen, self._clock, self._generator)
        self._faults = FaultScript((*catalogue.faults, *faults), self._generator)
        self._keeper = self._open(keep) if keep else None
        self._gateway = Gateway(self._state, self._faults, self._keeper)
        self._restore()
        self.app: AsgiApp = make_app(self)

    @classmethod
    def sample(cls, **options: Any) -> "Simulator":
        """Return a simulator of the sample tenant; options as for the class."""
        return cls(None, **options)

    @classmethod
    def from_toml(cls, path: Path | str, **options: Any) -> "Simulator":
        """Return a simulator of the tenant a TOML file describes.

        Args:
            path: The file.
            **options: As for the class.

        Raises:
            CatalogueError: The file describes no possible tenant; every problem is named.
        """
        return cls(load_catalogue(path), **options)

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any], **options: Any) -> "Simulator":
        """Return a simulator of the tenant a mapping describes, in the shape of the TOML file.

        Args:
            content: What the file would hold.
            **options: As for the class.

        Raises:
            CatalogueError: It describes no possible tenant; every problem is named.
        """
        return cls(read_catalogue(content), **options)

    # What it holds

    @property
    def catalogue(self) -> Catalogue:
        """What the tenant started with."""
        return self._state.catalogue

    @property
    def switches(self) -> Switches:
        """The choices that hold."""
        return self._state.switches

    @property
    def tables(self) -> Mapping[str, Table]:
        """The data extensions of the first account, by external key."""
        return self.tables_of(self.catalogue.accounts[0].id)

    def tables_of(self, account: int) -> Mapping[str, Table]:
        """Return the data extensions of one account, by external key."""
        with self._answering:
            self._state.jobs.settle()
        return self._state.tables[account]

    def rows(self, key: str, *, account: int | None = None) -> list[dict[str, str]]:
        """Return a data extension's rows as the vendor reads them back, oldest first.

        Args:
            key: External key.
            account: MID; the first account if not given.

        Raises:
            KeyError: There is no such data extension.
        """
        table = (self.tables if account is None else self.tables_of(account))[key]
        with self._answering:
            return table.rows()

    @property
    def contacts(self) -> Mapping[str, StoredContact]:
        """The contacts, by key."""
        return self._state.contacts

    @property
    def entries(self) -> list[JourneyEntry]:
        """The journey events by which somebody entered, in order."""
        return self._state.entries

    @property
    def dropped_entries(self) -> list[JourneyEntry]:
        """The journey events that were answered with success and let nobody enter."""
        return self._state.dropped_entries

    @property
    def requests(self) -> list[RecordedRequest]:
        """The last 100,000 requests, in order."""
        return self._state.requests

    @property
    def token_requests(self) -> int:
        """How often a token was asked for."""
        return self._state.token_requests

    @property
    def living_tokens(self) -> int:
        """How many tokens would be honoured now."""
        return self._state.tokens.count()

    @property
    def now(self) -> datetime:
        """The present moment, as the simulator sees it."""
        return self._clock()

    @property
    def ahead_s(self) -> float:
        """By how many seconds `move_clock` put the simulator ahead of its clock."""
        return self._clock.ahead_s

    @property
    def faults(self) -> list[ArmedFault]:
        """The armed faults, with what became of them so far."""
        return self._faults.armed

    # What can be done with it

    def inject(self, *faults: Fault) -> None:
        """Arm faults, behind those that are armed already."""
        self._faults.arm(faults)

    def clear_faults(self) -> None:
        """Disarm every fault."""
        self._faults.clear()

    def end_tokens(self) -> None:
        """End every token, as if all of them had expired."""
        self._state.tokens.revoke_all()

    def move_clock(self, seconds: float) -> None:
        """Let some seconds pass at once: tokens end, and what takes time gets done.

        Raises:
            ValueError: They are fewer than none, or a hundred years in all.
        """
        self._clock.move(seconds)
        self._note({"move_s": seconds})

    def deadlock(self, times: int = 1) -> None:
        """Make the next asynchronous rows victims of a deadlock: they are not stored.

        Args:
            times: How many rows.
        """
        self._state.jobs.deadlocks_due += times
        self._note({"deadlocks": times})

    def reset(self) -> None:
        """Start again from the catalogue: rows, contacts, entries, tokens, faults, log and time."""
        with self._answering:
            self._clock.put_back()
            self._generator.seed(self._seed)
            self._state.reset()
            self._faults.clear()
            self._faults.arm(self.catalogue.faults)
            if self._keeper:
                self._keeper.forget()
                self._state.created = server_time(self._keeper.began)

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for `httpx.AsyncClient` that stays in this process.

        A dropped connection raises `httpx.RemoteProtocolError`, a reply that never comes or comes
        later than the request's read timeout raises `httpx.ReadTimeout`; nothing really waits.
        """
        return InProcessTransport(self.answer, self.app)

    def serving(self, host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[str]:
        """Answer on a port for as long as the context lasts; gives the address to dial.

        Args:
            host: Address to listen on.
            port: Port to listen on; 0 takes a free one.

        Raises:
            OSError: The port is taken or not allowed.
        """
        return serve(self.app, host, port)

    def serving_in_thread(
        self, host: str = "127.0.0.1", port: int = 0
    ) -> AbstractContextManager[str]:
        """Do as `serving`, from a thread of its own: for code that has no event loop.

        Args:
            host: Address to listen on.
            port: Port to listen on; 0 takes a free one.

        Raises:
            OSError: The port is taken or not allowed.
        """
        return serve_in_thread(self.app, host, port)

    def _open(self, keep: Path | str) -> Keeper:
        return Keeper(keep, self.catalogue, self._clock, self._generator, self._seed)

    def _restore(self) -> None:
        """Do again what is on file."""
        if self._keeper is None:
            return
        self._state.created = server_time(self._keeper.began)
        for line in self._keeper.again(self._gateway.again):
            self._clock.move(line.get("move_s", 0))
            self._state.jobs.deadlocks_due += line.get("deadlocks", 0)

    def _note(self, line: Mapping[str, Any]) -> None:
        if self._keeper:
            self._keeper.note(line)

    def answer(self, request: Request) -> Reply:
        """Return what becomes of one request, and log it. Does no input or output itself."""
        with self._answering:
            reply = self._gateway.answer(request)
            if self._step:
                self._step()
            return reply


def sample_file() -> Path:
    """Return the file that describes the sample tenant."""
    return Path(str(resources.files("wharfinger_sfmc_simulator") / "sample.toml"))
