"""A disk that fills up under `run` and `accept`: a real one where a test may mount it, and a limit
on the size of files, which a system refuses in the same way, everywhere."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def limited(tmp_path: Path, make_disk: Any) -> Any:
    """A folder in which the process may make no file longer than it is."""
    if not hasattr(resource, "prlimit"):
        pytest.skip("this system sets no limits on another process")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(process: int) -> None:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (8_192, hard))

    def make_room(process: int) -> None:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))

    folder = tmp_path / "disk"
    folder.mkdir()
    return make_disk(folder, fill, make_room)


@pytest.fixture(params=["small_disk", "limited"])
def disk(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def on_disk(host: Any, disk: Any) -> Any:
    """The host with its inbox on the disk."""
    host.inbox = disk.folder / "inbox.db"
    host.config.write_text(host.config.read_text().replace("inbox.db", str(host.inbox)))
    return host


def said(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def test_a_full_disk_is_waited_out_and_nothing_is_sent_twice(
    on_disk: Any, disk: Any, start: Any
) -> None:
    track, identify = on_disk.events.track, on_disk.events.identify
    on_disk.accept(*map(track, range(200)), *map(identify, range(60)))
    stuck, release = on_disk.stuck_at("u7")
    process = start()
    assert stuck.wait(60)
    disk.fill(process.pid)
    release.set()
    line = said(process)
    assert f"The disk is full: {on_disk.inbox} can take nothing more" in line
    assert "Make room on that disk, and work goes on by itself" in line
    asked = len(on_disk.vendor.requests)
    process.send_signal(signal.SIGHUP)
    assert "was read again" in said(process)
    assert len(on_disk.vendor.requests) - asked <= 8  # those that were on their way
    disk.make_room(process.pid)
    assert "There is room on the disk again" in said(process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert on_disk.run()["ok"]
    sent = Counter(body["to"] for body in on_disk.vendor.bodies("/notes"))
    assert (len(sent), set(sent.values())) == (200, {1})
    rows = Counter(row["key"] for body in on_disk.vendor.bodies("/rows") for row in body)
    assert (len(rows), set(rows.values())) == (60, {1})
    assert on_disk.sql("SELECT status, count(*) FROM ledger GROUP BY 1") == [("delivered", 260)]
    assert on_disk.sql("SELECT count(*) FROM intents") == [(0,)]


@pytest.mark.parametrize("signals", [1, 2])
def test_a_worker_that_waits_for_room_ends_when_it_is_told_to(
    on_disk: Any, disk: Any, start: Any, signals: int
) -> None:
    on_disk.accept(*map(on_disk.events.track, range(20)), *map(on_disk.events.identify, range(9)))
    stuck, release = on_disk.stuck_at("u3")
    process = start("--drain-s", "0" if signals == 1 else "3600")
    assert stuck.wait(60)
    disk.fill(process.pid)
    release.set()
    assert "The disk is full" in said(process)
    process.send_signal(signal.SIGTERM)
    if signals > 1:
        assert "Ending what is under way" in said(process)
        process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == (3 if signals == 1 else 130)
    assert "Traceback" not in rest
    if signals == 1:
        assert "Make room and start again" in rest
    disk.make_room(os.getpid())
    on_disk.change("UPDATE lanes SET deadline_s = 0")
    on_disk.run()
    # What could not be written down is sent again where that does no harm, and is unknown else.
    sent = Counter(body["to"] for body in on_disk.vendor.bodies("/notes"))
    assert set(sent.values()) == {1}
    unknown = {name for (name,) in on_disk.sql("SELECT contact FROM letters")}
    assert set(sent) | unknown == {f"u{n}" for n in range(20)}
    rows = {row["key"] for body in on_disk.vendor.bodies("/rows") for row in body}
    assert rows == {f"u{n}" for n in range(9)}
    assert on_disk.sql("SELECT count(*) FROM ledger") == [(29,)]


def test_once_a_full_disk_ends_the_work(on_disk: Any, disk: Any, start: Any) -> None:
    on_disk.accept(*map(on_disk.events.track, range(20)))
    stuck, release = on_disk.stuck_at("u3")
    process = start("--once")
    assert stuck.wait(60)
    disk.fill(process.pid)
    release.set()
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "Make room and start again" in rest
    assert "Traceback" not in rest


def test_accept_says_how_far_it_came_and_goes_on_from_there_without_doubles(
    host: Any, small_disk: Any
) -> None:
    text = host.config.read_text()
    host.inbox = small_disk.folder / "inbox.db"
    host.config.write_text(text.replace("inbox.db", str(host.inbox)))
    large = "x" * 2_000
    small_disk.mount_again("size=4m")
    lines = [{**host.events.track(n, large), "messageId": f"m{n}"} for n in range(4_000)]
    file = host.events.write(host.config.parent / "events.jsonl", *lines)
    result = host("accept", file, "--chunk", "100")
    assert result.exit_code == 3
    assert "the disk is full (" in result.stdout
    small_disk.mount_again("size=64m")
    ((accepted,),) = host.sql("SELECT count(*) FROM inbox")
    assert accepted > 0
    assert accepted % 100 == 0
    assert f"Lines from {accepted + 1:,} were not accepted" in result.stdout
    assert f"{accepted:,} events accepted" in result.stdout
    again = host.json("accept", file, "--chunk", "100")
    assert (again["accepted"], again["duplicates"]) == (4_000 - accepted, accepted)
    assert host.sql("SELECT count(*), count(DISTINCT message_id) FROM inbox") == [(4_000, 4_000)]
