"""The first page, and the page of one connection."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wharfinger_host.dashboard.chart import HEIGHT, WIDTH, draw
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.history import STATUSES, WINDOWS, History, outcomes_by_mapping
from wharfinger_host.dashboard.rendering import page
from wharfinger_host.dashboard.standing import standings
from wharfinger_host.store.letters import Filter, causes
from wharfinger_host.store.minutes import minutes_since

__all__ = ["routes"]


def routes(desk: Desk) -> list[Route]:
    """Return where the pages are."""

    async def overview(request: Request) -> Response:
        found = await standings(desk)
        letters = await desk.ask(causes, Filter())
        return page(
            request,
            desk,
            "overview.html",
            standings=found,
            routes=desk.routes(),
            letters=sum(group.count for group in letters),
            counts=desk.counts,
            **await _history(desk, request),
        )

    async def connection(request: Request) -> Response:
        name = request.path_params["name"]
        found = next((each for each in await standings(desk) if each.name == name), None)
        if found is None:
            raise HTTPException(404, f'The inbox keeps nothing for a connection "{name}".')
        letters = await desk.ask(causes, Filter(connection=name))
        return page(
            request,
            desk,
            "connection.html",
            standing=found,
            routes=desk.routes(),
            letters=sum(group.count for group in letters),
            **await _history(desk, request, name),
        )

    return [Route("/", overview), Route("/connections/{name:path}", connection)]


async def _history(desk: Desk, request: Request, connection: str = "") -> dict[str, Any]:
    """Return what a chart is drawn from, and the counts by mapping of the same time."""
    window = WINDOWS.get(request.query_params.get("window", ""), WINDOWS["1h"])
    now_ms = desk.store.now_ms()
    tallied = await desk.ask(minutes_since, window.since_ms(now_ms), window.step_minutes)
    tallied = [each for each in tallied if connection in ("", each.connection)]
    history = History.of(window, tallied, now_ms)
    return {
        "history": history,
        "chart": draw(history),
        "chart_size": (WIDTH, HEIGHT),
        "statuses": STATUSES,
        "windows": WINDOWS.values(),
        "outcomes": outcomes_by_mapping(tallied),
    }
