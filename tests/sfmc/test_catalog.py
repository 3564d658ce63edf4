"""The catalogue: read once, kept, read again where in doubt, and silent where it must not read."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import attrs
import httpx
import pytest

import wharfinger
from wharfinger_sfmc.account.catalog import Catalog, DataExtensionNotFoundError
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc.values.columns import Column, Table
from wharfinger_sfmc_simulator import Fault

ORDERS = DataExtension(key="orders")
ORDERS_ID = "5b6f8f1a-0000-4f11-b859-48df37dc1382"
BY_ID = DataExtension(id=ORDERS_ID.upper())


def reads(simulator) -> list[str]:
    return [request.path for request in simulator.requests if "customobjects" in request.path]


async def test_columns_are_those_of_the_tenant(simulate):
    _, session = await simulate()

    table = await session.shared(Catalog).table(session, ORDERS)

    assert (table.id, table.key, table.name) == (ORDERS_ID, "orders", "All Orders")
    assert [str(column) for column in table.columns] == [
        "Text(40)",
        "EmailAddress(254)",
        "Decimal(12,2)",
        "Text(50)",
    ]
    assert [column.name for column in table.primary_keys] == ["OrderId"]
    assert table.find("Colour").has_default
    assert not table.find("Email").nullable


async def test_one_read_serves_however_many_ask_at_once(simulate):
    simulator, session = await simulate()
    catalog = session.shared(Catalog)

    tables = await asyncio.gather(*(catalog.table(session, ORDERS) for _ in range(20)))

    assert {table.key for table in tables} == {"orders"}
    assert reads(simulator) == [
        "/data/v1/customobjects",
        f"/data/v1/customobjects/{ORDERS_ID}/fields",
    ]


@pytest.mark.parametrize(("first", "second"), [(ORDERS, BY_ID), (BY_ID, ORDERS)])
async def test_key_and_id_of_one_data_extension_share_what_was_read(simulate, first, second):
    simulator, session = await simulate()
    catalog = session.shared(Catalog)

    table = await catalog.table(session, first)

    assert await catalog.table(session, second) is table
    assert catalog.known(second) is table
    assert len(reads(simulator)) == 2
    assert (table.key, table.id) == ("orders", ORDERS_ID)


async def test_the_key_counts_where_a_target_names_both(simulate):
    _, session = await simulate()
    target = DataExtension(key="log", id=ORDERS_ID)

    table = await session.shared(Catalog).table(session, target)

    assert table.key == "log"


async def test_what_was_never_read_is_not_known(paper_session, cloud):
    catalog = paper_session.shared(Catalog)

    assert catalog.known(ORDERS) is None
    assert cloud.lookups == []


async def test_a_key_is_found_among_many_that_only_contain_it(simulate, tenant):
    [orders, _] = tenant["data_extensions"]
    more = [
        {**orders, "key": f"orders_{n}", "name": f"Name {n}", "id": f"{n:08d}{ORDERS_ID[8:]}"}
        for n in range(60)
    ]
    tenant["data_extensions"] = [*more, orders]
    simulator, session = await simulate()

    table = await session.shared(Catalog).table(session, ORDERS)

    assert table.id == ORDERS_ID
    assert reads(simulator) == [
        *["/data/v1/customobjects"] * 3,
        f"/data/v1/customobjects/{ORDERS_ID}/fields",
    ]


@pytest.mark.parametrize("key", ["a b/#1 & c+d%?", "sales [2030]", "ж ü", "x" * 36])
async def test_odd_keys_are_found(simulate, tenant, key):
    tenant["data_extensions"][0]["key"] = key
    _, session = await simulate()

    table = await session.shared(Catalog).table(session, DataExtension(key=key))

    assert table.id == ORDERS_ID


@pytest.mark.parametrize(
    ("target", "words", "near"),
    [
        (DataExtension(key="ordesr"), 'Did you mean "orders"?', ("orders",)),
        (DataExtension(key="ORDERS"), 'Did you mean "orders"?', ("orders",)),
        (DataExtension(key="all orders"), 'its external key is "orders"', ("orders",)),
        (DataExtension(key="nothing like it"), "Compare it with Contact Builder", ()),
        (DataExtension(id="not-an-id"), "belongs in Data Extension Key", ()),
    ],
)
async def test_what_is_not_there_is_told_with_what_was_meant(simulate, target, words, near):
    _, session = await simulate()

    with pytest.raises(DataExtensionNotFoundError) as caught:
        await session.shared(Catalog).table(session, target)

    assert caught.value.code == "data-extension-not-found"
    assert words in caught.value.fix
    assert f'"{target.key or target.id}"' in caught.value.message
    assert caught.value.near == near


async def test_the_error_about_what_is_missing_travels_between_processes():
    error = DataExtensionNotFoundError("It is not there.", "Look again.", ["orders"])

    copy = pickle.loads(pickle.dumps(error))

    assert str(copy) == "It is not there. Look again."
    assert (copy.fix, copy.near, copy.code) == (error.fix, error.near, error.code)


async def test_an_absence_is_believed_for_a_minute(simulate):
    simulator, session = await simulate()
    catalog, target = session.shared(Catalog), DataExtension(key="ordesr")
    with pytest.raises(DataExtensionNotFoundError):
        await catalog.table(session, target)
    simulator.requests.clear()

    await session.wait(50)
    with pytest.raises(DataExtensionNotFoundError):
        await catalog.table(session, target)
    assert reads(simulator) == []

    await session.wait(11)
    with pytest.raises(DataExtensionNotFoundError):
        await catalog.table(session, target)
    assert reads(simulator) == ["/data/v1/customobjects"]


async def test_an_absence_is_certain_though_nobody_can_say_what_was_meant(paper_session, cloud):
    found = httpx.Response(200, json={"count": 0, "items": []})
    cloud.tells(
        lambda request: found if request.url.params["$search"] == "orders" else httpx.Response(500)
    )

    with pytest.raises(DataExtensionNotFoundError):
        await paper_session.shared(Catalog).table(paper_session, ORDERS)


async def test_an_old_absence_does_not_outlive_trouble(paper_session, cloud):
    cloud.tells(lambda _: httpx.Response(200, json={"count": 0, "items": []}))
    catalog = paper_session.shared(Catalog)
    with pytest.raises(DataExtensionNotFoundError):
        await catalog.table(paper_session, ORDERS)

    cloud.tells(lambda _: httpx.Response(500))
    await paper_session.wait(61)

    assert await catalog.table(paper_session, ORDERS) is None


async def test_names_to_suggest_from_are_read_once_for_all_that_is_missing(simulate):
    simulator, session = await simulate()
    catalog = session.shared(Catalog)

    for key in ("ordesr", "lgo", "odrers"):
        with pytest.raises(DataExtensionNotFoundError):
            await catalog.table(session, DataExtension(key=key))

    assert len(reads(simulator)) == 4


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (403, {"message": "Insufficient privileges.", "errorcode": 20002}, "too few privileges"),
        (401, {"message": "Not Authorized", "errorcode": 0}, "refused a fresh access token"),
    ],
)
async def test_without_permission_nothing_is_read_any_more(
    paper_session, cloud, status, body, words
):
    cloud.tells(lambda _: httpx.Response(status, json=body))
    catalog = paper_session.shared(Catalog)

    assert await catalog.table(paper_session, ORDERS) is None
    asked = len(cloud.lookups)
    await paper_session.wait(10_000)
    assert await catalog.table(paper_session, ORDERS) is None
    assert await catalog.table(paper_session, DataExtension(key="other")) is None

    assert len(cloud.lookups) == asked
    assert not catalog.readable
    assert words in catalog.reason(ORDERS)
    assert '"Data Extensions: Read"' in catalog.forbidden
    assert catalog.refusal(ORDERS).code == "permission-missing"


TROUBLES: list[Any] = [
    lambda _: httpx.Response(500),
    lambda _: httpx.Response(429, json={"message": "Rate limit exceeded", "errorcode": 50100}),
    lambda _: httpx.Response(200, html="<p>Welcome</p>"),
    lambda _: httpx.Response(200, json={"count": 7}),
    lambda _: httpx.Response(200, json={"count": 7, "items": ["orders"]}),
    lambda _: httpx.Response(400, json={"message": "No.", "errorcode": 30000}),
    lambda _: httpx.Response(413, html="<p>Large</p>"),
]


@pytest.mark.parametrize("tell", TROUBLES)
async def test_trouble_on_the_way_is_no_answer_and_is_asked_about_again(paper_session, cloud, tell):
    cloud.tells(tell)
    catalog = paper_session.shared(Catalog)

    assert await catalog.table(paper_session, ORDERS) is None
    assert await catalog.table(paper_session, ORDERS) is None
    assert len(cloud.lookups) == 1
    assert catalog.readable
    assert catalog.reason(ORDERS)
    assert isinstance(catalog.refusal(ORDERS), wharfinger.RetryError)

    cloud.tells(tell_orders)
    await paper_session.wait(31)
    assert (await catalog.table(paper_session, ORDERS)).key == "orders"
    assert catalog.reason(ORDERS) == ""


def tell_orders(request: httpx.Request) -> httpx.Response:
    if request.url.path.endswith("/fields"):
        return httpx.Response(200, json={"fields": [{"name": "OrderId", "isPrimaryKey": True}]})
    item = {"id": ORDERS_ID, "key": "orders", "name": "Orders"}
    if request.url.path.endswith(ORDERS_ID):
        return httpx.Response(200, json=item)
    return httpx.Response(200, json={"count": 1, "page": 1, "pageSize": 25, "items": [item]})


async def test_what_was_read_stays_in_use_while_there_is_trouble(paper_session, cloud):
    cloud.tells(tell_orders)
    catalog = paper_session.shared(Catalog)
    table = await catalog.table(paper_session, ORDERS)

    cloud.tells(lambda _: httpx.Response(500))
    await paper_session.wait(901)

    assert await catalog.table(paper_session, ORDERS) is table
    assert len(cloud.lookups) == 3


async def test_what_was_read_is_forgotten_when_the_permission_is_taken_away(paper_session, cloud):
    cloud.tells(tell_orders)
    catalog = paper_session.shared(Catalog)
    await catalog.table(paper_session, ORDERS)

    cloud.tells(lambda _: httpx.Response(403, json={"errorcode": 20002}))
    await paper_session.wait(901)

    assert await catalog.table(paper_session, ORDERS) is None
    assert catalog.known(ORDERS) is None


async def test_columns_are_kept_for_a_quarter_of_an_hour(paper_session, cloud):
    cloud.tells(tell_orders)
    catalog = paper_session.shared(Catalog)
    await catalog.table(paper_session, ORDERS)

    await paper_session.wait(880)
    await catalog.table(paper_session, ORDERS)
    assert len(cloud.lookups) == 2

    await paper_session.wait(21)
    await catalog.table(paper_session, ORDERS)
    assert len(cloud.lookups) == 4


async def test_doubt_leads_to_another_read_at_most_once_a_minute(paper_session, cloud):
    cloud.tells(tell_orders)
    catalog = paper_session.shared(Catalog)
    await catalog.table(paper_session, ORDERS)

    for _ in range(10):
        catalog.doubt(ORDERS)
        await catalog.table(paper_session, ORDERS)
    assert len(cloud.lookups) == 2

    await paper_session.wait(61)
    for _ in range(10):
        await catalog.table(paper_session, DataExtension(id=ORDERS_ID))
        catalog.doubt(DataExtension(id=ORDERS_ID))
    assert len(cloud.lookups) == 4


async def test_doubt_and_trouble_together_do_not_ask_at_every_turn(paper_session, cloud):
    cloud.tells(tell_orders)
    catalog = paper_session.shared(Catalog)
    table = await catalog.table(paper_session, ORDERS)
    await paper_session.wait(61)

    cloud.tells(lambda _: httpx.Response(500))
    for _ in range(10):
        catalog.doubt(ORDERS)
        assert await catalog.table(paper_session, ORDERS) is table

    assert len(cloud.lookups) == 3


async def test_a_preview_reads_nothing_and_uses_what_is_known(paper_session, cloud):
    cloud.tells(tell_orders)
    catalog = paper_session.shared(Catalog)
    previewing = attrs.evolve(paper_session, previewing=True)

    assert await catalog.table(previewing, ORDERS) is None
    assert cloud.lookups == []

    table = await catalog.table(paper_session, ORDERS)
    await paper_session.wait(10_000)
    assert await catalog.table(previewing, ORDERS) is table
    assert len(cloud.lookups) == 2


async def test_refused_credentials_are_no_matter_of_the_catalogue(paper_session, cloud):
    cloud.answers_tokens(401, json={"error": "invalid_client"})

    with pytest.raises(wharfinger.CredentialsError):
        await paper_session.shared(Catalog).table(paper_session, ORDERS)

    assert paper_session.shared(Catalog).readable


async def test_a_search_that_never_ends_is_given_up_without_a_verdict(paper_session, cloud):
    items = [{"id": str(n), "key": f"orders {n}", "name": ""} for n in range(25)]
    cloud.tells(lambda _: httpx.Response(200, json={"count": 10_000, "items": items}))
    catalog = paper_session.shared(Catalog)

    assert await catalog.table(paper_session, ORDERS) is None

    assert len(cloud.lookups) == 40
    assert "Data Extension ID" in catalog.reason(ORDERS)


async def test_a_data_extension_that_vanishes_between_two_calls_is_missing(simulate):
    simulator, session = await simulate(faults=[Fault(kind="not-found", path="/fields", times=1)])

    with pytest.raises(DataExtensionNotFoundError):
        await session.shared(Catalog).table(session, ORDERS)

    assert len(reads(simulator)) == 3


async def test_events_that_name_ever_new_data_extensions_fill_no_memory(paper_session, cloud):
    cloud.tells(lambda _: httpx.Response(200, json={"count": 0, "items": []}))
    catalog = paper_session.shared(Catalog)

    for number in range(1_100):
        with pytest.raises(DataExtensionNotFoundError):
            await catalog.table(paper_session, DataExtension(key=f"{number}"))

    assert len(catalog._entries) <= 1_000


async def test_what_was_learnt_elsewhere_needs_no_read_until_it_is_forgotten(paper_session, cloud):
    cloud.tells(tell_orders)
    catalog = paper_session.shared(Catalog)
    table = Table(id=ORDERS_ID, key="orders", name="", columns=(Column(name="OrderId"),))

    catalog.learn(paper_session, table)
    assert await catalog.table(paper_session, BY_ID) is table
    assert cloud.lookups == []

    catalog.forget(ORDERS)
    assert await catalog.table(paper_session, ORDERS) is not table


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (DataExtension(key="00000000-0000-4f11-b859-48df37dc1382"), "Data Extension ID"),
        (DataExtension(id="order-lines"), "Data Extension Key"),
    ],
)
async def test_a_key_and_an_id_in_each_others_field_are_told_apart(simulate, target, field):
    _, session = await simulate()

    with pytest.raises(DataExtensionNotFoundError) as caught:
        await session.shared(Catalog).table(session, target)

    assert f"belongs in {field}" in caught.value.fix
