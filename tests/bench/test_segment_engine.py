"""Match, map and validate, beside Segment's own engine on the same events and mapping.

It needs Node, and two folders that are no part of this project: ``WHARFINGER_PEER`` names the one
whose ``bench.mjs`` measures that engine and whose ``events.py`` makes events and mappings,
``PEER_HOME`` the one with the engine's packages. Nothing is asserted of the speed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import pytest

import wharfinger

RUNS, SECONDS, WARMUP, EVENTS, BATCH = 5, 2.0, 1.0, 20_000, 100
SETTINGS = {
    "account_id": "1",
    "client_id": "c",
    "client_secret": "s",
    "subdomain": "mc00000000000000000000000000",
}

pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not (shutil.which("node") and {"WHARFINGER_PEER", "PEER_HOME"} <= os.environ.keys()),
        reason="Segment's engine is not here: it needs Node, WHARFINGER_PEER and PEER_HOME",
    ),
]


@pytest.fixture(scope="module")
def peer() -> Callable[..., list[Any]]:
    """Run a script of the peer's folder; give the JSON that it writes, line by line."""
    folder = Path(os.environ["WHARFINGER_PEER"])

    def run(program: str, script: str, *arguments: str) -> list[Any]:
        command = [program, str(folder / script), *arguments]
        written = subprocess.run(command, capture_output=True, check=True, timeout=500)
        return [orjson.loads(line) for line in written.stdout.splitlines()]

    return run


@pytest.fixture(scope="module")
def events(peer: Callable[..., list[Any]]) -> list[Any]:
    """Make the events that ``bench.mjs`` makes for itself."""
    options = ["--seed", "1", "--n", str(EVENTS), "--profile", "clean", "--kind", "identify"]
    return peer(sys.executable, "events.py", *options)


@pytest.fixture(scope="module")
def mapping() -> Any:
    """Compile the mapping that ``bench.mjs`` measures, the first of its own."""
    script = Path(os.environ["WHARFINGER_PEER"]) / "events.py"
    command = [sys.executable, str(script), "--emit", "mappings"]
    first = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)[0]
    config = {
        "destination": "salesforce-marketing-cloud",
        "settings": SETTINGS,
        "mappings": {
            "contacts": {
                "action": first["partnerAction"],
                "trigger": first["subscribe"],
                "fields": first["mapping"],
            }
        },
    }
    return wharfinger.load_plugins().connect(config).mappings["contacts"]


def _events_per_s(work: Callable[[Sequence[Any]], list[Any]], events: Sequence[Any]) -> float:
    """Measure as ``bench.mjs`` does: batches one after the other, for some seconds."""
    batches = [events[start : start + BATCH] for start in range(0, len(events), BATCH)]
    for seconds in (WARMUP, SECONDS):
        done, started = 0, time.perf_counter()
        while time.perf_counter() < started + seconds:
            done += len(work(batches[done // BATCH % len(batches)]))
    return done / (time.perf_counter() - started)


def _spread(figures: Sequence[float]) -> str:
    return f"min {min(figures):>9,.0f}  median {median(figures):>9,.0f}  max {max(figures):>9,.0f}"


def test_match_map_and_validate(peer, events, mapping, figure):
    matches, payload, prepare = mapping.matches, mapping.payload, mapping.prepare

    def to_payloads(batch):
        return [payload(event) for event in batch if matches(event)]

    def to_rows(batch):
        return [prepare(index, event) for index, event in enumerate(batch)]

    assert not any(isinstance(item, wharfinger.Outcome) for item in to_rows(events))
    options = f"--only core --sizes {BATCH} --runs 1 --seconds {SECONDS} --warmup {WARMUP}"
    names = ("Segment's engine", "wharfinger", "wharfinger, encoded and keyed as well")
    rates: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(RUNS):
        measured = peer("node", "bench.mjs", *options.split())
        [theirs] = [each for each in measured if each.get("size") == BATCH and "run" in each]
        assert theirs["errors"] == 0
        found = (
            theirs["events_per_s"],
            _events_per_s(to_payloads, events),
            _events_per_s(to_rows, events),
        )
        for name, rate in zip(names, found, strict=True):
            rates[name].append(rate)
    engine = rates[names[0]]
    for name, found_rates in rates.items():
        ratios = [ours / theirs for ours, theirs in zip(found_rates, engine, strict=True)]
        ratio = f"{median(ratios):.2f} times ({min(ratios):.2f} to {max(ratios):.2f})"
        figure(f"{name:<38} {_spread(found_rates)}  {ratio}")
