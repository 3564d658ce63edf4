"""The SDKs of Segment and RudderStack, unmodified, against a server that is killed again and again.

`WHARFINGER_SDK_EVENTS=10000` sends so many events by each of Segment's servers' SDKs.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest

HERE = Path(__file__).parent
EVENTS = int(os.environ.get("WHARFINGER_SDK_EVENTS", "1000"))
RESTARTS = [signal.SIGKILL, signal.SIGTERM] * (3 if EVENTS >= 10_000 else 1)

# One group: what npm installs is installed once.
pytestmark = [pytest.mark.xdist_group("sdks"), pytest.mark.timeout(300)]


@pytest.fixture(params=["python", "node"])
def sdk(request: Any) -> tuple[list[str], dict[str, str]]:
    """How to start a program that sends events, and what it needs in its environment."""
    if request.param == "python":
        return [sys.executable, str(HERE / "python_sdk.py")], dict(os.environ)
    modules = request.getfixturevalue("node_modules")
    return ["node", str(HERE / "node_sdk.cjs")], {**os.environ, "NODE_PATH": str(modules)}


def wait_a_little(sender: subprocess.Popen[str]) -> None:
    """Leave the machine to others while the sender sends."""
    with suppress(subprocess.TimeoutExpired):
        sender.wait(0.02)
        raise AssertionError(f"it ended too early: {sender.communicate()}")


def accepted(served: Any) -> int:
    return sum(number for (number,) in served.rows("SELECT count(*) FROM inbox"))


def test_every_event_arrives_once_through_kills_and_restarts(
    serving: Any, sdk: tuple[list[str], dict[str, str]]
) -> None:
    command, environment = sdk
    served = serving("--no-deliver")
    sender = subprocess.Popen(
        [*command, served.url, "website-key", str(EVENTS)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        for number, how in enumerate(RESTARTS, 1):
            while accepted(served) < EVENTS * number // (len(RESTARTS) + 1):
                wait_a_little(sender)
            served.end(how)
            served.start()
        output, errors = sender.communicate(timeout=280)
    finally:
        sender.kill()
    assert json.loads(output.splitlines()[-1]) == {"lost": 0}, errors
    events = [orjson.loads(event) for (event,) in served.rows("SELECT event FROM inbox")]
    numbers = Counter(event["properties"]["number"] for event in events)
    assert numbers == Counter(range(EVENTS))
    assert len({event["messageId"] for event in events}) == EVENTS
    assert served.end()[0] == 0
