"""Replays that people began on a page: they go on by themselves, and can be looked at."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final

import attrs

from wharfinger_host.looking import failure
from wharfinger_host.store.errors import StoreError
from wharfinger_host.working.replay import Replay
from wharfinger_host.working.worker import first_of

__all__ = ["Begun", "Replays"]

_MOST_KEPT: Final = 50


@attrs.define(eq=False, kw_only=True)
class Begun:
    """A replay.

    Attributes:
        number: What people call it.
        title: What is replayed, in words.
        began_ms: When, in milliseconds since 1970.
        outcomes: How many letters ended in which status so far.
        ended: Whether it is over.
        obstacle: Why it broke off, or ``""``.
    """

    number: int
    title: str
    began_ms: int
    outcomes: Counter[str]
    ended: bool = False
    obstacle: str = ""


@attrs.define(eq=False)
class Replays:
    """The replays of this process."""

    _begun: dict[int, Begun] = attrs.field(factory=dict)
    _numbers: itertools.count[int] = attrs.field(factory=lambda: itertools.count(1))
    _tasks: set[asyncio.Task[None]] = attrs.field(factory=set)

    def get(self, number: int) -> Begun | None:
        """Return one of them."""
        return self._begun.get(number)

    def begin(self, work: Replay, title: str, now_ms: int) -> Begun:
        """Let a replay go its way.

        Args:
            work: What is sent.
            title: The same in words.
            now_ms: Milliseconds since 1970.
        """
        begun = Begun(
            number=next(self._numbers), title=title, began_ms=now_ms, outcomes=work.outcomes
        )
        self._begun[begun.number] = begun
        while len(self._begun) > _MOST_KEPT:
            del self._begun[next(iter(self._begun))]
        task = asyncio.create_task(_through(begun, work.send()))
        self._tasks.add(task)  # a task that nobody holds may vanish
        task.add_done_callback(self._tasks.discard)
        return begun


async def _through(begun: Begun, sending: Coroutine[Any, Any, None]) -> None:
    try:
        await sending
    except StoreError as error:
        begun.obstacle = str(error)
    except Exception as error:  # noqa: BLE001  # any plugin may break; the page says so
        first = first_of(error)
        is_ours = isinstance(first, StoreError)
        begun.obstacle = str(first) if is_ours else failure("replay", first).message
    finally:
        begun.ended = True
