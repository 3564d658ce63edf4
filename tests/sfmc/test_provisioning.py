"""Plans for data extensions, and their application."""

from __future__ import annotations

from typing import Any

import attrs
import httpx
import pytest

import wharfinger
from wharfinger_sfmc.account.catalog import Catalog
from wharfinger_sfmc.account.preflight import open_rows
from wharfinger_sfmc.account.provisioning import PROVISION, Wishes
from wharfinger_sfmc.api.calls import DataExtension
from wharfinger_sfmc_simulator import Fault


@attrs.frozen
class Sample:
    keys: dict[str, Any]
    values: dict[str, Any]


OUTLINE = wharfinger.Outline(
    mapping="sales",
    action="send-event-to-data-extension",
    constants={"key": "sales_2030"},
    mapped=frozenset({"keys", "values"}),
    properties={"keys": ("SaleId",), "values": ("Email", "Spent", "Visits", "Vip", "At", "Note")},
)
SAMPLES = [
    Sample(
        {"SaleId": f"s-{n}"},
        {
            "Email": f"ann{n}@example.org",
            "Spent": 12.5 * n,
            "Visits": n,
            "Vip": n > 3,
            "At": f"2030-01-0{n + 1}T10:00:00Z",
            "Note": "word " * n,
        },
    )
    for n in range(1, 6)
]


async def plan(session, outline=OUTLINE, samples=SAMPLES, **wishes: Any) -> wharfinger.Plan:
    return await PROVISION.plan(session, outline, samples, Wishes(**wishes))


def kinds(made: wharfinger.Plan) -> list[tuple[str, str]]:
    return [(change.kind, change.subject) for change in made.changes]


def codes(findings) -> list[str]:
    return [finding.code for finding in findings]


def outline_for(key: str, **properties: Any) -> wharfinger.Outline:
    return attrs.evolve(OUTLINE, constants={"key": key}, properties=properties)


async def test_a_plan_shows_every_column_of_a_new_data_extension_and_changes_nothing(simulate):
    simulator, session = await simulate()

    made = await plan(session)

    assert made.subject == 'the data extension with the Data Extension Key "sales_2030"'
    assert [(change.subject, change.after) for change in made.changes] == [
        ('data extension "sales_2030"', 'named "sales_2030" in the folder "Data Extensions"'),
        ('column "SaleId"', "Text(50), primary key"),
        ('column "Email"', "EmailAddress(254), nullable"),
        ('column "Spent"', "Decimal(18,2), nullable"),
        ('column "Visits"', "Number, nullable"),
        ('column "Vip"', "Boolean, nullable"),
        ('column "At"', "Date, nullable"),
        ('column "Note"', "Text(50), nullable"),
    ]
    assert {change.kind for change in made.changes} == {"create"}
    assert made.changes[1].reason == "longest of 5 values has 3 characters"
    assert made.creates
    assert "sales_2030" not in simulator.tables


async def test_applying_a_plan_makes_what_it_shows(simulate):
    simulator, session = await simulate()
    made = await plan(session, folder="Imports/Daily", name="Sales", sendable_by="saleid")

    (finding,) = await PROVISION.apply(session, made)

    assert finding.level == "ok"
    definition = simulator.tables["sales_2030"].definition
    assert (definition.name, definition.category) == ("Sales", 901)
    assert (definition.sendable, definition.sendable_field) == (True, "SaleId")
    assert [(f.name, f.type, f.primary_key) for f in definition.fields] == [
        ("SaleId", "Text", True),
        ("Email", "EmailAddress", False),
        ("Spent", "Decimal", False),
        ("Visits", "Number", False),
        ("Vip", "Boolean", False),
        ("At", "Date", False),
        ("Note", "Text", False),
    ]
    assert made.changes[0].after == 'named "Sales" in the folder "Daily", sendable by "SaleId"'


async def test_what_was_made_is_known_at_once_though_a_search_finds_it_later(simulate):
    _, session = await simulate()
    await PROVISION.apply(session, await plan(session))

    (finding,) = await open_rows(session, OUTLINE)

    assert finding.level == "ok"


async def test_a_plan_after_the_deed_keeps_everything(simulate):
    _, session = await simulate()
    await PROVISION.apply(session, await plan(session))

    again = await plan(session)

    assert {change.kind for change in again.changes} == {"keep"}
    assert not again.creates
    assert codes(again.findings) == []


async def test_applying_a_plan_twice_changes_nothing(simulate):
    _, session = await simulate()
    made = await plan(session)
    await PROVISION.apply(session, made)

    (finding,) = await PROVISION.apply(session, made)

    assert finding.level == "ok"
    assert "exists already" in finding.message


async def test_another_with_the_same_name_is_told_from_one_with_the_same_key(simulate):
    simulator, session = await simulate()
    made = await plan(session, name="All Orders")

    (finding,) = await PROVISION.apply(session, made)

    assert (finding.level, finding.code) == ("error", "name-taken")
    assert "sales_2030" not in simulator.tables


async def test_one_that_somebody_made_meanwhile_with_other_columns_is_a_warning(simulate, tenant):
    simulator, session = await simulate()
    made = await plan(session)
    other = attrs.evolve(made.data, columns=made.data.columns[:2])
    await PROVISION.apply(session, attrs.evolve(made, data=other))
    session.shared(Catalog).forget(DataExtension(key="sales_2030"))
    simulator.move_clock(10)

    (finding,) = await PROVISION.apply(session, made)

    assert (finding.level, finding.code) == ("warning", "exists")
    assert '"Spent", "Visits"' in finding.message


@pytest.mark.parametrize(
    ("lookup", "found"), [(500, ("warning", "exists")), (200, ("error", "name-taken"))]
)
async def test_a_conflict_is_told_as_far_as_it_is_understood(paper_session, cloud, lookup, found):
    nothing = {"count": 0, "items": []}
    cloud.tells(lambda _: httpx.Response(200, json=nothing))
    made = await plan(paper_session, folder="12345")
    cloud.tells(lambda _: httpx.Response(lookup, json=nothing))
    cloud.answers(409, json={"message": "It exists.", "errorcode": 30004})

    (finding,) = await PROVISION.apply(paper_session, made)

    assert (finding.level, finding.code) == found


async def test_another_conflict_is_an_error_of_its_own(paper_session, cloud):
    cloud.tells(lambda _: httpx.Response(200, json={"count": 0, "items": []}))
    made = await plan(paper_session, folder="12345")
    cloud.answers(409, json={"message": "Not now.", "errorcode": 30002})

    with pytest.raises(wharfinger.HaltedError) as caught:
        await PROVISION.apply(paper_session, made)

    assert caught.value.code == "invalid-state"


async def test_columns_that_sfmc_left_out_are_an_error(paper_session, cloud):
    cloud.tells(
        lambda request: (
            httpx.Response(200, json={"fields": [{"name": "SaleId", "isPrimaryKey": True}]})
            if request.url.path.endswith("/fields")
            else httpx.Response(200, json={"count": 0, "items": []})
        )
    )
    made = await plan(paper_session, folder="12345")
    cloud.answers(201, json={"id": "some-id", "key": "sales_2030", "name": "sales_2030"})

    (finding,) = await PROVISION.apply(paper_session, made)

    assert (finding.level, finding.code) == ("error", "created-incomplete")
    assert '"Email"' in finding.message


async def test_one_that_cannot_be_read_back_was_made_all_the_same(simulate):
    simulator, session = await simulate()
    made = await plan(session)
    simulator.inject(Fault(kind="server-error", path="/fields"))

    (finding,) = await PROVISION.apply(session, made)

    assert (finding.level, finding.code) == ("warning", "created-unread")
    assert finding.message.startswith("SFMC made it")
    assert "sales_2030" in simulator.tables


ORDERS = outline_for("orders", keys=("OrderId",), values=("Email", "Total", "Coupon"))


async def test_columns_that_are_missing_are_told_with_their_whole_definition(simulate):
    _, session = await simulate()
    samples = [Sample({"OrderId": "1"}, {"Email": "a@example.org", "Total": 1, "Coupon": "x" * 60})]

    made = await plan(session, ORDERS, samples)

    assert kinds(made) == [
        ("keep", 'column "OrderId"'),
        ("keep", 'column "Email"'),
        ("keep", 'column "Total"'),
        ("by-hand", 'column "Coupon"'),
    ]
    missing = made.changes[-1]
    assert (missing.before, missing.after) == ("", "Text(100), nullable")
    assert "longest of 1 value has 60 characters" in missing.reason
    assert "Contact Builder" in missing.reason
    assert not made.creates


async def test_columns_that_are_too_narrow_are_told_with_the_reason(simulate):
    _, session = await simulate()
    samples = [Sample({"OrderId": "x" * 41}, {"Email": "no address", "Total": 1.234})]

    made = await plan(session, ORDERS, samples)

    narrow = {change.subject: change for change in made.changes if change.before}
    assert {change.kind for change in narrow.values()} == {"by-hand"}
    assert narrow['column "OrderId"'].before == "Text(40), primary key"
    assert narrow['column "OrderId"'].after == "Text(100), primary key"
    assert "41 characters" in narrow['column "OrderId"'].reason
    assert "not all are e-mail addresses" in narrow['column "Email"'].reason
    assert "3 digits after the point" in narrow['column "Total"'].reason


async def test_wrong_primary_keys_of_one_that_exists_are_findings(simulate):
    _, session = await simulate()

    made = await plan(session, outline_for("orders", keys=("Email",), values=("Total",)), [])

    assert codes(made.findings) == ["not-a-primary-key", "primary-key-unmapped"]


async def test_one_that_exists_can_be_selected_instead(simulate):
    _, session = await simulate()

    made = await plan(session, select="orders")

    assert made.subject == 'the data extension with the Data Extension Key "orders"'
    assert {change.kind for change in made.changes} <= {"keep", "by-hand"}
    assert "other-data-extension" in codes(made.findings)
    assert 'Set its "Data Extension Key" to "orders".' in [f.fix for f in made.findings]


async def test_one_that_is_selected_and_not_there_is_not_made(simulate):
    _, session = await simulate()

    made = await plan(session, select="ordesr")

    assert not made.creates
    assert codes(made.findings)[0] == "data-extension-not-found"
    assert made.findings[0].fix == 'Did you mean "orders"?'


async def test_similar_ones_are_named_beside_the_plan(simulate):
    _, session = await simulate()

    made = await plan(session, attrs.evolve(OUTLINE, constants={"key": "orderz"}))

    assert made.creates
    (finding,) = made.findings
    assert (finding.level, finding.code) == ("warning", "similar-exist")
    assert '"orders"' in finding.message
    assert '"select"' in finding.fix


async def test_a_key_that_events_decide_cannot_be_planned_for(paper_session, cloud):
    outline = attrs.evolve(OUTLINE, constants={}, mapped=frozenset({"key", "keys", "values"}))

    made = await plan(paper_session, outline)

    assert codes(made.findings) == ["key-not-constant"]
    assert not made.creates
    assert cloud.lookups == []


async def test_an_id_cannot_be_given_to_a_new_one(simulate):
    _, session = await simulate()

    made = await plan(session, attrs.evolve(OUTLINE, constants={"id": "some-id"}))

    assert not made.creates
    assert '"Data Extension Key"' in made.findings[0].fix


@pytest.mark.parametrize(
    ("wishes", "code", "words"),
    [
        ({"folder": "Import"}, "folder-not-found", 'Did you mean "Imports"?'),
        ({"sendable_by": "Contact"}, "column-missing", 'no column "Contact"'),
    ],
)
async def test_a_wish_that_cannot_be_met_makes_nothing(simulate, wishes, code, words):
    _, session = await simulate()

    made = await plan(session, **wishes)

    assert not made.creates
    (finding,) = made.findings
    assert (finding.level, finding.code) == ("error", code)
    assert words in f"{finding.message} {finding.fix}"


async def test_folders_that_cannot_be_read_are_passed_by_with_an_id(simulate):
    fault = Fault(kind="forbidden", path="Service.asmx")
    simulator, session = await simulate(faults=[fault])

    without = await plan(session)
    with_id = await plan(session, folder="900")
    await PROVISION.apply(session, with_id)

    assert not without.creates
    assert codes(without.findings) == ["permission-missing"]
    assert '"folder"' in without.findings[0].fix
    assert simulator.tables["sales_2030"].definition.category == 900


async def test_without_samples_the_plan_says_that_types_are_guesses(simulate):
    _, session = await simulate()

    made = await plan(session, samples=[])

    assert made.creates
    assert codes(made.findings) == ["no-samples"]
    assert {change.after.partition(",")[0] for change in made.changes[1:]} == {"Text(254)"}


async def test_without_any_primary_key_nothing_is_made(simulate):
    _, session = await simulate()

    made = await plan(session, attrs.evolve(OUTLINE, properties={}), [])

    assert not made.creates
    assert "no-primary-key" in codes(made.findings)


async def test_names_that_only_samples_know_are_columns_too(simulate):
    _, session = await simulate()
    samples = [Sample({"Id": "1"}, {"A": 1}), Sample({"Id": "2"}, {"B": True})]

    made = await plan(session, attrs.evolve(OUTLINE, properties={}), samples)

    columns = 'column "Id"', 'column "A"', 'column "B"'
    assert tuple(subject for _, subject in kinds(made)[1:]) == columns


async def test_what_is_possible_and_not_advised_is_a_warning(simulate):
    _, session = await simulate()
    names = tuple(f"Column {n}" for n in range(51))
    outline = attrs.evolve(
        OUTLINE, constants={"key": "k" * 37}, properties={"keys": ("Id",), "values": names}
    )

    made = await plan(session, outline, [])

    assert codes(made.findings) == ["key-long", "no-samples", "columns-unadvised"]
    assert {finding.level for finding in made.findings} == {"warning"}


async def test_without_permission_to_read_there_is_no_plan(paper_session):
    with pytest.raises(wharfinger.HaltedError, match='"Data Extensions: Read"'):
        await plan(paper_session)


async def test_without_permission_to_write_the_refusal_names_what_to_tick(simulate, tenant):
    tenant["clients"][0]["scopes"] = ["data_extensions_read"]
    _, session = await simulate()
    made = await plan(session)

    with pytest.raises(wharfinger.HaltedError, match='"Data Extensions: Write"'):
        await PROVISION.apply(session, made)
