"""Dead letters: by cause, of one cause, and one whole; and replaying them after a look at it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import wharfinger
from wharfinger_host.configuration import Remark, connect, read_configuration
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.forms import must_be_signed_in, posted
from wharfinger_host.dashboard.rendering import ROOT, page
from wharfinger_host.store.letters import Filter, causes, count, find, show
from wharfinger_host.terminal import plural
from wharfinger_host.views.replay import WORDS, Plan
from wharfinger_host.working.replay import Replay

__all__ = ["routes"]

_ON_A_PAGE: Final = 50
_MOST_ID: Final = 2**62
_TEXTS: Final = ("connection", "mapping", "status", "code", "contact", "message_id")


def routes(desk: Desk) -> list[Route]:
    """Return where the pages are, and where their forms lead."""
    pages = _Letters(desk)
    return [
        Route("/letters", pages.listed, methods=["GET"]),
        Route("/letters/replay", pages.plan, methods=["GET"]),
        Route("/letters/replay", pages.replay, methods=["POST"]),
        Route("/letters/{number:int}", pages.one, methods=["GET"]),
        Route("/replays/{number:int}", pages.begun, methods=["GET"]),
    ]


@attrs.frozen(eq=False)
class _Letters:
    desk: Desk

    async def listed(self, request: Request) -> Response:
        """Show causes and, where some are asked for, letters one by one."""
        wanted = _filter(request.query_params)
        groups = await self.desk.ask(causes, wanted)
        after = _number(request.query_params.get("after", "")) or 0
        found = []
        if wanted != Filter():
            found = await self.desk.ask(find, wanted, _ON_A_PAGE + 1, after=after)
        more = found[_ON_A_PAGE - 1].id if len(found) > _ON_A_PAGE else None
        return page(
            request,
            self.desk,
            "letters.html",
            groups=groups,
            letters=found[:_ON_A_PAGE],
            total=sum(group.count for group in groups),
            wanted=_said(wanted),
            after=after,
            more=more,
            link=_link,
        )

    async def one(self, request: Request) -> Response:
        """Show one letter whole."""
        letter = await self.desk.ask(show, min(request.path_params["number"], _MOST_ID))
        if letter is None:
            raise HTTPException(404, "There is no such dead letter; it may have been delivered.")
        return page(request, self.desk, "letter.html", letter=letter, link=_link)

    async def plan(self, request: Request) -> Response:
        """Show what a replay would do; nothing is sent."""
        wanted = _filter(request.query_params)
        unknown = request.query_params.get("unknown") == "yes"
        connections, problems = await asyncio.to_thread(self._connections)
        # What comes in from now on is not what was looked at.
        wanted = attrs.evolve(wanted, until_ms=wanted.until_ms or self.desk.store.now_ms() + 1)
        work = self._replay(connections, wanted, unknown=unknown)
        plan = Plan() if problems else await asyncio.to_thread(lambda: Plan.of(work.judgements()))
        return page(
            request,
            self.desk,
            "replay.html",
            plan=plan,
            problems=problems,
            wanted=_said(wanted),
            unknown=unknown,
            words=WORDS,
            link=_link,
        )

    async def replay(self, request: Request) -> Response:
        """Begin a replay."""
        must_be_signed_in(request, self.desk.access)
        form = await posted(request, self.desk.access)
        wanted, unknown = _filter(form), form.get("unknown") == "yes"
        connections, problems = await asyncio.to_thread(self._connections)
        if problems:
            raise HTTPException(409, "The configuration has problems, so nothing was sent.")
        letters = await self.desk.ask(count, wanted)
        work = self._replay(connections, wanted, unknown=unknown)
        title = f"{plural(letters, 'dead letter')}{_words(wanted)}"
        begun = self.desk.replays.begin(work, title, self.desk.store.now_ms())
        return RedirectResponse(f"{ROOT}/replays/{begun.number}", 303)

    async def begun(self, request: Request) -> Response:
        """Show how far a replay has come."""
        begun = self.desk.replays.get(request.path_params["number"])
        if begun is None:
            raise HTTPException(404, "This process knows of no such replay.")
        return page(request, self.desk, "replaying.html", begun=begun)

    def _replay(
        self, connections: Mapping[str, wharfinger.Connection], wanted: Filter, *, unknown: bool
    ) -> Replay:
        return Replay(
            store=self.desk.store,
            connections=connections,
            wanted=wanted,
            unknown=unknown,
            clock=self.desk.clock,
        )

    def _connections(self) -> tuple[dict[str, wharfinger.Connection], list[Remark]]:
        """Make the connections of the configuration as it is now, or say what is wrong with it."""
        try:
            configuration = read_configuration(self.desk.config, self.desk.plugins)
        except OSError as error:
            message = f"cannot be read: {error.strerror or error}."
            return {}, [Remark(self.desk.config, 1, (), message)]
        connections = connect(configuration, self.desk.plugins)
        return connections, configuration.problems


def _filter(given: Mapping[str, str]) -> Filter:
    """Return which letters an address or a form means; what cannot be a number means none."""
    texts: dict[str, Any] = {name: given.get(name, "") for name in _TEXTS}
    ids = tuple(
        number if number is not None else 0
        for text in filter(None, given.get("ids", "").split(","))
        for number in [_number(text)]
    )
    return Filter(ids=ids, until_ms=_number(given.get("until_ms", "")), **texts)


def _number(text: str) -> int | None:
    return min(int(text), _MOST_ID) if text.isascii() and text.isdigit() else None


def _said(wanted: Filter) -> dict[str, str]:
    """Return what a filter says, as an address and a form say it."""
    said = {name: str(getattr(wanted, name)) for name in _TEXTS if getattr(wanted, name)}
    if wanted.ids:
        said["ids"] = ",".join(map(str, wanted.ids))
    if wanted.until_ms is not None:
        said["until_ms"] = str(wanted.until_ms)
    return said


def _words(wanted: Filter) -> str:
    where = ".".join(filter(None, (wanted.connection, wanted.mapping)))
    parts = [f" of {where}"] * bool(where) + [f" ({wanted.code})"] * bool(wanted.code)
    return "".join(parts)


def _link(path: str, said: Mapping[str, str], **more: object) -> str:
    """Return an address with what is not empty of these in its query."""
    query = {name: value for name, value in {**said, **more}.items() if value not in ("", None)}
    return f"{ROOT}{path}" + (f"?{urlencode(query)}" if query else "")
