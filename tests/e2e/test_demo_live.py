"""The demo that stays: a person signs in, sends an event, and finds its row in the simulator."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from wharfinger_host.demo.simulated import free_port

# With the demo itself: both take the usual ports where they are free.
pytestmark = pytest.mark.xdist_group("demo")

MAIN = [sys.executable, "-c", "from wharfinger_host.cli import main; main()"]
VISIT = {"type": "track", "event": "Store Visited", "userId": "c-mine"}
VISIT_THERE = {**VISIT, "properties": {"store": "Oslo", "spent": 20.5}}
TABLE = "/_simulator/tables/page?account=510001234&key=store_visits&find=c-mine"


class Page(HTMLParser):
    """The form that leads somewhere, with what it brings, and the links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.proofs: dict[str, str] = {}
        self.links: list[str] = []
        self._action = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        each = dict(attributes)
        if tag == "form":
            self._action = each["action"]
        elif tag == "a":
            self.links.append(each["href"])
        elif each.get("name") == "proof":
            self.proofs[each.get("formaction", self._action)] = each["value"]


class Live:
    """The demo as a process, and what it said."""

    def __init__(self, folder: Path) -> None:
        command = [*MAIN, "demo", "--live", "--events", "100", "--folder", str(folder)]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.said = ""
        while "Ctrl-C ends it" not in self.said:
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            self.said += line
        assert "Listening" in self.process.stderr.readline()

    def after(self, words: str) -> str:
        """Return what stands behind some words."""
        found = re.search(rf"{words} +(\S+)", self.said)
        assert found is not None, self.said
        return found[1]

    def stop(self) -> int:
        """Press Ctrl-C."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    running = Live(tmp_path / "demo")
    yield running
    running.stop()


def test_ones_own_event_is_sent_from_the_dashboard_and_becomes_a_row(live: Live) -> None:
    url, tenant = live.after("Dashboard"), live.after("Simulated tenant").rstrip("/")
    bench = f"{url}workbench?connection=demo&mapping=store-visits"
    with httpx.Client(follow_redirects=True, timeout=60) as browser:
        page = Page(browser.get(url).text)
        form = {"proof": page.proofs["/dashboard/sign-in"], "token": live.after("its token")}
        assert "Overview" in browser.post(f"{url}sign-in", data=form).text
        proof = Page(browser.get(bench).text).proofs["/dashboard/workbench/send"]
        event = orjson.dumps(VISIT_THERE).decode()
        draft = {"connection": "demo", "mapping": "store-visits", "event": event}
        sent = browser.post(f"{url}workbench/send", data={**draft, "proof": proof})
        while "delivered" not in sent.text:
            sent = browser.get(sent.url)
        assert tenant in Page(sent.text).links
        assert "SFMC simulator" in browser.get(tenant, headers={"Accept": "text/html"}).text
        rows = re.findall(r"<tr>(.*?)</tr>", browser.get(f"{tenant}{TABLE}").text, re.DOTALL)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", rows[1])
    assert (cells[0], cells[1], cells[3]) == ("c-mine", "Oslo", "20.50")
    assert live.stop() == 0


def test_the_curl_command_that_is_printed_holds_a_key_that_is_known(live: Live) -> None:
    found = re.search(r"curl -u (\w+): (\S+) -d '(.*)'", live.said)
    assert found is not None
    key, address, event = found.groups()
    assert httpx.post(address, auth=(key, ""), content=event).json() == {"success": True}


def test_a_port_that_is_taken_is_not_waited_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) not in (port, 0)
    assert free_port(port) == port
