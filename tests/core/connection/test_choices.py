"""Values for a field of an action, looked up in the account."""

from __future__ import annotations

import attrs
import httpx
import pytest

import wharfinger
from wharfinger import Choice, Choices, Provision, Question


async def _shelves(session, question):
    response = await session.request(
        "GET", "https://api.acme.example/shelves", params={"page": str(question.page)}
    )
    items = [Choice(value=name, label=name.upper()) for name in response.json()["names"]]
    found = [item for item in items if question.search in item.value]
    return Choices(items=found, next_page=question.page + 1 if question.page < 2 else None)


async def _never(*_):
    raise AssertionError("nobody asked for this")


@pytest.mark.parametrize("name", ["stow", "put-away"])
async def test_a_form_asks_an_action_by_slug_or_alias_and_gets_one_page(harbour, vendor, name):
    vendor.script = [httpx.Response(200, json={"names": ["top", "bottom"]})] * 2
    async with harbour(choices={"shelf": _shelves}) as connection:
        first = await connection.choices(name, Question(field="shelf", search="op"))
        second = await connection.choices(name, Question(field="shelf", page=2))
    assert first == Choices(items=[Choice(value="top", label="TOP")], next_page=2)
    assert (len(second.items), second.next_page) == (2, None)
    assert [request.url.params["page"] for request in vendor.requests] == ["1", "2"]
    assert vendor.requests[0].headers["authorization"] == "Bearer key-0123456789"


async def test_a_field_that_nobody_can_look_up_has_no_choices(harbour, vendor):
    async with harbour(choices={"shelf": _shelves}) as connection:
        assert await connection.choices("stow", Question(field="label")) == Choices()
    assert vendor.requests == []


async def test_an_action_that_is_not_there_is_named_with_a_suggestion(harbour):
    async with harbour() as connection:
        with pytest.raises(wharfinger.PluginError, match='Did you mean "stow"'):
            await connection.choices("stoww", Question(field="shelf"))


@pytest.mark.parametrize("field", ["shelf", "label"])
async def test_choices_need_an_open_connection(harbour, field):
    with pytest.raises(wharfinger.NotOpenError, match="async with"):
        await harbour(choices={"shelf": _shelves}).choices("stow", Question(field=field))


async def test_a_vendor_that_does_not_answer_is_an_error(harbour, vendor):
    vendor.script = [httpx.ConnectError("refused")]
    async with harbour(choices={"shelf": _shelves}) as connection:
        with pytest.raises(wharfinger.RetryError, match="could not be reached"):
            await connection.choices("stow", Question(field="shelf"))


def test_a_page_is_counted_from_one():
    with pytest.raises(ValueError, match="page"):
        Question(field="shelf", page=0)


@attrs.frozen(kw_only=True)
class _Wishes:
    aisle: str | None = wharfinger.field(label="Aisle", default=None)


def test_choices_for_a_field_that_does_not_exist_set_the_plugin_aside(harbour):
    with pytest.raises(wharfinger.ConfigurationError, match="acme has no action"):
        harbour("a", choices={"aisle": _shelves})
    provision = Provision(plan=_never, apply=_never, options=_Wishes)
    assert harbour("a", choices={"aisle": _shelves}, provision=provision).mappings
