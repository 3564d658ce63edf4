"""What stands before every page: which name it is asked by, who asks, and how a browser treats it.

A foreign page that is open in the same browser could send forms here or, by letting a name of its
own point to this machine, read what is shown. So a request must name a host that no stranger can
own, and a change must not come from another origin.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wharfinger_host.dashboard.access import COOKIE, Access

__all__ = ["HEADERS", "Guard", "host_of", "refusal"]

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not "no-referrer": a browser would then hide the origin of our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_READING: Final = ("GET", "HEAD")
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(:\d+)?", re.IGNORECASE)
_OF_A_PROXY: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_NOT_FOR_OTHERS: Final = (
    "A proxy asks for the dashboard on behalf of others, and it shows events of people. Start the "
    "server with --dashboard-token."
)
_FOR_EVERYBODY: Final = ("/sign-in", "/static/")


class Guard:
    """Lets requests through to pages, or not.

    What it lets through finds the name of its session in ``request.state.session``, ``""`` where
    nobody is signed in.

    Args:
        app: The pages.
        access: Knows who has signed in.
        names: Names, beside ``localhost`` and addresses, under which the pages may be asked for.
    """

    def __init__(self, app: ASGIApp, access: Access, names: Collection[str] = ()) -> None:
        self._app = app
        self._access = access
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        if why_not := refusal(scope["method"], headers, self._names):
            await PlainTextResponse(why_not, 403)(scope, receive, send_guarded)
            return
        if not self._access.has_token and any(name in headers for name in _OF_A_PROXY):
            await PlainTextResponse(_NOT_FOR_OTHERS, 403)(scope, receive, send_guarded)
            return
        session = _cookie(headers)
        session = session if self._access.is_session(session) else ""
        scope.setdefault("state", {})["session"] = session
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if self._access.has_token and not session and not path.startswith(_FOR_EVERYBODY):
            await _to_sign_in(scope)(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)


def refusal(method: str, headers: Mapping[str, str], names: Collection[str] = ()) -> str:
    """Return why a request is refused, or ``""``.

    Args:
        method: In capitals.
        headers: By lower-case name.
        names: Further names that are trusted, in lower case.
    """
    host = headers.get("host", "")
    if not _trusted(host, names):
        return (
            f"The dashboard shows itself under localhost or an address, not under {host!r}. If "
            "that name is yours, start the server with --dashboard-host."
        )
    if method in _READING:
        return ""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none") or (origin and origin.partition("://")[2] != host):
        return "Another page may not change anything here. Use the dashboard's own pages."
    return ""


def host_of(text: str) -> str:
    """Return the name in a ``Host`` header in lower case, without port; ``""`` where it is none."""
    found = _HOST.fullmatch(text)
    return found["name"].lower() if found else ""


def _trusted(host: str, names: Collection[str]) -> bool:
    """An address is no name that a stranger could let point here."""
    name = host_of(host)
    if name in ("localhost", *names) or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _cookie(headers: Mapping[str, str]) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookie[COOKIE].value if COOKIE in cookie else ""


def _to_sign_in(scope: Scope) -> Response:
    root = scope.get("root_path", "")
    if scope["method"] not in _READING:
        return PlainTextResponse("You are not signed in, so nothing was done. Sign in again.", 401)
    query = scope.get("query_string", b"").decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"{root}/sign-in?next={quote(wanted, safe='')}", 303)
