"""Signing in with the token, and out again."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wharfinger_host.dashboard.access import COOKIE, SESSION_S, TooManyTriesError
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.forms import posted
from wharfinger_host.dashboard.rendering import ROOT, page

__all__ = ["routes"]


def routes(desk: Desk) -> list[Route]:
    """Return where the form is, and where it leads."""

    async def ask(request: Request) -> Response:
        wanted = request.query_params.get("next", "")
        if request.state.session:
            return RedirectResponse(_within(wanted), 303)
        return page(request, desk, "sign_in.html", wanted=wanted, problem="")

    async def sign_in(request: Request) -> Response:
        form = await posted(request, desk.access)
        wanted = form.get("next", "")
        try:
            session = desk.access.sign_in(form.get("token", ""))
            status, problem = 403, "This is not the token the dashboard was started with."
        except TooManyTriesError:
            session = None
            status, problem = 429, "Too many wrong tokens were given. Wait a minute."
        if session is None:
            return page(request, desk, "sign_in.html", status, wanted=wanted, problem=problem)
        response = RedirectResponse(_within(wanted), 303)
        response.set_cookie(
            COOKIE,
            session,
            max_age=SESSION_S,
            path=ROOT,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    async def sign_out(request: Request) -> Response:
        await posted(request, desk.access)
        desk.access.sign_out(request.state.session)
        response = RedirectResponse(f"{ROOT}/", 303)
        response.delete_cookie(COOKIE, path=ROOT)
        return response

    return [
        Route("/sign-in", ask, methods=["GET"]),
        Route("/sign-in", sign_in, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
    ]


def _within(wanted: str) -> str:
    """Return where to go on, which is a page of ours whatever an address says."""
    parts = urlsplit(wanted)
    is_ours = not parts.scheme and not parts.netloc and parts.path.startswith(f"{ROOT}/")
    return wanted if is_ours and wanted.isprintable() and "\\" not in wanted else f"{ROOT}/"
