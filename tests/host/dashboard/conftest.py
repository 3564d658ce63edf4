"""A dashboard on a socket, over an inbox in which something happened."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from html.parser import HTMLParser
from importlib import util
from pathlib import Path
from typing import Any

import attrs
import httpx
import orjson
import pytest
from tests.host.dashboard.drafting import BENCH, draft

import wharfinger
from wharfinger import Secret
from wharfinger_host.dashboard.access import Access
from wharfinger_host.dashboard.app import dashboard
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.serving.app import build_app
from wharfinger_host.serving.authentication import Doorkeeper
from wharfinger_host.serving.intake import Intake
from wharfinger_host.serving.rejects import RejectsFile
from wharfinger_host.serving.server import Server, listen
from wharfinger_host.sources import Source
from wharfinger_host.store.leases import register
from wharfinger_host.store.store import Store

TOKEN = "a-token-of-some-length"
VOID = ("meta", "link", "input", "img", "br", "line", "rect")


class Tree(HTMLParser):
    """Elements of a page with their attributes and text, and what stands open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: Any) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]

    @property
    def text(self) -> str:
        """Everything that is read, with single blanks."""
        return " ".join(" ".join(self.texts).split())


@attrs.define
class Host:
    """A configuration with an inbox, the command line, and Acme behind it."""

    config: Path
    vendor: Any
    events: Any
    _cli: Callable[..., Any]

    def __call__(self, command: str, *arguments: object) -> Any:
        result = self._cli(*command.split(), self.config, *arguments)
        assert result.exit_code in (0, 1), result.stderr
        return result

    def deliver(self, *lines: Any) -> None:
        """Take events in, and let the worker do what there is to do."""
        file = self.events.write(self.config.parent / "events.jsonl", *lines)
        self("accept", file)
        self("run", "--once", "--json")

    def accept(self, *lines: Any) -> None:
        """Take events in."""
        self("accept", self.events.write(self.config.parent / "events.jsonl", *lines))

    def edit(self, before: str, after: str) -> None:
        """Change the configuration."""
        text = self.config.read_text()
        assert before in text
        self.config.write_text(text.replace(before, after))


@attrs.define
class Shown:
    """A dashboard on a socket, and a browser without scripts."""

    desk: Desk
    url: str
    client: httpx.Client
    reloads: list[str]

    def page(self, path: str) -> Tree:
        """Return a page that there is."""
        reply = self.client.get(f"/dashboard{path}")
        assert reply.status_code == 200, reply.text
        return Tree(reply.text)

    def proof(self, path: str, on: str = "/") -> str:
        """Return what the form on a page brings, or what its script sends."""
        text = self.client.get(f"/dashboard{on}").text
        session = self.client.cookies.get("wharfinger_dashboard") or ""
        proof = self.desk.access.proof(session, f"/dashboard{path}")
        assert proof in text
        return proof

    def send(self, path: str, form: dict[str, str], on: str) -> httpx.Response:
        """Fill in a form of a page, and send it."""
        return self.client.post(f"/dashboard{path}", data={"proof": self.proof(path, on), **form})

    def ask(self, path: str, value: dict[str, Any], on: str) -> httpx.Response:
        """Send what the script of a page sends."""
        return self.client.post(f"/dashboard{path}", json={"proof": self.proof(path, on), **value})

    def sign_in(self, token: str = TOKEN) -> httpx.Response:
        return self.send("/sign-in", {"token": token}, "/sign-in")


@pytest.fixture
def host(cli: Any, config: Path, vendor: Any, events: Any) -> Host:
    """A configuration with an inbox, and comments that are to stay."""
    text = config.read_text().replace(
        "[connections.main.mappings.rows]",
        "# people\n[connections.main.mappings.rows]\nbatch = { age_s = 0.01 }",
    )
    head = '[inbox]\nfile = "inbox.db"\n\n[sources.website]\nwrite_key = "website-key"\n\n'
    config.write_text(head + text)
    return Host(config, vendor, events, cli)


def make_desk(host: Host, store: Store, token: str, reloads: list[str]) -> Desk:
    plugins = wharfinger.load_plugins()
    return Desk(
        config=host.config,
        store=store,
        plugins=plugins,
        access=Access(Secret(token) if token else None),
        at_work=dict,
        reload=lambda: reloads.append("again"),
    )


def serve_in_thread(intake: Intake, desk: Desk, names: tuple[str, ...]) -> Iterator[str]:
    begun: Future[tuple[Server, asyncio.AbstractEventLoop]] = Future()

    async def work() -> None:
        app = build_app(intake, dashboard(desk, names))
        server = Server(app, listen("127.0.0.1", 0), drain_s=5)
        begun.set_result((server, asyncio.get_running_loop()))
        await server.run_until_stopped()

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    server, loop = begun.result()
    yield server.address
    loop.call_soon_threadsafe(server.stop)
    thread.join()


class Heard:
    """Nobody."""

    refused = broken = mended = staticmethod(lambda *_: None)


@pytest.fixture
def show(host: Host, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    """Shows the dashboard of a host."""
    running: list[tuple[Iterator[str], Store, httpx.Client]] = []

    def begin(token: str = "", names: tuple[str, ...] = ()) -> Shown:
        store = Store(host.config.parent / "inbox.db")
        store.write(register, ["main"], store.layout.partitions).result()
        reloads: list[str] = []
        desk = make_desk(host, store, token, reloads)
        intake = Intake(
            store=store,
            doorkeeper=Doorkeeper([Source(name="website", write_key=Secret("website-key"))]),
            rejects=RejectsFile(tmp_path / "refused.jsonl"),
            audience=Heard(),
        )
        desk.intake = intake
        serving = serve_in_thread(intake, desk, names)
        url = next(serving)
        client = httpx.Client(base_url=url, timeout=60)
        running.append((serving, store, client))
        return Shown(desk, url, client, reloads)

    yield begin
    for serving, store, client in running:
        client.close()
        next(serving, None)
        store.close()


@pytest.fixture
def used(host: Host) -> Host:
    """A host that delivered some events, and could not deliver others."""
    host.vendor.reply = lambda body: (
        (422, "too <rude>")
        if isinstance(body, dict) and body.get("text") == "rude"
        else (200, "ok")
    )
    track, identify = host.events.track, host.events.identify
    host.deliver(
        {**track(1), "messageId": "m-1"},
        {**track(2, "rude"), "messageId": "m-2"},
        {**track(3, "rude"), "messageId": "m-3"},
        {"type": "track", "properties": {"text": "to nobody"}, "messageId": "m-4"},
        {**identify(5), "messageId": "m-5"},
    )
    return host


@pytest.fixture
def tree() -> type[Tree]:
    return Tree


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def explained(host, show) -> Any:
    """Explains a draft as the script of the page does."""
    shown = show()

    def explain(**changes: Any) -> dict[str, Any]:
        reply = shown.ask("/workbench/explain", draft(**changes), BENCH)
        assert reply.status_code == 200
        found: dict[str, Any] = orjson.loads(reply.content)
        return found

    return explain


@pytest.fixture
def inside(show, token) -> Any:
    """A dashboard that somebody is signed in to."""
    shown = show(token)
    shown.sign_in()
    return shown


@pytest.fixture(scope="session")
def program() -> str:
    """A browser that can be started without a window."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("there is no Chromium")
    return found


@pytest.fixture
def chromium(program: str, tmp_path: Path) -> Iterator[Any]:
    """A browser with a page of its own."""
    spec = util.spec_from_file_location("chromium", Path(__file__).with_name("chromium.py"))
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    browser = module.Chromium(program, tmp_path / "profile")
    yield browser
    browser.close()


@pytest.fixture
def sent_back() -> Callable[[httpx.Response], Any]:
    """Reads JSON out of a reply."""
    return lambda reply: orjson.loads(reply.content)


@pytest.fixture
def id_of() -> Callable[[Tree], list[str]]:
    """Finds the numbers of the letters that a page leads to."""

    def find(tree: Tree) -> list[str]:
        links = [each.get("href") or "" for each in tree.all("a")]
        return [found[1] for link in links if (found := re.fullmatch(r".*/letters/(\d+)", link))]

    return find
