from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest

from wharfinger_host.store.store import Store

COMMAND = [sys.executable, "-c", "from wharfinger_host.cli import main; main()"]


@attrs.define
class Host:
    """A configuration with an inbox, the command line, and Acme behind it."""

    config: Path
    vendor: Any
    events: Any
    _cli: Callable[..., Any]
    inbox: Path = attrs.field()

    @inbox.default
    def _beside_the_configuration(self) -> Path:
        return self.config.parent / "inbox.db"

    def __call__(self, command: str, *arguments: object) -> Any:
        """Run a command over the configuration."""
        return self._cli(*command.split(), self.config, *arguments)

    def json(self, command: str, *arguments: object) -> Any:
        """Run a command, and return what it says in JSON."""
        result = self(command, *arguments, "--json")
        assert result.exit_code in (0, 1), result.stderr
        return orjson.loads(result.stdout)

    def accept(self, *lines: Any) -> Any:
        """Take events into the inbox."""
        file = self.events.write(self.config.parent / "events.jsonl", *lines)
        result = self("accept", file, "--json")
        assert result.exit_code == 0, result.stderr
        return orjson.loads(result.stdout)

    def run(self) -> Any:
        """Let the worker do what there is to do, and return what it says."""
        return self.json("run", "--once")

    def sql(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the inbox something."""
        with Store(self.inbox) as store:
            return store.read(lambda db: db.execute(text, values).fetchall()).result()

    def change(self, text: str, *values: Any) -> None:
        """Change something in the inbox."""
        with Store(self.inbox) as store:
            store.write(lambda db: db.execute(text, values)).result()

    def keep_rows_in_order(self) -> None:
        """Give rows of Acme an order key, as they have none of their own."""
        plugin = self.config.parent / "site" / "acme.py"
        source = plugin.read_text()
        keyed = source.replace(
            "payload=Row,\n", "payload=Row, order_key=lambda row: row.key,\n"
        ).replace("BatchPolicy(rows=3)", "BatchPolicy(rows=3, lanes=2)")
        assert keyed != source
        plugin.write_text(keyed)

    def stuck_at(self, *contacts: str) -> tuple[threading.Event, threading.Event]:
        """Let Acme keep these waiting; gives what says that one waits, and what lets it go."""
        stuck, release = threading.Event(), threading.Event()

        def reply(body: Any) -> tuple[int, str]:
            if isinstance(body, dict) and body["to"] in contacts:
                stuck.set()
                release.wait(60)
            return 200, ""

        self.vendor.reply = reply
        return stuck, release


@pytest.fixture
def host(cli: Any, config: Path, vendor: Any, events: Any) -> Host:
    text = config.read_text().replace(
        "[connections.main.mappings.rows]",
        "[connections.main.mappings.rows]\nbatch = { age_s = 0.01 }",
    )
    config.write_text('[inbox]\nfile = "inbox.db"\n\n' + text)
    return Host(config, vendor, events, cli)


@pytest.fixture
def start(host: Any, environment: dict[str, str]) -> Iterator[Callable[..., Any]]:
    """Starts `run` as a process of its own."""
    processes = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*COMMAND, "run", host.config, *arguments, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            text=True,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


@attrs.define
class Disk:
    """A small disk, or what stands for one."""

    folder: Path
    fill: Callable[[int], None]
    """Given the process that writes."""
    make_room: Callable[[int], None]

    def mount_again(self, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", self.folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of its own, which is full soon."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)]
    if not mount or os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip("only root may mount a disk, and not everywhere")
    ballast = folder / "ballast"

    def fill(_process: int) -> None:
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    yield Disk(folder, fill, lambda _process: ballast.unlink())
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def make_disk() -> type[Disk]:
    return Disk
