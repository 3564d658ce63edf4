"""The simulated tenant that the demo delivers to, in a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs

__all__ = ["SimulatedTenant", "TenantError", "free_port", "simulated_tenant"]

_COMMAND: Final = "from wharfinger_sfmc_simulator.cli import main; main()"
_TIMEOUT_S: Final = 10


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
        with urllib.request.urlopen(  # noqa: S310  # the address of the process we started
            f"{self.address}/_simulator/{what}", timeout=_TIMEOUT_S
        ) as reply:
            return json.load(reply)


def free_port(wanted: int) -> int:
    """Return a port of this machine: the one that is wanted, or any other where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise TenantError("This machine has no free port.")


@contextmanager
def simulated_tenant(
    catalogue: Path, port: int = 0, *, outlives_ctrl_c: bool = False
) -> Iterator[SimulatedTenant]:
    """Start a simulator, and end it afterwards.

    Args:
        catalogue: The TOML file of its tenant.
        port: Where it shall listen; 0 takes any that is free.
        outlives_ctrl_c: Whether Ctrl-C leaves it alone, so that what is under way can end first.

    Raises:
        TenantError: It did not start; the message says why.
    """
    command: Sequence[str] = [
        *(sys.executable, "-c", _COMMAND),
        *("--port", str(port), "--quiet", "--tenant", str(catalogue)),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=outlives_ctrl_c
    ) as process:
        try:
            # It prints its address as soon as it listens there.
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise TenantError(
                    "The simulator did not start. Is wharfinger-sfmc-simulator installed? "
                    'pip install "wharfinger-host[demo]" brings it along.'
                )
            yield SimulatedTenant(address)
        finally:
            process.terminate()
