"""The workbench: an event, a mapping that is being edited, and what the one makes of the other."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import attrs
import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wharfinger_host.configuration import Selection, read_configuration
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.editing import EditError
from wharfinger_host.dashboard.explaining import Draft, Explained, explain, read_object
from wharfinger_host.dashboard.forms import must_be_signed_in, posted, posted_json
from wharfinger_host.dashboard.rendering import ROOT, fragment, page
from wharfinger_host.dashboard.saving import ChangedMeanwhileError, plan, save
from wharfinger_host.dashboard.words import action_of, choices, event_paths, words_of
from wharfinger_host.store.letters import show
from wharfinger_host.views.preview import body_shown, headers_shown

__all__ = ["routes"]

_TEXTS: Final = tuple(each.name for each in attrs.fields(Draft))
_SAMPLE: Final = {
    "type": "track",
    "event": "Order Completed",
    "userId": "u-17",
    "timestamp": "2026-03-01T12:00:00Z",
    "properties": {"order_id": "o-1", "total": 12.5},
}


def routes(desk: Desk) -> list[Route]:
    """Return where the pages are, and where their forms and their script lead."""
    pages = _Workbench(desk)
    return [
        Route("/workbench", pages.start, methods=["GET"]),
        Route("/workbench", pages.again, methods=["POST"]),
        Route("/workbench/explain", pages.explain, methods=["POST"]),
        Route("/workbench/choices", pages.choices, methods=["POST"]),
        Route("/workbench/difference", pages.difference, methods=["POST"]),
        Route("/workbench/save", pages.save, methods=["POST"]),
    ]


@attrs.frozen(eq=False)
class _Workbench:
    desk: Desk

    async def start(self, request: Request) -> Response:
        """Show a mapping as it stands in the configuration, with an event."""
        connection = request.query_params.get("connection", "")
        mapping = request.query_params.get("mapping", "")
        if not connection or not mapping:
            first = _first(self.desk.mappings())
            if first is None:
                return page(request, self.desk, "workbench_empty.html")
            connection, mapping = first
        event = await self._event(request)
        draft = await asyncio.to_thread(self._drafted, connection, mapping, event)
        saved = request.query_params.get("saved") == "yes"
        return await self._shown(request, draft, saved=saved)

    async def again(self, request: Request) -> Response:
        """Explain what a form brings, for browsers that run no script."""
        return await self._shown(request, _draft_of(await posted(request, self.desk.access)))

    async def explain(self, request: Request) -> Response:
        """Explain what the script of the page sends."""
        said = await posted_json(request, self.desk.access)
        draft = _draft_of(said)
        found = await self._explained(draft)
        event, _ = read_object(draft.event, "event")
        return _json(
            {
                "troubles": [attrs.asdict(trouble) for trouble in found.troubles],
                "paths": [attrs.asdict(word) for word in event_paths(event or {})],
                "html": fragment("explained.html", **_content(found)),
            }
        )

    async def choices(self, request: Request) -> Response:
        """Ask the tenant for the values of a field. Only whoever is signed in may let it."""
        must_be_signed_in(request, self.desk.access)
        said = await posted_json(request, self.desk.access)
        draft, field = _draft_of(said), str(said.get("field", ""))
        action = action_of(self.desk, draft.connection, draft.mapping)
        if action is None or field not in action.choices:
            raise HTTPException(404, "The tenant cannot be asked for this field.")
        fields, _ = read_object(draft.fields, "fields")
        answer = await choices(self.desk, draft.connection, action, field, fields or {})
        return _json(
            {
                "words": [
                    {"text": each.value, "about": each.label if each.label != each.value else ""}
                    for each in answer.choices.items
                ],
                "obstacle": answer.obstacle.message if answer.obstacle else "",
            }
        )

    async def difference(self, request: Request) -> Response:
        """Show what saving would change in the file."""
        must_be_signed_in(request, self.desk.access)
        draft = _draft_of(await posted(request, self.desk.access))
        return await self._difference(request, draft)

    async def save(self, request: Request) -> Response:
        """Write the file, and let the process read it."""
        must_be_signed_in(request, self.desk.access)
        form = await posted(request, self.desk.access)
        draft = _draft_of(form)
        try:
            await asyncio.to_thread(save, self.desk, draft, form.get("digest", ""))
        except ChangedMeanwhileError:
            text = "The file was changed meanwhile, so nothing was saved. This is the difference "
            return await self._difference(request, draft, f"{text}to the file as it is now.")
        except (EditError, OSError) as error:
            return await self._difference(request, draft, f"Nothing was saved: {error}")
        self.desk.reload()
        query = f"connection={draft.connection}&mapping={draft.mapping}&saved=yes"
        return RedirectResponse(f"{ROOT}/workbench?{query}", 303)

    async def _difference(self, request: Request, draft: Draft, problem: str = "") -> Response:
        change = None
        try:
            change = await asyncio.to_thread(plan, self.desk, draft)
        except (EditError, OSError, UnicodeDecodeError) as error:
            problem = problem or str(error)
        status = 409 if problem or (change and change.problems) else 200
        return page(
            request,
            self.desk,
            "difference.html",
            status,
            draft=draft,
            change=change,
            problem=problem,
        )

    async def _shown(self, request: Request, draft: Draft, *, saved: bool = False) -> Response:
        found = await self._explained(draft)
        action = action_of(self.desk, draft.connection, draft.mapping)
        event, _ = read_object(draft.event, "event")
        return page(
            request,
            self.desk,
            "workbench.html",
            draft=draft,
            saved=saved,
            action=action,
            mappings=self.desk.mappings(),
            words=words_of(self.desk, action),
            paths_json=[attrs.asdict(word) for word in event_paths(event or {})],
            **_content(found),
        )

    async def _explained(self, draft: Draft) -> Explained:
        async with self.desk.thinking:
            return await asyncio.to_thread(explain, self.desk, draft)

    async def _event(self, request: Request) -> bytes:
        """Return the event to begin with: that of a letter, or else the newest one."""
        letter = request.query_params.get("letter", "")
        if letter.isascii() and letter.isdigit():
            found = await self.desk.ask(show, min(int(letter), 2**62))
            if found is not None:
                return found.event
        row = await self.desk.ask(
            lambda db: db.execute("SELECT event FROM inbox ORDER BY seq DESC LIMIT 1").fetchone()
        )
        return bytes(row[0]) if row else orjson.dumps(_SAMPLE)

    def _drafted(self, connection: str, mapping: str, event: bytes) -> Draft:
        """Return a mapping of the configuration, with its fields out of their file, as a draft."""
        selection = Selection(connection=connection, mapping=mapping)
        try:
            configuration = read_configuration(self.desk.config, self.desk.plugins, selection)
            table = configuration.connections.get(connection, {})
        except OSError:
            table = {}
        mappings = table.get("mappings")
        found = mappings.get(mapping) if isinstance(mappings, dict) else None
        found = found if isinstance(found, dict) else {}
        return Draft(
            connection=connection,
            mapping=mapping,
            event=_indented(orjson.loads(event)),
            trigger=str(found.get("trigger", "")),
            fields=_indented(found.get("fields", {})),
        )


def _content(found: Explained) -> dict[str, Any]:
    """Return what the template of an explanation needs."""
    request = found.explanation.request if found.explanation else None
    body = body_shown(request) if request else ""
    return {
        "explained": found,
        "request_headers": headers_shown(request) if request else {},
        "request_body": body if isinstance(body, str) else _indented(body),
    }


def _draft_of(said: dict[str, Any]) -> Draft:
    texts = {name: said.get(name, "") for name in _TEXTS}
    return Draft(**{name: text if isinstance(text, str) else "" for name, text in texts.items()})


def _first(mappings: dict[str, list[str]]) -> tuple[str, str] | None:
    return next(((name, each) for name, found in mappings.items() for each in found), None)


def _indented(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def _json(value: dict[str, Any]) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
