"""What mappings need at the vendor: planned, shown, made."""

from __future__ import annotations

import attrs
import pytest

import wharfinger
from wharfinger import Change, Finding, Opening, Plan, Provision, field


@attrs.frozen(kw_only=True)
class Wishes:
    aisle: str | None = field(label="Aisle", default=None)
    height: int = field(label="Height", default=2, minimum=1)


class Carpenter:
    """Plans a shelf for each mapping and builds those that are not there yet."""

    def __init__(self, existing=(), failing=()):
        self.shelves = list(existing)
        self.failing = failing
        self.asked = []

    async def plan(self, session, outline, payloads, wishes):
        self.asked.append((outline.mapping, [payload.label for payload in payloads], wishes))
        shelf = outline.constants["shelf"]
        is_there = shelf in self.shelves
        change = Change(
            kind="keep" if is_there else "create", subject=f'shelf "{shelf}"', after="a board"
        )
        return Plan(mapping=outline.mapping, subject="a shelf", changes=[change], data=shelf)

    async def apply(self, session, plan):
        if plan.data in self.failing:
            raise self.failing[plan.data]
        self.shelves.append(plan.data)
        return [Finding(level="ok", subject=plan.subject, message="It is built.")]

    def provision(self, options=Wishes):
        return Provision(plan=self.plan, apply=self.apply, options=options)


async def test_a_plan_sees_the_outline_the_payloads_of_samples_and_the_wishes(harbour, track):
    carpenter = Carpenter(existing=["b"])
    events = [track(event="One"), {"type": "page"}, None, track(event="Two")]
    async with harbour("a", "b", provision=carpenter.provision()) as connection:
        plans = await connection.plan(events, {"aisle": "north"})
    wishes = Wishes(aisle="north", height=2)
    assert carpenter.asked == [("a", ["One", "Two"], wishes), ("b", ["One", "Two"], wishes)]
    assert [(plan.mapping, plan.creates) for plan in plans] == [("a", True), ("b", False)]
    assert carpenter.shelves == ["b"]


async def test_a_plan_sees_payloads_as_they_are_mapped_and_not_as_they_are_sent(harbour, track):
    carpenter = Carpenter()

    def refuse(payload):
        raise wharfinger.RejectedError("Nothing fits here.", code="unfit")

    action = {"form": refuse, "encode": refuse}
    async with harbour("a", provision=carpenter.provision(), **action) as connection:
        await connection.plan([track(event="One")])
    assert [labels for _, labels, _ in carpenter.asked] == [["One"]]


async def test_only_actions_that_can_make_something_plan(harbour):
    bell = {"bell": {"action": "ring-bell", "trigger": 'type = "track"'}}
    async with harbour("a", mappings=bell, provision=Carpenter().provision(None)) as connection:
        [plan] = await connection.plan()
    assert plan.mapping == "a"


async def test_a_mapping_that_is_halted_for_want_of_something_can_still_be_planned(
    harbour, finding
):
    async def look(session, outline):
        return Opening(findings=[finding()])

    async with harbour("a", open=look, provision=Carpenter().provision()) as connection:
        [plan] = await connection.plan()
        [found] = await connection.apply([plan])
    assert (found.level, found.mapping) == ("ok", "a")


async def test_every_wish_that_is_unknown_or_wrong_is_named_once(harbour):
    async with harbour("a", "b", provision=Carpenter().provision()) as connection:
        with pytest.raises(wharfinger.ConfigurationError) as caught:
            await connection.plan(options={"height": 0, "aile": "north"})
    problems = {problem.where: problem.message for problem in caught.value.problems}
    assert len(problems) == len(caught.value.problems) == 2
    assert problems["height"].startswith("Height ")
    assert 'Did you mean "aisle"?' in problems["aile"]


async def test_a_wish_where_nothing_is_made_is_unknown(harbour):
    async with harbour("a") as connection:
        assert await connection.plan() == []
        with pytest.raises(wharfinger.ConfigurationError, match="There are none"):
            await connection.plan(options={"aisle": "north"})


async def test_applying_makes_what_is_to_be_created_and_nothing_else(harbour):
    carpenter = Carpenter(existing=["b"])
    async with harbour("a", "b", provision=carpenter.provision()) as connection:
        plans = await connection.plan()
        assert [found.mapping for found in await connection.apply(plans)] == ["a"]
        assert carpenter.shelves == ["b", "a"]
        assert await connection.apply(await connection.plan()) == []


@pytest.mark.parametrize(
    "error",
    [wharfinger.RetryError("Later.", code="unavailable"), ZeroDivisionError("bug")],
)
async def test_a_plan_that_fails_is_told_and_the_others_are_applied(harbour, error):
    carpenter = Carpenter(failing={"a": error})
    async with harbour("a", "b", provision=carpenter.provision()) as connection:
        found = await connection.apply(await connection.plan())
    assert [(each.level, each.mapping) for each in found] == [("error", "a"), ("ok", "b")]
    assert carpenter.shelves == ["b"]


async def test_a_plan_of_a_mapping_that_is_gone_is_told_and_the_others_are_applied(harbour):
    carpenter = Carpenter()
    async with harbour("a", provision=carpenter.provision()) as connection:
        [plan] = await connection.plan()
        found = await connection.apply([attrs.evolve(plan, mapping="gone"), plan])
    assert [(each.level, each.mapping) for each in found] == [("error", "gone"), ("ok", "a")]


async def test_plans_need_an_open_connection(harbour):
    connection = harbour("a", provision=Carpenter().provision())
    for ask in (connection.plan, lambda: connection.apply([])):
        with pytest.raises(wharfinger.NotOpenError):
            await ask()


def test_options_that_are_no_class_of_fields_set_the_plugin_aside(harbour):
    with pytest.raises(wharfinger.ConfigurationError, match="acme has no action"):
        harbour("a", provision=Carpenter().provision(options=dict))
