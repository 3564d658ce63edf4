"""Laws of rowsets, for any rows."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_sfmc_simulator import Simulator

ACCOUNT = 1
TENANT: dict[str, Any] = {
    "tenant": {"subdomain": "mclaws", "eid": 1},
    "accounts": [{"id": ACCOUNT}],
    "clients": [{"id": "c", "secret": "s", "account": ACCOUNT}],
    "data_extensions": [
        {
            "key": "t",
            "fields": [
                {"name": "Id", "type": "Number", "primary_key": True},
                {"name": "Name", "type": "Text", "length": 5},
                {"name": "Count", "type": "Number", "nullable": False, "default": 0},
            ],
        }
    ],
    "event_definitions": [{"key": "e", "fields": [{"name": "Count", "type": "Number"}]}],
}

GOOD_VALUES = st.fixed_dictionaries(
    {}, optional={"Name": st.text("aé ", max_size=5), "Count": st.integers(-9, 9)}
).filter(bool)
BAD_VALUES = st.sampled_from(
    [{"Name": "longer"}, {"Count": "x"}, {"Count": None}, {"Other": 1}, {}, {"Name": [1]}]
)
KEYS = st.builds(lambda number: {"Id": number}, st.integers(0, 9))
GOOD_ROWS = st.builds(lambda keys, values: {"keys": keys, "values": values}, KEYS, GOOD_VALUES)
BAD_ROWS = st.builds(lambda keys, values: {"keys": keys, "values": values}, KEYS, BAD_VALUES)


ROWSET = "/hub/v1/dataevents/key:t/rowset"


def send(simulator: Simulator, *bodies: object, path: str = ROWSET) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        transport = simulator.transport()
        async with httpx.AsyncClient(transport=transport, base_url="http://sfmc") as client:
            form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
            token = (await client.post("/v2/token", json=form)).json()["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            return [await client.post(path, json=body, headers=headers) for body in bodies]

    return asyncio.run(run())


def serially(rows) -> dict[int, dict[str, Any]]:
    """What a table holds after good rows, one after the other."""
    table: dict[int, dict[str, Any]] = {}
    for row in rows:
        fresh = {"Name": None, "Count": 0}
        table.setdefault(row["keys"]["Id"], fresh).update(row["values"])
    return table


def held(simulator: Simulator) -> dict[int, dict[str, Any]]:
    return {
        int(row["id"]): {"Name": row["name"] or None, "Count": int(row["count"])}
        for row in simulator.rows("t")
    }


def shown(table) -> dict[int, dict[str, Any]]:
    """An empty text and null read back alike."""
    return {key: {**row, "Name": row["Name"] or None} for key, row in table.items()}


@given(st.lists(GOOD_ROWS, min_size=1))
def test_good_rows_end_as_if_each_had_been_written_alone(rows):
    together, alone = Simulator.from_mapping(TENANT), Simulator.from_mapping(TENANT)
    [reply] = send(together, rows)
    send(alone, *([row] for row in rows))
    assert (reply.status_code, reply.json()) == (200, rows)
    assert held(together) == held(alone) == shown(serially(rows))


@given(
    before=st.lists(GOOD_ROWS),
    bad=BAD_ROWS,
    after=st.lists(st.one_of(GOOD_ROWS, BAD_ROWS)),
)
def test_exactly_the_rows_before_the_first_bad_one_are_stored(before, bad, after):
    simulator = Simulator.from_mapping(TENANT)
    [reply] = send(simulator, [*before, bad, *after])
    body = reply.json()
    assert (reply.status_code, body["errorcode"]) == (400, 10006)
    assert held(simulator) == shown(serially(before))
    told = [each["message"] for each in body["additionalErrors"]]
    assert len(told) == len(set(told)) > 0


@given(st.lists(st.one_of(GOOD_ROWS, BAD_ROWS), min_size=1))
def test_repeating_a_call_changes_nothing_more(rows):
    once, twice = Simulator.from_mapping(TENANT), Simulator.from_mapping(TENANT)
    [first] = send(once, rows)
    replies = send(twice, rows, rows)
    assert [reply.status_code for reply in replies] == [first.status_code] * 2
    assert held(once) == held(twice)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


BODIES = {
    ROWSET: st.builds(
        lambda keys, name, count: [{"keys": keys, "values": {"Name": name, "Count": count}}],
        JSON | st.builds(lambda value: {"Id": value}, JSON),
        JSON,
        JSON,
    ),
    "/contacts/v1/contacts": st.fixed_dictionaries(
        {"contactKey": JSON, "attributeSets": JSON | st.lists(JSON, max_size=3)}
    ),
    "/interaction/v1/events": st.fixed_dictionaries(
        {"ContactKey": JSON, "EventDefinitionKey": st.just("e") | JSON, "Data": JSON}
    ),
}


@pytest.mark.parametrize("path", BODIES)
@given(data=st.data())
def test_any_json_gets_an_answer_and_never_breaks_the_simulator(path, data):
    body = data.draw(BODIES[path] | JSON)
    for reply in send(Simulator.from_mapping(TENANT), body, path=path):
        assert reply.status_code in (200, 201, 400)
        assert reply.json() is not None
