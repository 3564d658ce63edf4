"""A server on a socket: within this process, or as a process that can be killed."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import attrs
import httpx
import orjson
import pytest

from wharfinger import Secret
from wharfinger_host.serving.app import build_app
from wharfinger_host.serving.authentication import Doorkeeper
from wharfinger_host.serving.intake import Intake
from wharfinger_host.serving.rejects import RejectsFile
from wharfinger_host.serving.server import Server, listen
from wharfinger_host.sources import Source
from wharfinger_host.store.leases import register
from wharfinger_host.store.store import Store

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
KEY = "website-key"
COMMAND = [sys.executable, "-c", "from wharfinger_host.cli import main; main()"]
PACKAGES = {
    "@rudderstack/rudder-sdk-node": "3.0.13",
    "@segment/analytics-next": "1.84.3",
    "@segment/analytics-node": "3.1.0",
    "jsdom": "26.1.0",
}


@attrs.define
class Heard:
    """What a person would have been told."""

    refusals: list[tuple[str, str]] = attrs.field(factory=list)
    troubles: list[str] = attrs.field(factory=list)

    def refused(self, source: str, refused: Any) -> None:
        self.refusals += [(source, each.code) for each in refused]

    def broken(self, error: Exception) -> None:
        self.troubles.append(str(error))

    def mended(self) -> None:
        self.troubles.append("mended")


@attrs.define
class Served:
    """A server within this process, and how to talk to it."""

    url: str
    intake: Intake
    heard: Heard

    def post(self, path: str, body: Any, *, key: str | None = KEY, **more: Any) -> httpx.Response:
        """Post JSON, or bytes as they are."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        auth = None if key is None else (key, "")
        return httpx.post(f"{self.url}{path}", content=data, auth=auth, timeout=60, **more)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What is in the inbox, in order."""
        rows = self.intake.store.read(
            lambda db: db.execute("SELECT event FROM inbox ORDER BY seq").fetchall()
        ).result()
        return [orjson.loads(event) for (event,) in rows]

    @property
    def rejects(self) -> list[dict[str, Any]]:
        """What is in the file of refused events."""
        path = self.intake.rejects.path
        return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def serve_in_thread(intake: Intake) -> Iterator[str]:
    """Serve in a thread with a loop of its own; gives the address."""
    begun: Future[tuple[Server, asyncio.AbstractEventLoop]] = Future()

    async def work() -> None:
        server = Server(build_app(intake), listen("127.0.0.1", 0), drain_s=5)
        begun.set_result((server, asyncio.get_running_loop()))
        await server.run_until_stopped()

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    server, loop = begun.result()
    address = server.address
    yield address
    loop.call_soon_threadsafe(server.stop)
    thread.join()


def make_intake(folder: Path, store: Store, heard: Heard) -> Intake:
    sources = [
        Source(name="website", write_key=Secret(KEY)),
        Source(name="shop", write_key=Secret("shop-key"), event_bytes=2_000, batch_bytes=4_000),
    ]
    store.write(register, ["main"], store.layout.partitions).result()
    return Intake(
        store=store,
        doorkeeper=Doorkeeper(sources),
        rejects=RejectsFile(folder / "refused.jsonl"),
        audience=heard,
        clock=lambda: NOW,
    )


@pytest.fixture(scope="session")
def new_intake() -> Any:
    """Makes what takes events in, for a store."""
    return lambda folder, store: make_intake(folder, store, Heard())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server with two sources; its clock stands still."""
    heard = Heard()
    with Store(tmp_path / "inbox.db") as store:
        intake = make_intake(tmp_path, store, heard)
        for url in serve_in_thread(intake):
            yield Served(url, intake, heard)


@attrs.define(kw_only=True)
class ServeProcess:
    """``wharfinger serve`` as a process on a port that stays the same."""

    config: Path
    environment: dict[str, str]
    port: int
    arguments: tuple[str, ...] = ("--no-deliver",)
    prologue: str = ""
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and return when it listens."""
        program = f"{self.prologue}\nfrom wharfinger_host.cli import main; main()"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", program, "serve", self.config),
                *("--port", str(self.port), *self.arguments),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            text=True,
        )
        self.line_with("Listening at")

    def line_with(self, words: str) -> str:
        """Read what it tells, up to a line with these words."""
        assert self.process is not None
        assert self.process.stderr is not None
        said = []
        while line := self.process.stderr.readline():
            said.append(line)
            if words in line:
                return line
        raise AssertionError(f"it ended without saying {words}: {''.join(said)}")

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """End it with a signal; gives exit code, standard output and standard error."""
        assert self.process is not None
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, output, errors

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """Ask its inbox something while it runs."""
        with sqlite3.connect(self.config.parent / "inbox.db") as db:
            found = db.execute(text).fetchall()
        db.close()
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serving(config: Path, environment: dict[str, str]) -> Iterator[Callable[..., ServeProcess]]:
    """Starts servers over a configuration that has nothing wrong with it."""
    text = f'[inbox]\nfile = "inbox.db"\n\n[sources.website]\nwrite_key = "{KEY}"\n\n'
    config.write_text(text + config.read_text())
    started = []

    def begin(*arguments: str, prologue: str = "") -> ServeProcess:
        served = ServeProcess(
            config=config,
            environment=environment,
            port=free_port(),
            arguments=arguments,
            prologue=prologue,
        )
        started.append(served)
        served.start()
        return served

    yield begin
    for served in started:
        if served.process is not None:
            served.process.kill()
            served.process.communicate()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """A folder with the SDKs for JavaScript, as their makers publish them."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("there is no node and npm")
    names = [f"{name}@{version}" for name, version in PACKAGES.items()]
    folder = Path(sys.prefix) / "share" / "wharfinger-tests" / "node"
    done = folder / "installed.txt"
    if not done.exists() or done.read_text().split() != names:
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--no-save", "--no-package-lock", "--ignore-scripts")
        run = subprocess.run(
            [npm, "install", *quiet, *names],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            pytest.skip(f"npm cannot install the SDKs: {run.stderr[-300:]}")
        done.write_text("\n".join(names))
    return folder / "node_modules"
