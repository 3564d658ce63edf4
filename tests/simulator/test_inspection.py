"""Looking into a simulator, from Python and over HTTP."""

import attrs
import pytest

from wharfinger_sfmc_simulator import Fault, Switches

ROWSET = "/hub/v1/dataevents/key:people/rowset"
ROWS = [{"keys": {"Email": "ann@example.org"}, "values": {"FirstName": "Ann"}}]


async def test_tables_are_shown_as_they_read_back(client, simulator):
    await client.post(ROWSET, json=ROWS)
    tables = (await client.get("/_simulator/tables")).json()
    assert tables["510000001"]["people"]["rows"] == simulator.rows("people")
    assert tables["510000001"]["people"]["name"] == "People"
    assert tables["510000002"]["members"]["rows"] == []
    key, first_name, *_ = tables["510000001"]["people"]["fields"]
    assert (key["name"], key["type"], key["primary_key"]) == ("Email", "EmailAddress", True)
    assert (first_name["name"], first_name["length"], first_name["default"]) == (
        "FirstName",
        10,
        None,
    )


async def test_contacts_and_entries_are_shown(client):
    await client.post("/contacts/v1/contacts", json={"contactKey": "c-1", "attributeSets": []})
    for key in ("APIEvent-hello", "APIEvent-paused"):
        body = {"ContactKey": "c-1", "EventDefinitionKey": key}
        await client.post("/interaction/v1/events", json=body)
    contacts = (await client.get("/_simulator/contacts")).json()
    entries = (await client.get("/_simulator/entries")).json()
    assert sorted(contacts) == ["c-1", "c-gone", "c-old"]
    assert contacts["c-gone"]["active"] is False
    assert [each["event_definition_key"] for each in entries["entered"]] == ["APIEvent-hello"]
    assert [each["event_definition_key"] for each in entries["dropped"]] == ["APIEvent-paused"]


async def test_requests_are_logged_without_secrets(client, simulator, host):
    await client.post(f"{ROWSET}?access_token=query-secret", json=ROWS)
    await client.post("/hub/v1/dataevents/key:a%2Fb/rowset", content=b"xyz")
    signing_in, rows, unknown = (await client.get("/_simulator/requests")).json()
    assert (signing_in["method"], signing_in["path"]) == ("POST", "/v2/token")
    assert signing_in["host"] == host("auth").removeprefix("https://")
    assert (rows["path"], rows["status"], rows["fault"]) == (ROWSET, 200, "")
    assert rows["reply_bytes"] == rows["request_bytes"] > 0
    assert (unknown["path"], unknown["request_bytes"]) == ("/hub/v1/dataevents/key:a%2Fb/rowset", 3)
    token = client.headers["Authorization"].removeprefix("Bearer ")
    log = repr(simulator.requests)
    assert not any(secret in log for secret in ("query-secret", "open", token))


async def test_the_log_keeps_the_last_hundred_thousand_requests(client, simulator):
    await client.get("/platform/v1/tokenContext")
    simulator.requests.extend(simulator.requests[-1:] * 100_000)
    await client.get("/platform/v1/nothing")
    assert len(simulator.requests) <= 100_000
    assert simulator.requests[-1].path == "/platform/v1/nothing"


async def test_inspection_needs_no_token_and_is_not_logged(anonymous, simulator):
    assert (await anonymous.get("/_simulator")).json()["tenant"]["eid"] == 510000000
    assert simulator.requests == []


async def test_the_summary_shows_switches_and_counts(client):
    body = (await client.get("/_simulator")).json()
    assert body["switches"]["expires_in"] == 1079
    assert (body["token_requests"], body["requests"], body["contacts"]) == (1, 1, 2)
    assert (body["living_tokens"], body["faults"]) == (1, 0)
    assert body["now"] == "2026-01-05T10:50:11.814641+00:00"


async def test_a_token_that_is_over_is_no_living_token(client, simulator):
    assert simulator.living_tokens == 1
    simulator.move_clock(1200)
    assert simulator.living_tokens == 0


async def test_switches_are_listed_with_all_that_is_known_of_them(simulate, sign_in):
    client = await sign_in(simulate(event_status=200))
    lines = {line["name"]: line for line in (await client.get("/_simulator/switches")).json()}
    assert set(lines) == {field.name for field in attrs.fields(Switches)}
    assert lines["event_status"] == {
        "name": "event_status",
        "group": "Journey events",
        "value": 200,
        "default": 201,
        "choices": [201, 200],
        "type": "int",
        "values": "(one of 201, 200)",
        "about": "Status of an accepted journey event (an older page says 200).",
    }
    assert (lines["errorcode_as_text"]["type"], lines["errorcode_as_text"]["choices"]) == (
        "bool",
        [],
    )


async def test_the_clock_is_moved_over_http_and_tokens_end(client, simulator):
    moved = await client.post("/_simulator/clock", json={"move_s": 1200})
    assert moved.json() == {"now": "2026-01-05T11:10:11.814641+00:00", "ahead_s": 1200.0}
    assert (await client.get("/_simulator/clock")).json() == moved.json()
    assert (await client.post(ROWSET, json=ROWS)).status_code == 401
    assert simulator.requests[-1].at == "2026-01-05T11:10:11.814641+00:00"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"30", '{"move_s": 30}'),
        (b"{}", '{"move_s": 30}'),
        (b'{"move_s": true}', '{"move_s": 30}'),
        (b'{"move_s": "30"}', '{"move_s": 30}'),
        (b'{"move_s": 30, "move_m": 1}', '{"move_s": 30}'),
        (b'{"move_s": -1}', "moves forward"),
        (b'{"move_s": 1e300}', "a hundred years"),
    ],
)
async def test_a_move_of_the_clock_that_makes_no_sense_is_refused(client, simulator, body, says):
    reply = await client.post("/_simulator/clock", content=body)
    assert reply.status_code == 400
    assert says in "".join(reply.json()["problems"])
    assert simulator.ahead_s == 0


async def test_faults_are_armed_shown_and_disarmed_over_http(client, simulator):
    one = await client.post("/_simulator/faults", json={"kind": "blocked", "path": "rowset"})
    more = await client.post("/_simulator/faults", json=[{"kind": "drop"}, {"kind": "hang"}])
    await client.post(ROWSET, json=ROWS)
    [blocked, *_] = (await client.get("/_simulator/faults")).json()
    assert (one.status_code, len(one.json()), len(more.json())) == (201, 1, 3)
    assert (blocked["kind"], blocked["seen"], blocked["struck"]) == ("blocked", 1, 1)
    assert (await client.delete("/_simulator/faults")).json() == []
    assert simulator.faults == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"{}", "faults[0].kind: kind is required."),
        (b'{"kind": "x"}', "is no kind of fault"),
        (b'[{"kind": "drop"}, {"kind": "drop", "times": "2"}]', "faults[1].times: "),
        (b'{"kind": "drop", "tmes": 2}', "did you mean times?"),
        (b"5", "faults[0]: must be a table."),
        (b"null", "faults[0]: must be a table."),
    ],
)
async def test_a_fault_that_is_none_is_refused_and_nothing_armed(client, simulator, body, says):
    reply = await client.post("/_simulator/faults", content=body)
    assert reply.status_code == 400
    assert says in "\n".join(reply.json()["problems"])
    assert simulator.faults == []


async def test_tokens_are_ended_over_http(client, simulator):
    assert (await client.delete("/_simulator/tokens")).json()["living_tokens"] == 0
    assert (await client.post(ROWSET, json=ROWS)).status_code == 401


async def test_a_reset_starts_again_from_the_catalogue(client, simulator, sign_in):
    await client.post(ROWSET, json=ROWS)
    await client.post("/contacts/v1/contacts", json={"contactKey": "c-1", "attributeSets": []})
    simulator.inject(Fault(kind="blocked"))
    simulator.move_clock(5)
    body = (await client.post("/_simulator/reset")).json()
    assert simulator.ahead_s == 0
    assert (body["requests"], body["contacts"], body["token_requests"]) == (0, 2, 0)
    assert simulator.rows("people") == simulator.entries == simulator.faults == []
    assert (await client.post(ROWSET, json=ROWS)).status_code == 401
    assert (await (await sign_in(simulator)).post(ROWSET, json=ROWS)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/_simulator/x", 404), ("PUT", "/_simulator/faults", 405)],
)
async def test_other_inspection_paths_are_refused(anonymous, method, path, status):
    assert (await anonymous.request(method, path)).status_code == status


def test_an_unknown_data_extension_is_a_key_error(simulator):
    with pytest.raises(KeyError):
        simulator.rows("nobody")
