"""What a client meets where a fault strikes: another reply, or the endpoint's own one, spoilt."""

from collections.abc import Callable, Mapping

import attrs
import orjson

from wharfinger_sfmc_simulator.fault_kinds import Fault
from wharfinger_sfmc_simulator.soap import fault as soap_fault
from wharfinger_sfmc_simulator.soap import retrieved
from wharfinger_sfmc_simulator.switches import Switches
from wharfinger_sfmc_simulator.wire import DOCUMENTATION, ApiError, Reply, json_reply, render

__all__ = [
    "instead",
    "insufficient_privileges",
    "ip_refused",
    "not_authorized",
    "service_not_found",
    "spoil",
]

_LEAST_DRIPS = 3600
_NOBODY = "00000000-0000-0000-0000-000000000000"


def instead(fault: Fault, switches: Switches) -> Reply | None:
    """Return what answers in place of the endpoint, or None where the endpoint shall work."""
    make = _INSTEAD.get(fault.kind)
    made = make(fault, switches) if make else None
    if not isinstance(made, ApiError):
        return made
    return _server_fault(made.message) if fault.service == "soap" else render(made, switches)


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


def _gateway_timeout() -> Reply:
    return _page(504, "504 Gateway Timeout")


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
    return ApiError(400, 10006, f"Unable to save rows for data extension ID {_NOBODY}")


def _unsupported(_: Fault, __: Switches) -> ApiError:
    return ApiError(415, 0, "Unsupported Media Type", documentation=DOCUMENTATION)


def _has_errors(fault: Fault, _: Switches) -> Reply:
    text = "The operation could not be completed."
    if fault.service == "soap":
        return retrieved(f"Error: {text}", _NOBODY)
    message = {
        "resultType": "Validation",
        "resultClass": "Error",
        "resultCode": "UnexpectedError",
        "message": text,
    }
    return json_reply({"operationStatus": "Error", "hasErrors": True, "resultMessages": [message]})


_INSTEAD: Mapping[str, Callable[[Fault, Switches], Reply | ApiError]] = {
    "unauthorized": lambda _, __: not_authorized(),
    "forbidden": lambda _, __: insufficient_privileges(),
    "not-found": lambda _, __: ApiError(404, 30003, "The object was not found."),
    "conflict": lambda _, __: ApiError(409, 30004, "The object already exists."),
    "too-large": lambda _, __: _page(413, "Request Entity Too Large"),
    "unsupported-media-type": _unsupported,
    "rate-limited": _rate_limited,
    "rate-limited-without-wait": _rate_limited,
    "blocked": _blocked,
    "server-error": lambda _, __: ApiError(500, 0, "Internal Server Error"),
    "bad-gateway": lambda _, __: _page(502, "502 Bad Gateway"),
    "unavailable": _unavailable,
    "gateway-timeout": lambda _, __: _gateway_timeout(),
    "service-not-found": lambda _, __: service_not_found(),
    "ip-refused": lambda _, switches: ip_refused(switches),
    "opaque-error": _opaque,
    "has-errors": _has_errors,
    "redirect": lambda _, __: Reply(302, headers={"location": "https://elsewhere.example.org/"}),
    "drop": lambda _, __: Reply(0, ending="drop"),
    "hang": lambda _, __: Reply(0, ending="hang"),
}


def _half(_: Fault, reply: Reply) -> Reply:
    return attrs.evolve(reply, body=reply.body[: len(reply.body) // 2])


def _shorter(_: Fault, reply: Reply) -> Reply:
    try:
        content = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return reply
    if not isinstance(content, list):
        return reply
    return attrs.evolve(reply, body=orjson.dumps(content[:-1]))


def _dripping(fault: Fault, reply: Reply) -> Reply:
    return attrs.evolve(reply, flow="dripping", delay_s=fault.delay_s, filled_to=_LEAST_DRIPS)


def _failed(fault: Fault, _: Reply) -> Reply:
    """500 without an ``errorcode``, which clients have met as well."""
    message = "Internal Server Error"
    if fault.service == "soap":
        return _server_fault(message)
    return json_reply({"message": message}, 500)


def _server_fault(message: str) -> Reply:
    return soap_fault(_NOBODY, "soap:Server", message)


_SPOIL: Mapping[str, Callable[[Fault, Reply], Reply]] = {
    "slow": lambda fault, reply: attrs.evolve(reply, delay_s=fault.delay_s),
    "empty-body": lambda _, reply: attrs.evolve(reply, body=b"", content_type=""),
    "garbage-body": lambda _, reply: attrs.evolve(
        reply, body=b"\x1f\x8b{not json", content_type="application/octet-stream"
    ),
    "truncated-body": _half,
    "shorter-reply": _shorter,
    "wrong-content-type": lambda _, reply: attrs.evolve(reply, content_type="text/html"),
    "huge-body": lambda fault, reply: attrs.evolve(reply, filled_to=fault.bytes),
    "stalled-body": lambda _, reply: attrs.evolve(reply, flow="stalled"),
    "dripping-body": _dripping,
    "cut-off": lambda _, reply: attrs.evolve(reply, ending="cut"),
    "commit-then-hang": lambda _, reply: attrs.evolve(reply, ending="hang"),
    "commit-then-drop": lambda _, reply: attrs.evolve(reply, ending="drop"),
    "commit-then-server-error": _failed,
    "commit-then-gateway-timeout": lambda _, __: _gateway_timeout(),
}
