"""Waits that are not waited, and sleep that is written down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, SupportsIndex

import stamina

__all__ = ["SLEPT_S", "awake", "no_waits"]

SLEPT_S: Final[ContextVar[dict[str, float] | None]] = ContextVar("slept_s", default=None)
"""Where the present ``perform`` is written down that wants to sleep."""


@contextmanager
def awake() -> Iterator[None]:
    """Write down who wants to sleep while a batch is sent, and let nobody."""
    sleep, doze = time.sleep, asyncio.sleep

    def stay_awake(seconds: SupportsIndex | float, /) -> None:
        slept_s = SLEPT_S.get()
        if not _in_a_loop():
            sleep(seconds)
        elif slept_s is not None:
            slept_s["time.sleep"] = slept_s.get("time.sleep", 0.0) + float(seconds)

    async def stay_up(delay: float, result: Any = None) -> Any:
        slept_s = SLEPT_S.get()
        if slept_s is not None and delay > 0:
            slept_s["asyncio.sleep"] = slept_s.get("asyncio.sleep", 0.0) + delay
        return await doze(0, result)

    time.sleep, asyncio.sleep = stay_awake, stay_up
    try:
        yield
    finally:
        time.sleep, asyncio.sleep = sleep, doze


def _in_a_loop() -> bool:
    """Tell whether this thread runs an event loop: sleeping in another one holds nobody up."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextmanager
def no_waits() -> Iterator[None]:
    """Let every wait of the core pass at once."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield
