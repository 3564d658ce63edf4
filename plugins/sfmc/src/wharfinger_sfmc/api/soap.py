"""Retrieving objects by SOAP, batch by batch.

Only what REST does not tell is asked for in this way. The forms of requests and replies are those
seen in production by clients.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import Final

import attrs
import httpx

import wharfinger
from wharfinger_sfmc.api.replies import Reply, bounded, read_reply
from wharfinger_sfmc.auth import MarketingCloudAuth
from wharfinger_sfmc.errors import Call, failure
from wharfinger_sfmc.settings import base_url

__all__ = ["Retrieve", "Soap"]

_HEADERS: Final = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": "Retrieve"}
_ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_PARTNER: Final = "http://exacttarget.com/wsdl/partnerAPI"
_EXPIRED: Final = "token expired"
_ATTEMPTS: Final = 2
_MOST_BATCHES: Final = 200


@attrs.frozen(kw_only=True)
class Retrieve:
    """What is asked for.

    Attributes:
        kind: The object type: ``"DataFolder"``.
        properties: What of each object: ``"ParentFolder.ID"``.
        where: A property and the value it must have.
        batch: Most objects of one reply. Without it, accounts with very many time out.
    """

    kind: str
    properties: Sequence[str]
    where: tuple[str, str]
    batch: int = 200


class Soap:
    """The SOAP host of one account.

    Args:
        session: The way to the account.
        call: What is asked of SFMC, for errors.

    Raises:
        wharfinger.ConfigurationError: The subdomain would lead to another host.
    """

    def __init__(self, session: wharfinger.Session, call: Call) -> None:
        self._session = session
        self._call = call
        self._url = f"{base_url(session.settings, 'soap')}/Service.asmx"

    async def retrieve(self, wanted: Retrieve) -> list[dict[str, str]]:
        """Return all objects, each as values by property; what has no value is left out.

        Raises:
            wharfinger.DeliveryError: SFMC did not say.
        """
        objects: list[dict[str, str]] = []
        continues = ""
        for _ in range(_MOST_BATCHES):
            message = await self._ask(wanted, continues)
            objects += [_values(result) for result in _children(message, "Results")]
            status, continues = (
                _child_text(message, "OverallStatus"),
                _child_text(message, "RequestID"),
            )
            if status == "OK":
                return objects
            # SFMC answers 200 whatever happens; only this text tells.
            if status != "MoreDataAvailable":
                raise self._failure(Reply(status=httpx.codes.OK), status)
        raise wharfinger.HaltedError(
            f"SFMC goes on and on with {self._call.subject}: more than "
            f"{_MOST_BATCHES * wanted.batch:,} came. Nobody reads so many.",
            code="too-many-found",
        )

    async def _ask(self, wanted: Retrieve, continues: str) -> ET.Element:
        """Send one request; once more with another token where SFMC finds the first one over."""
        auth = self._session.auth
        if not isinstance(auth, MarketingCloudAuth):
            raise wharfinger.HaltedError(
                f"Nobody has signed in, so {self._call.subject} cannot be asked for.",
                code="not-signed-in",
            )
        token = None
        for _ in range(_ATTEMPTS):
            token = await auth.bearer(self._session, refused=token)
            response = await self._session.request(
                "POST", self._url, content=_envelope(wanted, continues, token), headers=_HEADERS
            )
            root = _parsed(response.content)
            message = None if root is None else root.find(".//{*}RetrieveResponseMsg")
            if response.is_success and message is not None:
                return message
            fault = _fault(root)
            if _EXPIRED not in fault.lower():
                break
        raise self._failure(read_reply(response, self._session.redact), fault)

    def _failure(self, reply: Reply, spoken: str) -> wharfinger.DeliveryError:
        words = bounded(self._session.redact(spoken)) or reply.vendor_message
        return failure(attrs.evolve(reply, vendor_message=words), self._call)


def _envelope(wanted: Retrieve, continues: str, token: wharfinger.Secret) -> bytes:
    """Write a request. Prefixes are literal: ``xsi:type`` counts on the default namespace."""
    envelope = ET.Element("s:Envelope", {"xmlns:s": _ENVELOPE, "xmlns:xsi": _INSTANCE})
    header = ET.SubElement(envelope, "s:Header")
    ET.SubElement(header, "fueloauth", xmlns="http://exacttarget.com").text = token.reveal()
    message = ET.SubElement(
        ET.SubElement(envelope, "s:Body"), "RetrieveRequestMsg", {"xmlns": _PARTNER}
    )
    request = ET.SubElement(message, "RetrieveRequest")
    options = ET.SubElement(request, "Options")
    ET.SubElement(options, "BatchSize").text = str(wanted.batch)
    ET.SubElement(request, "ObjectType").text = wanted.kind
    for name in wanted.properties:
        ET.SubElement(request, "Properties").text = name
    condition = ET.SubElement(request, "Filter", {"xsi:type": "SimpleFilterPart"})
    ET.SubElement(condition, "Property").text = wanted.where[0]
    ET.SubElement(condition, "SimpleOperator").text = "equals"
    ET.SubElement(condition, "Value").text = wanted.where[1]
    if continues:
        ET.SubElement(request, "ContinueRequest").text = continues
    body: bytes = ET.tostring(envelope, encoding="utf-8", xml_declaration=True)
    return body


class _NoDoctype(ET.TreeBuilder):
    """Ends reading at a document type declaration.

    It may declare entities that unfold into gigabytes or name files. The parser tells of it before
    it unfolds any, whatever the encoding; SOAP has no use for one.
    """

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        del pubid, system
        raise ValueError(f"a SOAP reply with the document type {name!r}")


def _parsed(body: bytes) -> ET.Element | None:
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314  # declarations end it, see above
    try:
        parser.feed(body)
        root: ET.Element = parser.close()
    except (ET.ParseError, ValueError, LookupError):
        return None
    return root


def _fault(root: ET.Element | None) -> str:
    found = None if root is None else root.find(".//{*}Fault/{*}faultstring")
    return (found.text or "").strip() if found is not None else ""


def _values(result: ET.Element, prefix: str = "") -> dict[str, str]:
    values: dict[str, str] = {}
    for child in result:
        name = prefix + _name(child)
        if len(child):
            values |= _values(child, f"{name}.")
        elif text := (child.text or "").strip():
            values[name] = text
    return values


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(parent: ET.Element, name: str) -> Iterator[ET.Element]:
    return (child for child in parent if _name(child) == name)


def _child_text(parent: ET.Element, name: str) -> str:
    child = next(_children(parent, name), None)
    return (child.text or "").strip() if child is not None else ""
