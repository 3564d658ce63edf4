"""The server and the worker in one process, until a signal ends both."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import attrs

from wharfinger_host.serving.intake import Intake
from wharfinger_host.serving.report import ServingReport
from wharfinger_host.serving.server import Server
from wharfinger_host.store.errors import StoreError
from wharfinger_host.working.worker import Worker

__all__ = ["Process"]

_TRY_AGAIN_S: Final = 10.0


@attrs.define(eq=False, kw_only=True)
class Process:
    """Takes events in, and delivers them.

    Attributes:
        server: Answers.
        intake: Takes events in.
        report: Tells a person.
        worker: Makes what delivers; None where nothing is to be delivered here.
        reload: Reads the configuration again while no worker does; one that cannot be used changes
            nothing.
    """

    server: Server
    intake: Intake
    report: ServingReport
    worker: Callable[[], Worker] | None
    reload: Callable[[], object]
    _working: Worker | None = None
    _stopping: asyncio.Event = attrs.field(factory=asyncio.Event)
    _main: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Work until SIGTERM or SIGINT; SIGHUP reads the configuration again.

        Requests under way are answered and what is being delivered is ended first; a second signal
        stops at once.

        Raises:
            asyncio.CancelledError: It was stopped at once.
        """
        self._main = asyncio.current_task()
        loop = asyncio.get_running_loop()
        handlers = {
            signal.SIGTERM: self.stop,
            signal.SIGINT: self.stop,
            signal.SIGHUP: self._look_again,
        }
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
        self.report.listening(self.server.address, self.intake.doorkeeper.names)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.server.run_until_stopped())
                group.create_task(self._deliver())
        finally:
            for number in handlers:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Accept nothing more and end what is under way; the second time, end at once."""
        if self._stopping.is_set() and self._main is not None:
            self._main.cancel()
            return
        self._stopping.set()
        self.server.stop()
        if self._working is not None:
            self._working.stop()

    async def _deliver(self) -> None:
        """Let a worker work, and another one where the inbox failed it: that may pass."""
        while self.worker is not None and not self._stopping.is_set():
            self._working = self.worker()
            try:
                await self._working.work()
            except StoreError as error:
                self.report.failed(error, _TRY_AGAIN_S)
            finally:
                self._working = None
            with suppress(TimeoutError):
                async with asyncio.timeout(_TRY_AGAIN_S):
                    await self._stopping.wait()

    def _look_again(self) -> None:
        if self._working is not None:
            self._working.look_again()
        else:
            self.reload()
