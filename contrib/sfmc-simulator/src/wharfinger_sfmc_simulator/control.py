"""Inspection and control over HTTP, under ``/_simulator``."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wharfinger_sfmc_simulator.faults import fault_as_json
from wharfinger_sfmc_simulator.inspection.pages import Pages, prefers_html
from wharfinger_sfmc_simulator.loading import CatalogueError, read_faults
from wharfinger_sfmc_simulator.switch_listing import list_switches
from wharfinger_sfmc_simulator.tables import Table

if TYPE_CHECKING:
    from wharfinger_sfmc_simulator.simulator import Simulator

__all__ = ["control_app"]


def control_app(simulator: "Simulator") -> Starlette:
    """Return the application that shows a simulator and arms its faults.

    ============================= =====================================================
    ``GET  /_simulator``          switches and counts
    ``GET  /_simulator/``         the same, as a page for browsers
    ``GET  /_simulator/tables``   columns and rows as read back, by account and key
    ``GET  /_simulator/contacts`` contacts by key
    ``GET  /_simulator/entries``  journey events: entered and dropped
    ``GET  /_simulator/requests`` the log of requests
    ``GET  /_simulator/switches`` every switch with its value, its choices and meaning
    ``GET  /_simulator/clock``    the simulator's time
    ``POST /_simulator/clock``    lets seconds pass: ``{"move_s": 30}``
    ``GET  /_simulator/faults``   armed faults and what became of them
    ``POST /_simulator/faults``   arms one fault, or a list of them
    ``DELETE /_simulator/faults`` disarms all
    ``DELETE /_simulator/tokens`` ends every token, as if all of them had expired
    ``POST /_simulator/reset``    starts again from the catalogue
    ============================= =====================================================

    Each of them but ``reset`` has a page for people at the same path with ``/page`` behind it.
    """
    control = _Control(simulator)
    pages = Pages(simulator)

    async def front(request: Request) -> Response:
        if prefers_html(request.headers.get("accept", "")):
            return await pages.overview(request)
        return _json(control.summary())

    return Starlette(
        routes=[
            Route("/_simulator/", front, methods=["GET"]),
            _showing("/_simulator", control.summary),
            _showing("/_simulator/tables", control.tables),
            _showing("/_simulator/contacts", control.contacts),
            _showing("/_simulator/entries", control.entries),
            _showing("/_simulator/requests", control.requests),
            _showing("/_simulator/switches", control.switches),
            _showing("/_simulator/clock", control.clock),
            _showing("/_simulator/faults", control.faults),
            Route("/_simulator/clock", control.move_clock, methods=["POST"]),
            Route("/_simulator/faults", control.arm, methods=["POST"]),
            Route("/_simulator/faults", control.disarm, methods=["DELETE"]),
            Route("/_simulator/tokens", control.end_tokens, methods=["DELETE"]),
            Route("/_simulator/reset", control.reset, methods=["POST"]),
            *pages.routes(),
        ]
    )


class _Control:
    def __init__(self, simulator: "Simulator") -> None:
        self._simulator = simulator

    def summary(self) -> dict[str, Any]:
        simulator = self._simulator
        return {
            "tenant": attrs.asdict(simulator.catalogue.tenant),
            "switches": attrs.asdict(simulator.switches),
            "now": simulator.now,
            "requests": len(simulator.requests),
            "token_requests": simulator.token_requests,
            "living_tokens": simulator.living_tokens,
            "contacts": len(simulator.contacts),
            "entries": len(simulator.entries),
            "dropped_entries": len(simulator.dropped_entries),
            "faults": len(simulator.faults),
        }

    def tables(self) -> dict[str, Any]:
        return {
            str(account.id): {
                key: _table(table) for key, table in self._simulator.tables_of(account.id).items()
            }
            for account in self._simulator.catalogue.accounts
        }

    def entries(self) -> dict[str, Any]:
        return {
            "entered": [attrs.asdict(entry) for entry in self._simulator.entries],
            "dropped": [attrs.asdict(entry) for entry in self._simulator.dropped_entries],
        }

    def contacts(self) -> dict[str, Any]:
        return {key: attrs.asdict(each) for key, each in self._simulator.contacts.items()}

    def requests(self) -> list[Any]:
        return [attrs.asdict(request) for request in self._simulator.requests]

    def switches(self) -> list[Any]:
        return [attrs.asdict(line) for line in list_switches(self._simulator.switches)]

    def clock(self) -> dict[str, Any]:
        return {"now": self._simulator.now, "ahead_s": self._simulator.ahead_s}

    def faults(self) -> list[Any]:
        return list(map(fault_as_json, self._simulator.faults))

    async def move_clock(self, request: Request) -> Response:
        try:
            content = orjson.loads(await request.body())
        except orjson.JSONDecodeError as error:
            return _problems([f"not JSON: {error}"])
        move_s = content.get("move_s") if isinstance(content, dict) and len(content) == 1 else None
        if isinstance(move_s, bool) or not isinstance(move_s, int | float):
            return _problems(['what is needed is {"move_s": 30}, with the seconds to let pass.'])
        try:
            self._simulator.move_clock(move_s)
        except ValueError as error:
            return _problems([f"move_s: {error}"])
        return _json(self.clock())

    async def arm(self, request: Request) -> Response:
        try:
            armed = read_faults(orjson.loads(await request.body()))
        except orjson.JSONDecodeError as error:
            return _problems([f"not JSON: {error}"])
        except CatalogueError as error:
            return _problems(error.problems)
        self._simulator.inject(*armed)
        return _json(self.faults(), 201)

    async def disarm(self, _: Request) -> Response:
        self._simulator.clear_faults()
        return _json([])

    async def end_tokens(self, _: Request) -> Response:
        self._simulator.end_tokens()
        return _json(self.summary())

    async def reset(self, _: Request) -> Response:
        self._simulator.reset()
        return _json(self.summary())


def _table(table: Table) -> dict[str, Any]:
    definition = table.definition
    return {
        "id": definition.id,
        "name": definition.name,
        "description": definition.description,
        "sendable": definition.sendable,
        "fields": [attrs.asdict(field) for field in definition.fields],
        "rows": table.rows(),
    }


def _showing(path: str, content: Callable[[], Any]) -> Route:
    async def show(_: Request) -> Response:
        return _json(content())

    return Route(path, show, methods=["GET"])


def _problems(problems: Sequence[str]) -> Response:
    return _json({"problems": problems}, 400)


def _json(content: Any, status: int = 200) -> Response:
    headers = {"x-content-type-options": "nosniff"}
    return Response(orjson.dumps(content), status, headers, media_type="application/json")
