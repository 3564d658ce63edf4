"""Each action's request, byte for byte, and the rules of its fields."""

from __future__ import annotations

import json

import httpx
import pytest

import wharfinger

REST = "https://mcsample0sample0sample0sampl.rest.marketingcloudapis.com"
IDENTIFY = {
    "type": "identify",
    "userId": "c-1001",
    "traits": {"email": "ann@example.org", "name": "Ännchen", "vip": False, "age": 0},
}
TRACK = {
    "type": "track",
    "event": "Order Completed",
    "userId": "c-1001",
    "properties": {"order_id": "9001", "total": 12.5, "shop": "Köln"},
}
ROW = {
    "key": "orders",
    "keys": {"OrderId": {"@path": "$.properties.order_id"}},
    "values": {"Total": {"@path": "$.properties.total"}, "Shop": {"@path": "$.properties.shop"}},
}
ALL_TRACKS = 'type = "track"'


def order(number: int, **properties: object) -> dict[str, object]:
    own = {"order_id": f"o-{number}", "total": number, "shop": "A", **properties}
    return {**TRACK, "properties": own}


async def test_create_contact(cloud, deliver):
    cloud.answers(200, json={"operationStatus": "OK", "hasErrors": False, "resultMessages": []})

    (outcome,) = await deliver([IDENTIFY], "create-contact", {})

    assert cloud.request.method == "POST"
    assert str(cloud.request.url) == f"{REST}/contacts/v1/contacts"
    assert cloud.request.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert cloud.request.headers["Authorization"] == "Bearer sample-access-token-1"
    assert cloud.request.content == b'{"contactKey":"c-1001","attributeSets":[]}'
    assert outcome.status is wharfinger.Status.DELIVERED


async def test_create_contact_takes_a_mapped_key(cloud, deliver):
    cloud.answers(200, json={})

    await deliver([IDENTIFY], "contact", {"contactKey": {"@path": "$.traits.email"}})

    assert cloud.request.content == b'{"contactKey":"ann@example.org","attributeSets":[]}'


async def test_contacts_are_made_of_identify_events_unless_the_mapping_says_otherwise(deliver):
    (outcome,) = await deliver([TRACK], "create-contact", {})

    assert outcome.status is wharfinger.Status.FILTERED


async def test_send_api_event(cloud, deliver):
    cloud.answers(201, json={"eventInstanceId": "i-1"})
    fields = {
        "data": {"OrderId": {"@path": "$.properties.order_id"}, "Shop": "Köln"},
        "eventDefinitionKey": "APIEvent-0b7f0c0e",
    }

    (outcome,) = await deliver([TRACK], "send-api-event", fields, trigger=ALL_TRACKS)

    assert cloud.request.method == "POST"
    assert str(cloud.request.url) == f"{REST}/interaction/v1/events"
    assert cloud.request.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert (
        cloud.request.content
        == (
            '{"contactKey":"c-1001","eventDefinitionKey":"APIEvent-0b7f0c0e",'
            '"data":{"OrderId":"9001","Shop":"Köln"}}'
        ).encode()
    )
    assert outcome.status is wharfinger.Status.DELIVERED
    assert outcome.request_id == "i-1"


async def test_send_api_event_has_no_data_where_none_is_mapped(cloud, deliver):
    cloud.answers(201, json={"eventInstanceId": "i-1"})

    await deliver([TRACK], "apiEvent", {"eventDefinitionKey": "e"}, trigger=ALL_TRACKS)

    assert cloud.request.content == b'{"contactKey":"c-1001","eventDefinitionKey":"e"}'


async def test_send_event_to_data_extension_by_key(cloud, deliver):
    cloud.answers(200, json=[{}])

    (outcome,) = await deliver([TRACK], "dataExtension", ROW, trigger=ALL_TRACKS)

    assert cloud.request.method == "POST"
    assert str(cloud.request.url) == f"{REST}/hub/v1/dataevents/key:orders/rowset"
    assert cloud.request.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert (
        cloud.request.content
        == ('[{"keys":{"OrderId":"9001"},"values":{"Total":12.5,"Shop":"Köln"}}]').encode()
    )
    assert outcome.status is wharfinger.Status.DELIVERED


async def test_send_event_to_data_extension_by_id(cloud, deliver):
    cloud.answers(200, json=[{}])
    fields = {**ROW, "id": "5B6F8F1A-0000-ef11-b859-48df37dc1382"}
    del fields["key"]

    await deliver([TRACK], "send-event-to-data-extension", fields, trigger=ALL_TRACKS)

    assert str(cloud.request.url) == (
        f"{REST}/hub/v1/dataevents/5B6F8F1A-0000-ef11-b859-48df37dc1382/rowset"
    )


async def test_the_key_counts_where_key_and_id_are_given(cloud, deliver):
    cloud.answers(200, json=[{}])

    await deliver([TRACK], "dataExtension", {**ROW, "id": "x"}, trigger=ALL_TRACKS)

    assert str(cloud.request.url) == f"{REST}/hub/v1/dataevents/key:orders/rowset"


@pytest.mark.parametrize(
    ("field", "value", "segment"),
    [
        ("key", "a/b", "key:a%2Fb"),
        ("key", "a b&c#d?e", "key:a%20b%26c%23d%3Fe"),
        ("key", "100%25", "key:100%2525"),
        ("key", "..", "key:%2E%2E"),
        ("key", "../contacts", "key:..%2Fcontacts"),
        ("key", "key:orders", "key:key%3Aorders"),
        ("key", "Größe", "key:Gr%C3%B6%C3%9Fe"),
        ("key", "orders_2026-v1.2~x", "key:orders_2026-v1.2~x"),
        ("id", "..", "%2E%2E"),
        ("id", ".", "%2E"),
        ("id", "key:orders", "key%3Aorders"),
        ("id", "../../contacts", "..%2F..%2Fcontacts"),
    ],
)
async def test_a_key_or_id_never_leaves_its_path_segment(cloud, deliver, field, value, segment):
    cloud.answers(200, json=[{}])
    fields = {name: part for name, part in ROW.items() if name != "key"}

    await deliver([TRACK], "dataExtension", {**fields, field: value}, trigger=ALL_TRACKS)

    assert cloud.request.url.raw_path == f"/hub/v1/dataevents/{segment}/rowset".encode()


async def test_send_contact_to_data_extension(cloud, deliver):
    cloud.answers(200, json=[{}])
    fields = {
        "key": "people",
        "values": {
            "Name": {"@path": "$.traits.name"},
            "Vip": {"@path": "$.traits.vip"},
            "Age": {"@path": "$.traits.age"},
        },
    }

    await deliver([IDENTIFY], "contactDataExtension", fields)

    assert str(cloud.request.url) == f"{REST}/hub/v1/dataevents/key:people/rowset"
    assert cloud.request.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert (
        cloud.request.content
        == (
            '[{"keys":{"contactKey":"c-1001"},"values":{"Name":"Ännchen","Vip":false,"Age":0}}]'
        ).encode()
    )


async def test_a_contact_may_have_further_primary_keys(cloud, deliver):
    cloud.answers(200, json=[{}])
    fields = {"key": "people", "keys": {"Store Location": "Köln"}, "values": {"Seen": True}}

    await deliver([IDENTIFY], "send-contact-to-data-extension", fields)

    (row,) = json.loads(cloud.request.content)
    assert row["keys"] == {"contactKey": "c-1001", "Store Location": "Köln"}


async def test_rows_of_one_data_extension_travel_together(cloud, deliver):
    cloud.answers(200, json=[{}] * 3)

    outcomes = await deliver(
        [order(1), order(2), order(3)], "dataExtension", ROW, trigger=ALL_TRACKS, batch={"lanes": 1}
    )

    assert cloud.request.content == (
        b'[{"keys":{"OrderId":"o-1"},"values":{"Total":1,"Shop":"A"}},'
        b'{"keys":{"OrderId":"o-2"},"values":{"Total":2,"Shop":"A"}},'
        b'{"keys":{"OrderId":"o-3"},"values":{"Total":3,"Shop":"A"}}]'
    )
    assert [outcome.status for outcome in outcomes] == [wharfinger.Status.DELIVERED] * 3


async def test_rows_go_to_the_data_extension_that_each_of_them_names(cloud, deliver):
    cloud.answers().answers().answers()
    fields = {
        **ROW,
        "key": {"@path": "$.properties.extension"},
        "id": {"@path": "$.properties.extension_id"},
    }
    events = [
        order(1, extension="a"),
        order(2, extension="b"),
        order(3, extension_id="A-1"),
        order(4, extension="a", extension_id="a-1"),
        order(5, extension_id="a-1"),
    ]

    outcomes = await deliver(
        events, "dataExtension", fields, trigger=ALL_TRACKS, batch={"lanes": 1}
    )

    found = {
        request.url.path: [row["keys"]["OrderId"] for row in json.loads(request.content)]
        for request in cloud.requests
    }
    assert found == {
        "/hub/v1/dataevents/key:a/rowset": ["o-1", "o-4"],
        "/hub/v1/dataevents/key:b/rowset": ["o-2"],
        "/hub/v1/dataevents/A-1/rowset": ["o-3", "o-5"],
    }
    assert [outcome.status for outcome in outcomes] == [wharfinger.Status.DELIVERED] * 5


async def test_more_than_fifty_rows_are_several_requests(cloud, deliver):
    cloud.answers().answers().answers()

    await deliver(
        [order(n) for n in range(101)], "dataExtension", ROW, trigger=ALL_TRACKS, batch={"lanes": 1}
    )

    assert [len(json.loads(request.content)) for request in cloud.requests] == [50, 50, 1]


@pytest.mark.parametrize(
    ("fields", "sizes"),
    [
        ({"batch_size": 2}, [2, 2, 1]),
        ({"enable_batching": False}, [1] * 5),
        ({"batch_size": 99}, [5]),
    ],
)
async def test_a_mapping_bounds_its_batches(cloud, deliver, fields, sizes):
    for _ in sizes:
        cloud.answers()

    await deliver(
        [order(n) for n in range(5)],
        "dataExtension",
        {**ROW, **fields},
        trigger=ALL_TRACKS,
        batch={"lanes": 1},
    )

    assert [len(json.loads(request.content)) for request in cloud.requests] == sizes


async def test_no_request_is_larger_than_sfmc_bears(cloud, deliver):
    for _ in range(10):
        cloud.answers()
    events = [order(n, shop="x" * 1_000_000) for n in range(12)]

    outcomes = await deliver(events, "dataExtension", ROW, trigger=ALL_TRACKS, batch={"lanes": 1})

    assert {outcome.status for outcome in outcomes} == {wharfinger.Status.DELIVERED}
    assert all(len(request.content) <= 5_000_000 for request in cloud.requests)
    assert len(cloud.requests) == 3


async def test_rows_of_one_primary_key_keep_their_order(cloud, deliver):
    cloud.judges(lambda _: httpx.Response(200))
    spellings = ["o-1", "O-1", "o-1 "]
    events = [order(n, order_id=spellings[n % 3], total=n) for n in range(120)]

    await deliver(events, "dataExtension", {**ROW, "batch_size": 10}, trigger=ALL_TRACKS)

    totals = [row["values"]["Total"] for r in cloud.requests for row in json.loads(r.content)]
    assert totals == list(range(120))


NOTHING = {"@path": "$.no"}
CONTACT_ROW = {"key": "k", "values": {"a": 1}}


@pytest.mark.parametrize(
    ("action", "fields", "event", "labels"),
    [
        ("create-contact", {}, {"type": "identify"}, ["Contact Key"]),
        (
            "send-api-event",
            {"eventDefinitionKey": NOTHING},
            {"type": "track"},
            ["Event Definition Key", "Contact Key"],
        ),
        ("dataExtension", {**ROW, "key": NOTHING}, TRACK, ["Data Extension Key"]),
        ("dataExtension", {**ROW, "key": NOTHING}, TRACK, ["Data Extension ID"]),
        ("dataExtension", {**ROW, "keys": NOTHING}, TRACK, ["Data Extension Primary Keys"]),
        ("dataExtension", {**ROW, "values": NOTHING}, TRACK, ["Data Extension Fields"]),
        ("contactDataExtension", CONTACT_ROW, {"type": "identify"}, ["Contact Key"]),
        ("contactDataExtension", {"key": "k", "values": NOTHING}, IDENTIFY, ["Contact Fields"]),
    ],
)
async def test_a_field_that_an_event_leaves_empty_is_named_by_its_label(
    deliver, action, fields, event, labels
):
    (outcome,) = await deliver([event], action, fields, trigger='type != "x"')

    assert outcome.status is wharfinger.Status.REJECTED
    assert outcome.code == "payload-invalid"
    for label in labels:
        assert label in outcome.message


@pytest.mark.parametrize(
    ("action", "fields", "label"),
    [
        ("send-api-event", {}, "Event Definition Key"),
        ("dataExtension", {"keys": {"a": 1}, "values": {"b": 2}}, "Data Extension Key"),
        ("dataExtension", {"key": "k", "values": {"b": 2}}, "Data Extension Primary Keys"),
        ("dataExtension", {"key": "k", "keys": {"a": 1}}, "Data Extension Fields"),
        ("contactDataExtension", {"key": "k"}, "Contact Fields"),
    ],
)
def test_a_field_that_a_mapping_leaves_out_is_named_when_it_is_made(connect, action, fields, label):
    with pytest.raises(wharfinger.ConfigurationError, match=label):
        connect(action, fields, trigger=ALL_TRACKS)


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({**ROW, "keys": {"OrderId": {"@path": "$.no"}}}, "Data Extension Primary Keys"),
        ({**ROW, "values": {"Total": {"@path": "$.no"}}}, "Data Extension Fields"),
        ({**ROW, "values": {"@path": "$.properties.order_id"}}, "Data Extension Fields"),
        ({**ROW, "key": {"@path": "$.properties"}}, "Data Extension Key"),
    ],
)
async def test_a_row_needs_keys_and_values(deliver, fields, label):
    (outcome,) = await deliver([TRACK], "dataExtension", fields, trigger=ALL_TRACKS)

    assert outcome.status is wharfinger.Status.REJECTED
    assert label in outcome.message


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({**ROW, "keys": {}}, "Data Extension Primary Keys"),
        ({**ROW, "values": {}}, "Data Extension Fields"),
        ({**ROW, "keys": "OrderId"}, "Data Extension Primary Keys"),
    ],
)
async def test_a_row_that_can_never_have_keys_or_values_is_refused_at_once(deliver, fields, label):
    with pytest.raises(wharfinger.ConfigurationError, match=label):
        await deliver([TRACK], "dataExtension", fields, trigger=ALL_TRACKS)


@pytest.mark.parametrize("key", ["APIEvent.1", ".", "a.b.c"])
async def test_an_event_definition_key_holds_no_period(deliver, key):
    fields = {"eventDefinitionKey": {"@path": "$.event"}}

    (outcome,) = await deliver(
        [{**TRACK, "event": key}], "send-api-event", fields, trigger=ALL_TRACKS
    )

    assert outcome.status is wharfinger.Status.REJECTED
    assert "Event Definition Key" in outcome.message
    assert "period" in outcome.message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object(), "\ud800"])
async def test_a_value_json_cannot_carry_is_rejected_by_label_and_column(deliver, value):
    (outcome,) = await deliver([order(1, shop=value)], "dataExtension", ROW, trigger=ALL_TRACKS)

    assert outcome.status is wharfinger.Status.REJECTED
    assert outcome.code == "payload-invalid"
    assert 'Data Extension Fields: "Shop"' in outcome.message


async def test_a_data_extension_key_that_is_no_unicode_is_rejected_by_label(deliver):
    fields = {**ROW, "key": {"@path": "$.properties.shop"}}

    (outcome,) = await deliver(
        [order(1, shop="\ud800")], "dataExtension", fields, trigger=ALL_TRACKS
    )

    assert outcome.status is wharfinger.Status.REJECTED
    assert "Data Extension Key" in outcome.message


async def test_where_no_columns_are_known_numbers_travel_as_they_are_and_deep_values_as_text(
    cloud, deliver
):
    cloud.answers()
    deep = {"a": [{"b": [None, "ü", 2**80]}]}

    await deliver([order(1, shop=deep, total=2**80)], "dataExtension", ROW, trigger=ALL_TRACKS)

    (row,) = json.loads(cloud.request.content)
    assert row["values"]["Total"] == 2**80
    assert json.loads(row["values"]["Shop"]) == deep


@pytest.mark.parametrize("action", ["create-contact", "send-api-event", "dataExtension"])
async def test_a_preview_shows_the_request_and_sends_nothing(connect, cloud, action):
    fields = {
        "create-contact": {},
        "send-api-event": {"eventDefinitionKey": "e"},
        "dataExtension": ROW,
    }[action]

    preview = await connect(action, fields, trigger=ALL_TRACKS).preview([TRACK])

    (request,) = preview.requests
    assert request.url.startswith(REST)
    assert b"c-1001" in request.body or b"9001" in request.body
    assert cloud.requests == []
    assert cloud.token_requests == []
