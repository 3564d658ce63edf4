"""What the parts of a durable host cost, in seconds of processor time.

Every part works in a process of its own, against a vendor on loopback that answers at once. Nothing
here is a time of the clock, because the machine may have other work to do.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path

import attrs
import orjson
from tests.bench.whole_path.durable import removed_folder
from tests.bench.whole_path.inbox import Host, cpu_s_of, ended, rss_mib, until_delivered
from tests.bench.whole_path.mapping import connection_config, row_by_hand
from tests.bench.whole_path.measure import Job
from tests.bench.whole_path.samples import without_end
from tests.rabbitmq.nodes import Cluster

from wharfinger_host.engines.contract import LaneEvent
from wharfinger_host.engines.finding import engine_of

LANES = 8
_MANY_LANES = 64
_IDLE_S = 5.0
_POLL_S = 0.1
_CHUNK = 100
_MIB = 2**20

Figures = dict[str, float]


@attrs.frozen(kw_only=True)
class Load:
    """How much is measured.

    Attributes:
        job: Where the events come from, and the port of the vendor.
        batched: Events of a measurement with 50 rows in a request.
        single: Events of one with a request each.
    """

    job: Job
    batched: int
    single: int

    def events(self, count: int) -> Iterator[bytes]:
        """Give that many events, all different."""
        return islice(without_end(self.job.lines()), count)

    def host(
        self, folder: Path, *, rows: int = 50, lanes: int = LANES, url: str = "", source: str = ""
    ) -> Host:
        """Return a host with one connection to the vendor.

        Args:
            folder: Where it keeps everything.
            rows: Rows in a request.
            lanes: Partitions of the inbox, or lanes of the engine.
            url: Of an engine.
            source: The write key of one that sends over HTTP.
        """
        size = rows if rows > 1 else 0
        # Two lanes for a data extension, as by default; the account bears all there are.
        config = connection_config(self.job.port, tls=False, size=size, lanes=2, parallel=2 * lanes)
        more = [f"partitions = {lanes}"]
        if source:
            more += ["[sources.bench]", f'write_key = "{source}"']
        environment = {**os.environ, **({"WHARFINGER_ENGINE": url} if url else {})}
        return Host(folder, {"bench": config}, environment, more)


def sizes(load: Load) -> Figures:
    """Return the bytes of an event, and of what a request carries of it."""
    events = list(load.events(2_000))
    rows = [orjson.dumps(row_by_hand(orjson.loads(event))) for event in events]
    return {
        "event_bytes": sum(map(len, events)) / len(events),
        "row_bytes": sum(map(len, rows)) / len(rows),
    }


def accepting(load: Load) -> Figures:
    """Measure ``accept``, and what waits on disk for one event."""
    used, on_disk = [], []
    for count in (1, load.batched):
        with removed_folder() as folder:
            host = load.host(folder)
            used.append(ended(host.accept(load.events(count))).cpu_s)
            on_disk.append(host.bytes_on_disk())
    return {
        "accept_event_s": (used[1] - used[0]) / load.batched,
        "waiting_bytes": (on_disk[1] - on_disk[0]) / load.batched,
    }


def serving(load: Load) -> Figures:
    """Measure ``serve`` that only takes events in, a hundred in a request."""
    key = secrets.token_hex(8)
    with removed_folder() as folder, load.host(folder, source=key).serving() as (process, port):
        _post(port, key, list(load.events(_CHUNK * 20)))
        before = cpu_s_of(process)
        _post(port, key, list(load.events(load.batched)))
        return {"serve_event_s": (cpu_s_of(process) - before) / load.batched}


def running(load: Load) -> Figures:
    """Measure ``run`` over the inbox, batched and not, and what stays on disk of an event."""
    figures = {}
    for rows, count in ((50, load.batched), (1, load.single)):
        with removed_folder() as folder:
            host = load.host(folder, rows=rows)
            with host.at_work() as worker:
                used = []
                for events in (count // 4, count):  # what comes first warms up
                    before = cpu_s_of(worker)
                    until_delivered(host, "bench", host.accept(load.events(events)), worker)
                    used.append(cpu_s_of(worker) - before)
            delivered = host.delivered("bench")
            figures[f"run_{rows}_s"] = used[1] / (delivered - count // 4)
            if rows > 1:
                figures["kept_bytes"] = host.bytes_on_disk() / delivered
    return figures


def idling(load: Load) -> Figures:
    """Measure lanes in which nothing happens: of the inbox, between few of them and many."""
    seen = []
    for lanes in (LANES, _MANY_LANES):
        with removed_folder() as folder, load.host(folder, lanes=lanes).at_work() as worker:
            seen.append(_idle(worker))
    return _per_lane("inbox", seen)


def over_rabbitmq(load: Load, nodes: int) -> Figures:
    """Measure publishing to RabbitMQ, delivering what waits there, and what its nodes do for that.

    Args:
        load: How much.
        nodes: 1 or 3.
    """
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as data,
        Cluster(Path(data), nodes) as cluster,
    ):
        batched = _through(load, cluster, rows=50, count=load.batched)
        at_nodes = {f"rabbitmq_nodes_{nodes}_s": batched.nodes_s}
        if nodes > 1:
            return at_nodes
        single = _through(load, cluster, rows=1, count=load.single)
        return {
            "rabbitmq_publish_s": batched.publish_s,
            "rabbitmq_run_50_s": batched.run_s,
            "rabbitmq_run_1_s": single.run_s,
            **at_nodes,
            **_idling_on(load, cluster),
        }


@attrs.frozen(kw_only=True)
class _Through:
    """What one event costs, in seconds of processor time: those who publish, deliver and keep."""

    publish_s: float
    run_s: float
    nodes_s: float


def _through(load: Load, cluster: Cluster, *, rows: int, count: int) -> _Through:
    url = f"{cluster.url}?space=r{rows}"
    asyncio.run(_set_up(url, LANES))
    at_first = _nodes_cpu_s(cluster)
    publish_s = asyncio.run(_publish(url, load.events(count)))
    with _at_work(load, url, rows=rows) as (host, worker):
        # Lanes are full all the time, and what comes first warms up.
        while not host.manned() or (done := host.delivered("bench")) < count // 4:
            time.sleep(_POLL_S)
        before = cpu_s_of(worker)
        while host.delivered("bench") < count:
            time.sleep(_POLL_S)
        return _Through(
            publish_s=publish_s / count,
            run_s=(cpu_s_of(worker) - before) / (count - done),
            nodes_s=(_nodes_cpu_s(cluster) - at_first) / count,
        )


def _idling_on(load: Load, cluster: Cluster) -> Figures:
    seen, at_nodes = [], []
    for lanes in (LANES, _MANY_LANES):
        url = f"{cluster.url}?space=i{lanes}"
        asyncio.run(_set_up(url, lanes))
        with _at_work(load, url, lanes=lanes) as (_, worker):
            asyncio.run(_until_held(url, lanes))
            before = _nodes_cpu_s(cluster)
            seen.append(_idle(worker))
            at_nodes.append(_nodes_cpu_s(cluster) - before)
    more = (_MANY_LANES - LANES) * _IDLE_S
    per_lane = {"rabbitmq_node_lane_idle": (at_nodes[1] - at_nodes[0]) / more}
    return {**_per_lane("rabbitmq", seen), **per_lane}


def _idle(worker: subprocess.Popen[bytes]) -> tuple[float, float]:
    time.sleep(1.0)  # it settles
    before = cpu_s_of(worker)
    time.sleep(_IDLE_S)
    return cpu_s_of(worker) - before, rss_mib(worker) * _MIB


def _per_lane(name: str, seen: Sequence[tuple[float, float]]) -> Figures:
    (few_s, few_bytes), (many_s, many_bytes) = seen
    more = _MANY_LANES - LANES
    return {
        f"{name}_lane_idle": (many_s - few_s) / more / _IDLE_S,
        f"{name}_lane_bytes": (many_bytes - few_bytes) / more,
        f"{name}_worker_idle": few_s / _IDLE_S,
        f"{name}_worker_bytes": few_bytes,
    }


@contextmanager
def _at_work(
    load: Load, url: str, *, rows: int = 50, lanes: int = LANES
) -> Iterator[tuple[Host, subprocess.Popen[bytes]]]:
    """Let a worker run on an engine that is set up."""
    with removed_folder() as folder:
        host = load.host(folder, rows=rows, lanes=lanes, url=url)
        process = host.start("run", "--drain-s", "0", "--quiet")
        try:
            yield host, process
        finally:
            process.terminate()
            ended(process)


async def _set_up(url: str, lanes: int) -> None:
    engine = engine_of(url, lanes)
    try:
        await engine.setup(["bench"])
    finally:
        await engine.close()


async def _until_held(url: str, lanes: int) -> None:
    engine = engine_of(url, lanes)
    try:
        held = False
        while not held:  # an engine is asked, it does not tell
            await asyncio.sleep(_POLL_S)
            held = all(lane.held for lane in (await engine.status(["bench"])).lanes)
    finally:
        await engine.close()


async def _publish(url: str, events: Iterator[bytes]) -> float:
    """Publish events, and return the seconds of processor time that it took."""
    made = [
        LaneEvent(f"e-{number}", orjson.loads(event)["userId"], event)
        for number, event in enumerate(events)
    ]
    engine = engine_of(url, LANES)
    try:
        before = time.process_time()
        for start in range(0, len(made), 500):
            await engine.publish(made[start : start + 500])
        return time.process_time() - before
    finally:
        await engine.close()


def _nodes_cpu_s(cluster: Cluster) -> float:
    """Return what all processes of all nodes have used."""
    groups = {node.process.pid for node in cluster.nodes if node.process}
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            numbers = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(numbers[2]) in groups:
            ticks += int(numbers[11]) + int(numbers[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _post(port: int, key: str, events: Sequence[bytes]) -> None:
    way = HTTPConnection("127.0.0.1", port, timeout=30)
    signed = {"Authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"}
    for start in range(0, len(events), _CHUNK):
        body = b'{"batch":[%b]}' % b",".join(events[start : start + _CHUNK])
        way.request("POST", "/v1/batch", body, {**signed, "Content-Type": "application/json"})
        reply = way.getresponse()
        if reply.read() and reply.status != 200:
            raise RuntimeError(f"the endpoint answers {reply.status}")
    way.close()
