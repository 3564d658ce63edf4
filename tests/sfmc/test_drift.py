"""Data extensions that change while a connection is open, and lists of columns nobody can read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import attrs
import httpx
import pytest

import wharfinger
from wharfinger_sfmc.account.catalog import Catalog, DataExtensionNotFoundError
from wharfinger_sfmc.api.calls import DataExtension

ACTION = "send-event-to-data-extension"
ALL_TRACKS = 'type = "track"'
OLD_ID, NEW_ID = (f"5b6f8f1a-0000-4f11-b859-48df37dc138{n}" for n in (1, 2))
BY_KEY, BY_OLD_ID, BY_NEW_ID = (
    DataExtension(key="orders"),
    DataExtension(id=OLD_ID),
    DataExtension(id=NEW_ID),
)
COLUMNS = [
    {"name": "OrderId", "type": "Text", "length": 40, "isPrimaryKey": True},
    {"name": "Note", "type": "Text", "length": 5},
]
FIELDS: dict[str, Any] = {
    "key": {"@path": "$.properties.key"},
    "id": {"@path": "$.properties.id"},
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Note": {"@path": "$.properties.note"}},
}


def event(order: str, note: str = "n", **named: str) -> dict[str, Any]:
    named = named or {"key": "orders"}
    return {"type": "track", "properties": {"order_id": order, "note": note, **named}}


class Shelf:
    """The data extension "orders" of an account, as its catalogue tells of it.

    Attributes:
        id: Its id at the moment; whoever asks for another one finds nothing.
        fields: What is told of its columns.
    """

    def __init__(self, fields: Any = COLUMNS) -> None:
        self.id = OLD_ID
        self.fields = fields

    def __call__(self, request: httpx.Request) -> httpx.Response:
        item = {"id": self.id, "key": "orders", "name": "Orders"}
        _, _, asked = request.url.path.partition("/customobjects")
        if not asked:
            return httpx.Response(200, json={"count": 1, "page": 1, "items": [item]})
        if self.id not in asked:
            return httpx.Response(404, json={"message": "Not found.", "errorcode": 30003})
        if asked.endswith("/fields"):
            return httpx.Response(200, json={"fields": self.fields})
        return httpx.Response(200, json=item)


def store(request: httpx.Request) -> httpx.Response:
    if OLD_ID in request.url.path:
        message = f"Parameter {OLD_ID} is invalid."
        return httpx.Response(400, json={"message": message, "errorcode": 10001})
    return httpx.Response(200, content=request.content)


@pytest.fixture
def later(monkeypatch) -> Callable[[float], None]:
    now = [0.0]
    monkeypatch.setattr(wharfinger.Session, "now", lambda _: now[0])

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


async def test_one_that_was_made_again_is_another_one_under_its_old_id(paper_session, cloud):
    shelf = Shelf()
    cloud.tells(shelf)
    catalog = paper_session.shared(Catalog)
    await catalog.table(paper_session, BY_KEY)
    shelf.id = NEW_ID
    await paper_session.wait(901)

    assert (await catalog.table(paper_session, BY_KEY)).id == NEW_ID
    with pytest.raises(DataExtensionNotFoundError):
        await catalog.table(paper_session, BY_OLD_ID)
    assert (await catalog.table(paper_session, BY_KEY)).id == NEW_ID
    assert (await catalog.table(paper_session, BY_NEW_ID)).key == "orders"


async def test_an_id_that_is_gone_says_nothing_about_its_key(paper_session, cloud):
    shelf = Shelf()
    cloud.tells(shelf)
    catalog = paper_session.shared(Catalog)
    await catalog.table(paper_session, BY_OLD_ID)
    shelf.id = NEW_ID
    await paper_session.wait(901)

    with pytest.raises(DataExtensionNotFoundError):
        await catalog.table(paper_session, BY_OLD_ID)

    assert (await catalog.table(paper_session, BY_KEY)).id == NEW_ID


async def test_rows_for_an_id_that_is_gone_do_not_go_to_what_has_its_key_now(connect, cloud, later):
    shelf = Shelf()
    cloud.tells(shelf)
    cloud.judges(store)
    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        await connection.deliver([event("a")])
        shelf.id = NEW_ID
        later(901)
        await connection.deliver([event("b")])
        cloud.requests.clear()

        receipts = await connection.deliver([event("c", id=OLD_ID), event("d")])

    outcomes = [receipt.outcomes["only"] for receipt in receipts]
    assert [outcome.status.value for outcome in outcomes] == ["halted", "delivered"]
    assert outcomes[0].code == "data-extension-not-found"
    stored = [json.loads(r.content) for r in cloud.requests if "key:orders" in r.url.path]
    assert [row["keys"]["OrderId"] for (row,) in stored] == ["d"]


@pytest.mark.parametrize(
    "change",
    [{"length": 50}, {"type": "EmailAddress", "length": 254}],
    ids=["made longer", "of another type"],
)
async def test_no_row_is_rejected_for_a_column_as_it_was(connect, cloud, later, change):
    shelf = Shelf()
    cloud.tells(shelf)
    cloud.judges(store)
    long = "somebody@example.org"
    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        (before,) = await connection.deliver([event("a", long)])
        shelf.fields = [COLUMNS[0], {**COLUMNS[1], **change}]
        later(61)
        (after,) = await connection.deliver([event("a", long)])

    assert before.outcomes["only"].status.value == "rejected"
    assert after.outcomes["only"].status.value == "delivered"


KEYLESS = [{**COLUMNS[0], "isPrimaryKey": False}, COLUMNS[1]]
OTHER_KEY = [{**COLUMNS[0], "isPrimaryKey": False}, {**COLUMNS[1], "isPrimaryKey": True}]
RENAMED = [COLUMNS[0], {**COLUMNS[1], "name": "Remark"}]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (KEYLESS, "no-primary-key"),
        (OTHER_KEY, "not-a-primary-key"),
        (RENAMED, "column-missing"),
        (COLUMNS[:1], "column-missing"),
    ],
    ids=["without primary key", "with another primary key", "renamed column", "removed column"],
)
async def test_a_mapping_that_fits_no_more_is_halted_and_loses_no_row(
    connect, cloud, later, fields, code
):
    shelf = Shelf()
    cloud.tells(shelf)
    cloud.judges(store)
    outcomes = []
    async with connect(
        ACTION, {**FIELDS, "key": "orders", "id": None}, trigger=ALL_TRACKS
    ) as open_:
        for told in (COLUMNS, fields, COLUMNS):
            shelf.fields = told
            later(901)
            (receipt,) = await open_.deliver([event("a")])
            outcomes.append(receipt.outcomes["only"])

    assert [outcome.status.value for outcome in outcomes] == ["delivered", "halted", "delivered"]
    assert outcomes[1].code == code
    assert "Data Extension" in outcomes[1].message


async def test_names_that_events_decide_are_matters_of_their_rows(connect, cloud):
    cloud.tells(Shelf())
    cloud.judges(store)
    fields = {**FIELDS, "key": "orders", "id": None, "values": {"@path": "$.properties.more"}}
    events = [event("a"), event("b")]
    for each, more in zip(events, ({"Note": "n"}, {"Remark": "n"}), strict=True):
        each["properties"]["more"] = more

    async with connect(ACTION, fields, trigger=ALL_TRACKS) as connection:
        receipts = await connection.deliver(events)

    statuses = [receipt.outcomes["only"].status.value for receipt in receipts]
    assert statuses == ["delivered", "rejected"]


async def test_a_preview_leaves_nothing_to_be_read_again(connect, cloud, later):
    cloud.tells(Shelf())
    cloud.judges(store)
    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        await connection.deliver([event("a")])
        later(61)
        preview = await connection.preview([event("b", "much too long")])
        await connection.deliver([event("c")])

    assert preview.receipts[0].outcomes["only"].status.value == "rejected"
    assert len(cloud.lookups) == 2


async def test_ever_new_data_extensions_that_are_there_fill_no_memory(paper_session, cloud):
    def tell(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/fields"):
            return httpx.Response(200, json={"fields": COLUMNS})
        key = request.url.params["$search"]
        return httpx.Response(200, json={"count": 1, "items": [{"id": f"id-{key}", "key": key}]})

    cloud.tells(tell)
    catalog = paper_session.shared(Catalog)

    for number in range(1_100):
        await catalog.table(paper_session, DataExtension(key=f"{number}"))

    assert len(catalog._entries) <= 1_000
    assert catalog.known(DataExtension(id="id-1099")) is not None


@pytest.mark.parametrize(
    "fields",
    [
        [{"id": "1"}],
        [{"name": None, "isPrimaryKey": True}],
        [{"name": 7, "isPrimaryKey": True}],
        [*COLUMNS, {"name": ""}],
        [{"name": "OrderId"}, {"name": "Note"}],
        [{"name": "OrderId", "isPrimaryKey": "perhaps"}],
        [{"name": "OrderId", "isPrimaryKey": None}],
    ],
)
async def test_columns_that_nobody_can_read_reject_no_row(connect, cloud, fields):
    cloud.tells(Shelf(fields))
    cloud.judges(store)

    async with connect(ACTION, FIELDS, trigger=ALL_TRACKS) as connection:
        (receipt,) = await connection.deliver([event("a")])

    assert receipt.outcomes["only"].status.value == "delivered"


async def test_a_gateway_that_finds_no_catalogue_halts_no_row(connect, cloud):
    cloud.tells(lambda _: httpx.Response(596, html="<h1>596 Service Not Found</h1>"))
    cloud.judges(store)

    async with connect(
        ACTION, {**FIELDS, "key": "orders", "id": None}, trigger=ALL_TRACKS
    ) as open_:
        findings = open_.findings
        (receipt,) = await open_.deliver([event("a")])

    assert [(each.level, each.code) for each in findings] == [("warning", "columns-unread")]
    assert receipt.outcomes["only"].status.value == "delivered"


@pytest.mark.parametrize("truth", [True, "true", " True ", 1, "1"])
async def test_a_primary_key_is_known_however_truth_is_written(paper_session, cloud, truth):
    cloud.tells(Shelf([{"name": "OrderId", "isPrimaryKey": truth}]))

    table = await paper_session.shared(Catalog).table(paper_session, BY_KEY)

    assert [column.name for column in table.primary_keys] == ["OrderId"]


class Stuck(httpx.AsyncBaseTransport):
    """Never answers the first request, and passes on the others."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.asked = asyncio.Event()
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.asked.is_set():
            self.asked.set()
            await asyncio.Event().wait()
        return await self._inner.handle_async_request(request)


async def test_whoever_waits_for_a_read_that_is_cancelled_reads_for_himself(open_session, cloud):
    cloud.tells(Shelf())
    stuck = Stuck(cloud)
    session = await open_session(stuck)
    catalog = session.shared(Catalog)
    first, *others = (asyncio.create_task(catalog.table(session, BY_KEY)) for _ in range(4))
    await stuck.asked.wait()
    first.cancel()

    tables = await asyncio.gather(*others)

    assert first.cancelled()
    assert len({id(table) for table in tables}) == 1
    assert tables[0].id == OLD_ID
    assert len(cloud.lookups) == 2


async def test_nobody_waits_for_columns_that_are_read_once_more(open_session, cloud):
    cloud.tells(Shelf())
    session, stuck = await open_session(cloud), Stuck(cloud)
    catalog = session.shared(Catalog)
    table = await catalog.table(session, BY_KEY)
    slow = attrs.evolve(await open_session(stuck), memory=session._memory)
    await session.wait(901)
    reading = asyncio.create_task(catalog.table(slow, BY_KEY))
    await stuck.asked.wait()

    assert await catalog.table(session, BY_KEY) is table

    reading.cancel()
    await asyncio.wait([reading])


async def test_columns_that_do_not_come_in_time_are_done_without(open_session, cloud, monkeypatch):
    monkeypatch.setattr("wharfinger_sfmc.account.catalog._LONGEST_READ_S", 0.0)
    cloud.tells(Shelf())
    session = await open_session(Stuck(cloud))
    catalog = session.shared(Catalog)

    assert await catalog.table(session, BY_KEY) is None
    assert await catalog.table(session, BY_KEY) is None

    assert cloud.lookups == []
    assert isinstance(catalog.refusal(BY_KEY), wharfinger.RetryError)
    assert "0 seconds" in catalog.reason(BY_KEY)


@pytest.mark.parametrize("size", [50, 1_000_000, -1, 0, "25"])
async def test_a_list_whose_sums_do_not_add_up_is_read_to_its_end(paper_session, cloud, size):
    names = [f"orders {n}" for n in range(99)] + ["orders"]

    def tell(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/fields"):
            return httpx.Response(200, json={"fields": COLUMNS})
        start = 25 * (int(request.url.params["$page"]) - 1)
        items = [{"id": f"id-{name}", "key": name} for name in names[start : start + 25]]
        return httpx.Response(200, json={"count": 100, "pageSize": size, "items": items})

    cloud.tells(tell)

    table = await paper_session.shared(Catalog).table(paper_session, BY_KEY)

    assert table.key == "orders"
