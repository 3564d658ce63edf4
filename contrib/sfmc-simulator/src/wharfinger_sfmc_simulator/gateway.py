"""The way of one request: token, scope, fault, endpoint, log."""

import contextlib
from collections.abc import Callable
from functools import partial

import attrs

from wharfinger_sfmc_simulator.endpoints.retrieving import (
    expired,
    may_retrieve,
    not_permitted,
    retrieve,
    soap_token,
    spoilt_retrieve,
)
from wharfinger_sfmc_simulator.endpoints.token import client_refused, post_token
from wharfinger_sfmc_simulator.fault_kinds import Service
from wharfinger_sfmc_simulator.faults import (
    Fault,
    FaultScript,
    instead,
    insufficient_privileges,
    not_authorized,
    service_not_found,
    spoil,
)
from wharfinger_sfmc_simulator.keeping import Keeper
from wharfinger_sfmc_simulator.routes import Route, find_route, is_token_call, knows_service
from wharfinger_sfmc_simulator.soap import is_soap_call
from wharfinger_sfmc_simulator.state import State
from wharfinger_sfmc_simulator.tokens import Token
from wharfinger_sfmc_simulator.wire import (
    DOCUMENTATION,
    ApiError,
    RecordedRequest,
    Reply,
    Request,
    render,
)

__all__ = ["Gateway"]

_LOG_KEPT = 100_000
_WITH_BODY = ("POST", "PUT", "PATCH")
_CHANGING = (*_WITH_BODY, "DELETE")


def _spoilt_as_usual(_: Fault) -> None:
    """REST has no form of its own for any fault."""


@attrs.frozen
class _Call:
    """What a request turned out to be, once its token and scopes were checked.

    Attributes:
        service: Which it asked, whatever host it was sent to.
        work: Answers it.
        token: Which it carried.
        spoilt: What a fault answers instead, where its form is another than that of REST.
    """

    service: Service
    work: Callable[[], Reply]
    token: Token | None = None
    spoilt: Callable[[Fault], Reply | None] = _spoilt_as_usual


class _RefusedError(Exception):
    """A request is refused with a reply that is not the REST envelope."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.status)


class Gateway:
    """Answers requests in the vendor's order of checks.

    Args:
        state: The tenant's memory.
        faults: What goes wrong, and when.
        keeper: Keeps what changes something, if it is to be kept.
    """

    def __init__(self, state: State, faults: FaultScript, keeper: Keeper | None = None) -> None:
        self._state = state
        self._faults = faults
        self._keeper = keeper

    def answer(self, request: Request) -> Reply:
        """Return what becomes of one request, and log it."""
        self._state.jobs.settle()
        fault: Fault | None = None
        try:
            call = self._authorize(request)
            fault = self._faults.take(request.method, request.raw_path, call.service)
            reply = self._instead(fault, call) if fault else None
            if reply is None:
                reply = self._perform(call, fault)
        except ApiError as error:
            reply = render(error, self._state.switches)
        except _RefusedError as refused:
            reply = refused.reply
        self._log(request, reply, fault)
        return reply

    def again(self, request: Request, token: Token) -> None:
        """Perform a call once more that was kept; it was checked then."""
        self._state.jobs.settle()
        found = find_route(request.method, request.segments)
        if found is None:
            return
        route, parameters = found
        with contextlib.suppress(ApiError):  # what was done before the refusal was done
            _work(route, self._state, attrs.evolve(request, parameters=parameters), token)

    def _authorize(self, request: Request) -> _Call:
        segments, host = request.segments, request.vendor_host
        service = host[1] if host else ""
        if is_token_call(segments) and service in ("", "auth"):
            self._state.token_requests += 1
            posted = request.method == "POST"
            answer = partial(post_token, self._state, request) if posted else _not_found
            return _Call("auth", answer)
        if is_soap_call(segments) and service in ("", "soap"):
            return self._authorize_soap(request)
        if service in ("auth", "soap"):
            return _Call("rest", service_not_found)
        token = self._token(request)
        found = find_route(request.method, segments)
        if found is None:
            unknown = _not_found if knows_service(segments) else service_not_found
            return _Call("rest", unknown, token)
        route, parameters = found
        self._check_scopes(route, token)
        request = attrs.evolve(request, parameters=parameters)
        work = partial(_work, route, self._state, request, token)
        if self._keeper and request.method in _CHANGING:
            work = partial(self._keeper.keep, work, request, token)
        return _Call("rest", work, token)

    def _authorize_soap(self, request: Request) -> _Call:
        state = self._state
        if request.method != "POST":
            return _Call("soap", _not_found)
        token = soap_token(state, request)
        if token is None:
            raise _RefusedError(expired(state, request))
        if not may_retrieve(state, token):
            raise _RefusedError(not_permitted(state))
        work = partial(retrieve, state, request, token)
        return _Call("soap", work, token, partial(spoilt_retrieve, state, request))

    def _token(self, request: Request) -> Token:
        token = self._state.tokens.find(request.headers.get("authorization", ""))
        if token is None:
            raise _refused_token(request)
        host = request.vendor_host
        if host and host[0] != self._state.catalogue.tenant.subdomain:
            message = "The access token is not valid for this endpoint."
            raise ApiError(403, 40002, message, documentation=DOCUMENTATION)
        return token

    def _check_scopes(self, route: Route, token: Token) -> None:
        if not route.scopes <= token.scopes:
            rows = route.pattern[0] == "hub"
            as_401 = rows and self._state.switches.missing_scope == "401-on-rows"
            raise not_authorized() if as_401 else insufficient_privileges()

    def _instead(self, fault: Fault, call: _Call) -> Reply | None:
        if fault.kind == "unauthorized":
            if call.token is None:
                return client_refused()
            self._state.tokens.revoke(call.token)
        return call.spoilt(fault) or instead(fault, self._state.switches)

    def _perform(self, call: _Call, fault: Fault | None) -> Reply:
        try:
            reply = call.work()
        except ApiError as error:
            reply = render(error, self._state.switches)
        return spoil(fault, reply) if fault else reply

    def _log(self, request: Request, reply: Reply, fault: Fault | None) -> None:
        log = self._state.requests
        if len(log) >= _LOG_KEPT:
            del log[: _LOG_KEPT // 10]
        seen = reply.ending in ("answer", "cut")
        log.append(
            RecordedRequest(
                at=self._state.clock().isoformat(),
                method=request.method,
                host=request.host,
                path=request.raw_path,
                status=reply.status if seen else None,
                request_bytes=len(request.body),
                reply_bytes=len(reply.body) if seen else 0,
                fault=fault.kind if fault else "",
            )
        )


def _work(route: Route, state: State, request: Request, token: Token) -> Reply:
    kind = request.headers.get("content-type", "application/json")
    if request.method in _WITH_BODY and "json" not in kind.lower():
        raise ApiError(415, 0, "Unsupported Media Type", documentation=DOCUMENTATION)
    return route.endpoint(state, request, token)


def _refused_token(request: Request) -> ApiError:
    """401; a token in the query is refused with a code of its own."""
    if "access_token=" in request.query.lower() and "authorization" not in request.headers:
        message = "The access token must be sent in the Authorization header."
        return ApiError(401, 40004, message, documentation=DOCUMENTATION)
    return not_authorized()


def _not_found() -> Reply:
    return Reply(404, b'{"message":"Not Found"}')
