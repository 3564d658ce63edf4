"""The plugin keeps the contract that the kit tries anybody's plugin by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from tests.installed import passed
from tests.webhook.conftest import URL, track
from tests.webhook.test_signing import SECRET

import wharfinger_webhook
from wharfinger.testing import DestinationContract, Example

EVENTS = [track(1), track(2), track(3)]
SETTINGS = {
    "url": URL,
    "authentication": "bearer",
    "token": "token-0123456789",
    "secret_headers": "X-Tenant-Key: tenant-0123456789",
    "signing_secret": SECRET,
}


class TestWebhook(DestinationContract):
    destination = "webhook"
    plugin = wharfinger_webhook
    status_confirms = ("send-event", "send-batch")
    settings: Mapping[str, Any] = SETTINGS
    examples: Mapping[str, Example] = {
        "send-event": Example(events=EVENTS, trigger='type = "track"'),
        "send-batch": Example(events=EVENTS, trigger='type = "track"'),
    }


class TestWebhookAtMostOnce(TestWebhook):
    """The same for mappings whose events must not be sent twice."""

    harmless = (429,)
    examples: Mapping[str, Example] = {
        slug: Example(events=EVENTS, trigger='type = "track"', fields={"delivery": "at-most-once"})
        for slug in ("send-event", "send-batch")
    }

    def refuses(self, request: httpx.Request) -> httpx.Response:
        del request
        return httpx.Response(422, text="total must not be negative")


def test_the_kit_passes_for_the_installed_webhook_without_a_class(tmp_path):
    file = Path(__file__).with_name("contract.toml")
    # An endpoint takes a whole request or nothing of it.
    skips = {"test_a_refused_row_takes_no_other_along"}
    assert passed("webhook", file, tmp_path, skips=skips) >= {
        "test_the_plugin_loads",
        "test_what_the_vendor_accepts_is_delivered",
        "test_statuses_agree_with_the_effect_of_an_action",
        "test_requests_carry_their_batch_and_no_more",
        "test_secrets_show_nowhere",
    }
