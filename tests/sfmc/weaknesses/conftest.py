from __future__ import annotations

from typing import Any

import pytest
from tests.sfmc.weaknesses.tenant import ACCOUNT, ACTIONS, ALL, FIELDS, SUBDOMAIN, TENANT

import wharfinger
from wharfinger_sfmc_simulator import Simulator


@pytest.fixture
def simulate():
    return lambda **options: Simulator.from_mapping(TENANT, **options)


@pytest.fixture
def connect_to(plugins):
    """Connect mappings by name to a simulator; a name may bring fields and an action of its own."""

    def connect_to(
        simulator: Simulator,
        *names: str,
        attempts: int = 5,
        observers: Any = (),
        route: str | None = None,
        **changes: Any,
    ) -> wharfinger.Connection:
        mappings: dict[str, dict[str, Any]] = {
            name: {"action": ACTIONS[name], "trigger": ALL, "fields": FIELDS[name]}
            for name in names
        }
        for name, change in changes.items():
            fields = {**mappings[name]["fields"], **change.get("fields", {})}
            mappings[name] = {**mappings[name], **change, "fields": fields}
        source = (
            wharfinger.load_plugins(allow=["salesforce-marketing-cloud"], extra=observers)
            if observers
            else plugins
        )
        connection: wharfinger.Connection = source.connect(
            {
                "destination": "salesforce-marketing-cloud",
                "settings": {
                    "account_id": str(ACCOUNT),
                    "client_id": "client",
                    "client_secret": "sample-secret",
                    "subdomain": SUBDOMAIN,
                },
                "mappings": mappings,
                "retry": {"attempts": attempts},
                **({"route": route} if route else {}),
            },
            transport=None if route else simulator.transport(),
        )
        return connection

    return connect_to
