"""``POST /v2/token`` and ``GET /platform/v1/tokenContext``.

Shapes follow the vendor's page on access tokens for server-to-server integrations and recorded
replies; what is not known there is a switch.
"""

import re
import zlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from wharfinger_sfmc_simulator.catalogue import Client
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import Reply, Request, json_reply

__all__ = ["client_refused", "get_token_context", "post_token"]

_MID = re.compile(r"\d{1,18}", re.ASCII)
_GRANTS = (
    "authorization_code, refresh_token, client_credentials, "
    "urn:ietf:params:oauth:grant-type:jwt-bearer"
)


class _OAuthError(Exception):
    def __init__(self, status: int, error: str, description: str) -> None:
        self.reply = json_reply(
            {
                "error": error,
                "error_description": description,
                "error_uri": "https://developer.salesforce.com/docs",
            },
            status,
        )
        super().__init__(description)


def post_token(state: State, request: Request) -> Reply:
    """Mint a token, or refuse with the OAuth error shape."""
    try:
        form = _form(state, request)
        client = _client(state, request, form)
        account = _account(state, client, form)
        scopes = _scopes(state, client, form)
    except _OAuthError as error:
        return error.reply
    switches = state.switches
    lifetime_s = switches.token_lifetime_s
    token = state.tokens.mint(client, account, scopes, lifetime_s=lifetime_s)
    return json_reply(
        {
            "access_token": token.text,
            "token_type": "Bearer",
            "expires_in": switches.expires_in,
            "scope": " ".join(scope for scope in client.scopes if scope in scopes),
            "soap_instance_url": _instance_url(state, "soap"),
            "rest_instance_url": _instance_url(state, "rest"),
        }
    )


def get_token_context(state: State, _: Request, token: Token) -> Reply:
    """Say which enterprise, business unit and user a token belongs to."""
    return json_reply(
        {
            "enterprise": {"id": state.catalogue.tenant.eid},
            "organization": {"id": token.account},
            "user": {"id": 700_000_000 + zlib.crc32(token.client.id.encode()) % 1_000_000},
        }
    )


def client_refused() -> Reply:
    """What a client meets whose secret is wrong, or whose package is disabled."""
    return _authentication_failed().reply


def _authentication_failed() -> _OAuthError:
    return _OAuthError(
        401,
        "invalid_client",
        "Client authentication failed. Make sure that the client ID and client secret are valid "
        "and that the package is installed and enabled.",
    )


def _form(state: State, request: Request) -> Mapping[str, Any]:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        form = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        form = None
    if not isinstance(form, dict):
        raise _invalid_request(state, "The request body is malformed.")
    return form


def _invalid_request(state: State, description: str) -> _OAuthError:
    return _OAuthError(state.switches.invalid_request_status, "invalid_request", description)


def _required(state: State, form: Mapping[str, Any], name: str) -> str:
    value = form.get(name)
    if not isinstance(value, str) or not value:
        raise _invalid_request(state, f"{name} is required.")
    return value


def _client(state: State, request: Request, form: Mapping[str, Any]) -> Client:
    if _required(state, form, "grant_type") != "client_credentials":
        raise _OAuthError(
            state.switches.bad_grant_status,
            "unsupported_grant_type",
            f"The grant type is not supported. Supported grant types: {_GRANTS}.",
        )
    client_id = _required(state, form, "client_id")
    secret = _required(state, form, "client_secret")
    client = _known_client(state, request, client_id)
    if client is None:
        raise _OAuthError(
            401,
            "invalid_client",
            "Invalid client ID. Use the client ID in Marketing Cloud Installed Packages.",
        )
    if client.secret != secret:
        raise _authentication_failed()
    return client


def _known_client(state: State, request: Request, client_id: str) -> Client | None:
    host = request.vendor_host
    if host is not None and host[0] != state.catalogue.tenant.subdomain:
        return None
    return next((each for each in state.catalogue.clients if each.id == client_id), None)


def _account(state: State, client: Client, form: Mapping[str, Any]) -> int:
    given = form.get("account_id")
    if given is None:
        return client.account
    text = "" if isinstance(given, bool) else str(given)
    account = int(text) if _MID.fullmatch(text) else None
    if account not in (client.account, *client.accounts):
        raise _OAuthError(
            state.switches.bad_account_status,
            state.switches.bad_account_error,
            "The client is not authorized for this account.",
        )
    return account


def _scopes(state: State, client: Client, form: Mapping[str, Any]) -> frozenset[str]:
    given = form.get("scope")
    granted = frozenset(client.scopes)
    if given is None:
        return granted
    wanted = frozenset(str(given).split())
    if not wanted <= granted:
        raise _OAuthError(
            state.switches.invalid_scope_status,
            "invalid_scope",
            f"The requested scope is not granted: {' '.join(sorted(wanted - granted))}.",
        )
    return wanted


def _instance_url(state: State, service: str) -> str:
    host = f"{state.catalogue.tenant.subdomain}.{service}.marketingcloudapis.com"
    return host if state.switches.instance_urls == "bare-host" else f"https://{host}/"
