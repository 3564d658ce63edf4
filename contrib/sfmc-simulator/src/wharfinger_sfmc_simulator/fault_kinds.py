"""What can go wrong on demand: the kinds of faults, and the record of one."""

from typing import Literal, get_args

import attrs

__all__ = ["FAULT_KINDS", "SERVICES", "Fault", "FaultKind", "Service"]

FaultKind = Literal[
    "unauthorized",
    "forbidden",
    "not-found",
    "conflict",
    "too-large",
    "unsupported-media-type",
    "rate-limited",
    "rate-limited-without-wait",
    "blocked",
    "server-error",
    "bad-gateway",
    "unavailable",
    "gateway-timeout",
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
    "shorter-reply",
    "wrong-content-type",
    "huge-body",
    "stalled-body",
    "dripping-body",
    "cut-off",
    "commit-then-hang",
    "commit-then-drop",
    "commit-then-server-error",
    "commit-then-gateway-timeout",
]
FAULT_KINDS: tuple[str, ...] = get_args(FaultKind)

Service = Literal["auth", "rest", "soap"]
SERVICES: tuple[str, ...] = get_args(Service)


def _from_one(_: object, __: object, times: int | None) -> None:
    if times is not None and times < 1:
        raise ValueError(f"times must be 1 or more, or none at all; found {times}.")


def _known_kind(_: object, __: object, kind: str) -> None:
    if kind not in FAULT_KINDS:
        raise ValueError(f"{kind!r} is no kind of fault; there are {', '.join(FAULT_KINDS)}.")


def _known_service(_: object, __: object, service: str) -> None:
    if service and service not in SERVICES:
        raise ValueError(f"service must be {', '.join(SERVICES)} or empty; found {service!r}.")


@attrs.frozen(kw_only=True)
class Fault:
    """One thing that goes wrong, and when.

    A fault strikes after authorization and scopes were checked, as the vendor throttles after them.
    On the SOAP path what would have the usual envelope is a SOAP fault with status 500 instead, as
    the vendor throttles there; ``forbidden`` and ``has-errors`` are an ``OverallStatus``.

    =============================== ================================================================
    kind                            what the client meets
    =============================== ================================================================
    ``unauthorized``                401; the token it used is dead from now on
    ``forbidden``                   403 with 20002
    ``not-found``                   404 with 30003
    ``conflict``                    409 with 30004
    ``too-large``                   413 with an HTML page
    ``unsupported-media-type``      415 with the usual envelope
    ``rate-limited``                429 with 50100 and ``Retry-After``
    ``rate-limited-without-wait``   429 with 50100 and no word on how long to wait
    ``blocked``                     429 with 50200
    ``server-error``                500 with the usual envelope
    ``bad-gateway``                 502 with an HTML page
    ``unavailable``                 503 with 50300 and ``Retry-After``
    ``gateway-timeout``             504 with an HTML page; no work is done
    ``service-not-found``           596 with an HTML page, from the gateway
    ``ip-refused``                  the OAuth error for an address that is not allow-listed
    ``opaque-error``                400 with 10006 and no ``additionalErrors``; nothing is stored
    ``has-errors``                  200 whose body says ``hasErrors``; nothing is stored
    ``redirect``                    302 to another host
    ``drop``                        the connection breaks before any work is done
    ``hang``                        no answer, and no work is done
    ``slow``                        the work is done, the answer comes after ``delay_s``
    ``empty-body``                  the work is done, the usual status, no body
    ``garbage-body``                the work is done, the usual status, a body that is not JSON
    ``truncated-body``              the work is done, half of the JSON as if it were all
    ``shorter-reply``               the work is done, a JSON array lacks its last element
    ``wrong-content-type``          the work is done, the usual body is called ``text/html``
    ``huge-body``                   the work is done, blanks after the JSON make it ``bytes`` long
    ``stalled-body``                the work is done, half of the body comes and then nothing
    ``dripping-body``               the work is done, one byte each ``delay_s``, 3,600 or more
    ``cut-off``                     the work is done, the connection breaks within the body
    ``commit-then-hang``            the work is done, no answer
    ``commit-then-drop``            the work is done, the connection breaks
    ``commit-then-server-error``    the work is done, 500
    ``commit-then-gateway-timeout`` the work is done, 504 with an HTML page
    =============================== ================================================================

    Attributes:
        kind: See the table.
        service: Only calls of this service: ``auth`` (tokens), ``rest`` or ``soap``; empty: any.
        method: Only this method; empty: any.
        path: Only paths that contain this text, whatever its case; empty: any.
        times: How often it strikes; None: for ever.
        every: Strikes each n-th matching request only.
        after: Lets this many matching requests pass first.
        probability: Chance to strike, from 0 to 1, by the simulator's seeded generator.
        delay_s: For ``slow`` and ``dripping-body``: seconds.
        retry_after_s: For ``rate-limited`` and ``unavailable``: seconds.
        bytes: For ``huge-body``: size of the body.

    Example:
        >>> Fault(kind="rate-limited", path="/rowset", times=2, retry_after_s=1).times
        2
    """

    kind: FaultKind = attrs.field(validator=_known_kind)
    service: str = attrs.field(default="", validator=_known_service)
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
    bytes: int = attrs.field(default=64_000_000, validator=attrs.validators.ge(1))
