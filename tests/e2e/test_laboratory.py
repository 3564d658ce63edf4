"""The durable host under real faults: nothing is lost, and nobody enters a journey twice.

One short seed runs here; ``python -m tests.e2e.laboratory`` runs many long ones.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.e2e.laboratory.checking import judge
from tests.e2e.laboratory.clockwork import WallClock
from tests.e2e.laboratory.disks import NotPermittedError, read_only, small_disk
from tests.e2e.laboratory.events import Planted, plant, write_events
from tests.e2e.laboratory.evidence import finish, take_evidence
from tests.e2e.laboratory.experiment import Experiment
from tests.e2e.laboratory.processes import Host, Simulator
from tests.e2e.laboratory.shop import write_shop

pytestmark = pytest.mark.timeout(300)  # real processes on a busy machine

HOUR_S = 3_600.0
SHORT_SEED = 3
"""Its plan has everything, a clock that is set included."""


@attrs.frozen
class Place:
    """A host, its vendor, and a clock that can be set."""

    folder: Path
    host: Host
    simulator: Simulator
    clock: WallClock
    planted: list[Planted]

    def accept(self) -> tuple[int, dict[str, Any]]:
        """Give all events to `accept`; return its exit code and what it says."""
        file = write_events(self.folder / "events.jsonl", self.planted)
        code, said = self.host.run("accept", file, "--chunk", "50", "--json")
        return code, json.loads(said) if said else {}

    def judge(self) -> list[str]:
        """Let the host do what is left, and return which laws are broken."""
        waiting = finish(self.host)
        return judge(take_evidence(self.planted, self.host, self.simulator, waiting)).broken

    @property
    def errors(self) -> str:
        return self.host.errors.read_text("utf-8")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "disk").mkdir()
    with ExitStack() as stack:
        clock = WallClock(tmp_path / "clock")
        stack.callback(clock.close)
        simulator = Simulator(tmp_path)
        stack.callback(simulator.close)
        simulator.start()
        config = write_shop(tmp_path, simulator.address, "disk/inbox.db")
        host = Host(config, tmp_path / "clock")
        stack.callback(host.close)
        yield Place(tmp_path, host, simulator, clock, plant(0, 120))


@contextmanager
def mounted(context: AbstractContextManager[Any]) -> Iterator[Any]:
    """Enter a context that mounts something, or skip the test where nobody may."""
    with ExitStack() as stack:
        try:
            entered = stack.enter_context(context)
        except NotPermittedError as error:
            pytest.skip(f"needs to mount a disk: {error}")
        yield entered


def test_after_a_storm_every_law_holds(tmp_path: Path) -> None:
    evidence = Experiment(tmp_path, SHORT_SEED, events=200, storm_s=15).run()
    verdict = judge(evidence)
    assert verdict.broken == []
    assert len(evidence.inbox) == 200
    assert verdict.statuses["delivered"] > 200
    assert verdict.rows > 50
    assert verdict.entries > 10
    assert evidence.seen["kill-worker"] + evidence.seen["kill-simulator"] > 0


def test_a_clock_that_jumps_by_hours_loses_nothing_and_lets_nobody_wait(place: Place) -> None:
    assert place.accept()[0] == 0
    place.simulator.set_faults([{"kind": "unavailable", "times": None, "retry_after_s": 0}])
    place.clock.set(30 * HOUR_S)
    _, said = place.host.run("run", "--once", "--json")
    assert json.loads(said)["waiting"] > 0
    place.simulator.set_faults([])
    place.clock.set(-30 * HOUR_S)
    assert place.judge() == []


def test_what_a_full_disk_has_no_room_for_is_said_and_accepted_later(place: Place) -> None:
    planted = plant(0, 2_000)
    place = attrs.evolve(place, planted=planted)
    with mounted(small_disk(place.folder / "disk", "1m")) as disk:
        worker = place.host.start("run", "--quiet", "--json")
        code, said = place.accept()
        assert (code, said["stopped"]["cause"]) == (3, "write-failed")
        assert "the disk is full" in said["stopped"]["message"]
        acknowledged = said["last_line"]
        assert acknowledged < len(planted)
        disk.fill()
        disk.make_room()
        kept = [line["message_id"] for line in place.host.lines("events")]
        assert kept[:acknowledged] == [each.id for each in planted[:acknowledged]]
        assert place.accept()[0] == 0
        # It goes on once there is room, or has ended and said why.
        if worker.poll() is None:
            worker.send_signal(signal.SIGTERM)
        place.host.end(worker, "run", expected={0, 1, 3})
        assert place.judge() == []


def test_a_database_that_may_only_be_read_is_said_and_nothing_is_lost(place: Place) -> None:
    first = attrs.evolve(place, planted=place.planted[:60])
    assert first.accept()[0] == 0
    with mounted(read_only(place.folder / "disk")):
        assert place.accept() == (3, {})
        assert place.host.run("run", "--once", "--json") == (3, b"")
    assert "cannot be opened: Read-only file system" in place.errors
    assert place.accept()[0] == 0
    assert place.judge() == []
