"""Data extensions that are made, and what goes wrong right afterwards."""

from __future__ import annotations

from typing import Any

import attrs
import httpx
import pytest

import wharfinger
from wharfinger_sfmc.account.catalog import Catalog
from wharfinger_sfmc.account.provisioning import PROVISION, Wishes
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc_simulator import Fault

KEY = "sales_2030"


@attrs.frozen
class Sample:
    keys: dict[str, Any]
    values: dict[str, Any]


OUTLINE = wharfinger.Outline(
    mapping="sales",
    action="send-event-to-data-extension",
    constants={"key": KEY},
    mapped=frozenset({"keys", "values"}),
    properties={"keys": ("SaleId",), "values": ("Spent",)},
)


async def plan(session: wharfinger.Session, key: str = KEY, **wishes: Any) -> wharfinger.Plan:
    outline = attrs.evolve(OUTLINE, constants={"key": key})
    return await PROVISION.plan(
        session, outline, [Sample({"SaleId": "s"}, {"Spent": 1})], Wishes(**wishes)
    )


@pytest.mark.parametrize("kind", ["not-found", "server-error", "garbage-body", "forbidden"])
async def test_what_is_not_found_at_once_was_made_with_all_its_columns(simulate, kind):
    simulator, session = await simulate(switches={"search_lag_s": 0})
    made = await plan(session)
    simulator.inject(Fault(kind=kind, path="/fields", times=1))

    (finding,) = await PROVISION.apply(session, made)

    assert (finding.level, finding.code) == ("warning", "created-unread")
    assert KEY in simulator.tables
    found = await session.shared(Catalog).table(session, DataExtension(key=KEY))
    assert [column.name for column in found.primary_keys] == ["SaleId"]


@pytest.mark.parametrize("kind", ["commit-then-hang", "commit-then-drop", "server-error"])
async def test_applying_again_after_a_lost_reply_makes_nothing_twice(simulate, kind):
    simulator, session = await simulate(switches={"search_lag_s": 0})
    made = await plan(session)
    before = set(simulator.tables)
    simulator.inject(Fault(kind=kind, path="customobjects", method="POST", times=1))

    with pytest.raises(wharfinger.RetryError):
        await PROVISION.apply(session, made)
    (finding,) = await PROVISION.apply(session, made)

    assert finding.level == "ok"
    assert set(simulator.tables) == before | {KEY}


async def test_applying_again_before_sfmc_lists_it_does_not_blame_another_one(simulate):
    simulator, session = await simulate(switches={"search_lag_s": 60})
    made = await plan(session)
    simulator.inject(Fault(kind="commit-then-drop", path="customobjects", method="POST", times=1))

    with pytest.raises(wharfinger.RetryError):
        await PROVISION.apply(session, made)
    (finding,) = await PROVISION.apply(session, made)

    assert (finding.level, finding.code) == ("error", "name-taken")
    assert "Another" not in finding.message
    assert "plan again in a minute" in finding.fix


async def test_a_key_that_sfmc_does_not_take_is_not_said_to_be_missing(simulate):
    _, session = await simulate()
    made = await plan(session, "k" * 37)

    with pytest.raises(wharfinger.HaltedError) as caught:
        await PROVISION.apply(session, made)

    assert "key-long" in [finding.code for finding in made.findings]
    assert caught.value.code == "request-refused"
    assert "36 characters" in caught.value.message


@pytest.mark.parametrize("key", ["a/b", "a b", "#%?&", "ö" * 20, '"quoted"', "a\nb"])
async def test_odd_keys_are_made_as_they_are_and_found_again(simulate, key):
    simulator, session = await simulate()

    made = await plan(session, key)
    (finding,) = await PROVISION.apply(session, made)
    again = await plan(session, key)

    assert finding.level == "ok"
    assert key in simulator.tables
    assert {change.kind for change in again.changes} == {"keep"}


async def test_a_reply_that_does_not_name_what_was_made_is_no_success(paper_session, cloud):
    cloud.tells(lambda _: httpx.Response(200, json={"count": 0, "items": []}))
    made = await plan(paper_session, folder="12345")
    cloud.answers(201, json=["odd"])

    with pytest.raises(wharfinger.RetryError):
        await PROVISION.apply(paper_session, made)
