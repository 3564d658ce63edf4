"""Making pages out of templates. Whatever comes from outside is shown as text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import jinja2
import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from wharfinger import UNSET
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.forms import PROOF
from wharfinger_host.moments import time_text
from wharfinger_host.terminal import plural, printable

__all__ = ["ROOT", "fragment", "page", "static", "value_text"]

ROOT: Final = "/dashboard"
_PACKAGE: Final = "wharfinger_host.dashboard"
_MOST_SHOWN: Final = 100_000
_LONGEST_VALUE: Final = 300
_TYPES: Final = {
    "style.css": "text/css",
    "script.js": "text/javascript",
    "completion.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_PAGES: Final = (
    ("Overview", "/"),
    ("Dead letters", "/letters"),
    ("Trace", "/trace"),
    ("Workbench", "/workbench"),
)


def page(
    request: Request, desk: Desk, template: str, status: int = 200, **content: Any
) -> HTMLResponse:
    """Return a page.

    Args:
        request: What is answered.
        desk: Knows who may change something.
        template: Name of its file.
        status: Of the reply.
        content: What the template needs.
    """
    session = request.state.session

    def proof(path: str) -> str:
        return desk.access.proof(session, f"{ROOT}{path}")

    return HTMLResponse(
        fragment(
            template,
            root=ROOT,
            here=request.url.path.removeprefix(ROOT),
            query=request.query_params,
            pages=_PAGES,
            config=desk.config.name,
            now_ms=desk.store.now_ms(),
            has_token=desk.access.has_token,
            signed_in=bool(session),
            may_change=bool(session),
            proof=proof,
            proof_name=PROOF,
            **content,
        ),
        status,
    )


def fragment(template: str, **content: Any) -> str:
    """Return a template filled in."""
    return _environment().get_template(template).render(**content)


async def static(request: Request) -> Response:
    """Give the style sheet, the scripts or the icon."""
    name = request.path_params["name"]
    if name not in _TYPES:
        return Response("There is nothing here.", 404, media_type="text/plain")
    content = resources.files(_PACKAGE).joinpath("static", name).read_bytes()
    return Response(content, media_type=_TYPES[name])


def value_text(value: Any, longest: int = _LONGEST_VALUE) -> str:
    """Write a value as JSON, short; what is not there is ``nothing``."""
    if value is UNSET:
        return "nothing"
    try:
        text = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, ValueError):
        text = repr(value)
    return printable(text if len(text) <= longest else f"{text[:longest]}…")


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "clock": _clock,
        "compact": _compact,
        "count": lambda number: f"{number:,}",
        "duration": _duration,
        "indented": _indented,
        "json": lambda value: orjson.dumps(value).decode(),
        "moment": time_text,
        "plural": plural,
        "shown": lambda text: printable(str(text)),
        "share": _share,
        "value": value_text,
    }
    return made


def _clock(milliseconds: int, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).strftime(pattern)


def _compact(number: int) -> str:
    """Return a round number for an axis: ``"200 k"``."""
    for unit, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit and number % unit == 0:
            return f"{number // unit} {sign}"
    return f"{number:,}"


def _duration(seconds: float) -> str:
    """Return about how long something takes: ``"2 h 5 min"``."""
    minutes = round(seconds / 60)
    if seconds < 60:  # noqa: PLR2004  # a minute
        return f"{max(1, round(seconds))} s"
    if minutes < 60:  # noqa: PLR2004  # an hour
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _share(share: float | None) -> str:
    if share is None:
        return "none"
    return f"{share:.0%}" if share in (0, 1) else f"{max(0.1, min(99.9, share * 100)):.1f}%"


def _indented(data: bytes | Mapping[str, Any] | list[Any] | None) -> str:
    """Return JSON on several lines; what is far too long is cut."""
    if data is None:
        return ""
    value = orjson.loads(data) if isinstance(data, bytes) else data
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
    cut = f"\n… cut: {len(text):,} characters" if len(text) > _MOST_SHOWN else ""
    return printable(text[:_MOST_SHOWN]) + cut
