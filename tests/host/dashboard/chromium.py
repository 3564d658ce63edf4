"""A headless Chromium, spoken to over a pipe: what a page does can be tried, and looked at."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

# The browser expects to read from 3 and to write to 4.
_START = """
import os, sys
read, write = (os.dup(int(each)) for each in sys.argv[1:3])
os.dup2(read, 3), os.dup2(write, 4)
os.set_inheritable(3, True), os.set_inheritable(4, True)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class Chromium:
    """A browser with one page.

    Args:
        program: What to start.
        profile: A folder of its own.
    """

    def __init__(self, program: str, profile: Path) -> None:
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", _START, str(to_read), str(to_write)),
                *(program, "--headless=new", "--no-sandbox", "--disable-gpu"),
                *("--remote-debugging-pipe", f"--user-data-dir={profile}"),
                *("--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"),
                "--hide-scrollbars",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(to_read, to_write),
        )
        os.close(to_read)
        os.close(to_write)
        self._buffer = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """Ask the browser for something, and return its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._number:
                assert "error" not in found, found["error"]
                return found["result"]
            self.events.append(found)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            block = os.read(self._read, 65_536)
            assert block, "the browser ended"
            self._buffer += block
        data, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(data)
        return found

    def wait_for(self, method: str) -> dict[str, Any]:
        """Return the next event of a kind that has not been taken yet."""
        for place, event in enumerate(self.events):
            if event.get("method") == method:
                return self.events.pop(place)
        while (found := self._next()).get("method") != method:
            self.events.append(found)
        return found

    def open(self, url: str) -> None:
        """Go to an address, and wait until everything is loaded."""
        self._forget("Page.loadEventFired")
        self.call("Page.navigate", url=url)
        self.wait_for("Page.loadEventFired")

    def submit(self, script: str) -> None:
        """Run a script that leads to another page, and wait for that."""
        self._forget("Page.loadEventFired")
        self.run(script)
        self.wait_for("Page.loadEventFired")

    def _forget(self, method: str) -> None:
        self.events = [event for event in self.events if event.get("method") != method]

    def run(self, script: str) -> Any:
        """Run a script in the page; a promise is waited for."""
        found = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait in the page until a condition holds; whatever changes there lets it look again."""
        self.run(
            f"""new Promise((done) => {{
                const holds = () => ({condition});
                const look = () => {{ if (holds()) {{ watcher.disconnect(); done(true); }} }};
                const watcher = new MutationObserver(look);
                const all = {{childList: true, attributes: true, characterData: true}};
                watcher.observe(document, {{subtree: true, ...all}});
                look();
            }})"""
        )

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, code: int, *, modifiers: int = 0, text: str = "") -> None:
        """Press a key and let it go."""
        facts: dict[str, Any] = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": code,
            "modifiers": modifiers,
        }
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **facts)
        self.call("Input.dispatchKeyEvent", type="keyUp", **facts)

    def look(self, width: int = 1280, *, dark: bool = False) -> None:
        """Let the window be so wide, and the system be light or dark."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self) -> bytes:
        """Return a picture of the whole page, as PNG."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(found["data"])

    def whole(self) -> bytes:
        """Return a picture of the page down to its end."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {**size, "x": 0, "y": 0, "scale": 1}
        found = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(found["data"])

    @property
    def complaints(self) -> list[str]:
        """What the browser complained of so far: of the policy, and of errors in scripts."""
        self.run("1")
        return [
            str(event["params"])
            for event in self.events
            if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")
            or (
                event.get("method") == "Runtime.consoleAPICalled"
                and event["params"]["type"] == "error"
            )
        ]

    @property
    def asked(self) -> list[str]:
        """The addresses that were asked for so far."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def close(self) -> None:
        """End the browser."""
        self._session = ""
        self.call("Browser.close")
        self._process.wait()
        os.close(self._write)
        os.close(self._read)
