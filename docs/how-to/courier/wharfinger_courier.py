"""Courier, a vendor made up for the documentation: tokens, verdicts per parcel, a pickup once."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import attrs
import httpx
import orjson

import wharfinger

API = "https://api.courier.example"
TOKENS = "https://login.courier.example/oauth/token"


@attrs.frozen(kw_only=True)
class CourierSettings:
    """An account at Courier."""

    client_id: str = wharfinger.field(label="Client ID")
    client_secret: wharfinger.Secret = wharfinger.field(label="Client Secret", secret=True)
    depot: str = wharfinger.field(label="Depot", default="main", pattern="[a-z0-9-]{1,20}")


class TokenAuth(httpx.Auth):
    """Fetches a token, and another one when it is refused; one for each connection."""

    def __init__(self, settings: CourierSettings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._token, self._until_s = "", 0.0

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign one request in, and once more with a fresh token where the first is refused."""
        async with self._lock:  # many requests at once need one token
            if time.monotonic() >= self._until_s:
                await self._keep((yield self._asking()))
        token = self._token
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return
        async with self._lock:
            if self._token == token:
                await self._keep((yield self._asking()))
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    def _asking(self) -> httpx.Request:
        secret = self._settings.client_secret.reveal()
        asked = {"grant_type": "client_credentials", "client_id": self._settings.client_id}
        return httpx.Request("POST", TOKENS, data={**asked, "client_secret": secret})

    async def _keep(self, response: httpx.Response) -> None:
        await response.aread()
        status = response.status_code
        if status in (400, 401):
            raise wharfinger.CredentialsError(
                "Courier refused Client ID or Client Secret. Correct them.", http_status=status
            )
        match read(response) if response.is_success else None:
            case {"access_token": str(token), "expires_in": int(seconds)}:
                self._token, self._until_s = token, time.monotonic() + seconds - 30
            case _:
                raise wharfinger.RetryError(
                    "Courier gave no token, so nothing was sent.",
                    code="sign-in-failed",
                    http_status=status,
                )


def read(response: httpx.Response) -> Any:
    """Read a reply; None where it is no JSON."""
    try:
        return orjson.loads(response.content)
    except ValueError:
        return None


async def test_credentials(session: wharfinger.Session) -> Sequence[wharfinger.Finding]:
    """Try the credentials."""
    response = await session.request("GET", f"{API}/me")
    if response.status_code == httpx.codes.OK:
        return [wharfinger.Finding(level="ok", subject="Client ID", message="It is accepted.")]
    return [
        wharfinger.Finding(
            level="error",
            subject="Client ID",
            message=f"Courier answered {response.status_code}.",
            fix="Compare Client ID and Client Secret with Courier's portal.",
        )
    ]


# --- parcels ---
@attrs.define(kw_only=True)
class Parcel:
    """One parcel."""

    reference: str = wharfinger.field(name="ref", label="Reference", maximum=40)
    customer: str = wharfinger.field(label="Customer", maximum=40)
    weight_kg: float | None = wharfinger.field(
        name="weight", label="Weight", default=None, minimum=0
    )
    speed: str = wharfinger.field(
        label="Speed",
        default="normal",
        choices=("normal", "express"),
        control=wharfinger.Control.OPTION,
    )


def encode_parcel(parcel: Parcel) -> bytes:
    """Return the part of a request that one parcel becomes."""
    weight = {} if parcel.weight_kg is None else {"weight": parcel.weight_kg}
    return orjson.dumps({"ref": parcel.reference, "customer": parcel.customer, **weight})


async def book_parcels(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    """Book the parcels of one batch; a reference that is booked already is booked once."""
    response = await session.request(
        "POST",
        f"{API}/depots/{session.settings.depot}/parcels",
        params={"speed": batch.key},
        content=b'{"parcels":[' + b",".join(batch.bodies) + b"]}",
        headers={"Content-Type": "application/json"},
    )
    items = read(response) if response.status_code == httpx.codes.MULTI_STATUS else None
    match items:
        case {"items": [*verdicts]}:
            by_reference = {each.get("ref"): each for each in verdicts if isinstance(each, dict)}
            return [outcome(session, by_reference.get(p.reference)) for p in batch.payloads]
    raise failure(session, response)


def outcome(session: wharfinger.Session, verdict: dict[str, Any] | None) -> wharfinger.Outcome:
    """Return what became of one parcel; the reply may have forgotten it."""
    status = verdict.get("status") if verdict else None
    if status == httpx.codes.CREATED:
        return wharfinger.Outcome.delivered(http_status=207)
    refused = status == httpx.codes.UNPROCESSABLE_ENTITY
    return wharfinger.Outcome(
        status=wharfinger.Status.REJECTED if refused else wharfinger.Status.RETRY,
        code="parcel-refused" if refused else "not-booked",
        message="Courier refused this parcel. Check Customer and Weight."
        if refused
        else "Courier has not booked this parcel. Booking it again does no harm.",
        vendor_message=session.redact(str(verdict.get("error", "")) if verdict else "")[:300],
        http_status=207,
    )


# --- pickups ---
@attrs.define(kw_only=True)
class Pickup:
    """A courier who comes by."""

    street: str = wharfinger.field(label="Street", maximum=100)


async def call_courier(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    """Call one courier; called twice, two would come."""
    (pickup,) = batch.payloads
    response = await session.request("POST", f"{API}/pickups", json={"street": pickup.street})
    if response.status_code == httpx.codes.CREATED:
        match read(response):
            case {"id": str(number)}:
                return [wharfinger.Outcome.delivered(http_status=201, request_id=number)]
    raise failure(session, response)


def failure(session: wharfinger.Session, response: httpx.Response) -> wharfinger.DeliveryError:
    """Say what the host does next; an unclear end depends on what a repetition would mean."""
    said = session.redact(response.text[:500])
    facts: dict[str, Any] = {"vendor_message": said, "http_status": response.status_code}
    match response.status_code:
        case 400 | 422:
            return wharfinger.RejectedError(
                "Courier refused it. Check the fields of the mapping.", code="refused", **facts
            )
        case 401:
            return wharfinger.CredentialsError("Courier refused a fresh token.", **facts)
        case 403 | 404:
            return wharfinger.HaltedError(
                "Courier knows no such depot, or keeps it from this account. Correct Depot.",
                code="no-access",
                **facts,
            )
        case 429:
            return wharfinger.ThrottledError(
                "Courier asks this account to slow down.",
                code="rate-limited",
                retry_after_s=wharfinger.retry_after_s(response),
                **facts,
            )
    if session.idempotent:
        return wharfinger.RetryError(
            "Courier gave no reply that can be used. Sending again does no harm.",
            code="unexpected-reply",
            **facts,
        )
    return wharfinger.UnknownError(
        "Courier gave no reply that can be used. Look into its list of pickups first.",
        code="unexpected-reply",
        **facts,
    )


# --- diagnosis ---
async def check_depot(
    session: wharfinger.Session, outlines: Sequence[wharfinger.Outline]
) -> Sequence[wharfinger.Finding]:
    """Look whether the depot is there, where some mapping needs it."""
    if all(outline.action != "book-parcel" for outline in outlines):
        return []
    depot = session.settings.depot
    response = await session.request("GET", f"{API}/depots/{depot}")
    if response.status_code == httpx.codes.OK:
        return [wharfinger.Finding(level="ok", subject="Depot", message=f"{depot} is there.")]
    missing = response.status_code == httpx.codes.NOT_FOUND
    return [
        wharfinger.Finding(
            level="error" if missing else "warning",
            subject="Depot",
            message=f"Courier answered {response.status_code} when asked for {depot}.",
            fix="Take one of Courier's list of depots." if missing else "",
        )
    ]


# --- hooks ---
@wharfinger.hookimpl
def wharfinger_destinations() -> Sequence[wharfinger.Destination]:
    """Give Courier; where tokens come from is one of its hosts."""
    hosts = ("api.courier.example", "login.courier.example")
    return [wharfinger.Destination(slug="courier", title="Courier", hosts=hosts)]


@wharfinger.hookimpl
def wharfinger_settings() -> Sequence[wharfinger.Settings]:
    """Give its settings."""
    return [wharfinger.Settings(destination="courier", schema=CourierSettings)]


@wharfinger.hookimpl
def wharfinger_authentication() -> Sequence[wharfinger.Authentication]:
    """Give the way to sign in."""
    return [
        wharfinger.Authentication(destination="courier", create=TokenAuth, test=test_credentials)
    ]


@wharfinger.hookimpl
def wharfinger_actions() -> Sequence[wharfinger.Action]:
    """Give both actions."""
    return [
        wharfinger.Action(
            destination="courier",
            slug="book-parcel",
            title="Book Parcel",
            payload=Parcel,
            perform=book_parcels,
            effect=wharfinger.Effect.IDEMPOTENT,
            default_trigger='type = "track" and event = "Order Completed"',
            default_fields={
                "ref": {"@path": "$.messageId"},
                "customer": {"@path": "$.userId"},
                "weight": {"@path": "$.properties.weight"},
            },
            batch_key=lambda parcel: parcel.speed,
            order_key=lambda parcel: parcel.customer,
            encode=encode_parcel,
        ),
        wharfinger.Action(
            destination="courier",
            slug="call-courier",
            title="Call Courier",
            payload=Pickup,
            perform=call_courier,
            effect=wharfinger.Effect.ONCE,
            default_trigger='type = "track" and event = "Return Requested"',
            default_fields={"street": {"@path": "$.properties.street"}},
        ),
    ]


@wharfinger.hookimpl
def wharfinger_batching(action: wharfinger.Action) -> wharfinger.BatchPolicy | None:
    """Parcels travel together; a pickup alone, which is what None says."""
    if action.slug == "book-parcel":
        return wharfinger.BatchPolicy(rows=50, bytes=500_000, lanes=2)
    return None


@wharfinger.hookimpl
def wharfinger_diagnostics() -> Sequence[wharfinger.Diagnostic]:
    """Give what `wharfinger doctor` looks at as well."""
    return [wharfinger.Diagnostic(destination="courier", title="Depot", check=check_depot)]
