"""What one measurement is told, and what it tells; every contestant is a process of its own."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Job:
    """One measurement.

    Attributes:
        events: Path of a file of JSON Lines.
        port: Where the sink listens.
        tls: Whether it speaks TLS.
        cert: Path of the certificate that the sink shows, or ``""``.
        size: Events in one batch; 0 sends each by itself.
        inflight: Requests under way at once.
        warmup_s: Seconds before it counts.
        seconds: Seconds that count.
    """

    events: str
    port: int
    tls: bool = False
    cert: str = ""
    size: int = 50
    inflight: int = 1
    warmup_s: float = 1.0
    seconds: float = 2.0

    @classmethod
    def given(cls) -> Job:
        """Read the job that this process was started for."""
        return cls(**json.loads(sys.argv[1]))

    def environment(self) -> dict[str, str]:
        """Return the environment of a process in which the sink's certificate is trusted."""
        return {**os.environ, **({"SSL_CERT_FILE": self.cert} if self.tls else {})}

    def lines(self) -> list[bytes]:
        """Return the events as they stand in the file, a line each."""
        return Path(self.events).read_bytes().splitlines()

    def chunks(self) -> Iterator[list[bytes]]:
        """Give the lines batch by batch, over and over."""
        lines, size = self.lines(), self.size or 1
        chunks = [lines[i : i + size] for i in range(0, len(lines) - size + 1, size)]
        while True:
            yield from chunks


def cpu_s() -> float:
    """Return the seconds of processor time that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_rss_mib(process: int | str = "self") -> float:
    """Return the most memory that a process had so far, in MiB; 0 where it has ended.

    Not what ``getrusage`` says: that begins with the memory of whoever started the process.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    _, found, rest = status.partition("VmHWM:")
    return int(rest.split(None, 1)[0]) / 1024 if found else 0.0


@attrs.define
class Meter:
    """Counts what is done between two moments.

    Attributes:
        done: Events that were delivered.
        failed: Events that were not.
    """

    done: int = 0
    failed: int = 0
    _started: float = attrs.field(factory=time.perf_counter)
    _cpu_s: float = attrs.field(factory=cpu_s)

    def figures(self) -> dict[str, Any]:
        """Return what was measured up to now."""
        took_s, used_s = time.perf_counter() - self._started, cpu_s() - self._cpu_s
        return {
            "events_per_s": self.done / took_s,
            "cpu_s_per_100k": used_s / self.done * 1e5 if self.done else None,
            "cpu_cores": used_s / took_s,
            "peak_rss_mib": peak_rss_mib(),
            "events": self.done,
            "errors": self.failed,
        }


async def timed(job: Job, work: Callable[[Meter, float], Awaitable[None]]) -> dict[str, Any]:
    """Warm up, then measure.

    Args:
        job: How long.
        work: Works, and counts, until a moment of ``time.perf_counter``.
    """
    await work(Meter(), time.perf_counter() + job.warmup_s)
    meter = Meter()
    await work(meter, time.perf_counter() + job.seconds)
    return meter.figures()


def tell(figures: dict[str, Any]) -> None:
    """Write something as one line of JSON, for the process that waits for it."""
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
