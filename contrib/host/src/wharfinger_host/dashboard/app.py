"""All pages, behind their guard, under one path."""

from __future__ import annotations

from collections.abc import Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from wharfinger_host.dashboard import letters, overview, signing_in, tracing, workbench
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.guard import Guard
from wharfinger_host.dashboard.rendering import ROOT, page, static
from wharfinger_host.store.errors import StoreError

__all__ = ["dashboard"]


def dashboard(desk: Desk, names: Collection[str] = ()) -> list[BaseRoute]:
    """Return the routes of the dashboard, to be put beside others.

    Args:
        desk: What the pages are made of.
        names: Names, beside ``localhost`` and addresses, under which it may be asked for.
    """

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 503
        message = error.detail if isinstance(error, HTTPException) else str(error)
        if status == 404 and message == "Not Found":  # noqa: PLR2004  # the status of that
            message = "There is nothing at this address."
        return page(request, desk, "refused.html", status, message=message, number=status)

    app = Starlette(
        routes=[
            Route("/static/{name}", static, methods=["GET"]),
            *signing_in.routes(desk),
            *letters.routes(desk),
            *tracing.routes(desk),
            *workbench.routes(desk),
            *overview.routes(desk),
        ],
        exception_handlers={HTTPException: refused, StoreError: refused},
    )
    return [
        Route("/", _to_the_dashboard, methods=["GET"]),
        Route(ROOT, _to_the_dashboard, methods=["GET"]),
        Mount(ROOT, Guard(app, desk.access, names)),
    ]


async def _to_the_dashboard(_request: Request) -> Response:
    return RedirectResponse(f"{ROOT}/")
