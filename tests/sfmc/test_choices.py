"""Values to choose for the fields of mappings."""

from __future__ import annotations

from typing import Any

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import given

import wharfinger
from wharfinger_sfmc.account.choices import EVENT_CHOICES, ROW_CHOICES
from wharfinger_sfmc.api.lookups import EVERYTHING, search_words

ORDERS_ID = "5b6f8f1a-0000-4f11-b859-48df37dc1382"


async def ask(session, field: str, **question: Any) -> wharfinger.Choices:
    asked = {**ROW_CHOICES, **EVENT_CHOICES}[field]
    return await asked(session, wharfinger.Question(field=field, **question))


def values(choices: wharfinger.Choices) -> list[str]:
    return [choice.value for choice in choices.items]


async def test_data_extensions_are_chosen_by_name_and_given_by_key(simulate):
    _, session = await simulate()

    choices = await ask(session, "key")

    assert choices == wharfinger.Choices(
        items=[
            wharfinger.Choice(
                value="orders", label="All Orders", description="key orders, 4 columns"
            ),
            wharfinger.Choice(value="log", label="Log", description="key log, 1 column"),
        ]
    )


async def test_they_can_be_given_by_id_as_well(simulate):
    _, session = await simulate()

    choices = await ask(session, "id", search="orders")

    assert values(choices) == [ORDERS_ID]


async def test_what_is_typed_narrows_the_data_extensions(simulate):
    _, session = await simulate()

    assert values(await ask(session, "key", search="lo")) == ["log"]
    assert values(await ask(session, "key", search="nothing like it")) == []


async def test_pages_of_data_extensions_are_passed_through(simulate, tenant):
    [_, log] = tenant["data_extensions"]
    tenant["data_extensions"] = [{**log, "key": f"log{n:02d}", "name": f"{n}"} for n in range(60)]
    _, session = await simulate()

    pages = [await ask(session, "key", page=page) for page in (1, 2, 3)]

    assert [len(page.items) for page in pages] == [25, 25, 10]
    assert [page.next_page for page in pages] == [2, 3, None]
    assert len({value for page in pages for value in values(page)}) == 60


@pytest.mark.parametrize("fields", [{"key": "orders"}, {"id": ORDERS_ID}])
async def test_columns_are_those_of_the_data_extension_that_is_fixed_already(simulate, fields):
    _, session = await simulate()

    keys = await ask(session, "keys", fields=fields)
    others = await ask(session, "values", fields=fields)

    assert values(keys) == ["OrderId"]
    assert values(others) == ["Email", "Total", "Colour"]
    assert [choice.description for choice in (*keys.items, *others.items)] == [
        "Text(40), must not be empty",
        "EmailAddress(254), must not be empty",
        "Decimal(12,2)",
        "Text(50)",
    ]


async def test_what_is_typed_narrows_the_columns(simulate):
    _, session = await simulate()

    choices = await ask(session, "values", fields={"key": "orders"}, search="tot")

    assert values(choices) == ["Total"]


@pytest.mark.parametrize("fields", [{}, {"key": {"@path": "$.properties.table"}}, {"key": ""}])
async def test_before_a_data_extension_is_fixed_there_are_no_columns(paper_session, cloud, fields):
    assert await ask(paper_session, "values", fields=fields) == wharfinger.Choices()
    assert cloud.lookups == []


async def test_a_data_extension_that_is_not_there_is_an_answer_of_its_own(simulate):
    _, session = await simulate()

    with pytest.raises(wharfinger.HaltedError, match='Did you mean "orders"'):
        await ask(session, "values", fields={"key": "ordesr"})


@pytest.mark.parametrize(
    ("field", "fields", "permission"),
    [
        ("key", {}, '"Data Extensions: Read"'),
        ("values", {"key": "orders"}, '"Data Extensions: Read"'),
        ("eventDefinitionKey", {}, '"Journeys: Read"'),
        ("data", {"eventDefinitionKey": "welcome"}, '"Journeys: Read"'),
    ],
)
async def test_without_permission_the_answer_names_what_to_tick(
    paper_session, field, fields, permission
):
    with pytest.raises(wharfinger.HaltedError, match=permission):
        await ask(paper_session, field, fields=fields)


async def test_trouble_on_the_way_can_be_tried_again(paper_session, cloud):
    cloud.tells(lambda _: httpx.Response(500))

    with pytest.raises(wharfinger.RetryError):
        await ask(paper_session, "values", fields={"key": "orders"})


async def test_event_definitions_are_chosen_by_name_and_given_by_key(simulate):
    _, session = await simulate()

    choices = await ask(session, "eventDefinitionKey")

    assert choices.items == [
        wharfinger.Choice(value="welcome", label="Welcome Journey", description="2 fields"),
        wharfinger.Choice(value="unheard", label="unheard", description="0 fields"),
    ]
    assert values(await ask(session, "eventDefinitionKey", search="JOURNEY")) == ["welcome"]


async def test_pages_of_event_definitions_are_passed_through(simulate, tenant):
    tenant["event_definitions"] = [{"key": f"event-{n}"} for n in range(60)]
    _, session = await simulate()

    first = await ask(session, "eventDefinitionKey")
    second = await ask(session, "eventDefinitionKey", page=2)

    assert (len(first.items), first.next_page) == (50, 2)
    assert (len(second.items), second.next_page) == (10, None)


async def test_event_data_is_chosen_from_the_schema(simulate):
    _, session = await simulate()
    fields = {"eventDefinitionKey": "welcome"}

    assert values(await ask(session, "data", fields=fields)) == ["OrderId", "Total"]
    assert values(await ask(session, "data", fields=fields, search="tot")) == ["Total"]


@pytest.mark.parametrize("key", ["", {"@path": "$.event"}, "not-there"])
async def test_an_event_definition_that_is_not_known_has_no_data_to_choose(simulate, key):
    _, session = await simulate()

    choices = await ask(session, "data", fields={"eventDefinitionKey": key})

    assert values(choices) == []


async def test_folders_are_chosen_by_their_path(simulate):
    _, session = await simulate()

    every = await ROW_CHOICES["folder"](session, wharfinger.Question(field="folder"))
    some = await ROW_CHOICES["folder"](session, wharfinger.Question(field="folder", search="dai"))

    assert values(every) == ["Imports", "Imports/Daily"]
    assert values(some) == ["Imports/Daily"]


@given(st.text())
def test_what_is_searched_for_is_part_of_the_key_and_never_empty(key):
    words = search_words(key)

    assert words == EVERYTHING or words in key
    assert not set(words) & set("[]%^")


@pytest.mark.parametrize("action", ["send-api-event", "send-api-events-in-batches"])
def test_journey_actions_offer_event_definitions_and_their_fields(plugins, action):
    offered = plugins.action("salesforce-marketing-cloud", action).choices

    assert dict(offered) == dict(EVENT_CHOICES)
