"""Postbox, a vendor made up for the documentation, as a wharfinger destination."""

from collections.abc import Iterator, Sequence

import attrs
import httpx
import orjson

import wharfinger

__all__ = ["Letter", "PostboxSettings"]

URL = "https://api.postbox.example"


@attrs.frozen(kw_only=True)
class PostboxSettings:
    """An account at Postbox."""

    api_key: wharfinger.Secret = wharfinger.field(label="API Key", secret=True)


class ApiKeyAuth(httpx.Auth):
    """Sends the API key with each request."""

    def __init__(self, settings: PostboxSettings) -> None:
        self._api_key = settings.api_key

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]  # httpx asks for a generator
        """Sign one request."""
        request.headers["Authorization"] = f"Bearer {self._api_key.reveal()}"
        yield request


async def test_api_key(session: wharfinger.Session) -> Sequence[wharfinger.Finding]:
    """Try the API key."""
    response = await session.request("GET", f"{URL}/account")
    if response.status_code == httpx.codes.OK:
        return [wharfinger.Finding(level="ok", subject="API Key", message="Postbox accepts it.")]
    return [
        wharfinger.Finding(
            level="error",
            subject="API Key",
            message=f"Postbox answered {response.status_code}.",
            fix="Make a new key under Account, API keys, and paste it here.",
        )
    ]


# --- action ---
@attrs.define(kw_only=True)
class Letter:
    """A letter to one person."""

    recipient: str = wharfinger.field(name="to", label="Recipient")
    text: str = wharfinger.field(label="Text", maximum=1000)


def encode_letter(letter: Letter) -> bytes:
    """Return the part of a request that one letter becomes."""
    return orjson.dumps({"to": letter.recipient, "text": letter.text})


async def send_letters(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    """Send one batch; one outcome per letter, in order."""
    response = await session.request(
        "POST",
        f"{URL}/letters",
        content=b"[" + b",".join(batch.bodies) + b"]",
        headers={"Content-Type": "application/json"},
    )
    verdicts = _verdicts(response, len(batch)) if response.is_success else None
    if verdicts is not None:
        return [_outcome(verdict) for verdict in verdicts]
    match response.status_code:
        case 401:
            raise wharfinger.CredentialsError("Postbox refused the API Key. Make a new one.")
        case 429:
            raise wharfinger.ThrottledError(
                "Postbox asks this account to slow down.",
                code="rate-limited",
                retry_after_s=wharfinger.retry_after_s(response),
            )
        case 503:
            raise wharfinger.RetryError("Postbox is closed for the moment.", code="unavailable")
    # Letters may have left: nobody may send them again without looking.
    raise wharfinger.UnknownError(
        "Postbox gave an unexpected reply. Look into its outbox before you send again.",
        code="unexpected-reply",
        vendor_message=session.redact(response.text),
        http_status=response.status_code,
    )


def _verdicts(response: httpx.Response, letters: int) -> list[str] | None:
    """Read one verdict per letter; None where the reply is not what Postbox is known to send."""
    try:
        found = orjson.loads(response.content)["verdicts"]
    except (ValueError, LookupError, TypeError):
        return None
    if not isinstance(found, list) or len(found) != letters:
        return None
    return found if all(isinstance(verdict, str) for verdict in found) else None


def _outcome(verdict: str) -> wharfinger.Outcome:
    if verdict == "sent":
        return wharfinger.Outcome.delivered()
    return wharfinger.Outcome(
        status=wharfinger.Status.REJECTED,
        code="letter-refused",
        message=f"Postbox refused this letter: {verdict}. Check Recipient.",
        vendor_message=verdict,
    )


# --- opening ---
async def open_letters(
    session: wharfinger.Session, outline: wharfinger.Outline
) -> wharfinger.Opening:
    """Look up the recipient of a mapping whose letters all go to one address."""
    recipient = outline.constants.get("to")
    if recipient is None:
        return wharfinger.Opening()  # each event names its own
    response = await session.request("GET", f"{URL}/addresses", params={"is": recipient})
    if response.status_code != httpx.codes.NOT_FOUND:
        return wharfinger.Opening()
    unknown = wharfinger.Finding(
        level="error",
        subject="Recipient",
        message=f"Postbox knows no address {recipient}.",
        fix="Write it as Postbox does, under Account, Addresses.",
        code="address-unknown",
    )
    return wharfinger.Opening(findings=[unknown])


# --- hooks ---
@wharfinger.hookimpl
def wharfinger_destinations() -> Sequence[wharfinger.Destination]:
    """Give Postbox."""
    return [wharfinger.Destination(slug="postbox", title="Postbox", hosts=("api.postbox.example",))]


@wharfinger.hookimpl
def wharfinger_settings() -> Sequence[wharfinger.Settings]:
    """Give its settings."""
    return [wharfinger.Settings(destination="postbox", schema=PostboxSettings)]


@wharfinger.hookimpl
def wharfinger_authentication() -> Sequence[wharfinger.Authentication]:
    """Give the way to sign in."""
    return [wharfinger.Authentication(destination="postbox", create=ApiKeyAuth, test=test_api_key)]


@wharfinger.hookimpl
def wharfinger_actions() -> Sequence[wharfinger.Action]:
    """Give the one action."""
    return [
        wharfinger.Action(
            destination="postbox",
            slug="send-letter",
            title="Send Letter",
            payload=Letter,
            perform=send_letters,
            effect=wharfinger.Effect.ONCE,
            default_trigger='type = "track"',
            default_fields={"to": {"@path": "$.context.traits.address"}},
            encode=encode_letter,
            open=open_letters,
        )
    ]


@wharfinger.hookimpl
def wharfinger_batching() -> wharfinger.BatchPolicy:
    """Up to a hundred letters in one request."""
    return wharfinger.BatchPolicy(rows=100, bytes=1_000_000)
