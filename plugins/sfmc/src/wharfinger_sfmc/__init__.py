"""Salesforce Marketing Cloud as a wharfinger destination.

This module holds hook implementations only. Each imports what it gives when it is asked, so
importing the plugin costs next to nothing.
"""
# ruff: noqa: PLC0415  # imports on demand are what this module is for

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import wharfinger

__all__: list[str] = []


@wharfinger.hookimpl
def wharfinger_destinations() -> Iterable[wharfinger.Destination]:
    """Give Salesforce Marketing Cloud."""
    from wharfinger_sfmc.destination import DESTINATION

    return [DESTINATION]


@wharfinger.hookimpl
def wharfinger_settings() -> Iterable[wharfinger.Settings]:
    """Give the four settings of a business unit."""
    from wharfinger_sfmc.destination import SLUG
    from wharfinger_sfmc.settings import MarketingCloudSettings, warnings

    return [wharfinger.Settings(destination=SLUG, schema=MarketingCloudSettings, warnings=warnings)]


@wharfinger.hookimpl
def wharfinger_authentication() -> Iterable[wharfinger.Authentication]:
    """Give the access token flow and the test of the credentials."""
    from wharfinger_sfmc.auth import MarketingCloudAuth, test_credentials
    from wharfinger_sfmc.destination import SLUG

    return [
        wharfinger.Authentication(
            destination=SLUG,
            create=MarketingCloudAuth,
            share=MarketingCloudAuth,
            test=test_credentials,
        )
    ]


@wharfinger.hookimpl
def wharfinger_actions() -> Iterable[wharfinger.Action]:
    """Give the six actions: contacts, journey events in two ways, rows in three."""
    from wharfinger_sfmc.actions import ACTIONS

    return ACTIONS


@wharfinger.hookimpl
def wharfinger_batching(
    action: wharfinger.Action, options: Mapping[str, Any]
) -> wharfinger.BatchPolicy | wharfinger.Unbatched | None:
    """Say how this plugin's own actions travel."""
    from wharfinger_sfmc.actions import batching

    return batching(action, options)


@wharfinger.hookimpl
def wharfinger_diagnostics() -> Iterable[wharfinger.Diagnostic]:
    """Give the checks of permissions and clocks."""
    from wharfinger_sfmc.account.doctor import DIAGNOSTICS

    return DIAGNOSTICS
