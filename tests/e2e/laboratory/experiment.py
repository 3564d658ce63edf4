"""One experiment: events go in while a storm rages, all is mended, and the evidence is taken."""

from __future__ import annotations

import random
from collections import deque
from contextlib import ExitStack
from pathlib import Path

import attrs
from tests.e2e.laboratory.clockwork import WallClock
from tests.e2e.laboratory.events import Planted, plant, write_events
from tests.e2e.laboratory.evidence import Evidence, finish, take_evidence
from tests.e2e.laboratory.faults import make_plan
from tests.e2e.laboratory.processes import Host, Simulator
from tests.e2e.laboratory.shop import write_shop
from tests.e2e.laboratory.storm import Say, Storm

__all__ = ["Experiment"]


@attrs.define
class Experiment:
    """Runs one seed.

    Attributes:
        folder: For its files.
        seed: What everything is made from.
        events: How many events.
        say: Is told what happens.
        storm_s: Seconds after which what has not gone wrong by then does not any more.
    """

    folder: Path
    seed: int
    events: int
    say: Say = lambda _: None
    storm_s: float = 60.0

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
            storm = Storm(
                plan=plan,
                host=host,
                simulator=simulator,
                clock=clock,
                say=self.say,
                dice=random.Random(f"storm {self.seed}"),
                files=deque(_pieces(self.folder, planted, plan.pieces)),
                lasts_s=self.storm_s,
            )
            storm.run()
            self.say("everything is mended; the host does what is left to do")
            simulator.set_faults([])
            waiting = finish(host)
            self.say("evidence is taken")
            evidence = take_evidence(planted, host, simulator, waiting)
            evidence.seen.update(storm.done)
            return evidence


def _pieces(folder: Path, planted: list[Planted], count: int) -> list[Path]:
    """Write the events to so many files."""
    size = -(-len(planted) // count)
    return [
        write_events(folder / f"events-{n}.jsonl", planted[n * size : (n + 1) * size])
        for n in range(count)
    ]
