"""Segment's own path: what ``bench.mjs`` measures, on our events, our mapping and our sink."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.whole_path.mapping import ACTION, FIELDS, TRIGGER
from tests.bench.whole_path.measure import Job

MOST_ECHOED_ROWS = 50
"""Its HTTP client hangs on replies of 32 KiB and more, so larger batches get a small reply."""

_MAPPING = {
    "name": "contacts",
    "enabled": True,
    "partnerAction": ACTION,
    "subscribe": TRIGGER,
    "mapping": {**FIELDS, "enable_batching": True},
}


def folder() -> Path | None:
    """Return where Segment's engine can be run from; None where it is not here."""
    is_here = shutil.which("node") and {"WHARFINGER_PEER", "PEER_HOME"} <= os.environ.keys()
    return Path(os.environ["WHARFINGER_PEER"]) if is_here else None


def measure(job: Job) -> dict[str, Any]:
    """Measure it in a process of its own, which tells its figures over Node's channel."""
    scripts = folder()
    assert scripts is not None
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryDirectory() as place, ours, theirs:
        mappings = Path(place, "mappings.json")
        mappings.write_text(json.dumps([_MAPPING]))
        task = {
            "kind": "full" if job.size else "event",
            "events": job.events,
            "mappings": str(mappings),
            "size": job.size,
            "inflight": job.inflight,
            "transport": "tls" if job.tls else "plain",
            "port": job.port,
            "seconds": job.seconds,
            "warmup": job.warmup_s,
            "hang_s": 15,
        }
        channel = {"NODE_CHANNEL_FD": str(theirs.fileno())}
        trusted = {"NODE_EXTRA_CA_CERTS": job.cert, "PEER_CA_IN_ENV": "1"}
        subprocess.run(
            ["node", str(scripts / "bench.mjs"), "--child", json.dumps(task)],
            env={**os.environ, **channel, **trusted},
            pass_fds=[theirs.fileno()],
            check=True,
            timeout=job.seconds + job.warmup_s + 60,
        )
        told: dict[str, Any] = json.loads(ours.recv(65_536).splitlines()[0])
    return told
