"""The time in which everything goes wrong: events come in, and processes are killed and misled."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs
from tests.e2e.laboratory.clockwork import WallClock
from tests.e2e.laboratory.faults import NORTH_REVOKED, STORM, Plan, Step
from tests.e2e.laboratory.processes import Host, Simulator

__all__ = ["Say", "Storm"]

_TURN_S: Final = 0.05

Say = Callable[[str], None]
"""Is told what happens."""


@attrs.define(kw_only=True)
class Storm:
    """The time in which everything goes wrong.

    Attributes:
        plan: What happens.
        host: Gets the events, and is killed.
        simulator: Is killed as well.
        clock: Of the host.
        say: Is told what happens.
        dice: For moments.
        files: What is still to be accepted.
        lasts_s: Seconds after which it ends once everything is accepted.
        done: How often what was done.
    """

    plan: Plan
    host: Host
    simulator: Simulator
    clock: WallClock
    say: Say
    dice: random.Random
    files: deque[Path]
    lasts_s: float
    done: Counter[str] = attrs.field(factory=Counter)
    _steps: deque[Step] = attrs.field(init=False)
    _accepting: tuple[subprocess.Popen[bytes], float] | None = None
    _workers: list[subprocess.Popen[bytes] | None] = attrs.field(init=False)
    _revoked: bool = False
    _killed_in_a_row: int = 0

    @_steps.default
    def _planned(self) -> deque[Step]:
        return deque(self.plan.steps)

    @_workers.default
    def _nobody(self) -> list[subprocess.Popen[bytes] | None]:
        return [None] * self.plan.workers

    def run(self) -> None:
        """Let it rage until its plan is done and all events are accepted, or time is up."""
        ends_s = time.monotonic() + self.lasts_s
        self._arm()
        while self.files or self._accepting or self._steps:
            if time.monotonic() > ends_s and not (self.files or self._accepting):
                self.say(f"{len(self._steps)} steps of the plan were not reached")
                break
            self._feed()
            self._man()
            requests = self.simulator.count()
            while self._steps and self._steps[0].at <= requests:
                self._do(self._steps.popleft())
            time.sleep(_TURN_S)
        for worker in filter(None, self._workers):
            worker.send_signal(signal.SIGTERM)
        for worker in filter(None, self._workers):
            self.host.end(worker, "run")

    def _arm(self) -> None:
        self.simulator.set_faults([*[NORTH_REVOKED] * self._revoked, *STORM])

    def _feed(self) -> None:
        """Let one `accept` follow on the other; one that was killed is repeated."""
        if self._accepting is None:
            if self.files:
                process = self.host.start("accept", self.files[0], "--chunk", "20", "--json")
                lives_s = 3_600.0
                if self.dice.random() < self.plan.kill_accept / (1 + self._killed_in_a_row):
                    lives_s = self.dice.uniform(0.3, 1.0)
                self._accepting = process, time.monotonic() + lives_s
            return
        process, dies_s = self._accepting
        if process.poll() is not None:
            self._accepting = None
            self._killed_in_a_row = 0
            self.host.end(process, "accept")
            if process.returncode == 0 and self.dice.random() >= self.plan.accept_again:
                self.files.popleft()
            elif process.returncode == 0:
                self.say("a file is accepted once more")
                self.done["accept-again"] += 1
        elif time.monotonic() > dies_s:
            self.say("SIGKILL for accept")
            self._accepting = None
            self._killed_in_a_row += 1
            self.host.kill(process, "accept")

    def _man(self) -> None:
        """Put a new worker where one is gone."""
        for place, worker in enumerate(self._workers):
            if worker is not None and worker.poll() is not None:
                self.host.end(worker, "run")
                self._workers[place] = None
            if self._workers[place] is None:
                self._workers[place] = self.host.start("run", "--quiet", "--json")

    def _do(self, step: Step) -> None:
        self.say(f"after {step.at} requests: {step.deed}")
        self.done[step.deed] += 1
        place = self.dice.randrange(len(self._workers))
        worker = self._workers[place]
        match step.deed:
            case "kill-worker" if worker is not None:
                self.host.kill(worker, "run")
                self._workers[place] = None
            case "stop-worker" if worker is not None:
                worker.send_signal(signal.SIGTERM)
            case "reload" if worker is not None:
                worker.send_signal(signal.SIGHUP)
            case "kill-simulator":
                self.simulator.kill()
                time.sleep(self.dice.uniform(0, 1))
                self.simulator.start()
            case "end-token":
                self.simulator.end_tokens()
            case "revoke-permission" | "grant-permission":
                self._revoked = step.deed == "revoke-permission"
                self._arm()
            case "set-clock":
                self.clock.set(step.value)
