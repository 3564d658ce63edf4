"""The action keeps the contract that the kit tries anybody's plugin by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.installed import passed
from tests.sfmc_extras.conftest import SETTINGS, answers, besides, order

import wharfinger_sfmc_extras
from wharfinger.testing import DestinationContract, Example

TRACK = 'type = "track"'
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

    answers = staticmethod(answers)
    besides = staticmethod(besides)


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


def test_the_kit_passes_for_the_installed_action_without_a_class(tmp_path):
    file = Path(__file__).with_name("contract.toml")
    assert passed("salesforce-marketing-cloud", file, tmp_path) >= {
        "test_the_plugin_loads",
        "test_what_the_vendor_accepts_is_delivered",
        "test_a_refused_row_takes_no_other_along",
        "test_statuses_agree_with_the_effect_of_an_action",
        "test_secrets_show_nowhere",
    }
