"""Calls to a tenant, which leave as its budget allows: that of all processes, or a part of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping

from wharfinger.delivery import refusals
from wharfinger.delivery.budget import Budget, Spending, day_of
from wharfinger.delivery.clocks import Clocks
from wharfinger.delivery.shared import Place
from wharfinger.delivery.sharing import SharedTenant
from wharfinger.delivery.usage import Calls

__all__ = ["Purse"]


class Purse:
    """Counts calls, and lets them wait for the budget.

    Args:
        lock: Of the governor, whose calls they are.
        clocks: Its clocks.

    Attributes:
        whole: The budget of all processes.
    """

    def __init__(self, lock: threading.RLock, clocks: Clocks) -> None:
        self.whole: Budget | None = None
        self._lock = lock
        self._clocks = clocks
        self._spending = Spending()
        self._spenders: deque[object] = deque()
        self._calls = Calls()

    def allow(self, whole: Budget | None, share: float) -> Budget | None:
        """Keep a budget from now on, and return this process's part of it.

        Args:
            whole: Of all processes; None for no bounds.
            share: Which part of it is this process's where it asks nobody.
        """
        self.whole = whole
        self._spending.budget = whole and whole.part(share)
        return self._spending.budget

    async def spend(self, method: str, raw_path: bytes, longest_wait_s: float) -> None:
        """Count a call that is about to leave; wait first where the budget asks for it.

        Args:
            method: ``"POST"``.
            raw_path: Path and query, as httpx gives them.
            longest_wait_s: What would have to wait for longer is refused.

        Raises:
            ThrottledError: It would have to wait for too long.
        """
        if not self._spenders and not self._spent(0, method, raw_path):
            return
        ticket = object()
        self._spenders.append(ticket)
        try:
            while wait_s := self._spent(self._spenders.index(ticket), method, raw_path):
                if wait_s > longest_wait_s:
                    raise refusals.overspent(self._spending, wait_s)
                await self._clocks.sleep(wait_s)
        finally:
            self._spenders.remove(ticket)

    async def place(self, shared: SharedTenant, longest_wait_s: float) -> Place | None:
        """Take a place among the calls of all processes, and wait for it.

        Args:
            shared: Gives places.
            longest_wait_s: As for `spend`.

        Returns:
            What came of it: in a pause none is taken. None where there is nobody to ask.

        Raises:
            ThrottledError: It would have to wait for too long.
        """
        if (budget := self.whole) is None or budget.is_unbounded:
            return None
        day = day_of(self._clocks.wall())
        place = await shared.place(budget, longest_wait_s, day=day, sleep=self._clocks.sleep)
        if place is not None and not place.taken and place.paused_s <= 0:
            raise refusals.overspent(budget, place.wait_s)
        return place

    def count(self, method: str, raw_path: bytes) -> None:
        """Count a call that leaves now, whatever the budget says."""
        with self._lock:
            self._spending.spend(self._clocks.now(), self._clocks.wall())
            self._calls.count(method, raw_path)

    def _spent(self, ahead: int, method: str, raw_path: bytes) -> float:
        """Count a call and return 0, or return the seconds until it may leave."""
        with self._lock:
            now, wall = self._clocks.now(), self._clocks.wall()
            wait_s = self._spending.wait_s(now, wall, ahead)
            if wait_s <= 0:
                self._spending.spend(now, wall)
                self._calls.count(method, raw_path)
            return wait_s

    def duration_s(self, requests: int, per_second: float) -> float:
        """Return how long so many requests take at this rate, as far as the budget lets them."""
        return self._spending.duration_s(requests, per_second, self._clocks.wall())

    def by_endpoint(self) -> Mapping[str, int]:
        """Return how many calls left, by method and path."""
        return self._calls.by_endpoint()

    def left_today(self, shared: SharedTenant | None) -> int | None:
        """Return how many calls the day has left; None where it has no bound.

        Args:
            shared: Knows better than this process alone, once it was asked on this day.
        """
        wall = self._clocks.wall()
        among_all = None if shared is None else shared.left_on(day_of(wall))
        return self._spending.left_today(wall) if among_all is None else among_all
