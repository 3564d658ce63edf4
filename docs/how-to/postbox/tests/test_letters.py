"""What becomes of letters, one by one."""

import httpx
import orjson
import wharfinger_postbox

import wharfinger
import wharfinger.sync

CONFIG = {
    "destination": "postbox",
    "settings": {"api_key": "made-up-key-0123"},
    "mappings": {
        "letters": {"action": "send-letter", "fields": {"text": {"@template": "Hello {{event}}"}}}
    },
}


def vendor(request: httpx.Request) -> httpx.Response:
    """Reply as Postbox does: one verdict for each letter."""
    letters = orjson.loads(request.content)
    verdicts = ["sent" if each["to"] == "Quay 1" else "unknown address" for each in letters]
    return httpx.Response(200, json={"verdicts": verdicts})


def test_a_refused_letter_is_rejected_and_the_others_are_delivered() -> None:
    plugins = wharfinger.load_plugins(allow=(), extra=[wharfinger_postbox])
    connection = plugins.connect(CONFIG, transport=httpx.MockTransport(vendor))
    events = [
        {"type": "track", "event": "Order", "context": {"traits": {"address": address}}}
        for address in ("Quay 1", "Nowhere")
    ]
    with wharfinger.sync.opened(connection) as account:
        delivered, refused = account.deliver(events)
    assert delivered.outcomes["letters"].status is wharfinger.Status.DELIVERED
    assert refused.outcomes["letters"].status is wharfinger.Status.REJECTED
