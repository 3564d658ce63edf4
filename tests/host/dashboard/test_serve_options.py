"""``wharfinger serve --dashboard``, as a process and on the command line."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from typing import Any

import httpx
import pytest


@pytest.fixture
def served(host, environment, vendor) -> Any:
    """Starts ``serve`` as a process; gives its address and what ends it."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, **more: str) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        program = "from wharfinger_host.cli import main; main()"
        process = subprocess.Popen(
            [sys.executable, "-c", program, "serve", host.config, "--port", str(port), *arguments],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, **more},
            text=True,
        )
        started.append(process)
        begin.process = process  # type: ignore[attr-defined]  # for tests that watch it
        _line_with(process, "Listening")
        return f"http://127.0.0.1:{port}"

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def _line_with(process: Any, words: str) -> None:
    while line := process.stderr.readline():
        if words in line:
            return
    raise AssertionError(f"it ended without saying {words}")


def test_without_the_option_there_is_no_dashboard(served) -> None:
    url = served()
    for path in ("/", "/dashboard", "/dashboard/"):
        assert httpx.get(f"{url}{path}").status_code == 404


def test_the_dashboard_shows_what_the_process_takes_in_and_delivers(served, vendor) -> None:
    url = served("--dashboard")
    event = {"userId": "u1", "event": "A", "properties": {"text": "x"}}
    assert httpx.post(f"{url}/v1/track", json=event, auth=("website-key", "")).status_code == 200
    assert vendor.asked.wait(60)
    while "POST /notes" not in (text := httpx.get(f"{url}/dashboard/connections/main").text):
        pass
    assert "up to date" in text or "working" in text
    assert "Events taken in" in httpx.get(f"{url}/", follow_redirects=True).text
    served.process.send_signal(signal.SIGTERM)
    served.process.communicate(timeout=60)
    assert served.process.returncode == 0


def test_without_delivery_the_dashboard_says_that_another_process_delivers(served) -> None:
    url = served("--dashboard", "--no-deliver")
    assert "nobody at work" in httpx.get(f"{url}/dashboard/").text
    assert httpx.get(f"{url}/dashboard/workbench").status_code == 200


def test_saving_lets_the_process_read_its_configuration_again(served, host, tree) -> None:
    url = served("--dashboard-token", "env:DASHBOARD", DASHBOARD="a-token-of-some-length")
    with httpx.Client(base_url=f"{url}/dashboard", timeout=60, follow_redirects=True) as client:
        page = tree(client.get("/").text)
        client.post("/sign-in", data={**hidden(page), "token": "a-token-of-some-length"})
        bench = tree(client.get("/workbench?connection=main&mapping=notes").text)
        forms = {each.get("formaction"): each for each in bench.all("button")}
        button = forms["/dashboard/workbench/difference"]
        draft = {"connection": "main", "mapping": "notes", "fields": '{"text": "constant"}'}
        found = client.post("/workbench/difference", data={**draft, "proof": button["value"]})
        difference = tree(found.text)
        form = {
            **hidden(difference),
            **draft,
            "proof": proofs(difference)["/dashboard/workbench/save"],
        }
        assert "Saved." in client.post("/workbench/save", data=form).text
    _line_with(served.process, "changed: main")
    assert 'text = "constant"' in host.config.read_text()


def hidden(page: Any) -> dict[str, str]:
    return {each["name"]: each["value"] for each in page.all("input") if each["type"] == "hidden"}


def proofs(page: Any) -> dict[str, str]:
    """What each form of a page has to bring, by where it leads."""
    found, action = {}, ""
    for tag, each in page.elements:
        if tag == "form":
            action = each["action"]
        elif tag == "input" and each.get("name") == "proof":
            found[action] = each["value"]
    return found


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--dashboard", "--host", "0.0.0.0"), "give a token"),
        (("--dashboard-host", "dash.example"), "can reach dash.example"),
        (("--dashboard-token", "secret-in-clear-text"), "must be env:VARIABLE or file:PATH"),
        (("--dashboard-token", "env:NOT_SET"), "NOT_SET is not set"),
    ],
)
def test_options_that_cannot_be_are_refused(host, cli, arguments, words: str) -> None:
    result = cli("serve", host.config, *arguments)
    assert result.exit_code == 2
    said = " ".join(result.stderr.replace("│", " ").split())
    assert words in said
    assert "secret-in-clear-text" not in said
