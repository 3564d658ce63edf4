"""The plugins of the pages for authors do what the pages say."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tomllib
from importlib import import_module

import httpx
import orjson
import pytest

import wharfinger

CONFIG = {
    "destination": "postbox",
    "settings": {"api_key": "key-0123456789"},
    "mappings": {
        "letters": {"action": "send-letter", "fields": {"text": {"@template": "Hello {{event}}"}}}
    },
}


@pytest.fixture
def postbox(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "docs/how-to/postbox/src"))
    yield import_module("wharfinger_postbox")
    del sys.modules["wharfinger_postbox"]


async def test_the_letters_of_a_batch_are_one_request(postbox):
    plugins = wharfinger.load_plugins(allow=(), extra=[postbox])
    track = {"type": "track", "event": "Order", "context": {"traits": {"address": "Quay 1"}}}
    preview = await plugins.connect(CONFIG).preview([track, {**track, "type": "page"}, track])
    (request,) = preview.requests
    assert request.url == "https://api.postbox.example/letters"
    assert request.events == (0, 2)
    assert orjson.loads(request.body) == [{"to": "Quay 1", "text": "Hello Order"}] * 2


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (httpx.Response(401), "halted"),
        (httpx.Response(429, headers={"Retry-After": "3600"}), "retry"),
        (httpx.Response(503), "retry"),
        (httpx.Response(500), "unknown"),
        (httpx.ReadTimeout("too slow"), "unknown"),
        (httpx.ConnectError("no route"), "retry"),
    ],
)
async def test_each_answer_leads_to_the_status_the_page_names(postbox, reply, status):
    def vendor(request):
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers)

    plugins = wharfinger.load_plugins(allow=(), extra=[postbox])
    config = {**CONFIG, "retry": {"attempts": 1}}
    track = {"type": "track", "event": "Order", "context": {"traits": {"address": "Quay 1"}}}
    async with plugins.connect(config, transport=httpx.MockTransport(vendor)) as connection:
        (receipt,) = await connection.deliver([track])
    assert receipt.outcomes["letters"].status == status


@pytest.mark.parametrize(
    ("fields", "answer", "status"),
    [
        ({"to": "Quay 1"}, 200, "delivered"),
        ({"to": "Nowhere"}, 404, "halted"),
        ({}, 404, "delivered"),
    ],
)
async def test_a_letter_to_nowhere_is_halted_when_the_connection_opens(
    postbox, fields, answer, status
):
    def vendor(request):
        if request.url.path == "/addresses":
            return httpx.Response(answer)
        return httpx.Response(200, json={"verdicts": ["sent"]})

    plugins = wharfinger.load_plugins(allow=(), extra=[postbox])
    mapping = {"action": "send-letter", "fields": {"text": "Hello", **fields}}
    config = {**CONFIG, "mappings": {"letters": mapping}}
    track = {"type": "track", "context": {"traits": {"address": "Quay 1"}}}
    async with plugins.connect(config, transport=httpx.MockTransport(vendor)) as connection:
        (receipt,) = await connection.deliver([track])
    assert receipt.outcomes["letters"].status == status
    codes = [finding.code for finding in connection.findings]
    assert codes == (["address-unknown"] if status == "halted" else [])


@pytest.mark.parametrize(
    ("folder", "source", "test"),
    [("postbox", "src", "tests/test_contract.py"), ("courier", ".", "test_contract.py")],
)
def test_the_plugin_of_a_page_keeps_its_contract(root, folder, source, test):
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, test],
        cwd=root / "docs/how-to" / folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([source, *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "25 passed" in run.stdout


def test_the_entry_point_of_the_page_leads_to_the_module(postbox, root):
    project = tomllib.loads((root / "docs/how-to/postbox/pyproject.toml").read_text())["project"]
    (value,) = project["entry-points"]["wharfinger"].values()
    assert importlib.util.find_spec(value) == postbox.__spec__
    assert set(project["entry-points"]["wharfinger"]) == {"postbox"}
