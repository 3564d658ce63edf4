"""A third party's destination, its vendor on a socket, and the command line."""

from __future__ import annotations

import gzip
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
import stamina
from typer.testing import CliRunner, Result

from wharfinger_host.cli import app

ACME = """
import attrs
import httpx
import wharfinger


@attrs.frozen(kw_only=True)
class AcmeSettings:
    account: str = wharfinger.field(
        label="Account", pattern=r"[0-9]+", pattern_hint="must be digits only"
    )
    api_key: wharfinger.Secret = wharfinger.field(label="API Key", secret=True)


@attrs.define(kw_only=True)
class Note:
    to: str = wharfinger.field(label="Recipient")
    text: str | None = wharfinger.field(label="Text", default=None)


@attrs.define(kw_only=True)
class Row:
    key: str = wharfinger.field(label="Row Key", description="Which row it is.")
    values: dict = wharfinger.field(label="Row Values", kind="object", default=None)


@attrs.define(kw_only=True)
class Letter:
    text: str = wharfinger.field(label="Letter Text", kind="text", required=True)
    tone: str | None = wharfinger.field(label="Tone", choices=("warm", "cold"), default="warm")
    mail: str | None = wharfinger.field(
        label="E-mail", format="email", required=wharfinger.when_absent("phone")
    )
    phone: str | None = wharfinger.field(
        label="Phone", required=wharfinger.when_equal("tone", "cold")
    )
    tags: list[str] | None = wharfinger.field(label="Tags", default=None)
    sender: dict | None = wharfinger.field(
        label="Sender", kind="object", default=None,
        properties={
            "name": wharfinger.Field(label="Sender Name", required=True),
            "age": wharfinger.Field(label="Sender Age", kind="integer"),
        },
    )


class ApiKeyAuth(httpx.Auth):
    def __init__(self, settings):
        self._key = settings.api_key

    def auth_flow(self, request):
        request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request


def outcome_of(response):
    said = response.text
    if response.status_code == 401:
        raise wharfinger.CredentialsError(
            "Acme refused the API Key. Make a new one.", vendor_message=said, http_status=401
        )
    if response.status_code == 422:
        return wharfinger.Outcome(
            status="rejected", code="acme-refused", message="Acme refused this one.",
            vendor_message=said, http_status=422, request_id="r-1",
        )
    if response.status_code >= 500:
        raise wharfinger.RetryError(
            "Acme is down.", code="acme-down", retry_after_s=30.0, http_status=503
        )
    return wharfinger.Outcome.delivered(http_status=response.status_code)


async def send_note(session, batch):
    [note] = batch.payloads
    body = {"to": note.to, "text": note.text}
    return [outcome_of(await session.request("POST", "https://api.acme.example/notes", json=body))]


async def send_letter(session, batch):
    [letter] = batch.payloads
    headers = {"X-Api-Key": session.settings.api_key.reveal(), "Content-Type": "text/plain"}
    return [outcome_of(await session.request(
        "POST", "https://api.acme.example/letters", content=letter.text.encode("latin-1"),
        headers=headers,
    ))]


async def put_rows(session, batch):
    rows = [{"key": row.key, "values": row.values} for row in batch.payloads]
    response = await session.request("PUT", "https://api.acme.example/rows", json=rows)
    return [outcome_of(response)] * len(rows)


async def test_key(session):
    response = await session.request("GET", "https://api.acme.example/me")
    if response.status_code != 200:
        return [wharfinger.Finding(
            level="error", subject="API Key", message="Acme refused it.", fix="Make a new one.")]
    return [wharfinger.Finding(level="ok", subject="API Key", message="Acme accepted it.")]


def warn(settings):
    if len(settings.account) < 3:
        return [wharfinger.Finding(level="warning", subject="Account", message="looks short.")]
    return []


@wharfinger.hookimpl
def wharfinger_destinations():
    return [wharfinger.Destination(slug="acme", title="Acme", hosts=("api.acme.example",),
                                    documentation="https://acme.example/docs")]


@wharfinger.hookimpl
def wharfinger_settings():
    return [wharfinger.Settings(destination="acme", schema=AcmeSettings, warnings=warn)]


@wharfinger.hookimpl
def wharfinger_authentication():
    return [wharfinger.Authentication(destination="acme", create=ApiKeyAuth, test=test_key)]


@wharfinger.hookimpl
def wharfinger_actions():
    return [
        wharfinger.Action(
            destination="acme", slug="send-note", title="Send Note", payload=Note,
            perform=send_note, effect=wharfinger.Effect.ONCE, aliases=("note",),
            default_trigger='type = "track"', default_fields={"to": {"@path": "$.userId"}},
        ),
        wharfinger.Action(
            destination="acme", slug="put-rows", title="Put Rows", payload=Row,
            perform=put_rows, effect=wharfinger.Effect.IDEMPOTENT,
        ),
        wharfinger.Action(
            destination="acme", slug="send-letter", title="Send Letter", payload=Letter,
            perform=send_letter, effect=wharfinger.Effect.ONCE, description="By post.",
            default_fields={"sender": {"name": {"@path": "$.app"}}},
        ),
    ]


@wharfinger.hookimpl
def wharfinger_batching(action):
    if action.slug == "put-rows":
        return wharfinger.BatchPolicy(rows=3)
    return None
"""

SECRET = "acme-s3cr3t-key"


def install(site: Path, name: str, source: str, version: str = "1.0", entry: str = "") -> None:
    """Lay down a module and the metadata an installer would have written for it."""
    site.mkdir(parents=True, exist_ok=True)
    (site / f"{name}.py").write_text(source)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[wharfinger]\n{entry or name} = {name}\n")


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    stamina.set_testing(True, attempts=1)
    yield
    stamina.set_testing(False)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed distributions; Acme is one of them, and the only one that loads."""
    folder = tmp_path / "site"
    install(folder, "acme", ACME, "1.4")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("WHARFINGER_ALLOW_PLUGINS", "acme")
    monkeypatch.setenv("ACME_KEY", SECRET)
    for variable in ("NO_COLOR", "FORCE_COLOR", "WHARFINGER_BLOCK_PLUGINS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield folder
    for module in set(sys.modules) - before:
        if getattr(sys.modules[module], "__file__", None) and str(folder) in str(
            sys.modules[module].__file__
        ):
            del sys.modules[module]


@attrs.define
class Vendor:
    """Acme itself: remembers what it was asked, and answers as a test wants it to."""

    url: str = ""
    requests: list[dict[str, Any]] = attrs.field(factory=list)
    reply: Callable[[Any], tuple[int, str]] = lambda _: (200, "ok")
    asked: threading.Event = attrs.field(factory=threading.Event)
    answer: Callable[[str, str, Any], tuple[int, str]] = attrs.field()

    @answer.default
    def _reply_to_the_body(self) -> Callable[[str, str, Any], tuple[int, str]]:
        return lambda _method, _path, body: self.reply(body)

    def bodies(self, path: str) -> list[Any]:
        return [request["body"] for request in self.requests if request["path"] == path]


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    state = Vendor()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = orjson.loads(self.rfile.read(length) or b"null")
            state.requests.append(
                {
                    "method": self.command,
                    "path": self.path,
                    "host": self.headers["Host"],
                    "authorization": self.headers["Authorization"],
                    "body": body,
                }
            )
            status, text = state.answer(self.command, self.path, body)
            state.asked.set()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = answer  # noqa: N815  # names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients hang up on purpose
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def config(tmp_path: Path, site: Path, vendor: Vendor) -> Path:
    """A configuration with nothing wrong: notes for track events, rows for identify events."""
    file = tmp_path / "config.toml"
    file.write_text(
        f"""\
[connections.main]
destination = "acme"
route = "{vendor.url}"
retry = {{ attempts = 1 }}

[connections.main.settings]
account = "1234"
api_key = {{ env = "ACME_KEY" }}

[connections.main.mappings.notes]
action = "send-note"
[connections.main.mappings.notes.fields]
text = {{ "@path" = "$.properties.text" }}

[connections.main.mappings.rows]
action = "put-rows"
trigger = 'type = "identify"'
[connections.main.mappings.rows.fields]
key = {{ "@path" = "$.userId" }}
values.mail = {{ "@path" = "$.traits.email" }}
"""
    )
    return file


Cli = Callable[..., Result]


@pytest.fixture
def cli() -> Cli:
    """The command line in this process; gives exit code, standard output and standard error."""

    def run(*arguments: object, stdin: bytes | None = None) -> Result:
        runner = CliRunner()
        return runner.invoke(app, [str(a) for a in arguments], input=stdin, catch_exceptions=False)

    return run


@pytest.fixture
def environment(site: Path) -> dict[str, str]:
    """What a process of its own needs to find Acme."""
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def track(number: int, text: str = "hello") -> dict[str, Any]:
    return {"type": "track", "userId": f"u{number}", "properties": {"text": text}}


def identify(number: int) -> dict[str, Any]:
    return {"type": "identify", "userId": f"u{number}", "traits": {"email": f"u{number}@x.example"}}


@pytest.fixture
def events() -> Any:
    """Makers of sample events, and of files of them."""

    class Events:
        track = staticmethod(track)
        identify = staticmethod(identify)

        @staticmethod
        def write(file: Path, *lines: Any) -> Path:
            data = b"".join(
                (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
                for line in lines
            )
            file.write_bytes(gzip.compress(data) if file.suffix == ".gz" else data)
            return file

        @staticmethod
        def read(file: Path) -> list[dict[str, Any]]:
            return [orjson.loads(line) for line in file.read_bytes().splitlines()]

    return Events
