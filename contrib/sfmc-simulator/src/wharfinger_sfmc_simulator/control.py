"""Inspection and control over HTTP, under ``/_simulator``."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wharfinger_sfmc_simulator.faults import fault_as_json
from wharfinger_sfmc_simulator.loading import CatalogueError, read_faults

if TYPE_CHECKING:
    from wharfinger_sfmc_simulator.simulator import Simulator

__all__ = ["control_app"]


def control_app(simulator: "Simulator") -> Starlette:
    """Return the application that shows a simulator and arms its faults.

    ========================== =====================================================
    ``GET  /_simulator``          switches and counts
    ``GET  /_simulator/tables``   rows as read back, by account and external key
    ``GET  /_simulator/contacts`` contacts by key
    ``GET  /_simulator/entries``  journey events: entered and dropped
    ``GET  /_simulator/requests`` the log of requests
    ``GET  /_simulator/faults``   armed faults and what became of them
    ``POST /_simulator/faults``   arms one fault, or a list of them
    ``DELETE /_simulator/faults`` disarms all
    ``POST /_simulator/reset``    starts again from the catalogue
    ========================== =====================================================
    """
    control = _Control(simulator)
    return Starlette(
        routes=[
            _showing("/_simulator", control.summary),
            _showing("/_simulator/tables", control.tables),
            _showing("/_simulator/contacts", control.contacts),
            _showing("/_simulator/entries", control.entries),
            _showing("/_simulator/requests", control.requests),
            _showing("/_simulator/faults", control.faults),
            Route("/_simulator/faults", control.arm, methods=["POST"]),
            Route("/_simulator/faults", control.disarm, methods=["DELETE"]),
            Route("/_simulator/reset", control.reset, methods=["POST"]),
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
            "requests": len(simulator.requests),
            "token_requests": simulator.token_requests,
            "contacts": len(simulator.contacts),
            "entries": len(simulator.entries),
            "dropped_entries": len(simulator.dropped_entries),
        }

    def tables(self) -> dict[str, Any]:
        accounts = [account.id for account in self._simulator.catalogue.accounts]
        return {
            str(account): {
                key: {
                    "id": table.definition.id,
                    "name": table.definition.name,
                    "rows": table.rows(),
                }
                for key, table in self._simulator.tables_of(account).items()
            }
            for account in accounts
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

    def faults(self) -> list[Any]:
        return list(map(fault_as_json, self._simulator.faults))

    async def arm(self, request: Request) -> Response:
        try:
            armed = read_faults(orjson.loads(await request.body()))
        except orjson.JSONDecodeError as error:
            return _json({"problems": [f"not JSON: {error}"]}, 400)
        except CatalogueError as error:
            return _json({"problems": error.problems}, 400)
        self._simulator.inject(*armed)
        return _json(self.faults(), 201)

    async def disarm(self, _: Request) -> Response:
        self._simulator.clear_faults()
        return _json([])

    async def reset(self, _: Request) -> Response:
        self._simulator.reset()
        return _json(self.summary())


def _showing(path: str, content: Callable[[], Any]) -> Route:
    async def show(_: Request) -> Response:
        return _json(content())

    return Route(path, show, methods=["GET"])


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
