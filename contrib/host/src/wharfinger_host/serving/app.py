"""The application: everything that is answered over HTTP."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from wharfinger_host.serving.health import health
from wharfinger_host.serving.intake import Intake
from wharfinger_host.serving.refusing import RequestRefused
from wharfinger_host.serving.tracking import refusal, tracking

__all__ = ["build_app"]


def build_app(intake: Intake, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the application.

    Args:
        intake: Takes the events in.
        routes: What else is to be answered, a mounted application for example. They stand behind
            the tracking paths, and web pages of other origins may not call them.
    """
    app = Starlette(
        routes=[tracking(intake), *health(intake.store), *routes],
        exception_handlers={404: _not_here, 405: _not_so},
    )
    app.router.redirect_slashes = False
    return app


async def _not_so(_request: Request, _error: Exception) -> Response:
    return refusal(RequestRefused(405, "wrong-method", "Send events with POST."))


async def _not_here(_request: Request, _error: Exception) -> Response:
    message = "There is nothing here. Events go to /v1/batch, /v1/track and so on."
    return refusal(RequestRefused(404, "no-such-path", message))
