"""What a server says of itself: metrics, and lines of JSON; nothing of anybody in either."""

from __future__ import annotations

import json
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

PLANTED = {
    "type": "track",
    "event": "planted",
    "userId": "planted@shop.example",
    "messageId": "planted",
    "properties": {"text": "planted"},
    "context": {"ip": "planted", "traceparent": "planted"},
}


def _send(served: Any, *events: Any) -> httpx.Response:
    body = {"batch": list(events)}
    return httpx.post(f"{served.url}/v1/batch", json=body, auth=("website-key", ""), timeout=60)


def test_nothing_of_an_event_is_in_its_metrics_or_in_any_line(vendor: Any, serving: Any) -> None:
    vendor.reply = lambda body: (422, f"planted {body}") if body["text"] else (500, str(body))
    served = serving("--log-format", "json")
    wrong = {**PLANTED, "type": "planted"}
    nobody = {"type": "track", "event": "planted", "properties": {"text": "planted"}}
    assert _send(served, PLANTED, wrong, nobody).status_code == 200
    assert _send(served, {**PLANTED, "messageId": "planted-2", "properties": {}}).status_code == 200
    while served.rows("SELECT count(*) FROM letters")[0][0] < 1:
        assert served.process.poll() is None
    text = httpx.get(f"{served.url}/metrics").text
    code, _, errors = served.end()
    assert code == 0
    samples = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["wharfinger_accepted_events_total",] == 2
    assert samples["wharfinger_refused_events_total", "type-unknown", "website"] == 1
    assert samples["wharfinger_outcomes_total", "main", "notes", "rejected"] == 1
    assert samples["wharfinger_dead_letters", "main", "notes", "rejected"] == 1
    assert samples["wharfinger_vendor_calls_total", "main", "POST /notes"] >= 1
    lines = [json.loads(line) for line in errors.splitlines()]
    assert {"refused", "stopping"} <= {line.get("event") for line in lines}
    [refused] = (line for line in lines if line.get("code") == "type-unknown")
    assert refused["source"] == "website"
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, lines))
    for told in (text, errors):
        assert "planted" not in told
        assert "shop.example" not in told


def test_others_read_metrics_with_the_token_alone(serving: Any) -> None:
    token = "0123456789abcdef0123"
    served = serving("--no-deliver", "--metrics-token", "file:token", prologue=_WRITE_TOKEN)
    assert httpx.get(f"{served.url}/metrics").status_code == 401
    reply = httpx.get(f"{served.url}/metrics", headers={"Authorization": f"Bearer {token}"})
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain")
    assert "wharfinger_accepted_events_total 0.0" in reply.text


_WRITE_TOKEN = "import pathlib; pathlib.Path('token').write_text('0123456789abcdef0123')"
