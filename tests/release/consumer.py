"""A plugin and a host as strangers write them: a type checker reads this against the wheels."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any, assert_type

import attrs
import httpx

import wharfinger
import wharfinger.sync


@attrs.frozen(kw_only=True)
class AcmeSettings:
    """What connects an account."""

    api_key: wharfinger.Secret = wharfinger.field(label="API Key", secret=True)


@attrs.define(kw_only=True)
class Note:
    """A payload."""

    text: str = wharfinger.field(label="Text")


class ApiKeyAuth(httpx.Auth):
    """Signs in."""

    def __init__(self, settings: AcmeSettings) -> None:
        self._key = settings.api_key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign one request."""
        request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request


async def look(session: wharfinger.Session) -> Sequence[wharfinger.Finding]:
    """Try the key."""
    reply = await session.request("GET", "https://api.acme.example/me")
    assert_type(reply, httpx.Response)
    return [wharfinger.Finding(level="ok", subject="API Key", message=str(reply.status_code))]


async def send_notes(
    session: wharfinger.Session, batch: wharfinger.Batch
) -> Sequence[wharfinger.Outcome]:
    """Send payloads."""
    reply = await session.request("POST", "https://api.acme.example/notes", json=[])
    if reply.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise wharfinger.ThrottledError("Too many.", retry_after_s=1.0)
    return [wharfinger.Outcome.delivered(http_status=reply.status_code) for _ in batch.payloads]


@wharfinger.hookimpl
def wharfinger_destinations() -> Iterable[wharfinger.Destination]:
    """Name a destination."""
    return [wharfinger.Destination(slug="acme", title="Acme", hosts=("api.acme.example",))]


@wharfinger.hookimpl
def wharfinger_settings() -> Iterable[wharfinger.Settings]:
    """Say what connects it."""
    return [wharfinger.Settings(destination="acme", schema=AcmeSettings)]


@wharfinger.hookimpl
def wharfinger_authentication() -> Iterable[wharfinger.Authentication]:
    """Say how it signs in."""
    return [wharfinger.Authentication(destination="acme", create=ApiKeyAuth, test=look)]


@wharfinger.hookimpl
def wharfinger_actions() -> Iterable[wharfinger.Action]:
    """Name what can be done."""
    return [
        wharfinger.Action(
            destination="acme",
            slug="send-note",
            title="Send Note",
            payload=Note,
            perform=send_notes,
            effect=wharfinger.Effect.ONCE,
        )
    ]


async def host(config: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> None:
    """Deliver events."""
    plugins = wharfinger.load_plugins()
    assert_type(plugins, wharfinger.Plugins)
    async with plugins.connect(config) as connection:
        assert_type(connection, wharfinger.Connection)
        for receipt in await connection.deliver(events):
            assert_type(receipt, wharfinger.Receipt)
            for outcome in receipt.outcomes.values():
                assert_type(outcome, wharfinger.Outcome)
                assert_type(outcome.status, wharfinger.Status)
        async for settled in connection.stream(events):
            assert_type(settled.receipt, wharfinger.Receipt)


def host_without_a_loop(config: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> None:
    """Deliver events."""
    with wharfinger.sync.opened(wharfinger.load_plugins().connect(config)) as connection:
        assert_type(connection.deliver(events), list[wharfinger.Receipt])
