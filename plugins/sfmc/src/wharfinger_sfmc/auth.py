"""Signing in: one access token per connection, shared by all its tasks, and by all workers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Final

import attrs
import httpx

import wharfinger
from wharfinger_sfmc.api.calls import Api
from wharfinger_sfmc.api.replies import Reply, read_reply
from wharfinger_sfmc.errors import Call, Topic, failure
from wharfinger_sfmc.errors.access import SIGN_IN_ADVICE
from wharfinger_sfmc.settings import MarketingCloudSettings, base_url

__all__ = ["MarketingCloudAuth", "test_credentials"]

_MARGIN_S: Final = 120.0
# "Access Token for Server-to-Server Integrations" promises 18 minutes where a reply is silent.
_USUAL_LIFETIME_S: Final = 1079.0
_LONGEST_LIFETIME_S: Final = 86_400.0
_ATTEMPTS: Final = 2
_WRITTEN: Final = frozenset({"token", "scope", "by"})
# Anything else in a header could start another one.
_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")


@attrs.frozen
class _Token:
    value: wharfinger.Secret
    renew_at: float
    scope: str | None


class MarketingCloudAuth(httpx.Auth):
    """Adds the access token of one business unit to every request.

    A token is fetched once however many tasks wait for it, kept until two minutes before it
    ends, and replaced once when SFMC refuses it; a request that is refused a second time is
    returned as it is, because then the token is not the reason. The addresses in a token's reply
    are never followed: a reply must not decide where the next secret goes.

    Where workers share tokens, one of them fetches it and the others take it from there, with the
    same two minutes of room; one that SFMC refused is not taken again. Nor does anybody who begins
    anew take one with which something was forbidden: a token goes on with the permissions that
    there were when it was fetched.

    Belongs to one event loop, as the client that uses it does.

    Args:
        settings: The business unit and its API integration.
        tokens: The tokens that workers share, where they do.
        clock: Gives seconds that never go back.

    Attributes:
        granted: The scopes of the token that was fetched last; None where nobody signed in yet or
            SFMC did not say.

    Raises:
        wharfinger.ConfigurationError: The subdomain would lead to another host.
    """

    def __init__(
        self,
        settings: MarketingCloudSettings,
        tokens: wharfinger.SharedTokens | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = f"{base_url(settings, 'auth')}/v2/token"
        self._settings = settings
        self._tokens = tokens
        self._name = f"{self._url} {settings.client_id} {settings.account_id}"
        self._refused: _Token | None = None
        self._forbidden: _Token | None = None
        self._clock = clock
        self.granted: frozenset[str] | None = None
        self._token: _Token | None = None
        self._lock = asyncio.Lock()
        self._thread_lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self._url} for account {self._settings.account_id}>"

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign a request in, and once more with another token if the first one is refused."""
        token = None
        for _ in range(_ATTEMPTS):
            async with self._lock:
                refused, token = token, self._usable(refused=token)
                if token is None:
                    async with self._turn(refused) as kept:
                        token = self._token = self._taken(kept)
                        if token is None:
                            asked_at = self._clock()
                            response = yield self._token_request(request)
                            await _read_whole(response, request)
                            token = self._token = self._read_token(response, asked_at)
                            await self._keep(token)
            response = yield _signed(request, token)
            if response.status_code == httpx.codes.FORBIDDEN:
                await self._keep_no_longer(token)
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Do the same for a client without an event loop."""
        token = None
        for _ in range(_ATTEMPTS):
            with self._thread_lock:
                token = self._usable(refused=token)
                if token is None:
                    asked_at = self._clock()
                    response = yield self._token_request(request)
                    try:
                        response.read()
                    except httpx.HTTPError as error:
                        raise _torn(error) from error
                    token = self._token = self._read_token(response, asked_at)
            response = yield _signed(request, token)
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return

    async def bearer(
        self, session: wharfinger.Session, *, refused: wharfinger.Secret | None = None
    ) -> wharfinger.Secret:
        """Return the access token itself, for a request that carries it in its body, as SOAP does.

        Args:
            session: Where no token is at hand, a request that needs no permission is sent through
                it, and signs in on its way.
            refused: A token that SFMC finds to be over; another one is fetched.

        Raises:
            wharfinger.DeliveryError: SFMC gave no token.
        """
        if refused is not None and self._token is not None and self._token.value == refused:
            self._refused, self._token = self._token, None
        if self._usable(refused=None) is None:
            await Api(session).token_context()
        if (token := self._token) is None:
            raise wharfinger.RetryError(
                "SFMC withdrew the access token at once. It can be tried again.",
                code="sign-in-failed",
            )
        return token.value

    def _usable(self, *, refused: _Token | None) -> _Token | None:
        """Return the token at hand; another task may have replaced a refused one meanwhile."""
        token = self._token
        if token is None or token is refused or self._clock() >= token.renew_at:
            return None
        return token

    def _turn(
        self, refused: _Token | None
    ) -> AbstractAsyncContextManager[wharfinger.KeptToken | None]:
        """Give the token of another worker, or None where this one is to fetch it."""
        if self._tokens is None:
            return nullcontext()
        over = refused or self._refused
        return self._tokens.turn(self._name, self._written(over) if over else None)

    def _taken(self, kept: wharfinger.KeptToken | None) -> _Token | None:
        """Return the token of another worker; None where another secret, or version, made it."""
        fields = _read_shared(kept.secret) if kept is not None else None
        if kept is None or fields is None or fields["by"] != self._made_by():
            return None
        scope, left_s = fields["scope"], min(kept.left_s, _LONGEST_LIFETIME_S)
        self.granted = _scopes(scope)
        return _Token(wharfinger.Secret(fields["token"]), self._clock() + left_s, scope)

    async def _keep(self, token: _Token) -> None:
        self._refused = None
        if self._tokens is not None:
            seconds = token.renew_at - self._clock()
            await self._tokens.keep(self._name, self._written(token), seconds)

    async def _keep_no_longer(self, token: _Token) -> None:
        """Let others who begin anew fetch one that has the permissions of today."""
        if self._tokens is not None and self._forbidden is not token:
            self._forbidden = token
            await self._tokens.drop(self._name, self._written(token))

    def _written(self, token: _Token) -> wharfinger.Secret:
        """Return a token as workers share it, encrypted, with what tells whose secret made it."""
        fields = {"token": token.value.reveal(), "scope": token.scope, "by": self._made_by()}
        return wharfinger.Secret(json.dumps(fields))

    def _made_by(self) -> str:
        # A wrong secret is to be found out, though another worker has a token.
        return hashlib.sha256(self._settings.client_secret.reveal().encode()).hexdigest()

    def _token_request(self, original: httpx.Request) -> httpx.Request:
        settings = self._settings
        return httpx.Request(
            "POST",
            self._url,
            headers={"User-Agent": original.headers.get("User-Agent", "wharfinger")},
            json={
                "grant_type": "client_credentials",
                "client_id": settings.client_id,
                "client_secret": settings.client_secret.reveal(),
                "account_id": settings.account_id,
            },
            # A request made by hand has no timeout; the client's own are in here.
            extensions=original.extensions,
        )

    def _read_token(self, response: httpx.Response, asked_at: float) -> _Token:
        reply = read_reply(response, self._redact)
        value = reply.fields.get("access_token")
        if not reply.accepted or not isinstance(value, str) or not _HEADER_SAFE.fullmatch(value):
            raise failure(reply, _SIGN_IN)
        found = reply.fields.get("scope")
        scope = found if isinstance(found, str) else None
        self.granted = _scopes(scope)
        lifetime_s = _lifetime_s(reply.fields.get("expires_in"))
        margin_s = min(_MARGIN_S, lifetime_s / 2)
        return _Token(wharfinger.Secret(value), asked_at + lifetime_s - margin_s, scope)

    def _redact(self, text: str) -> str:
        secret = self._settings.client_secret.reveal()
        return text.replace(secret, "***") if secret else text


def _signed(request: httpx.Request, token: _Token) -> httpx.Request:
    request.headers["Authorization"] = f"Bearer {token.value.reveal()}"
    return request


def _read_shared(secret: wharfinger.Secret) -> dict[str, Any] | None:
    """Return what a worker wrote; None where it is nothing that this version writes."""
    try:
        fields = json.loads(secret.reveal())
    except ValueError:
        return None
    if not isinstance(fields, dict) or fields.keys() != _WRITTEN:
        return None
    token, scope = fields["token"], fields["scope"]
    good = isinstance(token, str) and _HEADER_SAFE.fullmatch(token)
    return fields if good and (scope is None or isinstance(scope, str)) else None


def _scopes(scope: str | None) -> frozenset[str] | None:
    return None if scope is None else frozenset(scope.split())


def _lifetime_s(expires_in: Any) -> float:
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError):
        return _USUAL_LIFETIME_S
    return seconds if 0 < seconds <= _LONGEST_LIFETIME_S else _USUAL_LIFETIME_S


async def _read_whole(response: httpx.Response, request: httpx.Request) -> None:
    """Read a token's reply; one that trickles in has no more time than one that says nothing."""
    try:
        async with asyncio.timeout(request.extensions.get("timeout", {}).get("read")):
            await response.aread()
    except (httpx.HTTPError, TimeoutError) as error:
        raise _torn(error) from error


def _torn(error: Exception) -> wharfinger.RetryError:
    return wharfinger.RetryError(
        f"The reply with the access token broke off ({type(error).__name__}). Nothing else was "
        "sent; it can be tried again.",
        code="sign-in-failed",
    )


async def test_credentials(session: wharfinger.Session) -> Sequence[wharfinger.Finding]:
    """Sign in, ask SFMC where the token acts, and compare that with the settings."""
    try:
        reply = await Api(session).token_context()
        if not reply.accepted:
            raise failure(reply, _CONTEXT)
    except wharfinger.DeliveryError as error:
        return [_finding_of(error)]
    signed_in = wharfinger.Finding(
        level="ok", subject="Credentials", message="SFMC accepts Client ID and Client Secret."
    )
    return [signed_in, _business_unit(reply, session.settings)]


def _business_unit(reply: Reply, settings: MarketingCloudSettings) -> wharfinger.Finding:
    organization = reply.fields.get("organization")
    found = organization.get("id") if isinstance(organization, dict) else None
    if found is None:
        return wharfinger.Finding(
            level="warning",
            subject="Business unit",
            message="SFMC did not say in which business unit the access token acts.",
            fix='Compare "Account ID" with the MID shown beside the account\'s name in SFMC.',
        )
    if str(found) != settings.account_id:
        return wharfinger.Finding(
            level="error",
            subject="Business unit",
            message=f"The access token acts in business unit {found}, but Account ID is "
            f"{settings.account_id}.",
            fix='Set "Account ID" to the MID of the business unit that holds the data extensions '
            "and event definitions, and let the API integration act in it.",
        )
    return wharfinger.Finding(
        level="ok", subject="Business unit", message=f"The access token acts in {found}."
    )


def _finding_of(error: wharfinger.DeliveryError) -> wharfinger.Finding:
    advice = next((words for words in SIGN_IN_ADVICE if error.message.endswith(words)), "")
    found = error.message.removesuffix(advice)
    fix = advice or next(words for kind, words in _FIXES if isinstance(error, kind))
    return wharfinger.Finding(
        level="error", subject="Credentials", message=found.rstrip(), fix=fix, code=error.code
    )


_SIGN_IN: Final = Call(topic=Topic.TOKEN, subject="an access token")
_CONTEXT: Final = Call(topic=Topic.ACCOUNT, subject="the context of the access token")
_FIXES: Final = (
    (
        wharfinger.RetryError,
        'Try again in a few minutes. If it stays, check "Subdomain" and this machine\'s network.',
    ),
    (
        wharfinger.DeliveryError,
        'Correct what the message names, then check "Subdomain" and "Account ID".',
    ),
)
