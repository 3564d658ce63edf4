"""Faults on demand: what goes wrong, for which requests, how often."""

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, get_args

import attrs

from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.wire import DOCUMENTATION, ApiError, Reply, json_reply, render

__all__ = [
    "FAULT_KINDS",
    "ArmedFault",
    "Fault",
    "FaultKind",
    "FaultScript",
    "fault_as_json",
    "instead",
    "insufficient_privileges",
    "ip_refused",
    "not_authorized",
    "service_not_found",
    "spoil",
]

FaultKind = Literal[
    "unauthorized",
    "forbidden",
    "rate-limited",
    "rate-limited-without-wait",
    "blocked",
    "server-error",
    "bad-gateway",
    "unavailable",
    "service-not-found",
    "ip-refused",
    "opaque-error",
    "has-errors",
    "redirect",
    "drop",
    "hang",
    "slow",
    "empty-body",
    "garbage-body",
    "truncated-body",
    "cut-off",
    "commit-then-hang",
    "commit-then-drop",
]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)


def _from_one(_: object, __: object, times: int | None) -> None:
    if times is not None and times < 1:
        raise ValueError(f"times must be 1 or more, or none at all; found {times}.")


def _known_kind(_: object, __: object, kind: str) -> None:
    if kind not in FAULT_KINDS:
        raise ValueError(f"{kind!r} is no kind of fault; there are {', '.join(FAULT_KINDS)}.")


@attrs.frozen(kw_only=True)
class Fault:
    """One thing that goes wrong, and when.

    A fault strikes after authorization and scopes were checked, as the vendor throttles after them.

    ============================= ==================================================================
    kind                          what the client meets
    ============================= ==================================================================
    ``unauthorized``              401; the token it used is dead from now on
    ``forbidden``                 403 with 20002
    ``rate-limited``              429 with 50100 and ``Retry-After``
    ``rate-limited-without-wait`` 429 with 50100 and no word on how long to wait
    ``blocked``                   429 with 50200
    ``server-error``              500 with the usual envelope
    ``bad-gateway``               502 with an HTML page
    ``unavailable``               503 with 50300 and ``Retry-After``
    ``service-not-found``         596 with an HTML page, from the gateway
    ``ip-refused``                the OAuth error for an address that is not allow-listed
    ``opaque-error``              400 with 10006 and no ``additionalErrors``; nothing is stored
    ``has-errors``                200 whose body says ``hasErrors``; nothing is stored
    ``redirect``                  302 to another host
    ``drop``                      the connection breaks before any work is done
    ``hang``                      no answer, and no work is done
    ``slow``                      the work is done, the answer comes after ``delay_s``
    ``empty-body``                the work is done, the usual status, no body
    ``garbage-body``              the work is done, the usual status, a body that is not JSON
    ``truncated-body``            the work is done, half of the JSON as if it were all
    ``cut-off``                   the work is done, the connection breaks within the body
    ``commit-then-hang``          the work is done, no answer
    ``commit-then-drop``          the work is done, the connection breaks
    ============================= ==================================================================

    Attributes:
        kind: See the table.
        method: Only this method; empty: any.
        path: Only paths that contain this text, whatever its case; empty: any.
        times: How often it strikes; None: for ever.
        every: Strikes each n-th matching request only.
        after: Lets this many matching requests pass first.
        probability: Chance to strike, from 0 to 1, by the simulator's seeded generator.
        delay_s: For ``slow``: seconds.
        retry_after_s: For ``rate-limited`` and ``unavailable``: seconds.

    Example:
        >>> Fault(kind="rate-limited", path="/rowset", times=2, retry_after_s=1).times
        2
    """

    kind: FaultKind = attrs.field(validator=_known_kind)
    method: str = ""
    path: str = ""
    times: int | None = attrs.field(default=1, validator=_from_one)
    every: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    after: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    probability: float = attrs.field(
        default=1.0, validator=[attrs.validators.ge(0), attrs.validators.le(1)]
    )
    delay_s: float = attrs.field(default=1.0, validator=attrs.validators.ge(0))
    retry_after_s: int = attrs.field(default=5, validator=attrs.validators.ge(0))


@attrs.define
class ArmedFault:
    """A fault with what became of it so far.

    Attributes:
        fault: As it was given.
        seen: Requests that matched.
        struck: Requests it spoilt.
    """

    fault: Fault
    seen: int = 0
    struck: int = 0

    def strikes(self, method: str, path: str, generator: random.Random) -> bool:
        """Say whether this request is spoilt, and count it."""
        fault = self.fault
        if fault.times is not None and self.struck >= fault.times:
            return False
        if fault.method and fault.method.upper() != method:
            return False
        if fault.path and fault.path.lower() not in path.lower():
            return False
        self.seen += 1
        turn = self.seen - fault.after
        if turn < 1 or turn % fault.every or generator.random() >= fault.probability:
            return False
        self.struck += 1
        return True


class FaultScript:
    """The faults that wait for their requests, in the order they were armed."""

    def __init__(self, faults: Iterable[Fault], generator: random.Random) -> None:
        self.armed: list[ArmedFault] = []
        self._generator = generator
        self.arm(faults)

    def arm(self, faults: Iterable[Fault]) -> None:
        """Add faults behind those that wait already."""
        self.armed.extend(map(ArmedFault, faults))

    def clear(self) -> None:
        """Forget every fault."""
        self.armed.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault that strikes this request, or None."""
        for armed in self.armed:
            if armed.strikes(method, path, self._generator):
                return armed.fault
        return None


def instead(fault: Fault, switches: Switches) -> Reply | None:
    """Return what answers in place of the endpoint, or None where the endpoint shall work."""
    make = _INSTEAD.get(fault.kind)
    made = make(fault, switches) if make else None
    return render(made, switches) if isinstance(made, ApiError) else made


def spoil(fault: Fault, reply: Reply) -> Reply:
    """Return what becomes of the endpoint's own reply."""
    change = _SPOIL.get(fault.kind)
    return change(fault, reply) if change else reply


def not_authorized() -> ApiError:
    """401 for a token that is missing, unknown or over."""
    return ApiError(401, 0, "Not Authorized", documentation=DOCUMENTATION)


def insufficient_privileges() -> ApiError:
    """403 for a token without the scope."""
    return ApiError(403, 20002, "Insufficient privileges to complete this action.")


def service_not_found() -> Reply:
    """596 of the gateway, which knows no such service."""
    return _page(596, "Service Not Found")


def ip_refused(switches: Switches) -> Reply:
    """The OAuth error for an address that is not allow-listed."""
    return json_reply(
        {
            "error": switches.ip_refused_error,
            "error_description": "The client's IP address is unauthorized for this account. "
            "Allow this address in the account's login IP allow list.",
            "error_uri": "https://developer.salesforce.com/docs",
        },
        switches.ip_refused_status,
    )


def _page(status: int, title: str) -> Reply:
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Reply(status, page.encode(), "text/html")


def _rate_limited(fault: Fault, _: Switches) -> ApiError:
    seconds = fault.retry_after_s
    told = fault.kind == "rate-limited"
    return ApiError(
        429,
        50100,
        "Rate limit exceeded",
        documentation=DOCUMENTATION,
        headers={"retry-after": str(seconds)} if told else None,
        more={"retryAfter": seconds} if told else None,
    )


def _blocked(_: Fault, __: Switches) -> ApiError:
    message = "Your requests are temporarily blocked."
    return ApiError(429, 50200, message, documentation=DOCUMENTATION)


def _unavailable(fault: Fault, _: Switches) -> ApiError:
    wait = {"retry-after": str(fault.retry_after_s)}
    return ApiError(503, 50300, "Service Unavailable", documentation=DOCUMENTATION, headers=wait)


def _opaque(_: Fault, __: Switches) -> ApiError:
    nobody = "00000000-0000-0000-0000-000000000000"
    return ApiError(400, 10006, f"Unable to save rows for data extension ID {nobody}")


def _has_errors(_: Fault, __: Switches) -> Reply:
    message = {
        "resultType": "Validation",
        "resultClass": "Error",
        "resultCode": "UnexpectedError",
        "message": "The operation could not be completed.",
    }
    return json_reply({"operationStatus": "Error", "hasErrors": True, "resultMessages": [message]})


_INSTEAD: Mapping[str, Callable[[Fault, Switches], Reply | ApiError]] = {
    "unauthorized": lambda _, __: not_authorized(),
    "forbidden": lambda _, __: insufficient_privileges(),
    "rate-limited": _rate_limited,
    "rate-limited-without-wait": _rate_limited,
    "blocked": _blocked,
    "server-error": lambda _, __: ApiError(500, 0, "Internal Server Error"),
    "bad-gateway": lambda _, __: _page(502, "502 Bad Gateway"),
    "unavailable": _unavailable,
    "service-not-found": lambda _, __: service_not_found(),
    "ip-refused": lambda _, switches: ip_refused(switches),
    "opaque-error": _opaque,
    "has-errors": _has_errors,
    "redirect": lambda _, __: Reply(302, headers={"location": "https://elsewhere.example.org/"}),
    "drop": lambda _, __: Reply(0, ending="drop"),
    "hang": lambda _, __: Reply(0, ending="hang"),
}

_SPOIL: Mapping[str, Callable[[Fault, Reply], Reply]] = {
    "slow": lambda fault, reply: attrs.evolve(reply, delay_s=fault.delay_s),
    "empty-body": lambda _, reply: attrs.evolve(reply, body=b"", content_type=""),
    "garbage-body": lambda _, reply: attrs.evolve(
        reply, body=b"\x1f\x8b{not json", content_type="application/octet-stream"
    ),
    "truncated-body": lambda _, reply: attrs.evolve(reply, body=_half(reply)),
    "cut-off": lambda _, reply: attrs.evolve(reply, ending="cut"),
    "commit-then-hang": lambda _, reply: attrs.evolve(reply, ending="hang"),
    "commit-then-drop": lambda _, reply: attrs.evolve(reply, ending="drop"),
}


def _half(reply: Reply) -> bytes:
    return reply.body[: len(reply.body) // 2]


def fault_as_json(armed: ArmedFault) -> dict[str, Any]:
    """Return a fault and what became of it, for inspection."""
    return {**attrs.asdict(armed.fault), "seen": armed.seen, "struck": armed.struck}
