"""Signing a request in: credentials, secret headers, and the signature over what is sent."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final, Literal

import httpx

import wharfinger
from wharfinger_webhook.addresses import address_problem
from wharfinger_webhook.settings import WebhookSettings, secret_headers
from wharfinger_webhook.signing import key_of, signature

__all__ = ["ID", "SIGNATURE", "TIMESTAMP", "WebhookAuth", "test_endpoint"]

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

_REFUSED: Final = frozenset({401, 403})
_MISSING: Final = frozenset({404, 410})
_SERVER_ERROR: Final = 500


class WebhookAuth(httpx.Auth):
    """Adds to a request what no preview is to show, when it leaves.

    Args:
        settings: The endpoint.
    """

    requires_request_body = True

    def __init__(self, settings: WebhookSettings) -> None:
        self._private = settings.allow_private_addresses
        self._credentials = _credentials(settings)
        secrets = filter(None, (settings.signing_secret, settings.previous_signing_secret))
        self._keys = tuple(key_of(secret.reveal()) for secret in secrets)

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign one request, once it is known to lead where it may.

        Raises:
            wharfinger.HaltedError: The host leads to an address that is not allowed.
        """
        host = request.url.raw_host.decode("ascii")
        if problem := await address_problem(host, private=self._private):
            raise wharfinger.HaltedError(problem, code="address-refused")
        request.headers.update(self._credentials)
        if self._keys and ID in request.headers:
            # Of this attempt, so that a receiver may refuse what is old.
            now_s = int(time.time())
            request.headers[TIMESTAMP] = str(now_s)
            request.headers[SIGNATURE] = signature(
                self._keys, request.headers[ID], now_s, request.content
            )
        yield request


def _credentials(settings: WebhookSettings) -> Mapping[str, str]:
    headers = secret_headers(settings)
    match settings:
        case WebhookSettings(authentication="basic", username=str(user), password=password):
            basic = httpx.BasicAuth(user, password.reveal() if password else "")
            signed = next(basic.auth_flow(httpx.Request("GET", settings.url)))
            headers["Authorization"] = signed.headers["Authorization"]
        case WebhookSettings(authentication="bearer", token=wharfinger.Secret() as token):
            headers["Authorization"] = f"Bearer {token.reveal()}"
        case WebhookSettings(authentication="api-key", api_key=wharfinger.Secret() as key):
            headers[settings.header_name] = key.reveal()
    return headers


async def test_endpoint(session: wharfinger.Session) -> Sequence[wharfinger.Finding]:
    """Ask the endpoint for its headers: that sends no event, and shows whether it is there."""
    settings: WebhookSettings = session.settings
    response = await session.request("HEAD", settings.url, headers={ID: "msg_test"})
    status = response.status_code
    return [_finding(status, httpx.URL(settings.url).host)]


def _finding(status: int, host: str) -> wharfinger.Finding:
    said = f"{host} answers HEAD with {status}"
    level: Literal["ok", "warning", "error"] = "warning"
    if status in _REFUSED:
        message, fix = f"{said}: it may refuse the credentials.", "Check Authentication."
    elif status in _MISSING:
        message, fix = f"{said}: there may be no endpoint.", "Check URL."
    elif httpx.codes.is_redirect(status):
        level = "error"
        message, fix = f"{said}: it points elsewhere.", "Put the address it points to into URL."
    elif status >= _SERVER_ERROR:
        message, fix = f"{said}: it may have a fault.", "Ask its owner."
    else:
        level = "ok"
        message, fix = f"{said}. Whether it takes events shows with the first one.", ""
    return wharfinger.Finding(level=level, subject="Endpoint", message=message, fix=fix)
