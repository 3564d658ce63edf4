"""What a mapping names, compared with what the account has."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import httpx
import pytest

import wharfinger
from wharfinger_sfmc.account.preflight import open_event_definition, open_rows
from wharfinger_sfmc_simulator import Fault

ROWS = wharfinger.Outline(
    mapping="orders",
    action="send-event-to-data-extension",
    constants={"key": "orders", "enable_batching": True},
    mapped=frozenset({"keys", "values"}),
    properties={"keys": ("OrderId",), "values": ("Email", "Total")},
)
EVENT = wharfinger.Outline(
    mapping="welcome",
    action="send-api-event",
    constants={"eventDefinitionKey": "welcome"},
    mapped=frozenset({"contactKey", "data"}),
    properties={"data": ("OrderId", "Total")},
)


def facts(findings: list[wharfinger.Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.code) for finding in findings]


def rows(**changes: Any) -> wharfinger.Outline:
    properties = {**ROWS.properties, **changes.pop("properties", {})}
    return attrs.evolve(ROWS, properties=properties, **changes)


async def test_a_mapping_that_fits_is_told_so(simulate):
    _, session = await simulate()

    (finding,) = await open_rows(session, ROWS)

    assert finding.level == "ok"
    assert finding.subject == 'Data Extension Key "orders"'
    assert finding.message == (
        '"All Orders" is there. 3 of its 4 columns are mapped; its primary key is "OrderId".'
    )


async def test_an_id_and_columns_in_another_case_fit_too(simulate):
    _, session = await simulate()
    constants = {"id": "5B6F8F1A-0000-4f11-b859-48df37dc1382"}
    properties = {"keys": ("orderid",), "values": ("EMAIL",)}

    findings = await open_rows(session, rows(constants=constants, properties=properties))

    assert facts(findings) == [("ok", "")]


async def test_a_data_extension_that_is_not_there_is_an_error(simulate):
    _, session = await simulate()

    (finding,) = await open_rows(session, rows(constants={"key": "ordesr"}))

    assert (finding.level, finding.code) == ("error", "data-extension-not-found")
    assert finding.subject == 'Data Extension Key "ordesr"'
    assert finding.fix == 'Did you mean "orders"?'


@pytest.mark.parametrize(
    ("keys", "values", "expected"),
    [
        (("OrderID2",), ("Email",), {"primary-key-unmapped", "column-missing"}),
        (("OrderId", "Total"), ("Email",), {"not-a-primary-key"}),
        (("Total",), ("Email",), {"not-a-primary-key", "primary-key-unmapped"}),
        (("OrderId",), ("Email", "Totl"), {"column-missing"}),
        (("OrderId",), ("Total",), {"required-column-unmapped"}),
    ],
)
async def test_names_that_do_not_fit_are_found(simulate, keys, values, expected):
    _, session = await simulate()

    findings = await open_rows(session, rows(properties={"keys": keys, "values": values}))

    assert {finding.code for finding in findings if finding.level != "ok"} == expected
    assert all(finding.fix for finding in findings if finding.level != "ok")


async def test_a_missing_column_is_named_with_what_was_meant(simulate):
    _, session = await simulate()
    properties = {"values": ("e-mail", "Something")}

    near, far = await _errors(session, rows(properties=properties))

    assert near.subject == "Data Extension Fields"
    assert '"e-mail" is not a column of the data extension "All Orders"' in near.message
    assert near.fix == 'Did you mean "Email"?'
    assert '"Something"' in far.message
    assert 'There are "OrderId", "Email", "Total", "Colour".' in far.fix


async def _errors(session, outline) -> list[wharfinger.Finding]:
    found = await open_rows(session, outline)
    return [finding for finding in found if finding.level == "error"]


async def test_the_contacts_action_calls_its_columns_by_its_own_label(simulate):
    _, session = await simulate()
    outline = rows(
        action="send-contact-to-data-extension",
        properties={"keys": ("contactKey",), "values": ("Emial",)},
    )

    found = [(finding.subject, finding.code) for finding in await _errors(session, outline)]

    assert found == [
        ("Data Extension Primary Keys", "primary-key-unmapped"),
        ("Data Extension Primary Keys", "column-missing"),
        ("Contact Fields", "column-missing"),
    ]


async def test_a_data_extension_without_primary_key_takes_no_rows(simulate):
    _, session = await simulate()
    outline = rows(constants={"key": "log"}, properties={"keys": ("Line",), "values": ("Line",)})

    (finding,) = await _errors(session, outline)

    assert finding.code == "no-primary-key"


async def test_a_column_with_a_default_need_not_be_mapped(simulate, tenant):
    for field in tenant["data_extensions"][0]["fields"]:
        field.pop("default", None)
    _, session = await simulate()

    found = await open_rows(session, ROWS)

    assert facts(found) == [("ok", ""), ("warning", "required-column-unmapped")]
    assert '"Colour" must not be empty and has no default value' in found[1].message


async def test_more_columns_than_sfmc_advises_are_a_warning(simulate, tenant):
    names = tuple(f"Column {number}" for number in range(50))
    tenant["data_extensions"][0]["fields"] += [{"name": name} for name in names]
    _, session = await simulate()

    findings = await open_rows(session, rows(properties={"values": ("Email", *names)}))

    assert facts(findings) == [("ok", ""), ("warning", "many-columns")]
    assert "52 columns" in findings[1].message


async def test_names_that_events_decide_are_left_to_the_rows(simulate):
    _, session = await simulate()
    outline = attrs.evolve(ROWS, properties={"keys": ("OrderId",)})

    (finding,) = await open_rows(session, outline)

    assert finding.level == "ok"
    assert finding.message.endswith("Events decide about others; those are checked row by row.")


async def test_names_written_as_a_literal_are_checked_like_others(simulate):
    _, session = await simulate()
    constants = {"key": "orders", "values": {"Totl": 1, "Email": "a@example.org"}}
    outline = rows(constants=constants, mapped=frozenset({"keys"}))

    (finding,) = await _errors(session, outline)

    assert (finding.code, finding.fix) == ("column-missing", 'Did you mean "Total"?')


@pytest.mark.parametrize("constants", [{}, {"id": "5b6f8f1a-0000-4f11-b859-48df37dc1382"}])
async def test_a_data_extension_that_events_decide_is_looked_at_later(
    paper_session, cloud, constants
):
    outline = attrs.evolve(ROWS, constants=constants, mapped=frozenset({"key"}))

    (finding,) = await open_rows(paper_session, outline)

    assert finding.level == "ok"
    assert "looked at when the first one comes" in finding.message
    assert cloud.lookups == []


async def test_a_missing_permission_is_told_once_for_all_mappings(paper_session):
    first = await open_rows(paper_session, ROWS)
    second = await open_rows(paper_session, rows(constants={"key": "others"}))

    assert facts(first) == [("warning", "columns-unreadable")]
    assert '"Data Extensions: Read"' in first[0].fix
    assert second == []


async def test_trouble_on_the_way_halts_nothing(paper_session, cloud):
    cloud.tells(lambda _: httpx.Response(500))

    findings = await open_rows(paper_session, ROWS)

    assert facts(findings) == [("warning", "columns-unread")]


async def test_an_event_definition_that_fits_is_told_so(simulate):
    _, session = await simulate()

    (finding,) = await open_event_definition(session, EVENT)

    assert finding.level == "ok"
    assert finding.subject == 'Event Definition Key "welcome"'
    assert finding.message == (
        'The event definition "Welcome Journey" is there. It defines 2 fields.'
    )


@pytest.mark.parametrize(
    ("key", "fix"),
    [
        ("welcom", 'Did you mean "welcome"?'),
        ("Welcome Journey", '"Welcome Journey" is its name. Did you mean the key "welcome"?'),
        ("nothing like it", "Copy the key from Journey Builder"),
    ],
)
async def test_an_event_definition_that_is_not_there_is_an_error(simulate, key, fix):
    _, session = await simulate()
    outline = attrs.evolve(EVENT, constants={"eventDefinitionKey": key})

    (finding,) = await open_event_definition(session, outline)

    assert (finding.level, finding.code) == ("error", "event-definition-not-found")
    assert finding.fix.startswith(fix)


async def test_mappings_that_share_an_event_definition_read_it_once(simulate):
    simulator, session = await simulate()

    await asyncio.gather(*(open_event_definition(session, EVENT) for _ in range(9)))

    paths = [request.path for request in simulator.requests if "Definitions" in request.path]
    assert paths == ["/interaction/v1/eventDefinitions/key:welcome"]


async def test_an_event_definition_that_only_the_list_knows_is_there(paper_session, cloud):
    pages = {
        "1": {"count": 51, "items": [{"eventDefinitionKey": str(n)} for n in range(50)]},
        "2": {"count": 51, "items": [{"eventDefinitionKey": "welcome", "name": "Welcome"}]},
    }

    def tell(request: httpx.Request) -> httpx.Response:
        page = request.url.params.get("$page")
        if page is None:
            return httpx.Response(400, json={"message": "{{template}}", "errorcode": 30000})
        return httpx.Response(200, json=pages[page])

    cloud.tells(tell)

    (finding,) = await open_event_definition(paper_session, EVENT)

    assert finding.level == "ok"
    assert len(cloud.lookups) == 3


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (("OrderId", "Totl"), ["event-field-unknown"]),
        (("OrderId", "total"), ["event-field-unknown"]),
        (("Total",), ["event-field-unmapped"]),
        ((), ["event-field-unmapped"]),
        (("orderid",), ["event-field-unknown"]),
    ],
)
async def test_event_data_that_does_not_fit_the_schema_is_a_warning(simulate, data, expected):
    _, session = await simulate()
    outline = attrs.evolve(EVENT, properties={"data": data})

    ok, *remarks = await open_event_definition(session, outline)

    assert ok.level == "ok"
    assert facts(remarks) == [("warning", code) for code in expected]


async def test_an_unknown_name_in_event_data_says_what_may_become_of_the_contact(simulate):
    _, session = await simulate()
    outline = attrs.evolve(EVENT, properties={"data": ("OrderId", "order_id")})

    _, remark = await open_event_definition(session, outline)

    assert "may drop its contact without a word" in remark.message
    assert remark.fix == 'Did you mean "OrderId"?'


async def test_data_that_events_decide_is_not_compared(simulate):
    _, session = await simulate()

    findings = await open_event_definition(session, attrs.evolve(EVENT, properties={}))

    assert facts(findings) == [("ok", "")]


async def test_a_mapping_without_event_data_lacks_what_the_schema_needs(simulate):
    _, session = await simulate()
    outline = attrs.evolve(EVENT, properties={}, mapped=frozenset({"contactKey"}))

    findings = await open_event_definition(session, outline)

    assert facts(findings) == [("ok", ""), ("warning", "event-field-unmapped")]


async def test_an_event_to_which_no_journey_listens_is_a_warning(simulate):
    _, session = await simulate()
    outline = attrs.evolve(EVENT, constants={"eventDefinitionKey": "unheard"})

    findings = await open_event_definition(session, outline)

    assert facts(findings) == [("ok", ""), ("warning", "no-journey-listens")]


async def test_an_event_definition_that_events_decide_is_looked_at_later(paper_session, cloud):
    outline = attrs.evolve(EVENT, constants={}, mapped=frozenset({"eventDefinitionKey"}))

    (finding,) = await open_event_definition(paper_session, outline)

    assert finding.level == "ok"
    assert cloud.lookups == []


async def test_event_definitions_that_must_not_be_read_are_told_once(paper_session):
    first = await open_event_definition(paper_session, EVENT)
    other = attrs.evolve(EVENT, constants={"eventDefinitionKey": "other"})
    second = await open_event_definition(paper_session, other)

    assert facts(first) == [("warning", "event-definitions-unreadable")]
    assert '"Journeys: Read"' in first[0].fix
    assert second == []


async def test_trouble_with_event_definitions_halts_nothing(simulate):
    fault = Fault(kind="server-error", path="/eventDefinitions")
    _, session = await simulate(faults=[fault])

    findings = await open_event_definition(session, EVENT)

    assert facts(findings) == [("warning", "event-definition-unread")]


@pytest.mark.parametrize(("look", "outline"), [(open_rows, ROWS), (open_event_definition, EVENT)])
async def test_refused_credentials_are_told_for_the_whole_connection(
    paper_session, cloud, look, outline
):
    cloud.answers_tokens(401, json={"error": "invalid_client"})

    with pytest.raises(wharfinger.CredentialsError):
        await look(paper_session, outline)
