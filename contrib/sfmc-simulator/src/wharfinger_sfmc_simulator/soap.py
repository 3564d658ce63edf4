"""SOAP envelopes of the partner API: read from requests, written for replies.

Shapes follow recordings. Only ``Retrieve`` is understood. Errors of a call come with HTTP 200 and a
text in ``OverallStatus``; a bad token is a fault with HTTP 500.
"""

from collections.abc import Iterator
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import attrs

from wharfinger_sfmc_simulator.wire import Reply

__all__ = [
    "Condition",
    "Junction",
    "Retrieve",
    "SoapError",
    "element",
    "fault",
    "is_soap_call",
    "nil",
    "read_retrieve",
    "read_token",
    "retrieved",
    "token_expired",
]

_MAX_DEPTH = 20
_XML = "text/xml; charset=utf-8"
_ENVELOPE = """<?xml version="1.0" encoding="utf-8"?>\
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema" \
xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" \
xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" \
xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">\
<soap:Header><wsa:Action>{action}</wsa:Action>\
<wsa:MessageID>urn:uuid:{request_id}</wsa:MessageID>\
<wsa:RelatesTo>urn:uuid:{request_id}</wsa:RelatesTo>\
<wsa:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</wsa:To>\
<wsse:Security><wsu:Timestamp wsu:Id="Timestamp-{request_id}"></wsu:Timestamp></wsse:Security>\
</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"""


class SoapError(Exception):
    """A call fails with HTTP 200; the text is what ``OverallStatus`` says."""


@attrs.frozen
class Condition:
    """One comparison of a filter.

    Attributes:
        property: What is compared.
        operator: How, as ``SimpleOperator`` has it.
        values: With what.
    """

    property: str
    operator: str
    values: tuple[str, ...]


@attrs.frozen
class Junction:
    """Two filters in one.

    Attributes:
        operator: ``AND`` or ``OR``.
        left: The one.
        right: The other.
    """

    operator: str
    left: "Condition | Junction"
    right: "Condition | Junction"


@attrs.frozen
class Retrieve:
    """What a client wants to be told.

    Attributes:
        object_type: Of what kind of objects.
        properties: What of each.
        filter: Of which; None: of all.
        batch_size: How many at once; None: as many as there may be.
        continues: Request id of the reply that this call carries on; empty for a new one.
    """

    object_type: str
    properties: tuple[str, ...]
    filter: Condition | Junction | None
    batch_size: int | None
    continues: str


def is_soap_call(segments: list[str]) -> bool:
    """Say whether a path is the SOAP endpoint's."""
    return [segment.lower() for segment in segments] == ["service.asmx"]


def read_token(body: bytes) -> str:
    """Return the token of an envelope's header; empty where there is none.

    Raises:
        ValueError: The body is no envelope.
    """
    header = _child(_envelope(body), "Header")
    token = _child(header, "fueloauth") if header is not None else None
    return _text(token)


def read_retrieve(body: bytes) -> Retrieve:
    """Return what an envelope asks for.

    Raises:
        ValueError: The body is no envelope, or holds another call.
        SoapError: The filter cannot be understood.
    """
    message = _child(_needed(_envelope(body), "Body"), "RetrieveRequestMsg")
    if message is None:
        raise ValueError("Only RetrieveRequestMsg is understood.")
    request = _needed(message, "RetrieveRequest")
    options = _child(request, "Options")
    size = _text(_child(options, "BatchSize")) if options is not None else ""
    filtered = _child(request, "Filter")
    return Retrieve(
        object_type=_text(_child(request, "ObjectType")),
        properties=tuple(_text(each) for each in _children(request, "Properties")),
        filter=_filter(filtered) if filtered is not None else None,
        batch_size=int(size[:9]) if size.isascii() and size.isdigit() and int(size[:9]) else None,
        continues=_text(_child(request, "ContinueRequest")),
    )


def element(name: str, text: str) -> str:
    """Return an element with a text."""
    return f"<{name}>{escape(text)}</{name}>"


def nil(name: str) -> str:
    """Return an element without a value."""
    return f'<{name} xsi:nil="true" />'


def retrieved(status: str, request_id: str, results: str = "") -> Reply:
    """Return the reply to a retrieve.

    Args:
        status: ``OK``, ``MoreDataAvailable``, or a text that begins with ``Error:``.
        request_id: What it can be carried on with.
        results: ``Results`` elements.
    """
    body = (
        '<RetrieveResponseMsg xmlns="http://exacttarget.com/wsdl/partnerAPI">'
        f"{element('OverallStatus', status)}{element('RequestID', request_id)}{results}"
        "</RetrieveResponseMsg>"
    )
    return _reply(200, "RetrieveResponse", request_id, body)


def token_expired(request_id: str, endpoint: str) -> Reply:
    """Return the fault for a token that is missing, unknown or over."""
    actor = element("faultactor", endpoint)
    return fault(request_id, "q0:Security", "Token Expired", actor)


def fault(request_id: str, code: str, text: str, actor: str = "") -> Reply:
    """Return a fault; they all have HTTP 500."""
    body = (
        '<soap:Fault><faultcode xmlns:q0="http://docs.oasis-open.org/wss/2004/01/'
        f'oasis-200401-wss-wssecurity-secext-1.0.xsd">{escape(code)}</faultcode>'
        f"{element('faultstring', text)}{actor}</soap:Fault>"
    )
    return _reply(500, "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault", request_id, body)


def _reply(status: int, action: str, request_id: str, body: str) -> Reply:
    content = _ENVELOPE.format(action=action, request_id=request_id, body=body)
    return Reply(status, content.encode(), _XML)


def _envelope(body: bytes) -> Element:
    """The root of an envelope.

    The standard parser expands entities that a document type declares, so that a small body can
    fill the memory. SOAP forbids document types anyway, so a body with one is refused before it is
    parsed; it is decoded first, lest another encoding hides it.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("The body must be UTF-8.") from None
    if "<!DOCTYPE" in text:
        raise ValueError("A document type declaration is not allowed.")
    try:
        root = ET.fromstring(text)  # noqa: S314  # declarations are refused above
    except ET.ParseError as error:
        raise ValueError(f"The body is not XML: {error}.") from None
    if _name(root) != "Envelope":
        raise ValueError("An Envelope is expected.")
    return root


def _name(found: Element) -> str:
    """The name without its namespace; clients differ in prefixes, and the vendor takes them all."""
    return found.tag.rpartition("}")[2]


def _children(parent: Element, name: str) -> Iterator[Element]:
    return (child for child in parent if _name(child) == name)


def _child(parent: Element, name: str) -> Element | None:
    return next(_children(parent, name), None)


def _needed(parent: Element, name: str) -> Element:
    found = _child(parent, name)
    if found is None:
        raise ValueError(f"{name} is missing.")
    return found


def _text(found: Element | None) -> str:
    return (found.text or "").strip() if found is not None else ""


def _filter(part: Element, depth: int = 0) -> Condition | Junction:
    if depth > _MAX_DEPTH:
        raise SoapError("Error: The filter is nested too deeply.")
    left, right = _child(part, "LeftOperand"), _child(part, "RightOperand")
    if left is None or right is None:
        return Condition(
            property=_text(_child(part, "Property")),
            operator=_text(_child(part, "SimpleOperator")),
            values=tuple(_text(value) for value in _children(part, "Value")),
        )
    operator = _text(_child(part, "LogicalOperator")).upper()
    if operator not in ("AND", "OR"):
        raise SoapError(f"Error: The LogicalOperator {operator} is not valid.")
    return Junction(operator, _filter(left, depth + 1), _filter(right, depth + 1))
