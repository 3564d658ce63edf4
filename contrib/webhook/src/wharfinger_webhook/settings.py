"""What a user must say to connect an endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import httpx

import wharfinger
from wharfinger_webhook.addresses import is_loopback, url_problem
from wharfinger_webhook.headers import (
    headers_problem,
    name_problem,
    read_lines,
    secret_headers_problem,
)
from wharfinger_webhook.signing import secret_problem

__all__ = ["WebhookSettings", "plain_headers", "secret_headers", "warnings"]

_SECRET: Final = wharfinger.Category.SECRET
_DATA: Final = wharfinger.Category.DATA
_LINE: Final = r"[!-~]([ -~]*[!-~])?"
_LINE_HINT: Final = "must be one line of plain ASCII text without blanks around it"


@attrs.frozen(kw_only=True)
class WebhookSettings:
    """One endpoint, and how its owner knows that a request is ours.

    Attributes:
        url: Where requests go; its host is the only one they may go to.
        method: How they are sent.
        headers: Headers of every request.
        secret_headers: Further ones that nobody is to see, one ``Name: value`` a line.
        authentication: ``"none"``, ``"basic"``, ``"bearer"`` or ``"api-key"``.
        username: Of basic authentication.
        password: Of basic authentication.
        token: Of bearer authentication.
        api_key: The key that goes into a header.
        header_name: Which header that is.
        signing_secret: Key of the signatures; None for none.
        previous_signing_secret: The one before, while receivers still know it.
        allow_private_addresses: Whether the host may be in a private network.
        allow_plain_http: Whether requests may go over a network in plain text.
    """

    url: str = wharfinger.field(
        label="URL",
        category=wharfinger.Category.IDENTIFIER,
        description="Where requests go. Redirects are not followed.",
        check=url_problem,
    )
    method: str = wharfinger.field(
        label="Method",
        description="How requests are sent.",
        default="POST",
        choices=("POST", "PUT", "PATCH"),
    )
    headers: dict[str, Any] | None = wharfinger.field(
        label="Headers",
        description="Headers of every request, by name. Secrets belong into Secret Headers.",
        default=None,
        category=_DATA,
        check=headers_problem,
    )
    secret_headers: wharfinger.Secret | None = wharfinger.field(
        label="Secret Headers",
        description='Further headers whose values are secret, one "Name: value" a line.',
        default=None,
        kind="text",
        secret=True,
        check=secret_headers_problem,
    )
    authentication: str = wharfinger.field(
        label="Authentication",
        description="How the endpoint knows who sends: none, basic (a user and a password), "
        "bearer (a token), or api-key (a key in a header of its own).",
        default="none",
        choices=("none", "basic", "bearer", "api-key"),
    )
    username: str | None = wharfinger.field(
        label="Username",
        category=wharfinger.Category.IDENTIFIER,
        description="For basic authentication.",
        required=wharfinger.when_equal("authentication", "basic"),
        pattern=r"[^:\x00-\x1f\x7f]+",
        pattern_hint="must be one line without a colon",
    )
    password: wharfinger.Secret | None = wharfinger.field(
        label="Password",
        description="For basic authentication.",
        secret=True,
        required=wharfinger.when_equal("authentication", "basic"),
    )
    token: wharfinger.Secret | None = wharfinger.field(
        label="Token",
        description='For bearer authentication, without the word "Bearer".',
        category=_SECRET,
        secret=True,
        required=wharfinger.when_equal("authentication", "bearer"),
        pattern=_LINE,
        pattern_hint=_LINE_HINT,
    )
    api_key: wharfinger.Secret | None = wharfinger.field(
        label="API Key",
        description="For api-key authentication.",
        secret=True,
        required=wharfinger.when_equal("authentication", "api-key"),
        pattern=_LINE,
        pattern_hint=_LINE_HINT,
    )
    header_name: str = wharfinger.field(
        label="Header Name",
        category=_DATA,
        description="Name of the header that carries the API key.",
        default="X-API-Key",
        check=name_problem,
    )
    signing_secret: wharfinger.Secret | None = wharfinger.field(
        label="Signing Secret",
        description='Signs every request as Standard Webhooks says. Begins with "whsec_".',
        default=None,
        secret=True,
        check=secret_problem,
    )
    previous_signing_secret: wharfinger.Secret | None = wharfinger.field(
        label="Previous Signing Secret",
        description="Signs as well, until every receiver knows the new one.",
        default=None,
        secret=True,
        check=secret_problem,
    )
    allow_private_addresses: bool = wharfinger.field(
        label="Allow Private Addresses",
        description="Whether the host may be this machine, or in a private network.",
        default=False,
    )
    allow_plain_http: bool = wharfinger.field(
        label="Allow Plain HTTP",
        description="Whether events and secrets may go over a network in plain text.",
        default=False,
    )

    def __attrs_post_init__(self) -> None:
        """Refuse what is wrong only together."""
        url = httpx.URL(self.url)
        if url.scheme == "http" and not (self.allow_plain_http or is_loopback(url.host)):
            raise ValueError(
                "URL begins with http://, so everybody on the way could read events and secrets. "
                "Write https://, or set Allow Plain HTTP: allow_plain_http = true."
            )
        if self.previous_signing_secret and not self.signing_secret:
            raise ValueError("Previous Signing Secret needs a Signing Secret beside it.")


def plain_headers(settings: WebhookSettings) -> dict[str, str]:
    """Return the headers that anybody may see, by name."""
    named = settings.headers or {}
    # Core sends this one, too, and tells by the letters whether somebody gave another.
    return {"User-Agent" if n.lower() == "user-agent" else n: v for n, v in named.items()}


def secret_headers(settings: WebhookSettings) -> dict[str, str]:
    """Return the secret headers, by name, in plain text."""
    lines = settings.secret_headers
    return read_lines(lines.reveal()) if lines else {}


def warnings(settings: WebhookSettings) -> Sequence[wharfinger.Finding]:
    """Return what is allowed but looks wrong."""
    found = []
    known = settings.signing_secret or settings.secret_headers or settings.authentication != "none"
    if not known:
        found.append(
            wharfinger.Finding(
                level="warning",
                subject="Signing Secret",
                message="Nothing shows the endpoint that requests are yours: whoever knows its "
                "URL can send it events.",
                fix="Set signing_secret or authentication.",
            )
        )
    url = httpx.URL(settings.url)
    if url.scheme == "http" and not is_loopback(url.host):
        found.append(
            wharfinger.Finding(
                level="warning",
                subject="URL",
                message="Events and secrets go over the network in plain text.",
                fix="Write https:// where the endpoint can be reached so.",
            )
        )
    return found
