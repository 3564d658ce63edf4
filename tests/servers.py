"""Redis and PostgreSQL for as long as a test session needs them, on loopback and nowhere else.

Everything is their own: data, ports, passwords. They end with whoever started them, however that
comes about. PostgreSQL does not run as root, so where root runs the tests it runs as another user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import attrs

__all__ = ["Postgres", "Redis", "free_port", "why_no_postgres", "why_no_redis"]

_USER: Final = "wharf"
_BOOT_S: Final = 60.0
# Runs a command until it ends, or until whoever started this is gone, however that came about.
_KEEP: Final = (
    "import os, signal, subprocess, sys, threading; "
    "kept = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL); "
    "threading.Thread(target=lambda: os._exit(kept.wait() and 1), daemon=True).start(); "
    "sys.stdin.read(); os.killpg(0, signal.SIGKILL)"
)
_KEPT: Final = (sys.executable, "-c", _KEEP)


def why_no_redis() -> str:
    """Return why no Redis can be started here; ``""`` where one can."""
    if shutil.which("redis-server") is None:
        return "Redis is not installed; `make test-stores` installs it"
    return ""


def why_no_postgres() -> str:
    """Return why no PostgreSQL can be started here; ``""`` where one can."""
    if _programs() is None:
        return "PostgreSQL is not installed; `make test-stores` installs it"
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL does not run as root, and there is no setpriv to become another user"
    return ""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        port: int = each.getsockname()[1]
        return port


@attrs.define(eq=False)
class _Server:
    """One server; a context manager that starts it, waits until it answers, and ends it.

    Attributes:
        folder: Holds everything it writes, for as long as the context lasts.
        port: Where it listens.
        password: Of the one user it knows.
    """

    folder: Path = attrs.field(init=False)
    port: int = attrs.field(factory=free_port)
    password: str = attrs.field(factory=lambda: secrets.token_hex(8))
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # Not below pytest's folder: another user may not look into that one.
        self.folder = Path(tempfile.mkdtemp(prefix="wharfinger-"))
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def prepare(self) -> None:
        """Make what it needs before it starts for the first time."""

    def command(self) -> list[str]:
        """Return what starts it; each server says so itself."""
        raise NotImplementedError

    def answers(self) -> bool:
        """Tell whether it takes connections; each server says so itself."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it answers; after `kill` it comes back with what it had.

        Raises:
            RuntimeError: It ended instead, or does not answer.
        """
        with (self.folder / "out.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_KEPT, *self.command()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder)},
                start_new_session=True,
            )
        deadline = time.monotonic() + _BOOT_S
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "out.log").read_text(errors="replace")[-2_000:]
                raise RuntimeError(f"{type(self).__name__} did not start: {said}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as a machine ends that loses its power."""
        if (process := self._process) is not None:
            self._process = None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Let it take connections and answer nothing, as a machine does that hangs."""
        processes = self._pids()
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(processes):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _pids(self) -> list[int]:
        """Return the processes it consists of, whoever keeps them left out."""
        found, more = [], [self._process.pid] if self._process is not None else []
        while more:
            listed = subprocess.run(
                ["ps", "-o", "pid=", "--ppid", ",".join(map(str, more))],
                check=False,
                capture_output=True,
            )
            more = [int(pid) for pid in listed.stdout.split()]
            found += more
        return found

    def close(self) -> None:
        """End it, and forget what it wrote."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(_Server):
    """One Redis that keeps what it is told across `kill`."""

    @property
    def url(self) -> str:
        """Where a client finds it."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Return what starts it."""
        where = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        keeps = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        return ["redis-server", *where, *keeps, "--requirepass", self.password]

    def answers(self) -> bool:
        """Tell whether it takes connections and has read what it kept."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as s:
            s.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
            said = b""
            while said.count(b"\n") < 2 and (more := s.recv(256)):
                said += more
            return b"+PONG" in said
        return False


class Postgres(_Server):
    """One PostgreSQL with the database ``postgres``."""

    @property
    def url(self) -> str:
        """Where a client finds it."""
        return f"postgresql://{_USER}:{self.password}@127.0.0.1:{self.port}/postgres"

    def prepare(self) -> None:
        """Make the database."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        if os.geteuid() == 0:
            for path in (self.folder, secret):
                os.chown(path, _other_user().pw_uid, _other_user().pw_gid)
        signing_in = ["--username", _USER, "--pwfile", str(secret), "--auth", "scram-sha-256"]
        rest = ["--no-sync", "-E", "UTF8", "--no-locale", "-D", str(self.folder / "data")]
        subprocess.run(
            [*_as_other_user(), str(_program("initdb")), *signing_in, *rest],
            check=True,
            capture_output=True,
            cwd=self.folder,
        )

    def command(self) -> list[str]:
        """Return what starts it."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",  # only the server dies here, never the machine
            "max_connections": "100",
        }
        given = [each for name, value in settings.items() for each in ("-c", f"{name}={value}")]
        return [
            *_as_other_user(),
            str(_program("postgres")),
            "-D",
            str(self.folder / "data"),
            *given,
        ]

    def answers(self) -> bool:
        """Tell whether it takes connections and has recovered."""
        ready = [str(_program("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0

    def kill(self) -> None:
        """End it without a checkpoint; the next start recovers.

        Its own signal for that: backends are in sessions of their own, and one that outlives the
        postmaster for a moment would keep the next one from starting.
        """
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
            if self._process is not None and self._process.poll() is None:
                os.kill(pid, signal.SIGQUIT)
                self._process.wait(_BOOT_S)
        super().kill()


def _programs() -> Path | None:
    """Return where PostgreSQL's programs are; Debian does not put them on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_version)
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


def _version(program: Path) -> float:
    name = program.parent.parent.name
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


def _program(name: str) -> Path:
    folder = _programs()
    if folder is None:
        raise RuntimeError(why_no_postgres())
    return folder / name


def _other_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("There is no user postgres or nobody to run PostgreSQL as.")


def _as_other_user() -> list[str]:
    if os.geteuid() != 0:
        return []
    user = _other_user()
    ids = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
    return ["setpriv", *ids, "--"]
