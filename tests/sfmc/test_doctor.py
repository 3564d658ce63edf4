"""The examination of a connection: every fault of a tenant gives a finding of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

import wharfinger
from wharfinger_sfmc.account.doctor import DIAGNOSTICS
from wharfinger_sfmc_simulator import Fault, Simulator

PERMISSIONS, CLOCK = (diagnostic.check for diagnostic in DIAGNOSTICS)
ALL = 'type = "track"'
ROWS: dict[str, Any] = {
    "action": "send-event-to-data-extension",
    "trigger": ALL,
    "fields": {
        "key": "orders",
        "keys": {"OrderId": {"@path": "$.properties.id"}},
        "values": {"Email": {"@path": "$.properties.email"}, "Total": 1},
    },
}
EVENT: dict[str, Any] = {
    "action": "send-api-event",
    "trigger": ALL,
    "fields": {
        "eventDefinitionKey": "welcome",
        "data": {"OrderId": {"@path": "$.properties.id"}},
    },
}
CONTACT: dict[str, Any] = {"action": "create-contact"}


def outlines(*actions: str) -> list[wharfinger.Outline]:
    return [wharfinger.Outline(mapping=f"my {action}", action=action) for action in actions]


def granting(cloud, *scopes: str) -> None:
    cloud.answers_tokens(200, json={"access_token": "t" * 20, "scope": " ".join(scopes)})
    cloud.answers(json={"organization": {"id": 510001234}})


@pytest.mark.parametrize(
    ("action", "granted", "lacking"),
    [
        ("create-contact", ["data_extensions_write"], ['"List and Subscribers: Write"']),
        ("send-api-event", ["journeys_read"], ['"List and Subscribers: Read"']),
        ("send-api-event", [], ['"Journeys: Read"', '"List and Subscribers: Read"']),
        (
            "send-event-to-data-extension",
            ["data_extensions_read"],
            ['"Data Extensions: Write"'],
        ),
        (
            "send-rows-asynchronously",
            ["data_extensions_write"],
            ['"Data Extensions: Read"'],
        ),
    ],
)
async def test_a_missing_permission_is_named_with_the_mapping_that_needs_it(
    paper_session, cloud, action, granted, lacking
):
    granting(cloud, *granted)

    findings = await PERMISSIONS(paper_session, outlines(action))

    assert [finding.level for finding in findings] == ["error"] * len(lacking)
    for finding, permission in zip(findings, lacking, strict=True):
        assert permission in finding.message
        assert f'the mapping "my {action}"' in finding.message
        assert finding.fix.startswith(f"Tick {permission} in Setup")


@pytest.mark.parametrize(
    ("api", "level"), [("sync", "warning"), ("async", "error"), ("auto", "error")]
)
async def test_rows_that_are_queued_need_permission_to_read(paper_session, cloud, api, level):
    granting(cloud, "data_extensions_write")
    outline = wharfinger.Outline(
        mapping="rows", action="send-event-to-data-extension", constants={"api": api}
    )

    (finding,) = await PERMISSIONS(paper_session, [outline])

    assert finding.level == level
    assert '"Data Extensions: Read"' in finding.message


async def test_permissions_that_suffice_are_told(paper_session, cloud):
    granting(cloud, "data_extensions_read", "data_extensions_write", "offline")

    (finding,) = await PERMISSIONS(paper_session, outlines("send-contact-to-data-extension"))

    assert finding.level == "ok"
    assert '"Data Extensions: Write"' in finding.message


async def test_reading_is_only_advised_to_those_who_send_rows(paper_session, cloud):
    granting(cloud, "data_extensions_write")

    (finding,) = await PERMISSIONS(paper_session, outlines("send-event-to-data-extension"))

    assert (finding.level, finding.code) == ("warning", "permission-advised")
    assert '"Data Extensions: Read"' in finding.message


async def test_actions_of_other_plugins_need_nothing_of_ours(paper_session, cloud):
    granting(cloud)

    (finding,) = await PERMISSIONS(paper_session, outlines("somebody-elses"))

    assert finding.level == "ok"


async def test_a_token_that_does_not_tell_its_scopes_is_a_warning(paper_session, cloud):
    cloud.answers(json={"organization": {"id": 510001234}})

    (finding,) = await PERMISSIONS(paper_session, outlines("create-contact"))

    assert (finding.level, finding.code) == ("warning", "permissions-unknown")
    assert '"List and Subscribers: Write"' in finding.fix


@pytest.mark.parametrize(
    ("ahead_s", "level", "words"),
    [
        (0, "ok", "agree"),
        (-30, "ok", "agree"),
        (200, "warning", "ahead of"),
        (-200, "warning", "behind"),
        (3600, "error", "ahead of"),
        (-3600, "error", "behind"),
    ],
)
async def test_a_clock_that_is_wrong_is_found(paper_session, cloud, ahead_s, level, words):
    theirs = datetime.now(UTC) - timedelta(seconds=ahead_s)
    cloud.answers(headers={"Date": format_datetime(theirs, usegmt=True)}, json={})

    (finding,) = await CLOCK(paper_session, [])

    assert finding.level == level
    assert words in finding.message
    assert bool(finding.fix) is (level != "ok")


@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
async def test_a_reply_without_a_time_leaves_the_clock_open(paper_session, cloud, headers):
    cloud.answers(headers=headers, json={})

    (finding,) = await CLOCK(paper_session, [])

    assert (finding.level, finding.code) == ("warning", "clock-unknown")


@pytest.fixture
def diagnose(plugins, raw_settings, tenant):
    """Open a connection to a simulated tenant and examine it."""

    async def diagnose(
        mappings: Any = None, faults: Any = (), **settings: Any
    ) -> list[wharfinger.Finding]:
        simulator = Simulator.from_mapping(tenant, faults=faults)
        config = {
            "destination": "salesforce-marketing-cloud",
            "settings": {**raw_settings, **settings},
            "mappings": mappings or {"rows": ROWS, "event": EVENT, "contact": CONTACT},
        }
        async with plugins.connect(config, transport=Dated(simulator)) as connection:
            findings: list[wharfinger.Finding] = await connection.diagnose()
        return findings

    return diagnose


class Dated(httpx.AsyncBaseTransport):
    """A simulated tenant behind a gateway that dates its replies, as every web server does."""

    def __init__(self, simulator: Simulator) -> None:
        self._inner = simulator.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        response.headers["Date"] = format_datetime(datetime.now(UTC), usegmt=True)
        return response


def troubles(findings: list[wharfinger.Finding]) -> list[tuple[str, str, str]]:
    return [(f.level, f.code, f.mapping) for f in findings if f.level != "ok"]


async def test_a_healthy_connection_has_only_good_findings(diagnose):
    findings = await diagnose()

    assert troubles(findings) == []
    assert [finding.subject for finding in findings] == [
        "Credentials",
        "Business unit",
        'Data Extension Key "orders"',
        'Event Definition Key "welcome"',
        "Permissions",
        "Clock",
    ]


def without_scope(scope: str):
    def change(tenant: dict[str, Any]) -> None:
        every = ["data_extensions_read", "data_extensions_write", "journeys_read"]
        every += ["list_and_subscribers_read", "list_and_subscribers_write"]
        tenant["clients"][0]["scopes"] = [each for each in every if each != scope]

    return change


def renamed_column(tenant: dict[str, Any]) -> None:
    tenant["data_extensions"][0]["fields"][2]["name"] = "Sum"


def other_primary_key(tenant: dict[str, Any]) -> None:
    fields = tenant["data_extensions"][0]["fields"]
    fields[0]["primary_key"], fields[1]["primary_key"] = False, True


def without_primary_key(tenant: dict[str, Any]) -> None:
    tenant["data_extensions"][0]["fields"][0]["primary_key"] = False


def new_required_column(tenant: dict[str, Any]) -> None:
    tenant["data_extensions"][0]["fields"].append({"name": "Shop", "nullable": False})


def other_key(tenant: dict[str, Any]) -> None:
    tenant["data_extensions"][0]["key"] = "orders_2030"


def other_event_key(tenant: dict[str, Any]) -> None:
    tenant["event_definitions"][0]["key"] = "welcome-2030"


def unpublished(tenant: dict[str, Any]) -> None:
    tenant["event_definitions"][0]["published"] = False


def renamed_event_field(tenant: dict[str, Any]) -> None:
    tenant["event_definitions"][0]["fields"][0] = {"name": "Order Id"}


FAULTS: list[tuple[Any, list[tuple[str, str, str]]]] = [
    (other_key, [("error", "data-extension-not-found", "rows")]),
    (renamed_column, [("error", "column-missing", "rows")]),
    (
        other_primary_key,
        [("error", "not-a-primary-key", "rows"), ("error", "primary-key-unmapped", "rows")],
    ),
    (without_primary_key, [("error", "no-primary-key", "rows")]),
    (new_required_column, [("warning", "required-column-unmapped", "rows")]),
    (other_event_key, [("error", "event-definition-not-found", "event")]),
    (unpublished, [("warning", "no-journey-listens", "event")]),
    (renamed_event_field, [("warning", "event-field-unknown", "event")]),
    (without_scope("data_extensions_write"), [("error", "permission-missing", "")]),
    (without_scope("list_and_subscribers_read"), [("error", "permission-missing", "")]),
    (without_scope("list_and_subscribers_write"), [("error", "permission-missing", "")]),
    (
        without_scope("journeys_read"),
        [("warning", "event-definitions-unreadable", "event"), ("error", "permission-missing", "")],
    ),
    (
        without_scope("data_extensions_read"),
        [("warning", "columns-unreadable", "rows"), ("warning", "permission-advised", "")],
    ),
]


@pytest.mark.parametrize(("change", "expected"), FAULTS)
async def test_each_fault_of_a_tenant_has_a_finding_with_its_fix(
    diagnose, tenant, change, expected
):
    change(tenant)

    findings = await diagnose()

    assert troubles(findings) == expected
    assert all(finding.fix for finding in findings if finding.level != "ok")


async def test_refused_credentials_are_told_and_nothing_else_pretends_to_be_fine(diagnose):
    findings = await diagnose(client_secret="wrong")

    assert {finding.level for finding in findings} == {"error"}
    assert all("Client Secret" in f"{finding.message} {finding.fix}" for finding in findings)


async def test_a_subdomain_of_another_shape_is_a_warning(diagnose, tenant):
    tenant["tenant"]["subdomain"] = "short"

    findings = await diagnose(subdomain="short")

    assert [(f.level, f.subject) for f in findings if f.level != "ok"] == [("warning", "Subdomain")]


async def test_a_tenant_that_answers_nothing_is_told_at_each_check(diagnose):
    findings = await diagnose(faults=[Fault(kind="drop", times=None)])

    assert findings
    assert "ok" not in {finding.level for finding in findings}


async def test_nothing_is_read_twice_for_an_examination(plugins, raw_settings, tenant):
    simulator = Simulator.from_mapping(tenant)
    config = {
        "destination": "salesforce-marketing-cloud",
        "settings": raw_settings,
        "mappings": {"rows": ROWS, "again": ROWS},
    }
    async with plugins.connect(config, transport=simulator.transport()) as connection:
        await connection.diagnose()

    paths = [request.path for request in simulator.requests if "customobjects" in request.path]
    assert len(paths) == len(set(paths)) == 2
