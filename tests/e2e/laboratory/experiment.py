"""One experiment: events go in while a storm rages, all is mended, and the evidence is taken."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import attrs
from tests.e2e.laboratory.clockwork import WallClock
from tests.e2e.laboratory.events import Planted, plant
from tests.e2e.laboratory.faults import NORTH_REVOKED, STORM, Plan, Step, make_plan
from tests.e2e.laboratory.processes import Host, Simulator
from tests.e2e.laboratory.shop import write_shop

__all__ = ["Evidence", "Experiment", "take_evidence"]

_STORM_S: Final = 60.0
"""Seconds after which what has not gone wrong by then does not any more."""
_TURN_S: Final = 0.05

Say = Callable[[str], None]


@attrs.define(kw_only=True)
class Evidence:
    """What an experiment left behind.

    Attributes:
        planted: The events that were given to `accept`, in their order.
        inbox: The events the host says it accepted.
        ledger: Final outcomes, as the host exports them.
        letters: Dead letters, likewise.
        listed: How many dead letters the host lists.
        tables: Rows at the vendor, by account and key.
        entries: Journey entries at the vendor, in their order.
        waiting: How many events the host says are still to be delivered.
        died: What ended by itself, or wrote a traceback.
    """

    planted: list[Planted]
    inbox: list[dict[str, Any]]
    ledger: list[dict[str, Any]]
    letters: list[dict[str, Any]]
    listed: int
    tables: dict[str, dict[str, Any]]
    entries: list[dict[str, Any]]
    waiting: int
    died: list[str]
    seen: dict[str, int] = attrs.field(factory=dict)


@attrs.define
class Experiment:
    """Runs one seed.

    Attributes:
        folder: For its files.
        seed: What everything is made from.
        events: How many events.
        say: Is told what happens.
    """

    folder: Path
    seed: int
    events: int
    say: Say = lambda _: None

    def run(self) -> Evidence:
        """Run it to its end, and return what it left behind."""
        plan = make_plan(self.seed, self.events)
        planted = plant(self.seed, self.events)
        with ExitStack() as stack:
            clock = WallClock(self.folder / "clock")
            stack.callback(clock.close)
            simulator = Simulator(self.folder, plan.switches, self.seed)
            stack.callback(simulator.close)
            simulator.start()
            host = Host(write_shop(self.folder, simulator.address), self.folder / "clock")
            stack.callback(host.close)
            storm = _Storm(
                plan=plan,
                host=host,
                simulator=simulator,
                clock=clock,
                say=self.say,
                dice=random.Random(f"storm {self.seed}"),
                files=deque(_pieces(self.folder, planted, plan.pieces)),
            )
            storm.run()
            self.say("everything is mended; the host does what is left to do")
            simulator.set_faults([])
            waiting = finish(host)
            self.say("evidence is taken")
            evidence = take_evidence(planted, host, simulator, waiting)
            evidence.seen.update(storm.done)
            return evidence


def finish(host: Host, rounds: int = 20) -> int:
    """Let the host work until nothing waits, and return how much does all the same."""
    waiting = 0
    for _ in range(rounds):
        code, output = host.run("run", "--once", "--json")
        if code not in (0, 1):
            host.died.append(f"run --once ended with {code}")
            return -1
        summary = json.loads(output)
        if summary["failed"]:
            host.died.append(f"connections broke off: {summary['failed']}")
        waiting = summary["waiting"]
        if not waiting:
            break
        time.sleep(3)  # until what was put aside is due
    return waiting


def take_evidence(
    planted: list[Planted], host: Host, simulator: Simulator, waiting: int
) -> Evidence:
    """Ask everybody what there is."""
    ledger = host.lines("ledger")
    code, listed = host.run("dead-letters list", "--json")
    assert code == 0
    died = list(host.died)
    if host.errors.exists() and "Traceback" in (errors := host.errors.read_text("utf-8")):
        died.append(errors[errors.index("Traceback") :][-3_000:])
    faults = simulator.totals()
    return Evidence(
        planted=planted,
        inbox=host.lines("events"),
        ledger=ledger,
        letters=host.lines("letters"),
        listed=json.loads(listed)["count"],
        tables=simulator.look("tables"),
        entries=simulator.look("entries")["entered"],
        waiting=waiting,
        died=died,
        seen={
            "requests": simulator.count(),
            "kill-simulator": simulator.kills,
            "kill-worker": host.kills["run"],
            "kill-accept": host.kills["accept"],
            **{f"fault {kind}": count for kind, count in faults.items()},
        },
    )


@attrs.define(kw_only=True)
class _Storm:
    """The time in which everything goes wrong.

    Attributes:
        plan: What happens.
        host: Gets the events, and is killed.
        simulator: Is killed as well.
        clock: Of the host.
        say: Is told what happens.
        dice: For moments.
        files: What is still to be accepted.
        done: How often what was done.
    """

    plan: Plan
    host: Host
    simulator: Simulator
    clock: WallClock
    say: Say
    dice: random.Random
    files: deque[Path]
    done: Counter[str] = attrs.field(factory=Counter)
    _steps: deque[Step] = attrs.field(init=False)
    _accepting: tuple[subprocess.Popen[bytes], float] | None = None
    _workers: list[subprocess.Popen[bytes] | None] = attrs.field(init=False)
    _revoked: bool = False

    @_steps.default
    def _planned(self) -> deque[Step]:
        return deque(self.plan.steps)

    @_workers.default
    def _nobody(self) -> list[subprocess.Popen[bytes] | None]:
        return [None] * self.plan.workers

    def run(self) -> None:
        """Let it rage until its plan is done and all events are accepted, or time is up."""
        ends_s = time.monotonic() + _STORM_S
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
                if self.dice.random() < self.plan.kill_accept:
                    lives_s = self.dice.uniform(0.3, 1.0)
                self._accepting = process, time.monotonic() + lives_s
            return
        process, dies_s = self._accepting
        if process.poll() is not None:
            self._accepting = None
            self.host.end(process, "accept")
            if process.returncode == 0 and self.dice.random() >= self.plan.accept_again:
                self.files.popleft()
            elif process.returncode == 0:
                self.say("a file is accepted once more")
                self.done["accept-again"] += 1
        elif time.monotonic() > dies_s:
            self.say("SIGKILL for accept")
            self._accepting = None
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


def _pieces(folder: Path, planted: list[Planted], count: int) -> list[Path]:
    """Write the events to so many files."""
    size = -(-len(planted) // count)
    files = []
    for number in range(count):
        file = folder / f"events-{number}.jsonl"
        some = planted[number * size : (number + 1) * size]
        lines = [json.dumps(each.event, ensure_ascii=False) for each in some]
        file.write_text("\n".join(lines), "utf-8")
        files.append(file)
    return files
