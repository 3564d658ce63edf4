"""A small plugin that keeps its contract; variants with one fault each are made of its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import httpx
import orjson

import wharfinger

URL = "https://api.acme.example"


@attrs.frozen(kw_only=True)
class AcmeSettings:
    """An account at Acme."""

    api_key: wharfinger.Secret = wharfinger.field(label="API Key", secret=True)


class ApiKeyAuth(httpx.Auth):
    """Sends the API key with each request."""

    def __init__(self, settings: AcmeSettings) -> None:
        self._api_key = settings.api_key

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]  # httpx asks for a generator
        request.headers["Authorization"] = f"Bearer {self._api_key.reveal()}"
        yield request


async def test_api_key(session: wharfinger.Session) -> Sequence[wharfinger.Finding]:
    response = await session.request("GET", f"{URL}/me")
    ok = response.status_code == 200
    return [
        wharfinger.Finding(
            level="ok" if ok else "error",
            subject="API Key",
            message="Acme accepts it." if ok else f"Acme answered {response.status_code}.",
            fix="" if ok else "Make a new key and paste it here.",
        )
    ]


@attrs.define(kw_only=True)
class Note:
    """A note on a board."""

    author: str = wharfinger.field(label="Author")
    text: str = wharfinger.field(label="Text")


@attrs.define(kw_only=True)
class Ring:
    """A ring of the bell."""

    author: str = wharfinger.field(label="Author")


def encode_note(note: Note) -> bytes:
    return orjson.dumps({"author": note.author, "text": note.text})


def failure(session: wharfinger.Session, response: httpx.Response) -> wharfinger.DeliveryError:
    words = {"vendor_message": session.redact(response.text[:500])}
    facts: dict[str, Any] = {**words, "http_status": response.status_code}
    match response.status_code:
        case 400:
            return wharfinger.RejectedError("Acme refused this note.", code="refused", **facts)
        case 401:
            return wharfinger.CredentialsError("Acme refused the API Key.", **facts)
        case 403:
            return wharfinger.HaltedError("Acme lets nobody in.", code="no-access", **facts)
        case 429 | 503:
            return wharfinger.ThrottledError(
                "Acme asks to wait.",
                code="throttled",
                retry_after_s=wharfinger.retry_after_s(response),
                **facts,
            )
        case status if status >= 500 and session.idempotent:
            return wharfinger.RetryError("Acme is out of order.", code="unavailable", **facts)
    return wharfinger.UnknownError("Acme's reply makes no sense.", code="unexpected-reply", **facts)


def verdicts(response: httpx.Response, rows: int) -> list[str] | None:
    """Read one verdict per row; None where there are none to read."""
    try:
        found = response.json()["verdicts"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return found if isinstance(found, list) and len(found) == rows else None


async def send_notes(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    body = b"[" + b",".join(batch.bodies) + b"]"
    response = await session.request("POST", f"{URL}/notes", content=body)
    found = verdicts(response, len(batch))
    if response.status_code != 200 or found is None:
        raise failure(session, response)
    return [outcome(each) for each in found]


def outcome(verdict: str) -> wharfinger.Outcome:
    if verdict == "ok":
        return wharfinger.Outcome.delivered(http_status=200)
    return wharfinger.Outcome(
        status=wharfinger.Status.REJECTED, code="refused", message="Acme refused this note."
    )


async def ring_bell(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    (ring,) = batch.payloads
    response = await session.request("POST", f"{URL}/bell", json={"author": ring.author})
    if response.status_code == 200 and verdicts(response, 1) == ["ok"]:
        return [wharfinger.Outcome.delivered()]
    raise failure(session, response)


@wharfinger.hookimpl
def wharfinger_destinations() -> Sequence[wharfinger.Destination]:
    return [wharfinger.Destination(slug="acme", title="Acme", hosts=("api.acme.example",))]


@wharfinger.hookimpl
def wharfinger_settings() -> Sequence[wharfinger.Settings]:
    return [wharfinger.Settings(destination="acme", schema=AcmeSettings)]


@wharfinger.hookimpl
def wharfinger_authentication() -> Sequence[wharfinger.Authentication]:
    return [wharfinger.Authentication(destination="acme", create=ApiKeyAuth, test=test_api_key)]


@wharfinger.hookimpl
def wharfinger_actions() -> Sequence[wharfinger.Action]:
    return [
        wharfinger.Action(
            destination="acme",
            slug="send-note",
            title="Send Note",
            payload=Note,
            perform=send_notes,
            effect=wharfinger.Effect.IDEMPOTENT,
            default_trigger='type = "track"',
            default_fields={
                "author": {"@path": "$.userId"},
                "text": {"@path": "$.event"},
            },
            encode=encode_note,
            order_key=lambda note: note.author,
        ),
        wharfinger.Action(
            destination="acme",
            slug="ring-bell",
            title="Ring Bell",
            payload=Ring,
            perform=ring_bell,
            effect=wharfinger.Effect.ONCE,
            default_trigger='type = "track"',
            default_fields={"author": {"@path": "$.userId"}},
        ),
    ]


@wharfinger.hookimpl
def wharfinger_batching(action: wharfinger.Action) -> wharfinger.BatchPolicy | None:
    if action.slug == "send-note":
        return wharfinger.BatchPolicy(rows=100, bytes=100_000)
    return None
