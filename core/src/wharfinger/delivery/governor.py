"""One governor per tenant: how many requests are under way, and when none may start."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import reduce

import attrs
import stamina

from wharfinger.delivery import refusals
from wharfinger.delivery.alarm import Alarm
from wharfinger.delivery.budget import Budget, strictest
from wharfinger.delivery.circuit import Circuit, CircuitPolicy, most_careful
from wharfinger.delivery.clocks import Clocks
from wharfinger.delivery.parallelism import Parallelism
from wharfinger.delivery.purse import Purse
from wharfinger.delivery.sharing import Asking, SharedTenant
from wharfinger.delivery.signs import NO_SIGN
from wharfinger.delivery.tokens import SharedTokens
from wharfinger.delivery.turn import LONGEST_WAIT_S, Turn
from wharfinger.delivery.usage import Pace, Usage
from wharfinger.errors import ThrottledError

__all__ = ["Governor", "Terms"]


@attrs.define(kw_only=True, eq=False)
class Terms:
    """What one connection asks of the governor it shares; all that are open are kept at once.

    Attributes:
        budget: What may be spent by all processes.
        circuit: When the vendor is left in peace.
        share: Which part of the budget is this process's, as `Governor.share` was told; None
            where nobody said.
    """

    budget: Budget | None = None
    circuit: CircuitPolicy = attrs.field(factory=CircuitPolicy)
    share: float | None = None


class Governor:
    """Bounds the requests of one tenant, in every event loop of the process.

    Requests start in the order in which they came. How many are under way halves when the vendor
    has had enough and grows slowly (`Parallelism`); none starts in a pause or while the circuit
    is open (`Circuit`); calls leave as the budget allows (`Purse`). Where processes share what
    the tenant bears (`SharedTenant`), budget and pauses are those of all of them.

    Args:
        parallel: Most requests under way at once, where no budget says otherwise.
        tenant: What every process calls this tenant; holds no secret.
        clock: Gives seconds that never go back.
        wall: Gives seconds of UTC, since 1970.
    """

    def __init__(
        self,
        parallel: int,
        *,
        tenant: str = "",
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        # Re-entrant: a forgotten coroutine may be tidied up, and leave, in the middle of anything.
        self._lock = threading.RLock()
        self.tenant = tenant
        self._shared: SharedTenant | None = None
        self._clocks = Clocks(clock, wall)
        self._now = self._clocks.now
        self._terms: list[Terms] = []
        self._parallel = parallel
        self._parallelism = Parallelism(parallel)
        self._circuit = Circuit(CircuitPolicy())
        self._purse = Purse(self._lock, self._clocks)
        self._pace = Pace()
        self._resume_at = clock()
        self._under_way = 0
        self._line: deque[Turn] = deque()
        self._woken: list[Turn] = []
        self._numbers = itertools.count()
        self._alarm = Alarm(self._lock, self._advance)

    def join(self, terms: Terms) -> None:
        """Keep a connection's terms as well, until it parts."""
        with self._lock:
            self._terms.append(terms)
            self._agree()

    def part(self, terms: Terms) -> None:
        """Keep a connection's terms no longer; what was counted stays."""
        with self._lock:
            self._terms.remove(terms)
            self._agree()

    def share(self, terms: Terms, share: float) -> None:
        """Let a connection have a part of the budget only: others have the rest.

        Args:
            terms: Of the connection.
            share: Above 0, up to 1. Of several connections the mean counts, so that the parts of
                all processes make one whole.
        """
        with self._lock:
            terms.share = share
            self._agree()

    def share_with(self, asking: Asking) -> None:
        """Keep the budget and the pauses of all processes from now on."""
        with self._lock:
            if self._shared is None or self._shared.asking is not asking:
                self._shared = SharedTenant(asking, self.tenant, clock=self._now)
                self._agree()

    @property
    def tokens(self) -> SharedTokens | None:
        """The access tokens that processes share of this tenant; None where they share none."""
        if self._shared is None or not self._shared.asking.state.shares_tokens:
            return None
        return SharedTokens(self._shared.asking, self.tenant)

    async def told(self) -> None:
        """Wait until other processes can know what they are to know."""
        if self._shared is not None:
            await self._shared.told()

    def _agree(self) -> None:
        whole = reduce(strictest, (each.budget for each in self._terms), None)
        budget = self._purse.allow(whole, self._part())
        self._parallelism.bound((budget and budget.parallel) or self._parallel)
        policies = [each.circuit for each in self._terms] or [CircuitPolicy()]
        self._circuit.policy = reduce(most_careful, policies)
        self._advance()

    def _part(self) -> float:
        """Return which part of the budget is this process's where it asks nobody."""
        if shares := [each.share for each in self._terms if each.share is not None]:
            return sum(shares) / len(shares)
        return 1.0 if self._shared is None else 1 / self._shared.workers

    def turn(self, longest_wait_s: float = LONGEST_WAIT_S) -> Turn:
        """Return a place for one request.

        Args:
            longest_wait_s: A pause with more seconds left than this is not waited out: the
                request is refused with `ThrottledError`, so that its host can do better than
                hold it.
        """
        return Turn(self, longest_wait_s)

    def pause(self, seconds: float) -> None:
        """Let no further request start for so long; a longer pause already asked for stays."""
        self._hold(seconds)
        if self._shared is not None:
            self._shared.pause(seconds)

    def _hold(self, seconds: float) -> None:
        with self._lock:
            self._resume_at = max(self._resume_at, self._now() + seconds)
            self._turn_away()

    async def enter(self, turn: Turn) -> None:
        """Wait until a turn may start.

        Raises:
            ThrottledError: It would have to wait for too long.
        """
        if self._shared is not None:
            await self._heed(self._shared)
        if self._admit(turn):
            return
        try:
            while not self._confirm(turn):
                await turn.woken
        except BaseException:
            self._withdraw(turn)
            raise

    def leave(self, turn: Turn) -> None:
        """Give a turn's place back, and learn from how it ended."""
        with self._lock:
            now = self._now()
            self._under_way -= 1
            sign = turn.sign
            if sign is not NO_SIGN:
                self._pace.end(now)
            if sign.throttled:
                self._parallelism.halve(turn.round)
            elif sign.answered:
                self._parallelism.grow(turn.round)
            if self._circuit.settle(sign, probe=turn.probe, now=now):
                self._turn_away()
            if self._line:
                self._advance()

    def _admit(self, turn: Turn) -> bool:
        """Start a turn at once where it may, and else let it join the line."""
        with self._lock:
            now = self._now()
            rest_s = self._rest_s(now)
            if rest_s > turn.longest_wait_s:
                raise self._refusal(rest_s, now)
            if not self._under_way and not self._line:
                self._pace.begin(now)
            if rest_s <= 0 and not self._line and self._has_room():
                self._start(turn)
                return True
            turn.number = next(self._numbers)
            turn.woken = asyncio.get_running_loop().create_future()
            self._line.append(turn)
            self._advance()
            return False

    def _confirm(self, turn: Turn) -> bool:
        """Look again when a turn goes on: since it was woken, a pause may have begun."""
        with self._lock:
            if turn.refusal is not None:
                raise turn.refusal
            if not turn.started:
                return False
            rest_s = self._rest_s(self._now())
            if rest_s > turn.longest_wait_s:
                self._unstart(turn)
                raise self._refusal(rest_s, self._now())
            if rest_s > 0:
                self._put_back(turn)
                self._advance()
                return False
            while self._woken and self._under_way > self._parallelism.limit:
                self._put_back(max(self._woken, key=lambda each: each.number))
            if turn.started:
                self._woken.remove(turn)
            return turn.started

    def _put_back(self, turn: Turn) -> None:
        """Let a turn that was woken wait again, at its place in the line."""
        self._unstart(turn)
        turn.woken = turn.woken.get_loop().create_future()
        older = [self._line.popleft() for _ in self._older_than(turn)]
        self._line.extendleft([turn, *reversed(older)])

    def _older_than(self, turn: Turn) -> list[Turn]:
        return list(itertools.takewhile(lambda each: each.number < turn.number, self._line))

    def _withdraw(self, turn: Turn) -> None:
        """Take a turn out that is not waited for any more."""
        with self._lock:
            turn.left = True
            if turn.started:
                self._unstart(turn)
            if self._line:
                self._advance()

    def _start(self, turn: Turn) -> None:
        turn.started = True
        turn.round = self._parallelism.round
        turn.probe = self._circuit.start()
        self._under_way += 1

    def _unstart(self, turn: Turn) -> None:
        turn.started = False
        self._woken.remove(turn)
        self._under_way -= 1
        self._circuit.settle(NO_SIGN, probe=turn.probe, now=self._now())

    def _has_room(self) -> bool:
        return self._under_way < self._parallelism.limit and not self._circuit.waits_for_a_probe

    def _advance(self) -> None:
        """Start those at the head of the line that may, or be woken when the first one may."""
        while self._line:
            turn = self._line[0]
            if turn.gone:
                self._line.popleft()
            elif (rest_s := self._rest_s(self._now())) > 0:
                # stamina's one switch turns every wait off in tests, this one included.
                if not stamina.is_testing():
                    self._alarm.set(turn, rest_s)
                    return
                self._clocks.skip(rest_s)
            elif not self._has_room():
                return
            else:
                self._line.popleft()
                if turn.wake():
                    self._start(turn)
                    self._woken.append(turn)

    def _turn_away(self) -> None:
        """Refuse those in the line that would now have to wait for too long."""
        now = self._now()
        rest_s = self._rest_s(now)
        staying: deque[Turn] = deque()
        for turn in self._line:
            if rest_s <= turn.longest_wait_s:
                staying.append(turn)
            elif not turn.gone:
                turn.refusal = self._refusal(rest_s, now)
                turn.wake()
        self._line = staying
        self._advance()

    def _rest_s(self, now: float) -> float:
        return max(self._resume_at - now, self._circuit.rest_s(now))

    def _refusal(self, rest_s: float, now: float) -> ThrottledError:
        if self._circuit.rest_s(now) < rest_s:
            return refusals.paused(rest_s)
        return refusals.circuit_open(self._circuit.failures, rest_s)

    async def spend(self, method: str, raw_path: bytes, longest_wait_s: float) -> None:
        """Count a call that is about to leave; wait first where the budget asks for it.

        Args:
            method: ``"POST"``.
            raw_path: Path and query, as httpx gives them.
            longest_wait_s: As for `turn`.

        Raises:
            ThrottledError: It would have to wait for too long.
        """
        if self._shared is not None and await self._has_place(self._shared, longest_wait_s):
            self._purse.count(method, raw_path)
        else:
            await self._purse.spend(method, raw_path, longest_wait_s)

    async def _has_place(self, shared: SharedTenant, longest_wait_s: float) -> bool:
        """Wait for a place among the calls of all processes; false where there is nobody to ask."""
        while True:
            await self._heed(shared)
            while (rest_s := self._resume_at - self._now()) > 0:
                if rest_s > longest_wait_s:
                    raise self._refusal(rest_s, self._now())
                await self._clocks.sleep(rest_s)
            place = await self._purse.place(shared, longest_wait_s)
            if place is None:
                return False
            if place.paused_s > 0:
                self._hold(place.paused_s)
            # A place that came in a pause is over with it, and the next calls are spread again.
            elif self._resume_at <= self._now():
                return True

    async def _heed(self, shared: SharedTenant) -> None:
        """Learn now and then what other processes know."""
        workers = shared.workers
        if (paused_s := await shared.look()) is not None:
            if paused_s > 0:
                self._hold(paused_s)
            shared.remind(paused_s, self._resume_at - self._now())
        if shared.workers != workers:
            with self._lock:
                self._agree()

    def forecast(self, requests: int) -> float | None:
        """Return the seconds that so many requests need at the rate observed of late.

        What is left of a pause and the budget are reckoned in.

        Returns:
            Seconds, or None while too few requests ended.
        """
        with self._lock:
            if (per_second := self._pace.per_second) is None:
                return None
            rest_s = self._rest_s(self._now())
            return rest_s + self._purse.duration_s(requests, per_second)

    @property
    def usage(self) -> Usage:
        """What was asked of the tenant, and how it stands now."""
        with self._lock:
            now = self._now()
            return Usage(
                calls=self._purse.by_endpoint(),
                parallel=self._parallelism.limit,
                under_way=self._under_way,
                waiting=sum(not turn.gone for turn in self._line),
                paused_s=max(0.0, self._resume_at - now),
                circuit=self._circuit.state(now),
                budget_left=self._purse.left_today(self._shared),
                per_second=self._pace.per_second,
            )
