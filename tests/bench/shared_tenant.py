"""``python -m tests.bench.shared_tenant``: workers on one tenant that bears so many calls a second.

Real processes of ``wharfinger run`` share one inbox. The simulator stands behind a limit: of the
calls within any second that are more than it allows, each is answered with 429. Events come when
every worker has its part of the lanes, and what counts is what the vendor saw from then on.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import attrs
from rich.console import Console
from rich.table import Table
from tests.servers import Postgres, Redis

from wharfinger_sfmc_simulator import Simulator
from wharfinger_sfmc_simulator.server import serve_in_thread

__all__ = ["Figures", "Limit", "measure"]

_WHARFINGER: Final = "from wharfinger_host.cli import main; main()"
_STORES: Final = ("none", "sqlite", "redis", "postgresql")
_WINDOW_S: Final = 1.0
_PATIENCE_S: Final = 120.0
_BUSY: Final = json.dumps({"message": "Rate limit exceeded", "errorcode": 50100}).encode()

_TENANT: Final = {
    "tenant": {"subdomain": "mcbench0wharfinger0tenant0000", "eid": 510000001},
    "accounts": [{"id": 510000001, "name": "Bench"}],
    "clients": [{"id": "bench-client", "secret": "bench-secret", "account": 510000001}],
    "event_definitions": [
        {"key": "APIEvent-pings", "fields": [{"name": "Number", "type": "Number"}]}
    ],
}
_CONFIG: Final = """
[inbox]
file = "inbox.db"
partitions = {partitions}

[connections.shop]
destination = "salesforce-marketing-cloud"
route = "{address}"
budget = {{ per_minute = {per_minute}, headroom = {headroom} }}

[connections.shop.settings]
account_id = "510000001"
client_id = "bench-client"
client_secret = "bench-secret"
subdomain = "mcbench0wharfinger0tenant0000"

[connections.shop.mappings.pings]
action = "send-api-event"
trigger = 'type = "track"'
[connections.shop.mappings.pings.fields]
eventDefinitionKey = "APIEvent-pings"
delivery = "at-least-once"
data.Number = {{ "@path" = "$.properties.number" }}
"""
_SHARED: Final = """
[shared]
store = {{ env = "WHARFINGER_BENCH_STORE" }}
key = {{ env = "WHARFINGER_BENCH_KEY" }}
workers = {workers}
"""


@attrs.define
class Limit:
    """Lets so many calls a second through to an application.

    Attributes:
        app: The application.
        calls_per_s: Most calls within any second.
        clock: Gives seconds that never go back.
        came: When each call came, and whether it was one too many.
        tokens: How many of them asked for an access token.
    """

    app: Any
    calls_per_s: int
    clock: Callable[[], float] = time.monotonic
    came: list[tuple[float, bool]] = attrs.field(factory=list)
    tokens: int = 0
    _let_through: deque[float] = attrs.field(factory=deque)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a call, or refuse it."""
        now, recent = self.clock(), self._let_through
        while recent and recent[0] <= now - _WINDOW_S:
            recent.popleft()
        too_many = len(recent) >= self.calls_per_s
        self.came.append((now, too_many))
        self.tokens += scope["path"] == "/v2/token"
        if not too_many:
            recent.append(now)
            await self.app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"retry-after", b"1")]
        await send({"type": "http.response.start", "status": 429, "headers": headers})
        await send({"type": "http.response.body", "body": _BUSY})


@attrs.frozen
class Figures:
    """What the vendor saw.

    Attributes:
        store: Through which the workers shared.
        calls: How many came.
        tokens: How many of them asked for a token.
        refused: How many were answered with 429.
        refused_later: How many of these came after the first second.
        most: Most calls within any second.
        per_s: Calls a second after the first one.
    """

    store: str
    calls: int
    tokens: int
    refused: int
    refused_later: int
    most: int
    per_s: float

    @classmethod
    def of(cls, store: str, limit: Limit) -> Figures:
        """Count."""
        came = [(moment - limit.came[0][0], too_many) for moment, too_many in limit.came]
        later = [(moment, too_many) for moment, too_many in came if moment >= _WINDOW_S]
        last = came[-1][0]
        return cls(
            store=store,
            calls=len(came),
            tokens=limit.tokens,
            refused=sum(too_many for _, too_many in came),
            refused_later=sum(too_many for _, too_many in later),
            most=_most_in_a_window([moment for moment, _ in came]),
            per_s=len(later) / (last - _WINDOW_S) if last > _WINDOW_S else 0.0,
        )


def _most_in_a_window(moments: list[float]) -> int:
    window: deque[float] = deque()
    most = 0
    for moment in moments:
        window.append(moment)
        while window[0] <= moment - _WINDOW_S:
            window.popleft()
        most = max(most, len(window))
    return most


def measure(options: argparse.Namespace, store: str) -> Figures:
    """Let workers deliver for a while, and return what the vendor saw."""
    limit = Limit(Simulator.from_mapping(_TENANT).app, options.calls_per_s)
    with (
        tempfile.TemporaryDirectory(prefix="wharfinger-shared-") as folder,
        serve_in_thread(limit, "127.0.0.1", 0) as address,
        _at_hand(store, Path(folder)) as (url, server),
    ):
        key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        environment = {
            **os.environ,
            "WHARFINGER_BENCH_STORE": url,
            "WHARFINGER_BENCH_KEY": key,
        }
        config = _write(Path(folder), options, address, shared=bool(url))
        events = config.with_name("events.jsonl")
        workers = [
            _wharfinger("run", config, "--quiet", "--drain-s", "0", env=environment)
            for _ in range(options.workers)
        ]
        try:
            _wait(lambda: _at_work(config.with_name("inbox.db")) == options.workers)
            limit.came.clear()
            _wharfinger("accept", config, events, env=environment).wait()
            _wait(lambda: limit.came)
            if options.store_dies and server is not None:
                time.sleep(options.seconds / 3)
                server.kill()
                time.sleep(options.seconds / 3)
                server.start()
                time.sleep(options.seconds / 3)
            else:
                time.sleep(options.seconds)
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.wait()
        return Figures.of(store, limit)


def _wait(until: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError("The workers did not begin.")
        time.sleep(0.1)


def _at_work(inbox: Path) -> int:
    """Return how many workers have lanes, as many as the others."""
    if not inbox.exists():
        return 0
    with closing(sqlite3.connect(inbox, timeout=30)) as db, suppress(sqlite3.OperationalError):
        held = "SELECT count(*) FROM lanes WHERE owner <> '' GROUP BY owner"
        counts = [count for (count,) in db.execute(held)]
        return len(counts) if max(counts, default=0) <= min(counts, default=0) + 1 else 0
    return 0


@contextmanager
def _at_hand(store: str, folder: Path) -> Iterator[tuple[str, Redis | Postgres | None]]:
    """Give the URL of a store, and its server where it has one."""
    if store == "redis":
        with Redis() as redis:
            yield redis.url, redis
    elif store == "postgresql":
        with Postgres() as postgres:
            yield postgres.url, postgres
    else:
        yield f"sqlite://{folder / 'shared.db'}" if store == "sqlite" else "", None


def _write(folder: Path, options: argparse.Namespace, address: str, *, shared: bool) -> Path:
    config = folder / "wharfinger.toml"
    text = _CONFIG.format(
        partitions=4 * options.workers,
        address=address,
        per_minute=60 * options.calls_per_s,
        headroom=options.headroom,
    )
    config.write_text(text + _SHARED.format(workers=options.workers) * shared)
    count = 4 * options.calls_per_s * int(options.seconds + 5)
    events = (
        {
            "messageId": f"m{number}",
            "type": "track",
            "event": "Pinged",
            "userId": f"u{number}",
            "properties": {"number": number},
        }
        for number in range(count)
    )
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return config


def _wharfinger(command: str, *words: object, env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _WHARFINGER, command, *map(str, words)],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if os.environ.get("WHARFINGER_BENCH_LOUD") else subprocess.DEVNULL,
    )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.shared_tenant")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--calls-per-s", type=int, default=50, help="what the tenant bears")
    parser.add_argument("--seconds", type=float, default=10.0, help="from the first call on")
    parser.add_argument("--headroom", type=float, default=0.1, help="share that is left over")
    parser.add_argument("--store", choices=_STORES, action="append", help="may be given again")
    parser.add_argument(
        "--store-dies", action="store_true", help="it is away for the second third of the time"
    )
    options = parser.parse_args()
    table = Table("store", "calls", "tokens", "429", "429 after 1 s", "most in 1 s", "calls/s")
    for store in options.store or _STORES:
        figures = measure(options, store)
        table.add_row(*map(str, attrs.astuple(figures)[:-1]), f"{figures.per_s:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
