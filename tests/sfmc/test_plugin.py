"""What the plugin gives, as hosts see it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

import wharfinger
import wharfinger_sfmc

SLUG = "salesforce-marketing-cloud"


def facts_of(payload: type) -> dict[str, tuple[str, str, bool]]:
    return {
        field.name: (field.label, field.kind.value, field.required is True)
        for field in wharfinger.fields_of(payload)
    }


def test_it_is_found_by_its_entry_point_and_gives_what_a_destination_needs(plugins):
    (status,) = [plugin for plugin in plugins.report.plugins if plugin.name == SLUG]

    assert status.state == "loaded", status.reason
    assert status.provides == (
        f"destination {SLUG}",
        f"action {SLUG}/create-contact",
        f"action {SLUG}/send-api-event",
        f"action {SLUG}/send-api-events-in-batches",
        f"action {SLUG}/send-event-to-data-extension",
        f"action {SLUG}/send-contact-to-data-extension",
        f"action {SLUG}/send-rows-asynchronously",
        f"check {SLUG}: Permissions",
        f"check {SLUG}: Clock",
    )


def test_it_may_talk_to_the_tenants_three_hosts_only(plugins):
    destination = plugins.destination(SLUG)

    assert destination.title == "Salesforce Marketing Cloud"
    assert destination.hosts == (
        "*.auth.marketingcloudapis.com",
        "*.rest.marketingcloudapis.com",
        "*.soap.marketingcloudapis.com",
    )
    assert destination.limits.mappings == 50


def test_business_units_of_one_subdomain_are_one_tenant(plugins, settings):
    tenant = plugins.destination(SLUG).tenant

    other = attrs.evolve(settings, account_id="999", subdomain=settings.subdomain.upper())
    assert tenant(other) == tenant(settings)
    assert tenant(attrs.evolve(settings, subdomain="mc-elsewhere")) != tenant(settings)


def test_the_settings_are_those_of_the_contract(plugins):
    assert facts_of(plugins.settings(SLUG).schema) == {
        "account_id": ("Account ID", "string", True),
        "client_id": ("Client ID", "string", True),
        "client_secret": ("Client Secret", "string", True),
        "subdomain": ("Subdomain", "string", True),
    }
    secrets = [f.name for f in wharfinger.fields_of(plugins.settings(SLUG).schema) if f.secret]
    assert secrets == ["client_secret"]


DATA_EXTENSION = {
    "key": ("Data Extension Key", "string", False),
    "id": ("Data Extension ID", "string", False),
    "keys": ("Data Extension Primary Keys", "object", True),
    "nulls": ("Null Values", "string", False),
    "empties": ("Empty Texts", "string", False),
    "deadline_s": ("Job Deadline", "integer", False),
    "batch_size": ("Batch Size", "integer", False),
}
CHOSEN = {
    "api": ("API", "string", False),
    "enable_batching": ("Batch data to SFMC", "boolean", False),
}


@attrs.frozen
class Contract:
    slug: str
    title: str
    alias: str
    trigger: str
    effect: str
    fields: dict[str, tuple[str, str, bool]]


CONTRACTS = [
    Contract(
        "create-contact",
        "Create Contact",
        "contact",
        'type = "identify"',
        "idempotent",
        {"contactKey": ("Contact Key", "string", True)},
    ),
    Contract(
        "send-api-event",
        "Send API Event",
        "apiEvent",
        "",
        "once",
        {
            "eventDefinitionKey": ("Event Definition Key", "string", True),
            "contactKey": ("Contact Key", "string", True),
            "data": ("Event Data", "object", False),
            "delivery": ("Delivery", "string", False),
        },
    ),
    Contract(
        "send-event-to-data-extension",
        "Send Event to Data Extension",
        "dataExtension",
        "",
        "idempotent",
        {**DATA_EXTENSION, **CHOSEN, "values": ("Data Extension Fields", "object", True)},
    ),
    Contract(
        "send-contact-to-data-extension",
        "Send Contact to Data Extension",
        "contactDataExtension",
        'type = "identify"',
        "idempotent",
        {**DATA_EXTENSION, **CHOSEN, "values": ("Contact Fields", "object", True)},
    ),
    Contract(
        "send-rows-asynchronously",
        "Send Rows Asynchronously",
        "asyncDataExtension",
        "",
        "idempotent",
        {**DATA_EXTENSION, "values": ("Data Extension Fields", "object", True)},
    ),
]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.slug)
def test_an_action_is_that_of_the_contract(plugins, contract):
    action = plugins.actions(SLUG)[contract.slug]

    assert action.title == contract.title
    assert contract.alias in action.aliases
    assert action.default_trigger == contract.trigger
    assert action.effect.value == contract.effect
    assert facts_of(action.payload) == contract.fields
    assert plugins.action(SLUG, contract.alias) is action


def test_contacts_and_single_events_are_not_batched(plugins):
    policies = {slug: plugins.batching(a, None) for slug, a in plugins.actions(SLUG).items()}

    assert isinstance(policies["create-contact"], wharfinger.Unbatched)
    assert isinstance(policies["send-api-event"], wharfinger.Unbatched)


@pytest.mark.parametrize("slug", ["send-event-to-data-extension", "send-contact-to-data-extension"])
@pytest.mark.parametrize(
    ("api", "rows", "lanes"), [("sync", 50, 2), ("async", 2500, 1), ("auto", 2500, 1)]
)
def test_the_chosen_interface_decides_how_rows_travel(plugins, slug, api, rows, lanes):
    policy = plugins.batching(plugins.actions(SLUG)[slug], None, {"api": api})

    assert (policy.rows, policy.lanes) == (rows, lanes)
    assert policy.bytes < 5_000_000


def test_asynchronous_rows_travel_in_jobs(plugins):
    policy = plugins.batching(plugins.actions(SLUG)["send-rows-asynchronously"], None)

    assert (policy.rows, policy.lanes) == (2500, 1)
    assert policy.bytes < 5_000_000


def test_it_has_no_say_in_other_plugins_actions(plugins):
    action = attrs.evolve(plugins.actions(SLUG)["create-contact"], slug="something-else")

    assert wharfinger_sfmc.wharfinger_batching(action, {}) is None


def test_fifty_mappings_are_allowed_and_one_more_is_refused(connect):
    mapping = {"action": "create-contact"}

    connect(mappings={f"m{number}": mapping for number in range(50)})
    with pytest.raises(wharfinger.ConfigurationError, match="50"):
        connect(mappings={f"m{number}": mapping for number in range(51)})


@pytest.mark.parametrize("action", ["create-contact", "send-api-event"])
def test_batching_is_refused_with_the_reason_where_it_does_not_exist(connect, action):
    fields = {"eventDefinitionKey": "e"} if action == "send-api-event" else {}

    with pytest.raises(wharfinger.ConfigurationError, match="per request") as caught:
        connect(action, {**fields, "enable_batching": True}, trigger="type = 'track'")

    assert "Batch data to SFMC" in str(caught.value)


def test_importing_the_plugin_imports_no_heavy_module_of_ours():
    program = (
        "import wharfinger, sys; before = set(sys.modules); import wharfinger_sfmc;"
        "print(sorted(set(sys.modules) - before))"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout.strip() == "['wharfinger_sfmc']"


def test_its_modules_use_the_public_face_of_core_only():
    for path in Path(wharfinger_sfmc.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("wharfinger."), path
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("wharfinger.") for alias in node.names), path
