"""The benchmark of the whole path measures like with like, and what it measures works."""

from __future__ import annotations

import json
import subprocess
import sys

import attrs
import orjson
import pytest
from tests.bench.whole_path import report, samples
from tests.bench.whole_path.inbox import Host
from tests.bench.whole_path.mapping import connection_config, row_by_hand
from tests.bench.whole_path.measure import Job
from tests.bench.whole_path.sinks import own_sink

import wharfinger
from wharfinger_host.configuration import read_configuration


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "events.jsonl"
    samples.write(path, 200)
    return path


def test_by_hand_a_row_has_the_same_bytes_as_by_the_mapping(events):
    connection = wharfinger.load_plugins().connect(
        connection_config(1, tls=False, size=50, lanes=1)
    )
    for line in events.read_bytes().splitlines():
        event = orjson.loads(line)
        item = connection.mappings["contacts"].prepare(0, event)
        assert not isinstance(item, wharfinger.Outcome)
        assert item.body == orjson.dumps(row_by_hand(event))


@pytest.mark.parametrize("size", [0, 50])
@pytest.mark.parametrize("who", ["floor", "deliver", "stream"])
def test_whoever_is_measured_delivers_everything(events, who, size):
    with own_sink("echo") as sink:
        job = Job(events=str(events), port=sink.plain, size=size, warmup_s=0, seconds=0)
        command = [sys.executable, "-m", f"tests.bench.whole_path.{who}"]
        written = subprocess.run(
            [*command, json.dumps(attrs.asdict(job))], stdout=subprocess.PIPE, check=True
        )
    figures = json.loads(written.stdout)
    assert figures["events"] > 0
    assert figures["errors"] == 0


def test_events_without_end_are_the_same_events_under_other_names(events):
    lines = events.read_bytes().splitlines()
    endless = samples.without_end(lines)
    twice = [orjson.loads(next(endless)) for _ in range(2 * len(lines))]
    assert len({event["messageId"] for event in twice}) == 2 * len(lines)
    for event, line in zip(twice, lines * 2, strict=True):
        assert {**event, "messageId": None} == {**orjson.loads(line), "messageId": None}


def test_the_configuration_of_a_durable_host_is_the_connection_that_is_measured(tmp_path):
    config = connection_config(8080, tls=False, size=50, lanes=16)
    Host(tmp_path, {"bench": config}, {})
    read = read_configuration(tmp_path / "bench.toml", wharfinger.load_plugins())
    assert not read.problems
    found = read.connections["bench"]
    assert found["settings"].pop("client_secret").reveal() == config["settings"].pop(
        "client_secret"
    )
    assert found == config


def test_a_ratio_compares_measurements_of_the_same_run():
    case = {"transport": "plain", "size": 50, "inflight": 1, "errors": 0, "peak_rss_mib": 1}
    measured = [
        {**case, "who": who, "run": run, "events_per_s": rate, "cpu_s_per_100k": 1.0}
        for run, rates in enumerate([(100.0, 50.0), (10.0, 4.0), (1.0, 0.7)])
        for who, rate in zip(("floor", "deliver"), rates, strict=True)
    ]
    *_, cell = report.comparison(measured).columns[2].cells
    assert cell == "50% [dim]\\[40%..70%][/dim]"
