"""A durable host at work: ``accept`` and ``run`` as processes of their own, and what they cost."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import attrs
from tests.bench.whole_path.measure import peak_rss_mib

_POLL_S = 0.05
_WHARFINGER = (sys.executable, "-c", "from wharfinger_host.cli import main; main()")


@attrs.frozen
class Cost:
    """What a process used in its whole life, from its start to its end.

    Attributes:
        took_s: Seconds.
        cpu_s: Seconds of processor time.
        peak_rss_mib: Most memory.
    """

    took_s: float
    cpu_s: float
    peak_rss_mib: float


class Host:
    """One inbox in a folder, and the commands that work on it.

    Args:
        folder: Where the configuration and the inbox are.
        connections: As in a configuration, by name.
        environment: Of the processes.
        more: Lines of the configuration that follow the name of the file.
    """

    def __init__(
        self,
        folder: Path,
        connections: Mapping[str, Any],
        environment: Mapping[str, str],
        more: Sequence[str] = (),
    ) -> None:
        self._environment = environment
        self._folder = folder
        self._db = folder / "bench.db"
        lines = ["[inbox]", 'file = "bench.db"', *more]
        for name, connection in connections.items():
            lines += _table(("connections", name), connection)
        (folder / "bench.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self, command: str, *arguments: str, stdin: Any = None) -> subprocess.Popen[bytes]:
        """Start a command; what it prints goes into a file beside the inbox."""
        with (self._folder / f"{command}.log").open("ab") as log:
            return subprocess.Popen(
                [*_WHARFINGER, command, "bench.toml", *arguments],
                cwd=self._folder,
                env={**self._environment, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdin=stdin,
                stdout=log,
                stderr=log,
            )

    def accept(self, events: Iterator[bytes]) -> subprocess.Popen[bytes]:
        """Start taking events in; they are written to it by a thread."""
        process = self.start("accept", "-", "--quiet", stdin=subprocess.PIPE)
        assert process.stdin
        threading.Thread(target=_pour, args=(events, process.stdin), daemon=True).start()
        return process

    def behind(self, connection: str) -> int:
        """Count what a connection still has to do: lanes not at their end, events put aside."""
        with closing(sqlite3.connect(f"file:{self._db}?mode=ro", uri=True, timeout=30)) as db:
            (lanes, aside) = db.execute(
                "SELECT (SELECT count(*) FROM lanes WHERE connection = :name AND position < "
                "coalesce((SELECT value FROM facts WHERE name = 'last_seq'), 0)), "
                "(SELECT count(*) FROM deferred WHERE target IN "
                "(SELECT id FROM targets WHERE connection = :name))",
                {"name": connection},
            ).fetchone()
        return int(lanes) + int(aside)

    def come_to(self, connection: str) -> tuple[int, int]:
        """Return how many events were accepted, and up to which one all lanes are done."""
        with closing(sqlite3.connect(f"file:{self._db}?mode=ro", uri=True, timeout=30)) as db:
            accepted, done = db.execute(
                "SELECT coalesce((SELECT value FROM facts WHERE name = 'last_seq'), 0), "
                "min(position) FROM lanes WHERE connection = ?",
                (connection,),
            ).fetchone()
        return int(accepted), int(done)

    def manned(self) -> bool:
        """Tell whether a worker has come to the lanes."""
        if not self._db.exists():
            return False
        with closing(sqlite3.connect(f"file:{self._db}?mode=ro", uri=True, timeout=30)) as db:
            try:
                return bool(db.execute("SELECT 1 FROM lanes WHERE owner != ''").fetchone())
            except sqlite3.OperationalError:  # the tables are being made
                return False

    def delivered(self, connection: str) -> int:
        """Count what the ledger calls delivered."""
        with closing(sqlite3.connect(f"file:{self._db}?mode=ro", uri=True, timeout=30)) as db:
            (count,) = db.execute(
                "SELECT count(*) FROM ledger WHERE status = 'delivered' AND target IN "
                "(SELECT id FROM targets WHERE connection = ?)",
                (connection,),
            ).fetchone()
        return int(count)

    def bytes_on_disk(self) -> int:
        """Return the size of the inbox, with the files that SQLite keeps beside it."""
        return sum(file.stat().st_size for file in self._folder.glob("bench.db*"))

    @contextmanager
    def at_work(self) -> Iterator[subprocess.Popen[bytes]]:
        """Let a worker run that has come to its lanes before any event is there."""
        process = self.start("run", "--drain-s", "0", "--quiet")
        try:
            while not self.manned():
                if process.poll() is not None:
                    raise RuntimeError((self._folder / "run.log").read_text())
                time.sleep(_POLL_S)
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                ended(process)

    @contextmanager
    def serving(self) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
        """Let ``serve`` take events in and deliver none; give it and its port."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        process = self.start("serve", "--no-deliver", "--port", str(port))
        try:
            while process.poll() is None:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                except OSError:
                    time.sleep(_POLL_S)
                else:
                    break
            else:
                raise RuntimeError((self._folder / "serve.log").read_text())
            yield process, port
        finally:
            process.terminate()
            ended(process)


def until_delivered(
    host: Host, connection: str, accepting: subprocess.Popen[bytes], worker: subprocess.Popen[bytes]
) -> Cost:
    """Wait until all was accepted and a connection is done with it; what accepting cost."""
    cost = ended(accepting)
    while host.behind(connection):
        if worker.poll() is not None:
            raise RuntimeError("the worker ended before its work")
        time.sleep(_POLL_S)
    return cost


def ended(process: subprocess.Popen[bytes], began: float = 0.0) -> Cost:
    """Wait for the end of a process, and return what it cost.

    Args:
        process: The process.
        began: When it was started, by ``time.perf_counter``.
    """
    pid, peak = 0, 0.0
    while not pid:
        peak = max(peak, peak_rss_mib(process.pid))
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        time.sleep(0 if pid else _POLL_S)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(time.perf_counter() - began, used.ru_utime + used.ru_stime, peak)


def cpu_s_of(process: subprocess.Popen[bytes]) -> float:
    """Return the seconds of processor time that a running process has used."""
    numbers = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(process: subprocess.Popen[bytes]) -> float:
    """Return the memory that a process has now; 0 where it has ended."""
    try:
        pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _pour(events: Iterator[bytes], pipe: IO[bytes]) -> None:
    try:
        with pipe:
            for event in events:
                pipe.write(event + b"\n")
    except BrokenPipeError:
        pass  # it has ended, and its exit code says why


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> list[str]:
    """Write a table of a configuration as TOML."""
    lines = [f"[{'.'.join(path)}]"]
    tables = []
    for name, value in table.items():
        if isinstance(value, Mapping) and (path[-1] != "fields" and path[-2] != "fields"):
            tables += _table((*path, name), value)
        else:
            lines.append(f"{name} = {_value(value)}")
    return [*lines, *tables]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        inside = ", ".join(f'"{name}" = {_value(each)}' for name, each in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else f"'{value}'"
