"""What a mapping looks for in vain is told by its place in the mapping and its path."""

import pytest

from wharfinger.mapping import parse, told_absent

ORDER = {"@path": "$.properties.order_id"}
USER = {"@path": "$.userId"}
MAPPING = {
    "key": "orders",
    "id": USER,
    "keys": {"OrderId": ORDER, "Shop": {"Code": {"@path": "$.properties.shop_code"}}},
    "text": {"@template": "{{userId}}"},
    "mixed": {"a": USER, "b": {"@case": {"operator": "lower", "value": USER}}},
    "fixed": {"a": USER, "b": 1},
    "many": {name: {"@path": f"$.{name}"} for name in "abcde"},
    "none": {},
}


@pytest.mark.parametrize(
    ("places", "event", "told"),
    [
        ([("id",)], {}, "id from $.userId"),
        ([("id",)], {"userId": None}, "id from $.userId"),
        ([("id",)], {"userId": ""}, "id from $.userId"),
        (
            [("keys",)],
            {},
            "keys.OrderId from $.properties.order_id, keys.Shop.Code from $.properties.shop_code",
        ),
        ([("keys", "OrderId")], {}, "keys.OrderId from $.properties.order_id"),
        (
            [("id",), ("keys", "OrderId"), ("id",)],
            {},
            "id from $.userId, keys.OrderId from $.properties.order_id",
        ),
        ([("many",)], {}, "many.a from $.a, many.b from $.b, many.c from $.c and 2 more"),
    ],
)
def test_paths_that_lead_to_nothing_are_told(places, event, told):
    sentence = f"The mapping reads {told}, where this event has nothing."
    assert told_absent(parse(MAPPING), event, places) == sentence


@pytest.mark.parametrize(
    ("place", "event"),
    [
        (("id",), {"userId": 0}),  # it is there, whatever else is wrong with it
        (("keys",), {"properties": {"order_id": "o-1"}}),
        (("key",), {}),
        (("text",), {}),
        (("mixed",), {}),
        (("fixed",), {}),
        (("none",), {}),
        (("nowhere",), {}),
        (("id", "deeper"), {}),
        (("id", 0), {}),
    ],
)
def test_nothing_is_told_where_paths_alone_do_not_explain_it(place, event):
    assert told_absent(parse(MAPPING), event, [place]) == ""


def test_nothing_is_told_of_a_mapping_that_is_one_directive():
    assert told_absent(parse({"@path": "$.properties"}), {}, [("id",)]) == ""
