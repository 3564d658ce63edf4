"""Nodes of RabbitMQ for as long as a test session needs them, on loopback and nowhere else.

Everything is their own: data, node names, ports, the cookie of Erlang, and the port mapper
(``epmd``), which would else be shared with, and outlive, whatever else runs Erlang here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import attrs

__all__ = ["Cluster", "Node", "server_script", "why_not"]

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
_LOOPBACK: Final = "-kernel inet_dist_use_interface {127,0,0,1}"
_SCHEDULERS: Final = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"


def server_script() -> Path | None:
    """Return what starts a node as this user; what Debian has on the path wants its own user."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if found:
        return found[-1]
    on_path = shutil.which("rabbitmq-server")
    return Path(on_path) if on_path else None


def why_not() -> str:
    """Return why no node can be started here; ``""`` where one can."""
    if server_script() is None or shutil.which("epmd") is None:
        return "RabbitMQ is not installed; `make test-rabbitmq` installs it"
    return ""


@attrs.define(eq=False)
class Node:
    """One node.

    Attributes:
        number: From 0.
        port: Where it speaks AMQP.
        process: Runs it; None where it is not running.
    """

    number: int
    port: int
    dist_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """What the others call it."""
        return f"wharf{self.number}@localhost"

    def kill(self) -> None:
        """End it as a machine ends that loses its power."""
        if self.process is not None:
            _end(self.process)
            self.process = None


@attrs.define(eq=False)
class Cluster:
    """Nodes that know each other; a context manager.

    Attributes:
        folder: Holds everything they write.
        size: How many.
        memory: A node that uses more takes no more events; counts when it starts.
        nodes: The nodes.
        password: Of the one user they know.
    """

    folder: Path
    size: int = 1
    memory: str = "1GB"
    nodes: list[Node] = attrs.field(factory=list)
    password: str = attrs.field(factory=lambda: secrets.token_hex(8))
    _cookie: str = attrs.field(factory=lambda: secrets.token_hex(16))
    _mapper_port: int = 0
    _mapper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._mapper_port, *ports = _free_ports(1 + 2 * self.size)
        epmd = [shutil.which("epmd") or "epmd", "-address", "127.0.0.1"]
        self._mapper = subprocess.Popen(
            [*_KEPT, *epmd, "-port", str(self._mapper_port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.nodes = [Node(n, ports[2 * n], ports[2 * n + 1]) for n in range(self.size)]
        try:
            # One after the other: those that come at once wait for each other's locks.
            for node in self.nodes:
                self.start(node)
                asyncio.run(self.ready())
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

    @property
    def url(self) -> str:
        """Where an engine finds all of them."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"amqp://{_USER}:{self.password}@{hosts}/"

    def start(self, node: Node) -> None:
        """Start a node; one that ran before comes back with what it had."""
        folder = self.folder / node.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rabbitmq.conf").write_text(self._configuration(node))
        (folder / ".erlang.cookie").write_text(self._cookie)
        (folder / ".erlang.cookie").chmod(0o600)
        (folder / "enabled_plugins").write_text("[].")
        with (folder / "out.log").open("ab") as log:
            node.process = subprocess.Popen(
                [*_KEPT, str(server_script())],
                stdin=subprocess.PIPE,
                env=self._environment(node, folder),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait until every node that runs takes connections.

        Raises:
            RuntimeError: One ended instead.
            TimeoutError: One took too long.
        """
        async with asyncio.timeout(_BOOT_S):
            for node in self.nodes:
                while node.process is not None and not await _answers(node.port):
                    if node.process.poll() is not None:
                        log = (self.folder / node.name / "out.log").read_text(errors="replace")
                        raise RuntimeError(f"{node.name} ended: {log[-2_000:]}")
                    await asyncio.sleep(0.1)

    def evaluate(self, expression: str) -> str:
        """Let the first node evaluate something of Erlang, and return what it says."""
        script, first = server_script(), self.nodes[0]
        assert script is not None
        control = str(script.with_name("rabbitmqctl"))
        environment = self._environment(first, self.folder / first.name) | {
            "RABBITMQ_CTL_ERL_ARGS": f"{_LOOPBACK} -start_epmd false"
        }
        return subprocess.check_output(
            [control, "-n", first.name, "eval", expression], env=environment, text=True, timeout=60
        )

    def close(self) -> None:
        """End every node and the port mapper."""
        for node in self.nodes:
            node.kill()
        if self._mapper is not None:
            _end(self._mapper)
            self._mapper = None

    def _configuration(self, node: Node) -> str:
        lines = [
            f"listeners.tcp.1 = 127.0.0.1:{node.port}",
            f"default_user = {_USER}",
            f"default_pass = {self.password}",
            "loopback_users = none",
            "log.console = true",
            "log.file = false",
            f"vm_memory_high_watermark.absolute = {self.memory}",
            "disk_free_limit.absolute = 50MB",
        ]
        if self.size > 1:
            lines.append("cluster_formation.peer_discovery_backend = classic_config")
            lines += [
                f"cluster_formation.classic_config.nodes.{each.number + 1} = {each.name}"
                for each in self.nodes
            ]
        return "\n".join(lines) + "\n"

    def _environment(self, node: Node, folder: Path) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "RABBITMQ_NODENAME": node.name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(node.port),
            "RABBITMQ_DIST_PORT": str(node.dist_port),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{_LOOPBACK} {_SCHEDULERS}",
        }


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on; each is taken at once, so all are different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
