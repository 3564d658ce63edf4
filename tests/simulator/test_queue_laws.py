"""Laws of what is queued, made and listed, for any rows, members, bodies and moments."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_sfmc_simulator import Simulator
from wharfinger_sfmc_simulator.soap import read_retrieve, read_token

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
                {"name": "Name", "type": "Text", "length": 5, "default": "new"},
                {"name": "Count", "type": "Number", "nullable": False, "default": 0},
            ],
        }
    ],
    "event_definitions": [{"key": "e", "fields": [{"name": "Count", "type": "Number"}]}],
    "contacts": [{"key": "gone", "active": False}],
}
ROWS = "/data/v1/async/dataextensions/key:t/rows"
BATCH = "/interaction/v1/async/events"


class Client:
    """A client of a fresh simulator with a clock that stands still."""

    def __init__(self, **switches: Any) -> None:
        self.now = datetime(2026, 1, 5, tzinfo=UTC)
        self.simulator = Simulator.from_mapping(TENANT, switches=switches, clock=lambda: self.now)
        self.token = ""
        form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
        self.token = self.send("POST", "/v2/token", form).json()["access_token"]

    def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        async def send() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self.simulator.transport(),
                base_url="http://sfmc",
                headers={"Authorization": f"Bearer {self.token}"},
            ) as client:
                return await client.request(method, path, json=body)

        return asyncio.run(send())

    def pass_s(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


GOOD = st.fixed_dictionaries(
    {"Id": st.integers(0, 5)},
    optional={"Name": st.text("aé", max_size=5), "Count": st.integers(-9, 9)},
)
BAD = st.sampled_from(
    [{}, {"Id": None}, {"Id": "x"}, {"Name": "no key"}, {"Id": 1, "Name": "longer"}, {"Other": 1}]
)
JOBS = st.lists(
    st.tuples(st.sampled_from(["PUT", "POST"]), st.lists(GOOD | BAD, min_size=1, max_size=6)),
    min_size=1,
    max_size=3,
)


def modelled(jobs: Sequence[tuple[str, list[dict[str, Any]]]], told: list[bool]) -> dict[str, Any]:
    """What is stored if exactly the rows that are told to be good were written."""
    stored: dict[str, Any] = {}
    rows = [row for _, rows in jobs for row in rows]
    for row, good in zip(rows, told, strict=True):
        if good:
            kept = stored.setdefault(str(row["Id"]), {"name": "new", "count": "0"})
            kept |= {name.lower(): str(value) for name, value in row.items() if name != "Id"}
    return stored


@given(jobs=JOBS, every=st.integers(0, 4), looks=st.lists(st.integers(0, 2), max_size=5))
def test_rows_told_to_be_good_are_stored_and_no_others_whoever_looks_when(jobs, every, looks):
    client = Client(async_deadlock_every=every)
    ids = []
    for method, rows in jobs:
        ids.append(client.send(method, ROWS, {"items": rows}).json()["requestId"])
        for seconds in looks:
            client.pass_s(seconds)
            client.send("GET", f"/data/v1/async/{ids[-1]}/status")
            client.simulator.rows("t")
    client.pass_s(3)
    told = []
    for each, (_, rows) in zip(ids, jobs, strict=True):
        items = client.send("GET", f"/data/v1/async/{each}/results").json()["items"]
        assert len(items) == len(rows)
        told += [item["status"] == "OK" for item in items]
    stored = {row.pop("id"): row for row in client.simulator.rows("t")}
    assert stored == modelled(jobs, told)


@given(rows=st.lists(GOOD | BAD, min_size=1, max_size=12), size=st.integers(1, 13))
def test_pages_of_results_put_together_are_all_results(rows, size):
    client = Client(async_results_page=0)
    job = client.send("PUT", ROWS, {"items": rows}).json()["requestId"]
    paged = Client(async_results_page=size)
    same = paged.send("PUT", ROWS, {"items": rows}).json()["requestId"]
    client.pass_s(3)
    paged.pass_s(3)
    whole = client.send("GET", f"/data/v1/async/{job}/results").json()["items"]
    pages = [
        paged.send("GET", f"/data/v1/async/{same}/results?$page={page + 1}").json()["items"]
        for page in range(-(-len(rows) // size))
    ]
    assert [item for page in pages for item in page] == whole
    assert all(len(page) == size for page in pages[:-1])


MEMBERS = st.fixed_dictionaries(
    {"contactKey": st.sampled_from(["a", "b", "gone", "", None])},
    optional={"data": st.sampled_from([{"Count": 1}, {"Count": "x"}, {}, 5])},
)


@given(st.lists(MEMBERS, min_size=1, max_size=10))
def test_members_are_told_in_order_and_those_without_an_error_enter(members):
    client = Client()
    body = {"eventDefinitionKey": "e", "members": members}
    reply = client.send("POST", BATCH, body).json()
    told = reply["members"]
    assert [each["contactKey"] for each in told] == [each["contactKey"] for each in members]
    good = [each["eventInstanceId"] for each in told if "message" not in each]
    assert [entry.event_instance_id for entry in client.simulator.entries] == good
    assert reply["notQueuedCount"] == len(members) - len(good)
    listed = client.send("GET", f"{BATCH}/status?requestId={reply['requestId']}").json()["items"]
    assert [(each["eventInstanceId"], each["status"] == "errored") for each in listed] == [
        (each["eventInstanceId"], "message" in each) for each in told
    ]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FLAGS = ("isPrimaryKey", "isNullable", "isTemplateField", "isHidden", "isReadOnly")
MORE_FLAGS = ("isInheritable", "isOverridable", "mustOverride")
FIELD = st.fixed_dictionaries(
    {
        "name": st.text(max_size=3) | JSON,
        "type": st.sampled_from(["Text", "Number", "Decimal", "EmailAddress", "Date"]) | JSON,
        "length": st.integers(-1, 5000) | st.just(254) | JSON,
        "ordinal": st.integers(0, 3) | JSON,
        **{flag: st.booleans() for flag in (*FLAGS, *MORE_FLAGS)},
    },
    optional={"scale": JSON, "defaultValue": JSON},
)
BODIES = {
    ("PUT", ROWS): st.fixed_dictionaries({"items": st.lists(GOOD | JSON, max_size=3) | JSON}),
    ("POST", BATCH): st.fixed_dictionaries(
        {"eventDefinitionKey": st.just("e") | JSON, "members": st.lists(MEMBERS | JSON) | JSON}
    ),
    ("POST", "/data/v1/customobjects"): st.fixed_dictionaries(
        {
            "name": st.text(min_size=1),
            "categoryId": st.just(12345) | JSON,
            "fields": st.lists(FIELD, max_size=3) | JSON,
        },
        optional={"key": JSON, "isSendable": JSON, "sendableCustomObjectField": JSON},
    ),
    ("PUT", "/hub/v1/dataevents/key:t/rows/Id:1"): st.fixed_dictionaries({"values": JSON}),
}


@pytest.mark.parametrize(("method", "path"), BODIES)
@given(data=st.data())
def test_any_json_gets_an_answer_and_never_breaks_the_simulator(method, path, data):
    client = Client()
    reply = client.send(method, path, data.draw(BODIES[method, path] | JSON))
    assert reply.status_code in (200, 201, 202, 400)
    assert reply.json() is not None
    client.pass_s(10)
    assert client.send("GET", "/data/v1/customobjects?$search=%25").status_code == 200


XML = st.sampled_from(
    [
        "<a>",
        "</a>",
        "<Envelope>",
        "</Envelope>",
        "<Header/>",
        "<Body>",
        "</Body>",
        "&lt;",
        "&x;",
        "<RetrieveRequestMsg>",
        "</RetrieveRequestMsg>",
        "<RetrieveRequest/>",
        "<!ENTITY",
        "x",
        "é",
    ]
)


@given(st.binary() | st.lists(XML).map(lambda parts: "".join(parts).encode()))
def test_any_bytes_are_an_envelope_or_no_value(body):
    for read in (read_token, read_retrieve):
        try:
            found = read(body)
        except ValueError:
            continue
        assert b"Envelope" in body
        assert found is not None
