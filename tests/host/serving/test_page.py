"""What the page on receiving events says can be done, can be done."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import wharfinger_host.serving
from wharfinger_host.configuration import read_inbox_configuration
from wharfinger_host.sources import add_sources

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs/how-to/receive-events.md").read_text()
REFERENCE = (HERE.parents[2] / "docs/reference/configuration.md").read_text()
LINES_OF_A_WEB_PAGE = 'require("@segment/analytics-next")'

# One group: what npm installs is installed once.
pytestmark = pytest.mark.xdist_group("sdks")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def here(code: str, served: Any) -> str:
    """Put the address and the key of a test into code of the page."""
    address = served.url.removeprefix("http://")
    assert "127.0.0.1:8080" in code
    code = code.replace("127.0.0.1:8080", address)
    return re.sub(r"your-\w+-write-key", "website-key", code)


def run(command: list[str], modules: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "NODE_PATH": str(modules or "")}
    found = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, timeout=100
    )
    assert found.returncode == 0, found.stderr
    return found


def test_the_configuration_of_the_page_has_nothing_wrong_with_it(
    tmp_path: Path, monkeypatch: Any
) -> None:
    (text,) = blocks("toml")
    file = tmp_path / "shop.toml"
    file.write_text(text)
    monkeypatch.setenv("WEBSITE_WRITE_KEY", "a")
    monkeypatch.setenv("BACKEND_WRITE_KEY", "b")
    configuration = read_inbox_configuration(file)
    assert set(add_sources(configuration)) == {"website", "backend"}
    assert configuration.problems == configuration.warnings == []


def test_the_commands_of_the_page_are_those_there_are(serving: Any, cli: Any) -> None:
    commands, curl = blocks("console")
    assert [line.split()[2] for line in commands.splitlines()] == ["check", "serve"]
    served = serving("--no-deliver")
    assert cli("check", served.config).exit_code == 0
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    asked, answered = here(curl, served).splitlines()
    asked = asked.removeprefix("$ ").replace("$BACKEND_WRITE_KEY", "website-key")
    assert run(["sh", "-c", asked]).stdout == answered
    assert served.rows("SELECT count(*) FROM inbox") == [(1,)]


def test_the_python_of_the_page_sends_its_event(served: Any) -> None:
    (code,) = blocks("python")
    run([sys.executable, "-c", here(code, served)])
    (event,) = served.events
    assert (event["event"], event["userId"]) == ("Order Completed", "u-17")
    assert event["context"]["library"]["name"] == "analytics-python"


@pytest.mark.parametrize("number", range(3))
def test_the_javascript_of_the_page_sends_its_event(
    served: Any, node_modules: Path, tmp_path: Path, number: int
) -> None:
    scripts = blocks("javascript")
    assert len(scripts) == 3
    code = here(scripts[number], served)
    script = tmp_path / "script.cjs"
    if LINES_OF_A_WEB_PAGE in code:
        # A browser stays open; this one is closed when the event has gone.
        browser = (HERE / "browser.cjs").read_text()
        code = f"{browser}\n{code}\nanalytics.page().then(() => process.exit());"
    script.write_text(code)
    run(["node", str(script)], node_modules)
    event = served.events[0]
    assert event["event"] in ("Order Completed", "Button Clicked")
    assert event["context"]["library"]["name"] in (
        "@segment/analytics-node",
        "analytics.js",
        "analytics-node",
    )


def test_every_code_of_a_refusal_is_on_the_page_with_its_status_and_no_other() -> None:
    found = set()
    for file in Path(wharfinger_host.serving.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            name = (
                node.func.id
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                else ""
            )
            given: Any = node.args if isinstance(node, ast.Call) else []
            if name == "RequestRefused" and isinstance(given[1], ast.Constant):
                status, code = (argument.value for argument in given[:2])
                found.add((str(status), code))
            elif name == "EventRefused":
                code = given[0].value
                found.add(("413" if code == "event-too-large" else "400", code))
    listed = {
        (status, code)
        for line in PAGE.splitlines()
        if (cells := line.split("|"))[0] == "" and len(cells) == 6
        for status in re.findall(r"\d{3}", cells[1])
        for code in re.findall(r"`([\w-]+)`", cells[2])
    }
    assert found <= listed
    assert {code for _, code in listed} == {code for _, code in found}


def test_every_key_of_a_source_is_in_the_reference() -> None:
    for line in (
        "| `write_key` |",
        "| `event_bytes` | whole number, from 1 | 32,768 |",
        "| `batch_bytes` | whole number, from 1 | 512,000 |",
    ):
        assert line in REFERENCE
