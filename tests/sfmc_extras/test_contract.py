"""The action keeps the contract that the kit tries anybody's plugin by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx
from tests.sfmc_extras.conftest import REST, SETTINGS, accepted, order

import wharfinger_sfmc_extras
from wharfinger.testing import DestinationContract, Example

TRACK = 'type = "track"'
TOKEN = {"access_token": "token-9876543210", "expires_in": 1079, "rest_instance_url": f"{REST}/"}
MAILS = Example(
    events=[order(1), order(2), order(3)],
    refused=[order(4)],
    fields={"definitionKey": "receipt"},
    trigger=TRACK,
)


class TestTransactionalMessages(DestinationContract):
    destination = "salesforce-marketing-cloud"
    plugin = wharfinger_sfmc_extras
    beside = ("salesforce-marketing-cloud",)
    settings: Mapping[str, Any] = SETTINGS
    actions = ("send-transactional-message",)
    examples: Mapping[str, Example] = {"send-transactional-message": MAILS}
    harmless = (429,)

    def answers(self, request: httpx.Request) -> httpx.Response:
        # The kit asks here for tokens and look-ups, too, where those are to be in trouble.
        return self.besides(request) or partial(accepted, m_4=109121)(request)

    def besides(self, request: httpx.Request) -> httpx.Response | None:
        if request.url.path == "/v2/token":
            return httpx.Response(200, json=TOKEN)
        return httpx.Response(200, json={"status": "Active"}) if request.method == "GET" else None


class TestAtMostOnce(TestTransactionalMessages):
    """The same for mappings whose messages must not be sent twice."""

    examples: Mapping[str, Example] = {
        "send-transactional-message": Example(
            events=MAILS.events,
            refused=MAILS.refused,
            fields={"definitionKey": "receipt", "delivery": "at-most-once"},
            trigger=TRACK,
        )
    }
