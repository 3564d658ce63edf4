"""What is answered on the tracking paths, over a socket."""

from __future__ import annotations

import gzip
import socket
from typing import Any

import httpx
import orjson
import pytest

from wharfinger_host.serving import tracking
from wharfinger_host.store.errors import StoreError
from wharfinger_host.store.inbox import Inbox

OK = {"success": True}
TRACK = {"event": "Order Completed", "userId": "u-1", "messageId": "m-1"}
KINDS = ["track", "identify", "page", "screen", "group", "alias"]


def track(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "A", "userId": "u", "messageId": f"m-{number}", **more}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("short", [False, True])
def test_each_kind_of_event_has_its_path_and_the_short_one_of_the_browser(
    served: Any, kind: str, *, short: bool
) -> None:
    reply = served.post(f"/v1/{kind[0] if short else kind}", {**TRACK, "type": "nonsense"})
    assert (reply.status_code, reply.json()) == (200, OK)
    (event,) = served.events
    assert event["type"] == kind
    assert event["receivedAt"] == "2026-03-01T12:00:00.000Z"


@pytest.mark.parametrize("path", ["batch", "b", "import"])
def test_a_batch_is_accepted_in_its_order(served: Any, path: str) -> None:
    reply = served.post(f"/v1/{path}", {"batch": [track(n) for n in range(50)]})
    assert (reply.status_code, reply.json()) == (200, OK)
    assert [event["messageId"] for event in served.events] == [f"m-{n}" for n in range(50)]


def test_the_clock_of_the_sender_is_corrected_but_not_for_an_import(served: Any) -> None:
    times = {"timestamp": "2020-01-01T00:00:00Z"}
    for path, name in (("batch", 1), ("import", 2)):
        said = {"batch": [track(name, **times)], "sentAt": "2020-01-01T01:00:00Z"}
        assert served.post(f"/v1/{path}", said).status_code == 200
    assert [event["timestamp"] for event in served.events] == [
        "2026-03-01T11:00:00.000Z",
        "2020-01-01T00:00:00.000Z",
    ]
    assert [event["originalTimestamp"] for event in served.events] == [times["timestamp"]] * 2


def test_the_key_may_stand_in_the_body_and_does_not_come_into_the_inbox(served: Any) -> None:
    said = orjson.dumps({**TRACK, "writeKey": "website-key"})
    plain = {"content-type": "text/plain"}
    assert served.post("/v1/t", said, key=None, headers=plain).status_code == 200
    said = orjson.dumps({"batch": [track(2, writeKey="website-key")], "writeKey": "website-key"})
    assert served.post("/v1/b", said, key=None, headers=plain).status_code == 200
    assert len(served.events) == 2
    assert b"website-key" not in orjson.dumps(served.events)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"authorization": "Basic d3Jvbmc6"}, {}),
        ({"authorization": "Basic d3Jvbmc6"}, {"writeKey": "website-key"}),
        ({"authorization": "Basic ???"}, {}),
        ({"authorization": "Basic"}, {}),
        ({"authorization": "Bearer website-key"}, {}),
        ({}, {}),
        ({}, {"writeKey": "wrong"}),
        ({}, {"writeKey": ""}),
        ({}, {"writeKey": ["website-key"]}),
    ],
)
def test_without_a_key_that_is_known_nothing_is_accepted(
    served: Any, headers: dict[str, str], body: dict[str, Any]
) -> None:
    reply = served.post("/v1/track", {**TRACK, **body}, key=None, headers=headers)
    assert reply.status_code == 401
    assert reply.json()["code"] in ("write-key-unknown", "no-write-key")
    assert "website-key" not in reply.text
    assert served.events == []


def test_a_body_may_be_packed_with_gzip(served: Any) -> None:
    data = gzip.compress(orjson.dumps(TRACK))
    for body in (data, data + gzip.compress(b"  ")):
        reply = served.post("/v1/track", body, headers={"content-encoding": "gzip"})
        assert reply.status_code == 200
    assert served.intake.counts.duplicates == 1


def test_duplicates_are_accepted_and_dropped(served: Any) -> None:
    for _ in range(3):
        assert served.post("/v1/track", TRACK).json() == OK
    assert len(served.events) == 1
    assert (served.intake.counts.events, served.intake.counts.duplicates) == (1, 2)


def test_one_bad_event_takes_no_other_along_and_is_kept(served: Any) -> None:
    bad = [{"type": "dance", "messageId": "bad-1", "userId": "u"}, 7, {"type": "page"}]
    reply = served.post("/v1/batch", {"batch": [track(1), *bad, track(2)]})
    assert reply.status_code == 200
    told = reply.json()
    assert (told["success"], told["refused"]) == (True, 3)
    assert [(each["index"], each["code"]) for each in told["events"]] == [
        (1, "type-unknown"),
        (2, "not-an-object"),
        (3, "nobody-named"),
    ]
    assert told["events"][0]["messageId"] == "bad-1"
    assert [event["messageId"] for event in served.events] == ["m-1", "m-2"]
    assert [record["event"] for record in served.rejects] == bad
    assert {record["source"] for record in served.rejects} == {"website"}
    assert served.heard.refusals == [("website", each["code"]) for each in told["events"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not-json"),
        (b"{", "not-json"),
        (b"\xff", "not-json"),
        (b"[]", "not-an-object"),
        (b"null", "not-an-object"),
        (b"{}", "no-batch"),
        (b'{"batch": {}}', "no-batch"),
        (b'{"batch": [3, 4]}', "not-an-object"),
        (b"[" * 100_000, "not-json"),
        (b'{"batch": ' + b"[" * 900 + b"]" * 900 + b"}", "not-an-object"),
    ],
)
def test_nonsense_is_told_apart_from_events(served: Any, body: bytes, code: str) -> None:
    reply = served.post("/v1/batch", body)
    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert reply.json()["success"] is False


def test_an_empty_batch_is_fine(served: Any) -> None:
    assert served.post("/v1/batch", {"batch": []}).json() == OK


def test_a_single_event_that_is_wrong_is_refused_and_kept(served: Any) -> None:
    reply = served.post("/v1/track", {"userId": "u", "writeKey": "website-key"})
    assert (reply.status_code, reply.json()["code"]) == (400, "event-unnamed")
    (record,) = served.rejects
    assert record["event"] == {"userId": "u"}


def test_what_python_and_javascript_take_for_json_costs_no_batch(served: Any) -> None:
    body = (
        b'{"batch": [{"type": "track", "event": "A", "userId": "u", "properties": {"nan": NaN, '
        b'"big": 1e999, "half": "\\ud83d", "minus": -Infinity, "fine": 1.5}}]}'
    )
    assert served.post("/v1/batch", body).json() == OK
    (event,) = served.events
    assert event["properties"] == {
        "nan": None,
        "big": None,
        "half": "?",
        "minus": None,
        "fine": 1.5,
    }


def test_web_pages_of_other_origins_may_send(served: Any) -> None:
    asked = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "anonymousid,authorization,content-type",
    }
    reply = httpx.options(f"{served.url}/v1/track", headers=asked)
    assert reply.status_code == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "anonymousid" in reply.headers["access-control-allow-headers"]
    for key in ("website-key", "wrong"):
        reply = served.post("/v1/t", TRACK, key=key, headers={"origin": "https://shop.example"})
        assert reply.headers["access-control-allow-origin"] == "*"
    reply = httpx.get(f"{served.url}/health", headers={"origin": "https://shop.example"})
    assert "access-control-allow-origin" not in reply.headers


def test_other_paths_and_methods_say_what_is_here(served: Any) -> None:
    reply = httpx.get(f"{served.url}/v1/track")
    assert (reply.status_code, reply.json()["code"]) == (405, "wrong-method")
    for path in ("/", "/v1/tracks", "/v1/batch/"):
        reply = served.post(path, {})
        assert (reply.status_code, reply.json()["code"]) == (404, "no-such-path")


def test_a_full_inbox_asks_for_the_events_again_later(served: Any) -> None:
    served.intake.store.inbox = Inbox(most_waiting=2)
    assert served.post("/v1/batch", {"batch": [track(1), track(2)]}).status_code == 200
    reply = served.post("/v1/track", TRACK)
    assert (reply.status_code, reply.json()["code"]) == (429, "inbox-full")
    assert reply.headers["retry-after"] == reply.headers["x-ratelimit-reset"] == "30"
    assert served.post("/v1/track", TRACK).status_code == 429
    (told,) = served.heard.troubles
    assert "2 events wait" in told


def test_more_requests_than_fit_into_memory_are_asked_for_again(
    served: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(tracking, "_MOST_AT_ONCE", 0)
    reply = served.post("/v1/track", TRACK)
    assert (reply.status_code, reply.json()["code"]) == (429, "too-busy")
    assert reply.headers["retry-after"] == "1"
    monkeypatch.undo()
    assert served.post("/v1/track", TRACK).status_code == 200


def test_a_store_that_fails_asks_for_the_events_again_and_works_again(
    served: Any, monkeypatch: Any
) -> None:
    def fail(*_: Any) -> None:
        raise StoreError("The inbox cannot be used: the disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(Inbox, "accept", fail)
        reply = served.post("/v1/batch", {"batch": [track(1), {}]})
        assert (reply.status_code, reply.json()["code"]) == (503, "inbox-broken")
        assert reply.headers["retry-after"] == "5"
        assert "disk is full" not in reply.text
    assert served.post("/v1/batch", {"batch": [track(1), {}]}).status_code == 200
    assert served.heard.troubles == ["The inbox cannot be used: the disk is full.", "mended"]
    assert len(served.rejects) == 1


def test_where_refused_events_cannot_be_kept_the_batch_is_asked_for_again(served: Any) -> None:
    served.intake.rejects.path.mkdir()
    reply = served.post("/v1/batch", {"batch": [track(1), {}]})
    assert reply.status_code == 503
    served.intake.rejects.path.rmdir()
    assert served.post("/v1/batch", {"batch": [track(1), {}]}).status_code == 200
    assert (len(served.events), len(served.rejects)) == (1, 1)


def test_one_connection_serves_many_requests_and_requests_are_counted(served: Any) -> None:
    with httpx.Client(base_url=served.url, auth=("website-key", "")) as client:
        for number in range(20):
            assert client.post("/v1/track", json={**TRACK, "messageId": f"{number}"}).is_success
        assert client.post("/v1/track", content=b"x").status_code == 400
    assert served.intake.counts.requests == {200: 20, 400: 1}
    assert served.intake.counts.as_json()["requests"] == {"200": 20, "400": 1}


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(served: Any) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(
            b"POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Basic d2Vic2l0ZS1rZXk6\r\n"
            b'Content-Length: 500\r\n\r\n{"event": "A"'
        )
    assert served.post("/v1/track", TRACK).status_code == 200
    assert [event["messageId"] for event in served.events] == ["m-1"]
