"""What a user must say to connect a business unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

import attrs

import wharfinger

__all__ = ["MarketingCloudSettings", "base_url", "subdomain_problem", "warnings"]

_LABEL: Final = r"[A-Za-z0-9-]{1,63}"
_TENANT_HOST: Final = re.compile(
    rf"\s*(?:https?://)?({_LABEL})\.(?:auth|rest|soap)\.marketingcloudapis\.com(?:[:/?#].*)?\s*",
    re.IGNORECASE | re.DOTALL,
)
_USUAL: Final = re.compile(r"mc[a-z0-9-]{26}", re.IGNORECASE)
_SHOWN_CHARACTERS: Final = 80

_WHERE_TO_FIND = (
    'It is the part of the REST Base URI of your installed package between "https://" and '
    '".rest.marketingcloudapis.com": 28 letters, digits and hyphens that start with "mc".'
)


def subdomain_problem(value: object) -> str | None:
    """Say in words why this cannot be a subdomain; None where it can.

    Example:
        >>> subdomain_problem("https://mc-sample.rest.marketingcloudapis.com/")
        'Subdomain is a whole address. Leave the rest away and paste only "mc-sample".'
    """
    if isinstance(value, str):
        if re.fullmatch(_LABEL, value):
            return None
        if tenant := _TENANT_HOST.fullmatch(value):
            return (
                f'Subdomain is a whole address. Leave the rest away and paste only "{tenant[1]}".'
            )
    return (
        "Subdomain must be one word of 1 to 63 letters, digits and hyphens, but it is "
        f"{_shown(value)}. {_WHERE_TO_FIND}"
    )


def _shown(value: object) -> str:
    if not isinstance(value, str):
        return f"a {type(value).__name__}"
    return "empty" if not value else repr(value[:_SHOWN_CHARACTERS])


@attrs.frozen(kw_only=True)
class MarketingCloudSettings:
    """One business unit, and the API integration that acts in it.

    Attributes:
        account_id: The MID of the business unit.
        client_id: Issued with the API integration of an installed package.
        client_secret: Issued with it; never shown again by us.
        subdomain: The tenant's part of its host names; one DNS label, because anything else could
            send the secret to another host.
    """

    account_id: str = wharfinger.field(
        label="Account ID",
        category=wharfinger.Category.IDENTIFIER,
        description="The MID of the business unit in which data extensions, contacts and event "
        "definitions are found.",
        pattern=r"[0-9]+",
        pattern_hint="must be the MID of the business unit: digits only",
    )
    client_id: str = wharfinger.field(
        label="Client ID",
        category=wharfinger.Category.IDENTIFIER,
        description="Client Id of the API integration: Setup, Platform Tools, Apps, Installed "
        "Packages, your package, API Integration (Server-to-Server).",
    )
    client_secret: wharfinger.Secret = wharfinger.field(
        label="Client Secret",
        category=wharfinger.Category.SECRET,
        description="Client Secret of the same API integration.",
        secret=True,
    )
    subdomain: str = wharfinger.field(
        label="Subdomain",
        category=wharfinger.Category.IDENTIFIER,
        description=_WHERE_TO_FIND,
        check=subdomain_problem,
    )


def base_url(settings: MarketingCloudSettings, service: Literal["auth", "rest", "soap"]) -> str:
    """Return the address of one of the tenant's three hosts, without a slash at the end.

    The subdomain is looked at again here, whatever checked the settings before.

    Raises:
        wharfinger.ConfigurationError: The subdomain would lead to another host.
    """
    if problem := subdomain_problem(settings.subdomain):
        raise wharfinger.ConfigurationError(
            [wharfinger.Problem(("settings", "subdomain"), problem)]
        )
    return f"https://{settings.subdomain}.{service}.marketingcloudapis.com"


def warnings(settings: MarketingCloudSettings) -> Sequence[wharfinger.Finding]:
    """Return what is allowed but looks wrong."""
    if _USUAL.fullmatch(settings.subdomain):
        return []
    return [
        wharfinger.Finding(
            level="warning",
            subject="Subdomain",
            message=f'A tenant\'s subdomain has 28 characters and starts with "mc"; '
            f'"{settings.subdomain}" has {len(settings.subdomain)}.',
            fix=f"Compare it with your installed package. {_WHERE_TO_FIND}",
        )
    ]
