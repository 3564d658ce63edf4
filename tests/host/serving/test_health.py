"""Whether the process lives, and whether it can take events."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from wharfinger_host.serving import health as module
from wharfinger_host.serving.app import build_app
from wharfinger_host.serving.health import health
from wharfinger_host.store.errors import StoreError


def test_it_lives_and_is_ready(served: Any) -> None:
    for path, status in (("/health", "alive"), ("/ready", "ready")):
        reply = httpx.get(f"{served.url}{path}")
        assert (reply.status_code, reply.json()) == (200, {"status": status})


@pytest.fixture
def probed(served: Any, monkeypatch: Any) -> Any:
    """A store whose disk can be broken, a clock that can be turned, and how often it was asked."""

    class Probed:
        broken = False
        now_s = 0.0
        writes = 0

    def touch(*_: Any) -> None:
        Probed.writes += 1
        if Probed.broken:
            raise StoreError("The disk is full.")

    monkeypatch.setattr(module, "_touch", touch)
    app = Starlette(routes=health(served.intake.store, clock=lambda: Probed.now_s))
    Probed.client = httpx.AsyncClient(  # type: ignore[attr-defined]  # a class made for this
        transport=httpx.ASGITransport(app), base_url="http://host.example"
    )
    return Probed


async def test_it_is_not_ready_where_the_inbox_cannot_be_written(probed: Any) -> None:
    probed.broken = True
    reply = await probed.client.get("/ready")
    assert (reply.status_code, reply.json()["status"]) == (503, "not-ready")
    assert (await probed.client.get("/health")).status_code == 200
    probed.broken, probed.now_s = False, 1.0
    assert (await probed.client.get("/ready")).status_code == 200


async def test_the_disk_is_not_asked_for_everybody_who_asks(probed: Any) -> None:
    for _ in range(20):
        assert (await probed.client.get("/ready")).status_code == 200
    assert probed.writes == 1


async def test_other_things_can_be_mounted_beside_the_tracking_paths(served: Any) -> None:
    async def page(_: Any) -> PlainTextResponse:
        return PlainTextResponse("a page")

    app = build_app(served.intake, [Route("/dashboard", page)])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://host.example") as client:
        assert (await client.get("/dashboard")).text == "a page"
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/nothing")).status_code == 404
