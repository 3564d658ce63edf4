"""The simulated tenant that the demo delivers to, in a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import attrs

__all__ = ["SimulatedTenant", "TenantError", "free_address", "simulated_tenant"]

_COMMAND: Final = "from wharfinger_sfmc_simulator.cli import main; main()"
_TIMEOUT_S: Final = 10
_USUAL_PORT: Final = 8025


class TenantError(Exception):
    """The simulator did not start."""


@attrs.frozen
class SimulatedTenant:
    """A running simulator.

    Attributes:
        address: Where it listens: ``"http://127.0.0.1:8025"``.
    """

    address: str

    def look(self, what: str) -> Any:
        """Return ``"tables"``, ``"contacts"``, ``"entries"`` or ``"requests"`` as plain data."""
        # The address comes from the process we started, never from outside.
        with urllib.request.urlopen(  # noqa: S310
            f"{self.address}/_simulator/{what}", timeout=_TIMEOUT_S
        ) as reply:
            return json.load(reply)


def free_address() -> str:
    """Return an address to listen on: the simulator's usual port, or another that is free."""
    for port in (_USUAL_PORT, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return f"http://127.0.0.1:{probe.getsockname()[1]}"
    raise TenantError("There is no free port on this machine.")


@contextmanager
def simulated_tenant(catalogue: Path, address: str) -> Iterator[SimulatedTenant]:
    """Start a simulator, and end it afterwards.

    Args:
        catalogue: The TOML file of its tenant.
        address: Where it shall listen.

    Raises:
        TenantError: It did not start; the message says why.
    """
    command: Sequence[str] = [
        *(sys.executable, "-c", _COMMAND),
        *("--port", address.rpartition(":")[2], "--quiet", "--tenant", str(catalogue)),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            # It prints its address when it listens.
            if process.stdout is None or not process.stdout.readline():
                raise TenantError(
                    "The simulator did not start. Is wharfinger-sfmc-simulator installed? "
                    'pip install "wharfinger-host[demo]" brings it along.'
                )
            yield SimulatedTenant(address)
        finally:
            process.terminate()
