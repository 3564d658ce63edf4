"""The worker: a post for each connection, until it is told to stop, and new ones on a reload."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

import attrs

from wharfinger import Connection
from wharfinger_host.store import leases
from wharfinger_host.store.errors import NotNowError, StoreError
from wharfinger_host.store.retention import Retention, prune
from wharfinger_host.store.store import Store, finished
from wharfinger_host.working.disk import Disk, Watcher
from wharfinger_host.working.duty import Audience
from wharfinger_host.working.post import Post
from wharfinger_host.working.verdicts import Patience

__all__ = ["Loaded", "Staff", "Worker", "first_of"]

logger = logging.getLogger(__name__)

_PRUNE_EVERY_S: Final = 300.0


@attrs.frozen
class Loaded:
    """A connection, and the configuration it was made of."""

    table: Mapping[str, Any]
    connection: Connection


class Staff(Audience, Watcher, Protocol):
    """Hears how the work goes, of everything."""

    def reloaded(self, changed: list[str], gone: list[str]) -> None:
        """Hear that the configuration was read again."""

    def stopping(self) -> None:
        """Hear that what is under way is being ended."""

    def failed(self, connection: str, error: Exception) -> None:
        """Hear that a connection broke off in an unforeseen way."""


@attrs.define(eq=False, kw_only=True)
class Worker:
    """Works on an inbox.

    Attributes:
        store: The inbox.
        connections: What its events go to, by name.
        reload: Reads the configuration again; None where it cannot be used as it is.
        staff: Hears how it goes.
        retention: How long what is done is kept.
        patience: How long to wait before something is offered again.
        drain_s: Seconds that are left at the end to what is under way.
        once: Whether to end where nothing is left to do at present.
        failed: Names of the connections that broke off, when it ends after one round.
        post: Makes what works for one connection; takes what `Post` takes.
    """

    store: Store
    connections: dict[str, Loaded]
    reload: Callable[[], dict[str, Loaded] | None]
    staff: Staff
    retention: Retention = attrs.field(factory=Retention)
    patience: Patience = attrs.field(factory=Patience)
    drain_s: float = 30.0
    once: bool = False
    failed: set[str] = attrs.field(factory=set)
    post: Callable[..., Any] = Post
    _disk: Disk = attrs.field(init=False)
    _owner: str = attrs.field(factory=lambda: secrets.token_hex(8))
    _posts: dict[str, Any] = attrs.field(factory=dict)
    _keepers: dict[str, asyncio.Task[None]] = attrs.field(factory=dict)
    _stopping: asyncio.Event = attrs.field(factory=asyncio.Event)
    _main: asyncio.Task[None] | None = None

    @_disk.default
    def _waits_for_room_unless_once(self) -> Disk:
        return Disk(store=self.store, watcher=None if self.once else self.staff)

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT, or, once, until nothing is left to do at present.

        SIGHUP reads the configuration again. A second signal stops at once.

        Raises:
            StoreError: The inbox cannot be used.
            asyncio.CancelledError: It was stopped at once.
        """
        loop = asyncio.get_running_loop()
        handlers = {
            signal.SIGTERM: self.stop,
            signal.SIGINT: self.stop,
            signal.SIGHUP: self.look_again,
        }
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        try:
            await self.work()
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    async def work(self) -> None:
        """Do as `run`, until `stop`; signals are the caller's."""
        self._main = asyncio.current_task()
        try:
            await self._work()
        finally:
            with suppress(StoreError):  # its leases run out by themselves
                await finished(self.store.note(leases.leave, self._owner))

    def stop(self) -> None:
        """Take nothing more and end what is under way; the second time, end at once."""
        if self._stopping.is_set() and self._main is not None:
            self._main.cancel()
            return
        self._stopping.set()
        self.staff.stopping()
        self._disk.give_up_after(self.drain_s)
        for post in self._posts.values():
            post.end()

    async def _work(self) -> None:
        pruning = asyncio.create_task(self._prune())
        for name in self.connections:
            self._keep(name)
        try:
            while self._keepers:
                watched = set(self._keepers.values()) | (set() if pruning.done() else {pruning})
                done, _ = await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
                if pruning in done:
                    pruning.result()
                for name in [name for name, task in self._keepers.items() if task in done]:
                    self._keepers.pop(name).result()
        finally:
            for task in (pruning, *self._keepers.values()):
                task.cancel()
            await asyncio.gather(pruning, *self._keepers.values(), return_exceptions=True)

    def _keep(self, name: str) -> None:
        self._keepers[name] = asyncio.create_task(self._keep_at_work(name))

    async def _keep_at_work(self, name: str) -> None:
        """Let one post follow on the other; a new connection has every event from now on."""
        await self._disk.write(leases.register, (name,), self.store.layout.partitions)
        look_again_s = self.patience.halted_s
        while name in self.connections and not self._stopping.is_set():
            post = self._posts[name] = self.post(
                name=name,
                connection=self.connections[name].connection,
                disk=self._disk,
                owner=self._owner,
                audience=self.staff,
                patience=self.patience,
                drain_s=self.drain_s,
                once=self.once,
                look_again_s=look_again_s,
            )
            try:
                await post.run()
            except Exception as error:
                first = first_of(error)
                if isinstance(first, StoreError):
                    raise first from error
                self.staff.failed(name, first)
                self.failed.add(name)
                if not self.once:
                    await self._pause(self.patience.halted_s)
            finally:
                del self._posts[name]
            if self.once:
                return
            longer_s = min(look_again_s * 2, self.patience.longest_halted_s)
            look_again_s = longer_s if post.renew else self.patience.halted_s

    def look_again(self) -> None:
        """Read the configuration again, and take new connections for those that changed in it."""
        if self._stopping.is_set() or (loaded := self.reload()) is None:
            return
        before, self.connections = self.connections, loaded
        gone = [name for name in before if name not in loaded]
        changed = [
            name
            for name in loaded
            if name not in before or before[name].table != loaded[name].table
        ]
        for name in set(loaded) - set(changed):
            loaded[name] = before[name]
        self.staff.reloaded(changed, gone)
        # A person asks for it, so whatever waits for a person is looked at again, too.
        for post in self._posts.values():
            post.end()
        for name in changed:
            if name not in self._keepers or self._keepers[name].done():
                self._keep(name)

    async def _prune(self) -> None:
        after = 0
        while True:
            go_on_after = None
            with suppress(NotNowError):  # whoever has an outcome to write says so
                now_ms = self.store.now_ms()
                pruned = await finished(self.store.note(prune, self.retention, now_ms, after=after))
                go_on_after = pruned.go_on_after
            after = go_on_after or 0
            if go_on_after is None:
                if self.once:
                    return
                await asyncio.sleep(_PRUNE_EVERY_S)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def first_of(error: Exception) -> Exception:
    """Return an error, or the first one of a group of groups."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
