"""Waits that are not waited, and sleep that is written down."""

from __future__ import annotations

import asyncio
import threading
import time
from asyncio import BaseEventLoop
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from typing import Any, Final, SupportsIndex

import pytest
import stamina

__all__ = ["SLEPT_S", "awake", "no_waits"]

SLEPT_S: Final[ContextVar[dict[str, float] | None]] = ContextVar("slept_s", default=None)
"""Where the present ``perform`` is written down that wants to sleep."""


@contextmanager
def awake() -> Iterator[None]:
    """Write down who wants to sleep while a batch is sent, and let nobody, nor in a thread."""
    sleep, doze, send_to_thread = time.sleep, asyncio.sleep, BaseEventLoop.run_in_executor

    def stay_awake(seconds: SupportsIndex | float, /) -> None:
        slept_s = SLEPT_S.get()
        if slept_s is None or _is_the_test():
            sleep(seconds)
        else:
            slept_s["time.sleep"] = slept_s.get("time.sleep", 0.0) + float(seconds)

    async def stay_up(delay: float, result: Any = None) -> Any:
        slept_s = SLEPT_S.get()
        if slept_s is not None and delay > 0:
            slept_s["asyncio.sleep"] = slept_s.get("asyncio.sleep", 0.0) + delay
        return await doze(0, result)

    def send_along(loop: Any, executor: Any, function: Any, *arguments: Any) -> Any:
        if executor is None or isinstance(executor, ThreadPoolExecutor):
            function = partial(copy_context().run, function)  # who sends is known there, too
        return send_to_thread(loop, executor, function, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", stay_awake)
        patch.setattr(asyncio, "sleep", stay_up)
        patch.setattr(BaseEventLoop, "run_in_executor", send_along)
        token = SLEPT_S.set({})  # of what is no perform, and is told to nobody
        try:
            yield
        finally:
            SLEPT_S.reset(token)


def _is_the_test() -> bool:
    """Tell whether the test itself runs, which may sleep, and no event loop of it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return threading.current_thread() is threading.main_thread()
    return False


@contextmanager
def no_waits() -> Iterator[None]:
    """Let every wait of the core pass at once."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield
