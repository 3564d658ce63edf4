"""Any HTTP endpoint as a wharfinger destination.

This module holds hook implementations only. Each imports what it gives when it is asked, so
importing the plugin costs next to nothing.
"""
# ruff: noqa: PLC0415  # imports on demand are what this module is for

from __future__ import annotations

from collections.abc import Iterable

import wharfinger

__all__: list[str] = []


@wharfinger.hookimpl
def wharfinger_destinations() -> Iterable[wharfinger.Destination]:
    """Give the webhook."""
    from wharfinger_webhook.destination import DESTINATION

    return [DESTINATION]


@wharfinger.hookimpl
def wharfinger_settings() -> Iterable[wharfinger.Settings]:
    """Give the settings of one endpoint."""
    from wharfinger_webhook.destination import SLUG
    from wharfinger_webhook.settings import WebhookSettings, warnings

    return [wharfinger.Settings(destination=SLUG, schema=WebhookSettings, warnings=warnings)]


@wharfinger.hookimpl
def wharfinger_authentication() -> Iterable[wharfinger.Authentication]:
    """Give what signs a request in, and a test that sends no event."""
    from wharfinger_webhook.auth import WebhookAuth, test_endpoint
    from wharfinger_webhook.destination import SLUG

    return [
        wharfinger.Authentication(destination=SLUG, create=WebhookAuth, test=test_endpoint),
    ]


@wharfinger.hookimpl
def wharfinger_actions() -> Iterable[wharfinger.Action]:
    """Give the two actions: one event per request, and many."""
    from wharfinger_webhook.actions import ACTIONS

    return ACTIONS


@wharfinger.hookimpl
def wharfinger_batching(
    action: wharfinger.Action,
) -> wharfinger.BatchPolicy | wharfinger.Unbatched | None:
    """Say how this plugin's own actions travel."""
    from wharfinger_webhook.actions import BATCHING

    return BATCHING.get(action.slug)
