"""Who may look into a simulator: browsers are kept from being used against it.

The simulator asks for no password. A foreign page that is open in the same browser could send forms
to it, or, by letting a name of its own point to this machine, read what it shows. So a call must
name a host that no stranger can own, and a change must not come from another origin.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from wharfinger_sfmc_simulator.asgi import AsgiApp, Receive, Scope, Send

__all__ = ["guarded", "refusal", "with_name"]

_NAME = "wharfinger_sfmc_simulator.name"
_READING = ("GET", "HEAD")
_VENDOR = ".marketingcloudapis.com"
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(:\d+)?", re.IGNORECASE)


def guarded(app: "AsgiApp") -> "AsgiApp":
    """Return the application behind the guard."""

    async def guard(scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "http":
            headers = {
                name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
            }
            why_not = refusal(scope["method"], headers, scope.get("state", {}).get(_NAME, ""))
            if why_not:
                await PlainTextResponse(why_not, 403)(scope, receive, send)
                return
        await app(scope, receive, send)

    return guard


def with_name(app: "AsgiApp", name: str) -> "AsgiApp":
    """Return the application, told the name of the address it is served at."""

    async def named(scope: "Scope", receive: "Receive", send: "Send") -> None:
        scope.setdefault("state", {})[_NAME] = name
        await app(scope, receive, send)

    return named


def refusal(method: str, headers: Mapping[str, str], name: str = "") -> str:
    """Return why a call is refused, or an empty text.

    Args:
        method: In capitals.
        headers: By lower-case name.
        name: The name the simulator was started with.
    """
    host = headers.get("host", "")
    if not _trusted(host, name):
        return (
            f"The simulator shows itself under localhost, an address or the name it was started "
            f"with, not under {host!r}. Use one of these."
        )
    origin = headers.get("origin")
    if method in _READING or origin is None or origin.partition("://")[2] == host:
        return ""
    return f"A page of {origin!r} may not change the simulator. Use the simulator's own page."


def _trusted(host: str, name: str) -> bool:
    """An address is no name that a stranger could let point here; nor is one of the vendor's."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    asked = found["name"].lower()
    if asked in ("localhost", name.lower()) or asked.endswith((".localhost", _VENDOR)):
        return True
    try:
        ipaddress.ip_address(asked.strip("[]"))
    except ValueError:
        return False
    return True
