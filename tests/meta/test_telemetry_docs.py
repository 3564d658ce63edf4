"""The pages on telemetry name everything that is recorded, and their code works."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from typing import Any

import pytest

from wharfinger.telemetry import names
from wharfinger_host.measuring.engine import EngineFacts
from wharfinger_host.measuring.facts import Facts, Measured
from wharfinger_host.measuring.families import families
from wharfinger_host.measuring.sharing import SharedFacts
from wharfinger_host.serving.counts import Counts
from wharfinger_host.store.backlog import Backlog

RUN = """
import asyncio
from wharfinger_sfmc_simulator import Simulator

simulator = Simulator.sample()
client, account = simulator.catalogue.clients[0], simulator.catalogue.accounts[0]
config = {
    "destination": "salesforce-marketing-cloud",
    "settings": {
        "account_id": str(account.id),
        "client_id": client.id,
        "client_secret": client.secret,
        "subdomain": simulator.catalogue.tenant.subdomain,
    },
    "mappings": {"contacts": {"action": "create-contact", "trigger": 'type = "identify"'}},
}


async def run():
    async with simulator.serving("127.0.0.1", 0) as address:
        await deliver({**config, "route": address}, [{"type": "identify", "userId": "planted-7"}])


asyncio.run(run())
provider.shutdown()
"""


@pytest.fixture
def reference(root):
    return (root / "docs/reference/telemetry.md").read_text()


@pytest.fixture
def how_to(root):
    return (root / "docs/how-to/observe.md").read_text()


def _blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def _first_cells(page, heading):
    table = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [
        name
        for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", row)
    ]


def _values(cls):
    return {value for name, value in vars(cls).items() if name.isupper()}


def test_every_attribute_is_in_the_reference_and_no_other(reference):
    assert sorted(_first_cells(reference, "Attributes")) == sorted(_values(names.Attribute))


def test_every_metric_is_in_the_reference_and_no_other(reference):
    listed = _first_cells(reference, "Metrics of OpenTelemetry")
    assert sorted(listed) == sorted(_values(names.Metric))


def test_every_span_and_what_happens_within_is_in_the_reference(reference):
    listed = _first_cells(reference, "Spans")
    assert set(listed) >= _values(names.SpanName)
    within = reference.partition("| happens within")[2]
    assert {name for name in _values(names.SpanEvent) if f"`{name}`" not in within} == set()


@pytest.fixture
def exported():
    """The names and labels of the metrics of a host, none of which has a sample yet."""
    backlog = Backlog(0, (), 0)
    measured = Measured(state="done", backlog=backlog, oldest_s=0.0, usage=None)
    facts = Facts(
        connections={"a": measured},
        outcomes={},
        letters={},
        counts=Counts(),
        engine=EngineFacts(None, {}),
        shared=SharedFacts(answers=False),
    )
    return {
        family.name + "_total" * (family.type == "counter"): family for family in families(facts)
    }


def test_every_metric_of_a_host_is_in_the_reference_with_its_labels(reference, exported):
    table = reference.partition("## Metrics of the durable host")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", table, re.MULTILINE)
    listed = {name: re.findall(r"\w+", labels) for name, labels in rows}
    assert listed == {name: list(each._labelnames) for name, each in exported.items()}


@pytest.mark.parametrize("page", ["observe", "operate-engines"])
def test_alerts_of_the_how_tos_are_about_metrics_there_are(root, page, exported):
    text = (root / f"docs/how-to/{page}.md").read_text()
    named = set(re.findall(r"\bwharfinger_\w+", "".join(_blocks(text, "yaml"))))
    assert named
    assert named <= set(exported)


def test_every_event_of_the_log_is_in_the_reference_and_no_other(reference, distributions):
    [host] = (each for each in distributions if each.name == "wharfinger-host")
    told = {
        str(node.args[0].value)
        for module in host.modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "tell"
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(told) > 10
    assert sorted(_first_cells_of_log(reference)) == sorted(told)


def _first_cells_of_log(page):
    return _first_cells(
        page.replace("\n| event | with |", "\n## Events\n| event | with |"), "Events"
    )


def test_the_how_to_prints_the_spans_of_an_event(how_to, tmp_path):
    code, _ = _blocks(how_to, "python")
    (tmp_path / "traced.py").write_text(code + RUN)
    run = subprocess.run(
        [sys.executable, "traced.py"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, run.stderr
    found = re.findall(r'^    "name": "([^"]+)"', run.stdout, re.MULTILINE)
    assert set(found) == {
        "trigger",
        "mapping",
        "POST /v2/token",
        "POST /contacts/v1/contacts",
        "batch",
        "event",
    }
    assert "planted" not in run.stdout


def test_the_how_to_shows_how_a_plugin_logs(how_to, caplog):
    _, code = _blocks(how_to, "python")
    namespace: dict[str, Any] = {"__name__": "note"}
    exec(compile(code, "observe.md", "exec"), namespace)
    namespace["log"](namespace["Note"](author="planted", text="two words"))
    assert re.search(r"\{'author': '#[0-9a-f]{12}', 'text': 'str\(9\)'\}", caplog.text)
    assert "planted" not in caplog.text
