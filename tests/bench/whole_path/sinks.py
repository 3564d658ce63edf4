"""Sinks as processes of their own: the rival's server where it is here, or else our own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import attrs
from tests.bench.whole_path import segment


@attrs.frozen
class SinkAddress:
    """Where a sink listens.

    Attributes:
        plain: Port without TLS.
        tls: Port with TLS; 0 where there is none.
        cert: Path of the certificate it shows, or ``""``.
    """

    plain: int
    tls: int = 0
    cert: str = ""

    def port(self, *, tls: bool) -> int:
        """Return the port of one kind."""
        return self.tls if tls else self.plain


@contextmanager
def own_sink(mode: str) -> Iterator[SinkAddress]:
    """Start our own sink; see `tests.bench.whole_path.sink` for the modes."""
    with _started([sys.executable, "-m", "tests.bench.whole_path.sink", "--mode", mode]) as sink:
        yield sink


@contextmanager
def sink_for_all(mode: str) -> Iterator[SinkAddress]:
    """Start the sink of the comparison.

    Args:
        mode: ``"echo"`` answers the body, as SFMC does; ``"small"``, for the rival, two bytes.
    """
    if (scripts := segment.folder()) is None:
        with own_sink(mode) as sink:
            yield sink
        return
    with _started(["node", str(scripts / "server.mjs"), "--mode", mode]) as sink:
        yield sink


@contextmanager
def _started(command: Sequence[str]) -> Iterator[SinkAddress]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    try:
        told = json.loads(process.stdout.readline())
        yield SinkAddress(told["plain_port"], told.get("port", 0), told.get("cert", ""))
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
