from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wharfinger import BatchPolicy, Unbatched
from wharfinger.delivery.lanes import Item, plan_lanes

items = st.lists(
    st.builds(
        Item,
        event=st.just(0),
        payload=st.none(),
        body=st.binary(max_size=40),
        batch_key=st.sampled_from(["a", "b", ("id", 3)]),
        order_key=st.sampled_from([None, "x", "y", "z", 1]),
    ),
    max_size=60,
).map(lambda built: [_numbered(item, index) for index, item in enumerate(built)])

policies = st.one_of(
    st.builds(
        BatchPolicy,
        rows=st.integers(1, 8),
        bytes=st.integers(1, 120),
        lanes=st.integers(1, 5),
    ),
    st.builds(Unbatched, reason=st.just("no"), lanes=st.integers(1, 5)),
)


def _numbered(item: Item, index: int) -> Item:
    item.event = index
    return item


@given(items, policies)
def test_every_item_travels_exactly_once(items, policy):
    lanes = plan_lanes(items, policy)
    travelled = [event for lane in lanes for laned in lane for event in laned.events]
    assert sorted(travelled) == list(range(len(items)))


@given(items, policies)
def test_no_batch_exceeds_rows_or_bytes_or_mixes_batch_keys(items, policy):
    rows = policy.rows if isinstance(policy, BatchPolicy) else 1
    for lane in plan_lanes(items, policy):
        for laned in lane:
            assert 1 <= len(laned.batch) <= rows
            assert {items[event].batch_key for event in laned.events} == {laned.batch.key}
            size = sum(len(body) for body in laned.batch.bodies) + len(laned.batch)
            if isinstance(policy, BatchPolicy) and len(laned.batch) > 1:
                assert size <= policy.bytes


@given(items, policies)
def test_items_of_one_order_key_share_a_lane_and_keep_their_order(items, policy):
    lane_of: dict[object, int] = {}
    for number, lane in enumerate(plan_lanes(items, policy)):
        seen: dict[object, int] = {}
        for event in (event for laned in lane for event in laned.events):
            item = items[event]
            key = (item.batch_key, item.order_key)
            if item.order_key is None:
                continue
            assert lane_of.setdefault(key, number) == number
            assert seen.get(key, -1) < event
            seen[key] = event


def test_a_payload_larger_than_all_the_bytes_travels_alone():
    small, large = (Item(i, None, b"x" * n, None, "k") for i, n in enumerate((5, 500)))
    [lane] = plan_lanes([small, large, small], BatchPolicy(rows=10, bytes=100))
    assert [len(laned.batch) for laned in lane] == [1, 1, 1]


def test_a_key_takes_the_same_lane_in_every_process():
    # crc32 of "'anna'" is fixed; hash("anna") differs from process to process.
    lanes = plan_lanes(
        [Item(i, None, b"", None, key) for i, key in enumerate(("anna", "bert", "anna"))],
        Unbatched(reason="no", lanes=64),
    )
    assert sorted(event for laned in lanes[0] for event in laned.events) == [0, 2]
