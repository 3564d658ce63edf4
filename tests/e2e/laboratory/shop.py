"""The tenant and the configuration every experiment works with, and the laboratory's view of both.

What a mapping takes and what it makes of an event is written here a second time, in plain Python:
nothing of the software under test tells the laboratory what to expect.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import attrs

__all__ = ["CONFIGURATION", "MAPPINGS", "NORTH_ROWS", "TENANT", "Event", "Mapping", "write_shop"]

Event = dict[str, Any]
Kind = Literal["rows", "once", "again"]

NORTH_ROWS: Final = "/key:members/"
"""In the path of every request that carries rows of the connection ``north``."""

TENANT: Final = """
[tenant]
subdomain = "mclab0wharfinger00tenant0000"
eid = 510000001

[[accounts]]
id = 510000001

[[accounts]]
id = 510000002

[[clients]]
id = "shop-client"
secret = "shop-secret"
account = 510000001

# North may not read data extensions: there the vendor is the first to see a bad value.
[[clients]]
id = "north-client"
secret = "north-secret"
account = 510000002
scopes = ["data_extensions_write", "journeys_read", "list_and_subscribers_read"]

[[data_extensions]]
key = "profiles"
fields = [
  { name = "contactKey", type = "Text", length = 40, primary_key = true },
  { name = "Name", type = "Text", length = 40 },
  { name = "Level", type = "Number" },
  { name = "Spent", type = "Decimal", length = 12, scale = 2 },
  { name = "Vip", type = "Boolean" },
  { name = "Note", type = "Text", length = 40 },
]

[[data_extensions]]
key = "views"
fields = [
  { name = "ContactKey", type = "Text", length = 40, primary_key = true },
  { name = "Item", type = "Text", length = 20, primary_key = true },
  { name = "Times", type = "Number" },
  { name = "Label", type = "Text", length = 40 },
]

[[data_extensions]]
key = "members"
account = 510000002
fields = [
  { name = "contactKey", type = "Text", length = 40, primary_key = true },
  { name = "Name", type = "Text", length = 40 },
  { name = "Level", type = "Number" },
]

[[event_definitions]]
key = "APIEvent-orders"
fields = [
  { name = "EventId", type = "Text", length = 40, nullable = false },
  { name = "Number", type = "Number" },
  { name = "Amount", type = "Decimal", length = 12, scale = 2 },
]

[[event_definitions]]
key = "APIEvent-pings"
fields = [
  { name = "EventId", type = "Text", length = 40, nullable = false },
  { name = "Number", type = "Number" },
]

[[event_definitions]]
key = "APIEvent-greetings"
fields = [
  { name = "EventId", type = "Text", length = 40, nullable = false },
  { name = "Number", type = "Number" },
]

[[event_definitions]]
key = "APIEvent-north"
account = 510000002
fields = [
  { name = "EventId", type = "Text", length = 40, nullable = false },
  { name = "Number", type = "Number" },
]
"""

_CONNECTION: Final = """
[connections.{name}]
destination = "salesforce-marketing-cloud"
route = "{address}"
retry = {{ attempts = 5, wait_initial_s = 0.05, wait_max_s = 1.0 }}
circuit = {{ failures = 10, open_s = 0.5, open_max_s = 2.0 }}
timeouts = {{ connect_s = 5.0, read_s = 10.0 }}

[connections.{name}.settings]
account_id = "{account}"
client_id = "{name}-client"
client_secret = "{name}-secret"
subdomain = "mclab0wharfinger00tenant0000"
"""

_MAPPINGS: Final = """
[connections.shop.mappings.profiles]
action = "send-contact-to-data-extension"
trigger = 'type = "identify"'
[connections.shop.mappings.profiles.fields]
key = "profiles"
values.Name = { "@path" = "$.traits.name" }
values.Level = { "@path" = "$.traits.level" }
values.Spent = { "@path" = "$.traits.spent" }
values.Vip = { "@path" = "$.traits.vip" }
values.Note = { "@path" = "$.traits.note" }

[connections.shop.mappings.views]
action = "send-event-to-data-extension"
trigger = 'type = "track" and event = "Item Viewed"'
[connections.shop.mappings.views.fields]
key = "views"
keys.ContactKey = { "@path" = "$.userId" }
keys.Item = { "@path" = "$.properties.item" }
values.Times = { "@path" = "$.properties.times" }
values.Label = { "@path" = "$.properties.label" }

[connections.shop.mappings.orders]
action = "send-api-event"
trigger = 'type = "track" and event = "Order Completed"'
[connections.shop.mappings.orders.fields]
eventDefinitionKey = "APIEvent-orders"
data.EventId = { "@path" = "$.messageId" }
data.Number = { "@path" = "$.properties.number" }
data.Amount = { "@path" = "$.properties.amount" }

[connections.shop.mappings.pings]
action = "send-api-event"
trigger = 'type = "track" and event = "Pinged"'
[connections.shop.mappings.pings.fields]
eventDefinitionKey = "APIEvent-pings"
delivery = "at-least-once"
data.EventId = { "@path" = "$.messageId" }
data.Number = { "@path" = "$.properties.number" }

# It takes some of the events that profiles takes as well, and is much slower.
[connections.shop.mappings.greetings]
action = "send-api-event"
trigger = 'type = "identify" and traits.greet = true'
[connections.shop.mappings.greetings.fields]
eventDefinitionKey = "APIEvent-greetings"
data.EventId = { "@path" = "$.messageId" }
data.Number = { "@path" = "$.traits.number" }

[connections.north.mappings.members]
action = "send-contact-to-data-extension"
trigger = 'type = "identify"'
[connections.north.mappings.members.fields]
key = "members"
values.Name = { "@path" = "$.traits.name" }
values.Level = { "@path" = "$.traits.level" }

[connections.north.mappings.north-orders]
action = "send-api-event"
trigger = 'type = "track" and event = "Order Completed"'
[connections.north.mappings.north-orders.fields]
eventDefinitionKey = "APIEvent-north"
data.EventId = { "@path" = "$.messageId" }
data.Number = { "@path" = "$.properties.number" }
"""

CONFIGURATION: Final = (
    '[inbox]\nfile = "{inbox}"\n'
    + _CONNECTION.replace("{name}", "shop").replace("{account}", "510000001")
    + _CONNECTION.replace("{name}", "north").replace("{account}", "510000002")
)


@attrs.frozen
class Mapping:
    """What the laboratory knows of one mapping.

    Attributes:
        connection: Name of its connection.
        name: Its own name.
        kind: Rows; a journey event that is sent at most ``once``; one that may be sent ``again``.
        target: External key of the data extension, or key of the event definition.
        account: MID it works in.
        takes: Tells whether it takes an event.
        keys: Columns of the primary key, each with how to read it from an event.
        values: The other columns, likewise.
    """

    connection: str
    name: str
    kind: Kind
    target: str
    account: str
    takes: Callable[[Event], bool]
    keys: dict[str, Callable[[Event], Any]] = attrs.field(factory=dict)
    values: dict[str, Callable[[Event], Any]] = attrs.field(factory=dict)

    @property
    def place(self) -> tuple[str, str]:
        """Connection and name, by which outcomes name it."""
        return self.connection, self.name


ABSENT: Final = object()
"""What the lack of a value is."""


def _trait(name: str) -> Callable[[Event], Any]:
    return lambda event: event.get("traits", {}).get(name, ABSENT)


def _property(name: str) -> Callable[[Event], Any]:
    return lambda event: event.get("properties", {}).get(name, ABSENT)


def _tracks(name: str) -> Callable[[Event], bool]:
    return lambda event: event["type"] == "track" and event["event"] == name


def _identifies(event: Event) -> bool:
    return bool(event["type"] == "identify")


def _user(event: Event) -> Any:
    return event["userId"]


_SHOP, _NORTH = "510000001", "510000002"

MAPPINGS: Final = (
    Mapping(
        "shop",
        "profiles",
        "rows",
        "profiles",
        _SHOP,
        _identifies,
        {"contactkey": _user},
        {name: _trait(name) for name in ("name", "level", "spent", "vip", "note")},
    ),
    Mapping(
        "shop",
        "views",
        "rows",
        "views",
        _SHOP,
        _tracks("Item Viewed"),
        {"contactkey": _user, "item": _property("item")},
        {name: _property(name) for name in ("times", "label")},
    ),
    Mapping(
        "north",
        "members",
        "rows",
        "members",
        _NORTH,
        _identifies,
        {"contactkey": _user},
        {name: _trait(name) for name in ("name", "level")},
    ),
    Mapping("shop", "orders", "once", "APIEvent-orders", _SHOP, _tracks("Order Completed")),
    Mapping(
        "shop",
        "greetings",
        "once",
        "APIEvent-greetings",
        _SHOP,
        lambda event: _identifies(event) and event["traits"]["greet"],
    ),
    Mapping("shop", "pings", "again", "APIEvent-pings", _SHOP, _tracks("Pinged")),
    Mapping("north", "north-orders", "once", "APIEvent-north", _NORTH, _tracks("Order Completed")),
)


def write_shop(folder: Path, address: str, inbox: str = "inbox.db") -> Path:
    """Write the configuration, and return its path.

    Args:
        folder: Where to.
        address: Where the simulator listens.
        inbox: The file of the inbox, seen from the folder.
    """
    config = folder / "shop.toml"
    head = CONFIGURATION.replace("{address}", address).replace("{inbox}", inbox)
    config.write_text(head.replace("{{", "{").replace("}}", "}") + _MAPPINGS, "utf-8")
    return config
