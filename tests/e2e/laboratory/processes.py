"""The processes of an experiment: started, killed, asked."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Container, Sequence
from pathlib import Path
from typing import IO, Any, Final

import attrs
import httpx
from tests.e2e.laboratory.shop import TENANT

__all__ = ["Host", "Simulator"]

_ROOT: Final = Path(__file__).parents[3]
_WHARFINGER: Final = "from wharfinger_host.cli import main; main()"
_SIMULATOR: Final = "from wharfinger_sfmc_simulator.cli import main; main()"
_MISLED: Final = "from tests.e2e.laboratory.clockwork import mislead; mislead({clock!r}); "
_PATIENCE_S: Final = 60.0
_EXPECTED: Final = frozenset(
    {
        *(0, 1),
        130,  # a worker that was asked to stop for the second time
        -signal.SIGKILL,
        # These end a process that cannot mind them yet.
        -signal.SIGTERM,
        -signal.SIGHUP,
    }
)


@attrs.define
class Simulator:
    """The vendor: a process that is killed now and then, and keeps its tenant in a file.

    Attributes:
        folder: Where its files are.
        switches: How it differs from the default, as ``name=value``.
        seed: Of its own chance.
        kills: How often it was killed.
        requests: How many requests it has answered, as of the last `count`.
        struck: How often faults have struck, by kind, as of then.
    """

    folder: Path
    switches: Sequence[str] = ()
    seed: int = 0
    kills: int = 0
    requests: int = 0
    struck: Counter[str] = attrs.field(factory=Counter)
    _faults: list[dict[str, Any]] = attrs.field(factory=list)
    _counted: Counter[str] = attrs.field(factory=Counter)
    _port: int = 0
    _process: subprocess.Popen[str] | None = None
    _client: httpx.Client = attrs.field(factory=lambda: httpx.Client(timeout=30))

    @property
    def address(self) -> str:
        """Where it listens, now and after each start."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, at the same address as before, and go on from its file."""
        tenant = self.folder / "tenant.toml"
        tenant.write_text(TENANT, "utf-8")
        command = [
            *(sys.executable, "-c", _SIMULATOR, "--quiet", "--port", str(self._port)),
            *("--tenant", str(tenant), "--keep", str(self.folder / "tenant.jsonl")),
            *("--seed", str(self.seed + self.kills)),
            *(word for switch in self.switches for word in ("--switch", switch)),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        assert self._process.stdout
        address = self._process.stdout.readline().strip()
        assert address, "the simulator did not start"
        self._port = int(address.rpartition(":")[2])
        self._arm()

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does; its tenant stays."""
        self.count()
        self._end()
        self.kills += 1

    def close(self) -> None:
        """End it for good."""
        self._end()
        self._client.close()

    def look(self, what: str = "") -> Any:
        """Return what the simulator shows under a path: ``tables``, ``entries`` and so on."""
        reply = self._client.get(f"{self.address}/_simulator/{what}".rstrip("/"))
        return reply.raise_for_status().json()

    def count(self) -> int:
        """Add up what has happened since the last time, and return how many requests there were."""
        now = Counter({"requests": self.look()["requests"]})
        for fault in self.look("faults"):
            now[fault["kind"]] += fault["struck"]
        for what, count in (now - self._counted).items():
            if what == "requests":
                self.requests += count
            else:
                self.struck[what] += count
        self._counted = now
        return self.requests

    def set_faults(self, faults: Sequence[dict[str, Any]]) -> None:
        """Arm these faults and no others; they are armed again after each start."""
        self._faults = list(faults)
        self.count()
        self._arm()

    def end_tokens(self) -> None:
        """End every token."""
        self._client.delete(f"{self.address}/_simulator/tokens").raise_for_status()

    def _arm(self) -> None:
        """Let the faults be those that are wanted, none of which has struck yet."""
        address = f"{self.address}/_simulator/faults"
        self._client.delete(address).raise_for_status()
        if self._faults:
            self._client.post(address, json=self._faults).raise_for_status()
        self._counted = Counter({"requests": self.look()["requests"]})

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@attrs.define
class Host:
    """The command line over one configuration.

    Attributes:
        config: The configuration.
        clock: The file of a wall clock that may be set; None for the true one.
        kills: How many processes were killed, by command.
        died: What ended by itself in an unforeseen way.
    """

    config: Path
    clock: Path | None = None
    kills: Counter[str] = attrs.field(factory=Counter)
    died: list[str] = attrs.field(factory=list)
    _running: list[subprocess.Popen[bytes]] = attrs.field(factory=list)

    @property
    def errors(self) -> Path:
        """The file every process writes its standard error to."""
        return self.config.parent / "errors.txt"

    def start(self, command: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Start a command over the configuration."""
        with self.errors.open("ab") as errors:
            return self._start(errors, command, *arguments)

    def _start(
        self, errors: IO[bytes], command: str, *arguments: str | Path
    ) -> subprocess.Popen[bytes]:
        misled = _MISLED.format(clock=str(self.clock)) if self.clock else ""
        process = subprocess.Popen(
            [sys.executable, "-c", misled + _WHARFINGER, *command.split(), self.config, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=_ROOT,
            env={**os.environ, "NO_COLOR": "1"},
        )
        self._running.append(process)
        return process

    def run(self, command: str, *arguments: str | Path) -> tuple[int, bytes]:
        """Run a command to its end, and return its exit code and what it said."""
        process = self.start(command, *arguments)
        output, _ = process.communicate(timeout=_PATIENCE_S * 3)
        self._running.remove(process)
        return process.returncode, output

    def lines(self, what: str) -> list[dict[str, Any]]:
        """Return an export."""
        code, output = self.run("export", what)
        assert code == 0, self.errors.read_text("utf-8")
        return [json.loads(line) for line in output.splitlines()]

    def kill(self, process: subprocess.Popen[bytes], command: str) -> None:
        """End a process at once; it may have ended by itself just before."""
        process.send_signal(signal.SIGKILL)
        self.end(process, command)
        self.kills[command] += process.returncode == -signal.SIGKILL

    def end(
        self, process: subprocess.Popen[bytes], command: str, expected: Container[int] = _EXPECTED
    ) -> None:
        """Wait for the end of a process.

        Args:
            process: It was told to end, or has ended.
            command: What it does.
            expected: Exit codes that are no surprise.
        """
        process.communicate(timeout=_PATIENCE_S * 2)
        self._running.remove(process)
        if process.returncode not in expected:
            self.died.append(f"{command} ended with {process.returncode}")

    def close(self) -> None:
        """End whatever still runs."""
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.communicate()
