"""Noticeboard, a vendor made up for the tutorial, as a wharfinger destination."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

import attrs
import httpx

import wharfinger

URL = "https://api.noticeboard.example"


@attrs.frozen(kw_only=True)
class NoticeboardSettings:
    """An account at Noticeboard."""

    api_key: wharfinger.Secret = wharfinger.field(label="API Key", secret=True)


class ApiKeyAuth(httpx.Auth):
    """Sends the API key with each request."""

    def __init__(self, settings: NoticeboardSettings) -> None:
        self._api_key = settings.api_key

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]  # httpx asks for a generator
        """Sign one request."""
        request.headers["Authorization"] = f"Bearer {self._api_key.reveal()}"
        yield request


async def test_api_key(session: wharfinger.Session) -> Sequence[wharfinger.Finding]:
    """Try the API key."""
    response = await session.request("GET", f"{URL}/account")
    if response.status_code == httpx.codes.OK:
        return [wharfinger.Finding(level="ok", subject="API Key", message="It is accepted.")]
    return [
        wharfinger.Finding(
            level="error",
            subject="API Key",
            message=f"Noticeboard answered {response.status_code}.",
            fix="Make a new key under Account, and paste it here.",
        )
    ]


# --- action ---
@attrs.define(kw_only=True)
class Note:
    """One note on the board."""

    id: str = wharfinger.field(label="Note ID", maximum=100)
    text: str = wharfinger.field(label="Text", maximum=1000)


async def put_up(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    """Put up one note; the same ID again changes it."""
    (note,) = batch.payloads
    response = await session.request(
        "PUT", f"{URL}/notes/{quote(note.id, safe='')}", json={"text": note.text}
    )
    if response.status_code == httpx.codes.OK and _confirms(response):
        return [wharfinger.Outcome.delivered(http_status=200)]
    raise _failure(session, response)


def _confirms(response: httpx.Response) -> bool:
    """Tell whether the reply says that the note is up; a status alone proves nothing."""
    try:
        reply = response.json()
    except (ValueError, RecursionError):
        return False
    return isinstance(reply, dict) and reply.get("up") is True


def _failure(session: wharfinger.Session, response: httpx.Response) -> wharfinger.DeliveryError:
    """Say what the host does next."""
    said = session.redact(response.text[:500])
    match response.status_code:
        case 400:
            return wharfinger.RejectedError(
                "Noticeboard refused this note. Check Text.",
                code="note-refused",
                vendor_message=said,
                http_status=400,
            )
        case 401:
            return wharfinger.CredentialsError(
                "Noticeboard refused the API Key. Make a new one.", http_status=401
            )
        case 429:
            return wharfinger.ThrottledError(
                "Noticeboard asks this account to slow down.",
                code="rate-limited",
                retry_after_s=wharfinger.retry_after_s(response),
                http_status=429,
            )
        case 403 | 404:
            return wharfinger.HaltedError(
                "Noticeboard lets this account put up nothing. Ask its owner.",
                code="no-access",
                vendor_message=said,
                http_status=response.status_code,
            )
    return wharfinger.RetryError(
        "Noticeboard gave no reply that can be used. Putting the note up again does no harm.",
        code="unexpected-reply",
        vendor_message=said,
        http_status=response.status_code,
    )


# --- hooks ---
@wharfinger.hookimpl
def wharfinger_destinations() -> Sequence[wharfinger.Destination]:
    """Give Noticeboard, and the only host it is at."""
    return [
        wharfinger.Destination(
            slug="noticeboard", title="Noticeboard", hosts=("api.noticeboard.example",)
        )
    ]


@wharfinger.hookimpl
def wharfinger_settings() -> Sequence[wharfinger.Settings]:
    """Give its settings."""
    return [wharfinger.Settings(destination="noticeboard", schema=NoticeboardSettings)]


@wharfinger.hookimpl
def wharfinger_authentication() -> Sequence[wharfinger.Authentication]:
    """Give the way to sign in."""
    return [
        wharfinger.Authentication(destination="noticeboard", create=ApiKeyAuth, test=test_api_key)
    ]


@wharfinger.hookimpl
def wharfinger_actions() -> Sequence[wharfinger.Action]:
    """Give its one action."""
    return [
        wharfinger.Action(
            destination="noticeboard",
            slug="put-up-note",
            title="Put Up Note",
            payload=Note,
            perform=put_up,
            effect=wharfinger.Effect.IDEMPOTENT,
            order_key=lambda note: note.id,
            default_trigger='type = "track"',
            default_fields={"id": {"@path": "$.messageId"}, "text": {"@path": "$.event"}},
        )
    ]
