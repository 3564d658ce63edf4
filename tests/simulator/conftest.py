"""A simulated tenant, a clock that stands still, and clients that are signed in."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from wharfinger_sfmc_simulator import Simulator, StandingClock

SUBDOMAIN = "mctest-tenant-00000000000000"
ACCOUNT, OTHER_ACCOUNT = 510000001, 510000002

SignIn = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def tenant() -> dict[str, Any]:
    """A tenant as its TOML file would hold it; tests change it before they simulate it."""
    return {
        "tenant": {"subdomain": SUBDOMAIN, "eid": 510000000},
        "accounts": [{"id": ACCOUNT, "name": "Shop"}, {"id": OTHER_ACCOUNT}],
        "clients": [
            {"id": "client", "secret": "open", "account": ACCOUNT, "accounts": [OTHER_ACCOUNT]},
        ],
        "data_extensions": [
            {
                "key": "people",
                "id": "5b6f8f1a-0000-4f11-b859-48df37dc1382",
                "name": "People",
                "fields": [
                    {"name": "Email", "type": "EmailAddress", "primary_key": True},
                    {"name": "FirstName", "type": "Text", "length": 10},
                    {"name": "Phone", "type": "Phone"},
                    {"name": "IsActive", "type": "Boolean"},
                    {"name": "LastLogin", "type": "Date"},
                    {"name": "Visits", "type": "Number"},
                    {"name": "Spent", "type": "Decimal", "length": 10, "scale": 2},
                ],
            },
            {
                "key": "lines",
                "fields": [
                    {"name": "OrderId", "type": "Text", "length": 20, "primary_key": True},
                    {"name": "Line", "type": "Number", "primary_key": True},
                    {"name": "Product", "type": "Text", "nullable": False},
                    {"name": "Colour", "type": "Text", "default": "blue"},
                ],
            },
            {
                "key": "a/b #1 & c",
                "fields": [
                    {"name": "Id", "type": "Text", "length": 20, "primary_key": True},
                    {"name": "Note", "type": "Text"},
                ],
            },
            {"key": "log", "fields": [{"name": "Line", "type": "Text"}], "rows": [{"Line": "x"}]},
            {
                "key": "members",
                "account": OTHER_ACCOUNT,
                "fields": [
                    {"name": "Id", "type": "Number", "primary_key": True},
                    {"name": "Level", "type": "Text"},
                ],
            },
        ],
        "event_definitions": [
            {
                "key": "APIEvent-order",
                "fields": [
                    {"name": "OrderId", "type": "Text", "length": 10, "nullable": False},
                    {"name": "Amount", "type": "Decimal"},
                ],
            },
            {"key": "APIEvent-hello"},
            {"key": "APIEvent-paused", "published": False},
        ],
        "contacts": [{"key": "c-old"}, {"key": "c-gone", "active": False}],
    }


@pytest.fixture
def simulate(tenant, clock) -> Callable[..., Simulator]:
    """Give a simulator of the tenant, with the switches that are named."""

    def simulate(**switches: Any) -> Simulator:
        return Simulator.from_mapping(tenant, switches=switches, clock=clock)

    return simulate


@pytest.fixture
def simulator(simulate: Callable[..., Simulator]) -> Simulator:
    return simulate()


@pytest.fixture
def host() -> Callable[[str], str]:
    """Give the address of one of the tenant's hosts: auth, rest or soap."""
    return lambda service: f"https://{SUBDOMAIN}.{service}.marketingcloudapis.com"


@pytest.fixture
async def sign_in(host) -> AsyncIterator[SignIn]:
    """Give a client of a simulator's REST host that carries a fresh token."""
    async with AsyncExitStack() as stack:

        async def sign_in(simulator: Simulator, **fields: Any) -> httpx.AsyncClient:
            client = httpx.AsyncClient(transport=simulator.transport(), base_url=host("rest"))
            await stack.enter_async_context(client)
            form = {
                "grant_type": "client_credentials",
                "client_id": "client",
                "client_secret": "open",
                **fields,
            }
            reply = await client.post(f"{host('auth')}/v2/token", json=form)
            client.headers["Authorization"] = (
                f"Bearer {reply.raise_for_status().json()['access_token']}"
            )
            return client

        yield sign_in


@pytest.fixture
async def client(simulator, sign_in) -> httpx.AsyncClient:
    """A client that is signed in with every scope."""
    signed_in: httpx.AsyncClient = await sign_in(simulator)
    return signed_in


@pytest.fixture
def anonymous(simulator, host) -> httpx.AsyncClient:
    """A client of the REST host without a token."""
    return httpx.AsyncClient(transport=simulator.transport(), base_url=host("rest"))
