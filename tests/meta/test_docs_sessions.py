"""What the pages have people type, typed against the simulator, shows what the pages show."""

from __future__ import annotations

import json
import re

import pytest
from tests.meta.pages import DOCS, ROOT, texts
from tests.meta.terminal import SECRET, SETTINGS

from wharfinger_sfmc_simulator import Fault


def routed(text: str, address: str) -> str:
    """Send the requests of a page's configuration to the simulator."""
    head = '[connections.shop]\ndestination = "salesforce-marketing-cloud"\n'
    assert head in text
    return text.replace(head, f'{head}route = "{address}"\n')


def test_the_page_on_rows_shows_what_is_shown(terminal, sfmc_address):
    page = "docs/how-to/send-rows.md"
    (toml,), (lines,) = texts(page, "toml"), texts(page, "json")
    (terminal.folder / "shop.toml").write_text(routed(toml, sfmc_address))
    (terminal.folder / "orders.jsonl").write_text(lines)
    assert terminal.play(page) == 1


def test_the_page_on_journeys_shows_what_is_shown(terminal, sfmc, sfmc_address):
    page = "docs/how-to/send-journey-events.md"
    (toml,) = texts(page, "toml")
    (terminal.folder / "shop.toml").write_text(routed(toml, sfmc_address))
    (terminal.folder / "events.jsonl").write_bytes((DOCS / "tutorial/events.jsonl").read_bytes())
    sfmc.inject(Fault(kind="commit-then-drop", path="/interaction/v1/events"))
    terminal.skipped = ("jq",)
    assert terminal.play(page) == 1


DEMO = ROOT / "contrib/host/src/wharfinger_host/demo"


def test_the_page_that_explains_shows_what_is_shown(terminal):
    demo = (DEMO / "demo.toml").read_text().replace("[connections.demo", "[connections.acme")
    for other in ("FirstName", "LifetimeValue", "SignedUpAt"):
        demo, found = re.subn(rf"^values\.{other} = .*\n", "", demo, flags=re.MULTILINE)
        assert found == 1
    (terminal.folder / "wharfinger.toml").write_text(demo)
    (terminal.folder / "client-secret.txt").write_text("secret")
    (terminal.folder / "event.json").write_text(
        '{"type": "identify", "userId": "c-1", "traits": {"email": "Ann@Example.org"}}'
    )
    assert terminal.play("docs/how-to/explain-an-event.md") == 1


VISIT = (
    '{{"type": "track", "event": "Store Visited", "userId": "c-{0:04}", "timestamp": '
    '"2026-03-01T10:00:00Z", "properties": {{"store": "{1}", "spent": {0}.5, '
    '"receipt": "{0:032}"}}}}\n'
)
ORDER = (
    '{{"type": "track", "event": "Order Completed", "userId": "c-{0:04}", "properties": '
    '{{"order_id": "o-{0}", "total": {0}.5}}}}\n'
)
ORDERS = """
[connections.shop.mappings.orders]
action = "send-event-to-data-extension"
trigger = 'type = "track" and event = "Order Completed"'

[connections.shop.mappings.orders.fields]
key = "orders"
keys.OrderId = { "@path" = "$.properties.order_id" }
values.SubscriberKey = { "@path" = "$.userId" }
values.Totl = { "@path" = "$.properties.total" }
"""


@pytest.mark.sfmc(switches={"search_lag_s": 0})  # the page says that it takes some seconds
def test_the_page_on_making_data_extensions_shows_what_is_shown(terminal, sfmc_address):
    page = "docs/how-to/create-a-data-extension.md"
    (toml,) = texts(page, "toml")
    (terminal.folder / "shop.toml").write_text(
        SETTINGS.format(address=sfmc_address) + ORDERS + toml
    )
    visits = [
        VISIT.format(number, "Berlin Alexanderpl"[: 6 + number % 13]) for number in range(400)
    ]
    visits += [ORDER.format(number) for number in range(100)]
    (terminal.folder / "visits.jsonl").write_text("".join(visits))
    terminal.added = {"wharfinger apply": "--yes"}
    assert terminal.play(page) == 4


def test_the_page_of_the_doctor_shows_what_is_shown(terminal, sfmc, sfmc_address):
    page = "docs/how-to/check-a-tenant.md"
    visits = """
[connections.shop.mappings.store-visits]
action = "send-event-to-data-extension"
trigger = 'type = "track" and event = "Store Visited"'
fields = { key = "store_visits", keys = { Store = "Berlin" }, values = { Spent = 5 } }
"""
    shop = SETTINGS.format(address=sfmc_address) + ORDERS + visits
    (terminal.folder / "shop.toml").write_text(shop)
    assert terminal.play(page) == 1
    without_permission, without_signing_in = texts(page, "console")[1:]
    reader = shop.replace("sampleclient000000000001", "readerclient000000000002")
    (terminal.folder / "shop.toml").write_text(reader)
    terminal.environment.setenv("SFMC_CLIENT_SECRET", "readersecret000000000002")
    terminal.shows("wharfinger doctor shop.toml", without_permission)
    terminal.environment.setenv("SFMC_CLIENT_SECRET", "wrong")
    terminal.shows("wharfinger doctor shop.toml", without_signing_in)


def test_the_page_on_audiences_shows_what_is_shown(terminal, sfmc_address):
    page = "docs/how-to/audiences-and-computed-traits.md"
    (lines,) = texts(page, "json")
    shop = SETTINGS.format(address="x").replace('route = "x"\n', "")
    (terminal.folder / "shop.toml").write_text(f"# Our shop.\n\n{shop}")
    (terminal.folder / "events.jsonl").write_text(lines)
    audience, rest = texts(page, "console")
    assert terminal.type(audience) == 1
    written = routed((terminal.folder / "shop.toml").read_text(), sfmc_address)
    # The sample tenant's table of people has another primary key, and no such column.
    named = written.replace(
        "values.IsVip", 'keys = { SubscriberKey = "$.userId" }\nvalues.IsActive'
    )
    (terminal.folder / "shop.toml").write_text(named)
    assert terminal.type(rest) == 3


def test_the_page_on_durable_hosts_shows_what_is_shown(terminal, sfmc, sfmc_address):
    page = "docs/how-to/run-a-durable-host.md"
    inbox = texts(page, "toml")[1]
    mappings = ORDERS.replace("Totl", "Total")
    (terminal.folder / "shop.toml").write_text(
        inbox + SETTINGS.format(address=sfmc_address) + mappings
    )
    good = ORDER.format(1).replace("c-0001", "u-17").replace("{", '{"messageId": "4f1c0a", ', 1)
    bad = [ORDER.format(number).replace(f"{number}.5", '"a lot"') for number in range(2, 20)]
    (terminal.folder / "events.jsonl").write_text(good + "".join(bad))
    terminal.replaced |= {"12,000 events": "19 events", "12,000 rows": "19 rows"}
    terminal.added = {"wharfinger run": "--once", "wharfinger dead-letters replay": "--yes"}
    assert terminal.play(page) == 8


def test_the_page_on_contacts_shows_what_is_shown(terminal, sfmc, sfmc_address):
    page = "docs/how-to/create-contacts.md"
    (toml,), (lines,) = texts(page, "toml"), texts(page, "json")
    (terminal.folder / "shop.toml").write_text(SETTINGS.format(address=sfmc_address) + toml)
    (terminal.folder / "people.jsonl").write_text(lines)
    assert terminal.play(page) == 2
    assert "c-1" in sfmc.contacts


# Data extensions as the pages on profiles and primary keys have them are those of the demo.
demo_tenant = pytest.mark.sfmc(tenant=str(DEMO / "tenant.toml"))
DEMO_ACCOUNT = {
    "510000001": "510001234",
    "sampleclient000000000001": "demo-client-id",
    "mcshop-and-loyalty-sample-00": "mcdemo0wharfinger0tenant0000",
}


def demo_settings(address, environment):
    environment.setenv("SFMC_CLIENT_SECRET", "demo-client-secret")
    settings = SETTINGS.format(address=address)
    for ours, demo in DEMO_ACCOUNT.items():
        settings = settings.replace(ours, demo)
    return settings


@demo_tenant
def test_the_page_on_profiles_shows_what_is_shown(terminal, sfmc, sfmc_address):
    page = "docs/how-to/send-profiles.md"
    (profiles, _), (lines,) = texts(page, "toml"), texts(page, "json")
    settings = demo_settings(sfmc_address, terminal.environment)
    (terminal.folder / "shop.toml").write_text(settings + profiles)
    (terminal.folder / "people.jsonl").write_text(lines)
    assert terminal.play(page) == 1
    (row,) = sfmc.rows("customers")
    assert (row["firstname"], row["email"]) == ("Ann", "ann@example.org")
    assert row["lifetimevalue"] == "120.50"
    assert len([request for request in sfmc.requests if "rowset" in request.path]) == 1


@demo_tenant
def test_the_page_on_primary_keys_shows_what_is_shown(terminal, sfmc, sfmc_address):
    page = "docs/how-to/choose-primary-keys.md"
    (toml,), (lines,) = texts(page, "toml"), texts(page, "json")
    settings = demo_settings(sfmc_address, terminal.environment)
    (terminal.folder / "shop.toml").write_text(settings + toml)
    (terminal.folder / "visits.jsonl").write_text(lines)
    assert terminal.play(page) == 1
    rows = [
        (row["contactkey"], row["storelocation"], row["spent"]) for row in sfmc.rows("store_visits")
    ]
    shown = re.findall(
        r"^\| (\w+) \| (\w+) \| 2026-03-\d\d \| ([\d.]+) \|$",
        (ROOT / page).read_text(),
        re.MULTILINE,
    )
    assert sorted(rows) == shown


@demo_tenant
def test_the_page_on_batches_shows_what_is_shown(terminal, sfmc_address):
    page = "docs/how-to/batch.md"
    (toml,) = texts(page, "toml")
    settings = demo_settings(sfmc_address, terminal.environment)
    (terminal.folder / "shop.toml").write_text(settings + toml)
    visits = [VISIT.format(number, "Berlin") for number in range(45)]
    (terminal.folder / "visits.jsonl").write_text("".join(visits))
    journey = (
        '\n[connections.shop.mappings.orders]\naction = "send-api-event"\nbatch = { rows = 10 }\n'
    )
    fields = 'trigger = "event"\nfields = { eventDefinitionKey = "APIEvent-order-completed" }\n'
    (terminal.folder / "refused.toml").write_text(settings + journey + fields)
    preview, refused = texts(page, "console")
    assert terminal.type(preview) == 1
    with pytest.raises(AssertionError, match="Send API Event cannot be batched"):
        terminal.type(refused)  # it is a mistake in the configuration


def test_the_page_that_grants_access_shows_what_is_shown(terminal, sfmc_address):
    (shown,) = texts("docs/how-to/grant-access.md", "console")
    shop = SETTINGS.format(address=sfmc_address) + ORDERS.replace("Totl", "Total")
    reader = shop.replace("sampleclient000000000001", "readerclient000000000002")
    (terminal.folder / "shop.toml").write_text(reader)
    terminal.environment.setenv("SFMC_CLIENT_SECRET", "readersecret000000000002")
    assert terminal.type(shown) == 1


def test_the_page_on_finding_values_shows_what_is_shown(terminal, sfmc_address):
    shop = SETTINGS.format(address=sfmc_address) + ORDERS.replace("Totl", "Total")
    (terminal.folder / "shop.toml").write_text(shop)
    assert terminal.play("docs/how-to/find-your-values.md") == 3


def test_the_commands_of_the_tutorial_work_in_their_order(terminal, sfmc, sfmc_address):
    for name in ("first.toml", "events.jsonl"):
        text = (DOCS / "tutorial" / name).read_text()
        (terminal.folder / name).write_text(text.replace("http://127.0.0.1:8025", sfmc_address))
    # What starts the simulator, and what asks it without us, is done by this test.
    terminal.skipped = ("make", ". .venv", "wharfinger-sfmc-simulator", "curl")
    assert terminal.play("docs/tutorial/first-delivery.md") == 4
    assert len(sfmc.rows("orders")) == 1


def test_what_the_tutorial_breaks_is_told_with_what_to_do(terminal, sfmc_address):
    first = (DOCS / "tutorial/first.toml").read_text()
    first = first.replace("http://127.0.0.1:8025", sfmc_address)
    event = (DOCS / "tutorial/events.jsonl").read_text()
    without, found = re.subn(r'"order_id": "[^"]+", ', "", event)
    assert found == 1
    (terminal.folder / "events.jsonl").write_text(without)
    (terminal.folder / "first.toml").write_text(first)
    terminal.environment.setenv("SFMC_CLIENT_SECRET", SECRET)
    terminal.shows("wharfinger send first.toml events.jsonl", "...\nrejected: 1\n...")
    undelivered = json.loads((terminal.folder / "events.undelivered.jsonl").read_text())
    assert undelivered["message"] == (
        "Data Extension Primary Keys must have 1 entry or more, but it has 0. The mapping reads "
        "keys.OrderId from $.properties.order_id, where this event has nothing."
    )
    (terminal.folder / "first.toml").write_text(first.replace('key = "orders"', 'key = "ordrs"'))
    terminal.shows("wharfinger send first.toml events.jsonl", '...\nDid you mean "orders"?\n...')


def test_the_page_on_connecting_a_tenant_works_in_its_order(terminal, sfmc, sfmc_address):
    page = "docs/how-to/connect-a-tenant.md"
    (toml,) = texts(page, "toml")
    account = {
        "510001234": "510000001",
        "0example0client0id000000": "sampleclient000000000001",
        "mcexample0subdomain000000000": "mcshop-and-loyalty-sample-00",
    }
    for fictional, sample in account.items():
        assert fictional in toml
        toml = toml.replace(fictional, sample)
    # The sample tenant's orders must name their contact.
    toml += 'values.SubscriberKey = { "@path" = "$.userId" }\n'
    (terminal.folder / "shop.toml").write_text(routed(toml, sfmc_address))
    (terminal.folder / "events.jsonl").write_bytes((DOCS / "tutorial/events.jsonl").read_bytes())
    terminal.replaced["SECRET=..."] = f"SECRET={SECRET}"
    assert terminal.play(page) == 5
    assert len(sfmc.rows("orders")) == 1


def test_the_page_on_debugging_plugins_is_typed(terminal):
    assert terminal.play("docs/how-to/debug-plugins.md") == 4


SEGMENT = [
    {
        "data": {
            "destination": {
                "id": "d0",
                "name": "Shop",
                "enabled": True,
                "metadata": {
                    "slug": "actions-sfmc",
                    "name": "Salesforce Marketing Cloud (Actions)",
                    "actions": [{"id": "a0", "slug": "dataExtension"}],
                },
                "settings": {
                    "account_id": "510000001",
                    "client_id": "sampleclient000000000001",
                    "client_secret": "not to be copied",
                    "subdomain": "mcshop-and-loyalty-sample-00",
                },
            }
        }
    },
    {
        "data": {
            "subscriptions": [
                {
                    "id": "s0",
                    "name": "Orders",
                    "actionId": "a0",
                    "actionSlug": "dataExtension",
                    "destinationId": "d0",
                    "enabled": True,
                    "trigger": 'type = "track" and event = "Order Completed"',
                    "settings": {
                        "key": "orders",
                        "keys": {"OrderId": {"@path": "$.properties.order_id"}},
                        "values": {"SubscriberKey": {"@path": "$.userId"}},
                    },
                }
            ]
        }
    },
]


def test_the_page_on_moving_from_segment_works_in_its_order(terminal, sfmc, sfmc_address):
    page = "docs/how-to/move-from-segment.md"
    fetching, importing, checking = texts(page, "console")
    assert fetching.endswith("> segment.json\n")  # curl and jq are not ours
    (terminal.folder / "segment.json").write_text(json.dumps(SEGMENT))
    event = (DOCS / "tutorial/events.jsonl").read_bytes()
    (terminal.folder / "captured.jsonl").write_bytes(event)
    assert terminal.type(importing) == 1
    written = (terminal.folder / "shop.toml").read_text()
    assert "not to be copied" not in written
    (terminal.folder / "shop.toml").write_text(routed(written, sfmc_address))
    terminal.replaced["SECRET=..."] = f"SECRET={SECRET}"
    assert terminal.type(checking) == 3
    assert [request.path for request in sfmc.requests if "/token" in request.path]
    terminal.shows("wharfinger send shop.toml captured.jsonl", "...\norders 1\n...")
    assert len(sfmc.rows("orders")) == 1
