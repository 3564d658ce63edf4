"""What becomes of a letter while Postbox asks for a pause."""

import wharfinger_postbox

import wharfinger
import wharfinger.sync
from wharfinger.testing import Vendor

CONFIG = {
    "destination": "postbox",
    "settings": {"api_key": "made-up-key-0123"},
    "mappings": {"letters": {"action": "send-letter", "fields": {"text": "Hello"}}},
}
EVENT = {"type": "track", "context": {"traits": {"address": "Quay 1"}}}


def test_a_letter_is_sent_again_after_a_pause(vendor: Vendor) -> None:
    vendor.throttles(retry_after_s=5).accepts(json={"verdicts": ["sent"]})
    plugins = wharfinger.load_plugins(allow=(), extra=[wharfinger_postbox])
    connection = plugins.connect(CONFIG, transport=vendor.transport)
    with wharfinger.sync.opened(connection) as account:
        (receipt,) = account.deliver([EVENT])
    assert receipt.outcomes["letters"].attempts == 2
    assert len(vendor.requests) == 2
