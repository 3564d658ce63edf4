"""Which call goes to which endpoint, and the scopes it needs.

Scopes follow the vendor's list of REST API permission ids and scopes.
"""

from collections.abc import Callable, Mapping, Sequence

import attrs

from wharfinger_sfmc_simulator.endpoints.asynchronous import (
    get_results,
    get_status,
    insert_rows,
    upsert_rows,
)
from wharfinger_sfmc_simulator.endpoints.batch_events import get_events_status, post_events
from wharfinger_sfmc_simulator.endpoints.contacts import post_contact
from wharfinger_sfmc_simulator.endpoints.creation import (
    change_extension,
    create_extension,
    delete_extension,
)
from wharfinger_sfmc_simulator.endpoints.events import (
    get_event_definition,
    list_event_definitions,
    post_event,
)
from wharfinger_sfmc_simulator.endpoints.extensions import (
    get_extension,
    get_fields,
    list_extensions,
    list_folder,
)
from wharfinger_sfmc_simulator.endpoints.reading import read_more_rows, read_rows
from wharfinger_sfmc_simulator.endpoints.rows import post_rowset, put_row
from wharfinger_sfmc_simulator.endpoints.token import get_token_context
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import Reply, Request

__all__ = ["ROUTES", "Route", "find_route", "is_token_call", "knows_service"]

Endpoint = Callable[[State, Request, Token], Reply]


@attrs.frozen
class Route:
    """One call.

    Attributes:
        method: In capitals.
        pattern: Segments in lower case; ``{name}`` stands for any one segment.
        scopes: All of them are needed.
        endpoint: What answers.
    """

    method: str
    pattern: tuple[str, ...]
    scopes: frozenset[str]
    endpoint: Endpoint

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """Return what the placeholders stand for, or None where the path is another one."""
        if len(segments) != len(self.pattern):
            return None
        parameters: dict[str, str] = {}
        for expected, segment in zip(self.pattern, segments, strict=True):
            if expected.startswith("{"):
                parameters[expected[1:-1]] = segment
            elif expected != segment.lower():
                return None
        return parameters


def _route(call: str, endpoint: Endpoint, *scopes: str) -> Route:
    method, _, path = call.partition(" /")
    return Route(method, tuple(path.split("/")), frozenset(scopes), endpoint)


_READ, _WRITE = "data_extensions_read", "data_extensions_write"
_JOURNEYS, _CONTACTS = "journeys_read", "list_and_subscribers_read"

ROUTES = (
    _route("POST /hub/v1/dataevents/{extension}/rowset", post_rowset, _WRITE),
    _route("PUT /hub/v1/dataevents/{extension}/rows/{keys}", put_row, _WRITE),
    _route("PUT /data/v1/async/dataextensions/{extension}/rows", upsert_rows, _WRITE),
    _route("POST /data/v1/async/dataextensions/{extension}/rows", insert_rows, _WRITE),
    _route("GET /data/v1/async/{id}/status", get_status, _READ),
    _route("GET /data/v1/async/{id}/results", get_results, _READ),
    _route("POST /contacts/v1/contacts", post_contact, "list_and_subscribers_write"),
    _route("POST /interaction/v1/events", post_event, _JOURNEYS, _CONTACTS),
    _route("POST /interaction/v1/async/events", post_events, _JOURNEYS, _CONTACTS),
    _route("GET /interaction/v1/async/events/status", get_events_status, _JOURNEYS, _CONTACTS),
    _route("GET /interaction/v1/eventdefinitions", list_event_definitions, _JOURNEYS),
    _route("GET /interaction/v1/eventdefinitions/{definition}", get_event_definition, _JOURNEYS),
    _route("GET /data/v1/customobjects", list_extensions, _READ),
    _route("POST /data/v1/customobjects", create_extension, _WRITE),
    _route("PATCH /data/v1/customobjects/{id}", change_extension, _WRITE),
    _route("DELETE /data/v1/customobjects/{id}", delete_extension, _WRITE),
    _route("GET /data/v1/customobjects/category/{folder}", list_folder, _READ),
    _route("GET /data/v1/customobjects/{id}", get_extension, _READ),
    _route("GET /data/v1/customobjects/{id}/fields", get_fields, _READ),
    _route("GET /data/v1/customobjectdata/key/{key}/rowset", read_rows, _READ),
    _route("GET /data/v1/customobjectdata/token/{read}/rowset", read_more_rows, _READ),
    _route("GET /platform/v1/tokencontext", get_token_context),
)
"""Every REST call the simulator answers."""

_SERVICES = frozenset(route.pattern[0] for route in ROUTES)


def find_route(method: str, segments: Sequence[str]) -> tuple[Route, Mapping[str, str]] | None:
    """Return the route of a call and its parameters; case of the path does not matter."""
    for route in ROUTES:
        if route.method == method:
            parameters = route.match(segments)
            if parameters is not None:
                return route, parameters
    return None


def is_token_call(segments: Sequence[str]) -> bool:
    """Say whether a path is the token endpoint's."""
    return [segment.lower() for segment in segments] == ["v2", "token"]


def knows_service(segments: Sequence[str]) -> bool:
    """Say whether the gateway knows the service a path begins with."""
    return bool(segments) and segments[0].lower() in _SERVICES
