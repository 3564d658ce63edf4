"""A destination made for tests: Acme takes notes, one by one or in batches."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import attrs
import httpx
import orjson
import pytest
import stamina

import wharfinger
from wharfinger import Action, BatchPolicy, Control, Effect, Outcome, Secret, Unbatched, field

URL = "https://api.acme.example"


@attrs.frozen(kw_only=True)
class AcmeSettings:
    api_key: Secret = field(label="API Key")
    region: str = field(label="Region", default="eu", choices=("eu", "us"))


@attrs.define(kw_only=True)
class Note:
    board: str = field(label="Board")
    author: str = field(label="Author")
    text: str | None = field(label="Text", default=None)
    batching: bool = field(
        name="enable_batching", label="Batch notes", default=True, control=Control.BATCHING
    )
    batch_size: int | None = field(
        label="Batch Size", default=None, minimum=1, control=Control.BATCH_ROWS
    )


@attrs.define(kw_only=True)
class Ring:
    author: str = field(label="Author")


class AcmeAuth(httpx.Auth):
    def __init__(self, settings: AcmeSettings) -> None:
        self._key = settings.api_key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request


async def send_notes(session: Any, batch: Any) -> list[Outcome]:
    body = b"[" + b",".join(batch.bodies) + b"]"
    response = await session.request("POST", f"{URL}/boards/{batch.key}/notes", content=body)
    return _outcomes(session, response, len(batch))


async def ring_bell(session: Any, batch: Any) -> list[Outcome]:
    payload = {"author": batch.payloads[0].author}
    response = await session.request("POST", f"{URL}/bell", json=payload)
    return _outcomes(session, response, 1)


def _outcomes(session: Any, response: httpx.Response, rows: int) -> list[Outcome]:
    match response.status_code:
        case 200:
            rejected = set(response.json().get("rejected", []))
            return [
                Outcome(status=wharfinger.Status.REJECTED, code="refused", message=f"row {i}")
                if i in rejected
                else Outcome.delivered(http_status=200)
                for i in range(rows)
            ]
        case 401:
            raise wharfinger.CredentialsError("The API Key was refused.")
        case 403:
            raise wharfinger.HaltedError("No access to this board.", code="no-access")
        case 429:
            after = response.headers.get("retry-after")
            raise wharfinger.ThrottledError(
                "Slow down.", code="throttled", retry_after_s=float(after) if after else None
            )
        case 418:
            return [Outcome.delivered()] * (rows + 1)  # a plugin that miscounts
        case 400:
            text = session.redact(response.text)
            raise wharfinger.RejectedError("Refused.", code="refused", vendor_message=text)
    raise wharfinger.RetryError("Try later.", code="unavailable")


async def test_key(session: Any) -> list[wharfinger.Finding]:
    response = await session.request("GET", f"{URL}/me")
    refused = response.status_code != 200
    return [wharfinger.Finding(level="error" if refused else "ok", subject="API Key", message="")]


def encode_note(note: Note) -> bytes:
    return orjson.dumps({"author": note.author, "text": note.text})


class Acme:
    """A plugin as a host might bring it along."""

    __name__ = "acme"

    @wharfinger.hookimpl
    def wharfinger_destinations(self) -> list[wharfinger.Destination]:
        return [
            wharfinger.Destination(
                slug="acme",
                title="Acme",
                hosts=("api.acme.example",),
                limits=wharfinger.Limits(mappings=3, request_bytes=10_000),
            )
        ]

    @wharfinger.hookimpl
    def wharfinger_settings(self) -> list[wharfinger.Settings]:
        return [wharfinger.Settings(destination="acme", schema=AcmeSettings)]

    @wharfinger.hookimpl
    def wharfinger_authentication(self) -> list[wharfinger.Authentication]:
        return [wharfinger.Authentication(destination="acme", create=AcmeAuth, test=test_key)]

    @wharfinger.hookimpl
    def wharfinger_actions(self) -> list[Action]:
        return [
            Action(
                destination="acme",
                slug="send-note",
                title="Send Note",
                payload=Note,
                perform=send_notes,
                effect=Effect.IDEMPOTENT,
                default_trigger='type = "track"',
                default_fields={"author": {"@path": "$.userId"}},
                aliases=("note",),
                batch_key=lambda note: note.board,
                order_key=lambda note: note.author,
                encode=encode_note,
            ),
            Action(
                destination="acme",
                slug="ring-bell",
                title="Ring Bell",
                payload=Ring,
                perform=ring_bell,
                effect=Effect.ONCE,
                default_fields={"author": {"@path": "$.userId"}},
                order_key=lambda ring: ring.author,
            ),
        ]

    @wharfinger.hookimpl
    def wharfinger_batching(self, action: Action) -> BatchPolicy | Unbatched | None:
        if action.slug == "send-note":
            return BatchPolicy(rows=10, bytes=1_000, lanes=2)
        return Unbatched(reason="a bell rings once")


class Vendor:
    """Acme's own side: records requests and answers as scripted, else with success."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.script: list[httpx.Response | Exception | Callable[..., httpx.Response]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not self.script:
            return httpx.Response(200, json={})
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step(request) if callable(step) else step

    @property
    def bodies(self) -> list[Any]:
        return [orjson.loads(request.content) for request in self.requests]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("BLOCK_PLUGINS", "ALLOW_PLUGINS", "SAFE_MODE"):
        monkeypatch.delenv(f"WHARFINGER_{name}", raising=False)
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def plugins() -> wharfinger.Plugins:
    return wharfinger.load_plugins(allow=(), extra=[Acme()])


@pytest.fixture
def config() -> dict[str, Any]:
    return {
        "destination": "acme",
        "settings": {"api_key": "key-0123456789"},
        "mappings": {
            "notes": {
                "action": "send-note",
                "fields": {"board": {"@path": "$.properties.board"}, "text": {"@path": "$.event"}},
            }
        },
    }


@pytest.fixture
def connect(plugins: wharfinger.Plugins, vendor: Vendor, config: dict[str, Any]) -> Any:
    def connect(**overrides: Any) -> wharfinger.Connection:
        transport = httpx.MockTransport(vendor)
        return plugins.connect({**config, **overrides}, name="test", transport=transport)

    return connect


@pytest.fixture
def track() -> Any:
    def track(user: str = "u1", board: Any = "main", event: str = "Hello") -> dict[str, Any]:
        return {"type": "track", "event": event, "userId": user, "properties": {"board": board}}

    return track
