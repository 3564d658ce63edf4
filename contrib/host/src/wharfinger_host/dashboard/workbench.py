"""The workbench: an event, a mapping that is being edited, and what the one makes of the other."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlencode

import attrs
import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wharfinger_host.configuration import Selection, read_configuration
from wharfinger_host.dashboard.beginning import Beginning, event_of, fields_of_new
from wharfinger_host.dashboard.desk import Desk
from wharfinger_host.dashboard.editing import EditError
from wharfinger_host.dashboard.explaining import Draft, Explained, explain, read_object
from wharfinger_host.dashboard.forms import must_be_signed_in, posted, posted_json
from wharfinger_host.dashboard.rendering import ROOT, fragment, page
from wharfinger_host.dashboard.saving import ChangedMeanwhileError, plan, save
from wharfinger_host.dashboard.sending import send
from wharfinger_host.dashboard.words import action_of, choices, event_paths, words_of
from wharfinger_host.serving.refusing import RequestRefused
from wharfinger_host.views.preview import body_shown, headers_shown

__all__ = ["routes"]

_TEXTS: Final = tuple(each.name for each in attrs.fields(Draft))
_ASKED: Final = ("connection", "mapping", "action")


def routes(desk: Desk) -> list[Route]:
    """Return where the pages are, and where their forms and their script lead."""
    pages = _Workbench(desk)
    return [
        Route("/workbench", pages.start, methods=["GET"]),
        Route("/workbench", pages.again, methods=["POST"]),
        Route("/workbench/new", pages.new, methods=["GET"]),
        Route("/workbench/send", pages.send, methods=["POST"]),
        Route("/workbench/explain", pages.explain, methods=["POST"]),
        Route("/workbench/choices", pages.choices, methods=["POST"]),
        Route("/workbench/difference", pages.difference, methods=["POST"]),
        Route("/workbench/save", pages.save, methods=["POST"]),
    ]


@attrs.frozen(eq=False)
class _Workbench:
    desk: Desk

    async def start(self, request: Request) -> Response:
        """Show a mapping as it stands in the configuration, or a new one, with an event."""
        asked = {name: request.query_params.get(name, "").strip() for name in _ASKED}
        if not asked["connection"] or not asked["mapping"]:
            first = _first(self.desk.mappings())
            if first is None:
                return page(
                    request, self.desk, "workbench_empty.html", connections=self.desk.tables()
                )
            asked["connection"], asked["mapping"] = first
            asked["action"] = ""
        draft = await asyncio.to_thread(self._drafted, **asked)
        action = action_of(self.desk, draft)
        which = Beginning(
            letter=request.query_params.get("letter", ""),
            message_id=request.query_params.get("message_id", ""),
        )
        event = await event_of(self.desk, which, draft, action)
        draft = attrs.evolve(draft, event=_indented(orjson.loads(event)))
        saved = request.query_params.get("saved") == "yes"
        return await self._shown(request, draft, saved=saved)

    async def new(self, request: Request) -> Response:
        """Ask for the name and the action of a new mapping."""
        tables = self.desk.tables()
        connection = request.query_params.get("connection", "")
        connection = connection if connection in tables else next(iter(tables), "")
        destination = str(tables.get(connection, {}).get("destination", ""))
        return page(
            request,
            self.desk,
            "workbench_new.html",
            connections=tables,
            connection=connection,
            destination=destination,
            actions=self.desk.plugins.actions(destination).values(),
        )

    async def send(self, request: Request) -> Response:
        """Take the event in, and lead to what becomes of it."""
        must_be_signed_in(request, self.desk.access)
        draft = _draft_of(await posted(request, self.desk.access))
        event, troubles = read_object(draft.event, "event")
        if self.desk.intake is None:
            raise HTTPException(503, "No event can be taken in here.")
        if event is None:
            return await self._shown(request, draft, problem=troubles[0].message)
        try:
            message_id = await send(self.desk.intake, event)
        except RequestRefused as no:
            return await self._shown(request, draft, problem=no.message)
        query = urlencode({"message_id": message_id, "sent": "yes"})
        return RedirectResponse(f"{ROOT}/trace?{query}", 303)

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
        action = action_of(self.desk, draft)
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
        place = {"connection": draft.connection, "mapping": draft.mapping}
        query = urlencode({**place, "saved": "yes"})
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

    async def _shown(
        self, request: Request, draft: Draft, *, saved: bool = False, problem: str = ""
    ) -> Response:
        found = await self._explained(draft)
        action = action_of(self.desk, draft)
        event, _ = read_object(draft.event, "event")
        return page(
            request,
            self.desk,
            "workbench.html",
            409 if problem else 200,
            draft=draft,
            saved=saved,
            problem=problem,
            action=action,
            mappings=self.desk.mappings(),
            words=words_of(self.desk, action),
            paths_json=[attrs.asdict(word) for word in event_paths(event or {})],
            **_content(found),
        )

    async def _explained(self, draft: Draft) -> Explained:
        async with self.desk.thinking:
            return await asyncio.to_thread(explain, self.desk, draft)

    def _drafted(self, connection: str, mapping: str, action: str) -> Draft:
        """Return a mapping of the configuration as a draft, or the draft of a new one."""
        draft = Draft(connection=connection, mapping=mapping)
        if mapping not in self.desk.mappings().get(connection, ()):
            draft = attrs.evolve(draft, action=action)
            made = action_of(self.desk, draft)
            trigger = "" if made is None or made.default_trigger else 'type = "track"'
            fields = fields_of_new(made) if made else {}
            return attrs.evolve(draft, trigger=trigger, fields=_indented(fields))
        selection = Selection(connection=connection, mapping=mapping)
        try:
            configuration = read_configuration(self.desk.config, self.desk.plugins, selection)
            found = configuration.connections[connection]["mappings"][mapping]
            trigger, fields = str(found.get("trigger", "")), found.get("fields", {})
            path = ("connections", connection, "mappings", mapping, "fields")
            if path in configuration.field_files:  # as it is written there
                text = configuration.field_files[path][0].read_text("utf-8").strip()
                return attrs.evolve(draft, trigger=trigger, fields=text)
        except (OSError, KeyError, TypeError, AttributeError):
            return draft
        return attrs.evolve(draft, trigger=trigger, fields=_indented(fields))


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
