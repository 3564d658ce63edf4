"""What an experiment left behind, asked of everybody who knows something."""

from __future__ import annotations

import json
import time
from typing import Any, Final

import attrs
from tests.e2e.laboratory.events import Planted
from tests.e2e.laboratory.processes import Host, Simulator

__all__ = ["Evidence", "finish", "take_evidence"]

_NOT_RECORDED: Final = "the host could not record what it was about to send"


@attrs.define(kw_only=True)
class Evidence:
    """What an experiment left behind.

    Attributes:
        planted: The events that were given to `accept`, in their order.
        inbox: The events the host says it accepted.
        ledger: Final outcomes, as the host exports them.
        letters: Dead letters, likewise.
        listed: How many dead letters the host lists.
        tables: Rows at the vendor, by account and key.
        entries: Journey entries at the vendor, in their order.
        waiting: How many events the host says are still to be delivered.
        died: What ended by itself, or wrote a traceback.
        seen: What was counted on the way, by what it is called.
    """

    planted: list[Planted]
    inbox: list[dict[str, Any]]
    ledger: list[dict[str, Any]]
    letters: list[dict[str, Any]]
    listed: int
    tables: dict[str, dict[str, Any]]
    entries: list[dict[str, Any]]
    waiting: int
    died: list[str]
    seen: dict[str, int] = attrs.field(factory=dict)


def finish(host: Host, rounds: int = 20) -> int:
    """Let the host work until nothing waits, and return how much does all the same."""
    waiting = 0
    for _ in range(rounds):
        code, output = host.run("run", "--once", "--json")
        if code not in (0, 1):
            host.died.append(f"run --once ended with {code}")
            return -1
        summary = json.loads(output)
        if summary["failed"]:
            host.died.append(f"connections broke off: {summary['failed']}")
        waiting = summary["waiting"]
        if not waiting:
            break
        time.sleep(3)  # until what was put aside is due
    return waiting


def take_evidence(
    planted: list[Planted], host: Host, simulator: Simulator, waiting: int
) -> Evidence:
    """Ask everybody what there is."""
    ledger = host.lines("ledger")
    code, listed = host.run("dead-letters list", "--json")
    assert code == 0
    died = list(host.died)
    if host.errors.exists():
        died += _faults_in(host.errors.read_text("utf-8"))
    requests = simulator.count()
    return Evidence(
        planted=planted,
        inbox=host.lines("events"),
        ledger=ledger,
        letters=host.lines("letters"),
        listed=json.loads(listed)["count"],
        tables=simulator.look("tables"),
        entries=simulator.look("entries")["entered"],
        waiting=waiting,
        died=died,
        seen={
            "requests": requests,
            "kill-simulator": simulator.kills,
            "kill-worker": host.kills["run"],
            "kill-accept": host.kills["accept"],
            **{f"fault {kind}": count for kind, count in simulator.struck.items()},
        },
    )


def _faults_in(errors: str) -> list[str]:
    """Return the tracebacks in what was written to standard error, but for one that is logged.

    A process that cannot write down what it is about to send says so with its traceback, and does
    not send it.
    """
    before, *tracebacks = errors.split("Traceback (most recent call last):")
    found, is_logged = [], False
    for traceback in tracebacks:
        # One that is the cause of another is told before it.
        is_chained = before.rstrip().endswith(("following exception:", "exception occurred:"))
        is_logged = (is_logged and is_chained) or before.rstrip().endswith(_NOT_RECORDED)
        if not is_logged:
            found.append(traceback[:3_000])
        before = traceback
    return found
