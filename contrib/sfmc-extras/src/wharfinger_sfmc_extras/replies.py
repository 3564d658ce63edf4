"""What Marketing Cloud's replies about transactional messages mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import attrs
import orjson

import wharfinger

__all__ = ["definition_finding", "outcomes_by_key"]

# "Transactional API Response Level Error Codes"; what else they name is about a recipient.
_USED_BEFORE: Final = 109110
_TOO_MANY_RECIPIENTS: Final = 109101
_DEFINITION: Final = frozenset({30003, 109107, 109111})

_MOST_SHOWN: Final = 300
_LONGEST_WAIT_S: Final = 86_400.0
_PERMISSION: Final = (
    'Tick "Email: Read, Write, Send" at the API integration of the installed package.'
)
_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 400, 401, 403, 404
_TOO_MANY, _SERVER_ERROR = 429, 500


@attrs.frozen
class _Reply:
    """A reply, as far as it can be read."""

    session: wharfinger.Session
    status: int
    text: str
    body: Mapping[str, Any]
    wait_s: float | None

    @classmethod
    def of(cls, session: wharfinger.Session, response: Any) -> _Reply:
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            body = None
        text = response.content[:4000].decode("utf-8", "replace")
        body = body if isinstance(body, dict) else {}
        asked_s = wharfinger.retry_after_s(response)
        wait_s = None if asked_s is None else min(asked_s, _LONGEST_WAIT_S)
        return cls(session, response.status_code, text, body, wait_s)

    @property
    def code(self) -> int:
        return _number(self.body.get("errorcode"))

    @property
    def request_id(self) -> str | None:
        found = self.body.get("requestId")
        return self.session.redact(found)[:100] if isinstance(found, str) else None

    @property
    def said(self) -> str:
        message = self.body.get("message")
        return self.shown(message if isinstance(message, str) else self.text)

    def shown(self, text: str) -> str:
        redacted = self.session.redact(text)
        printable = "".join(c if c.isprintable() else " " for c in redacted)
        return " ".join(printable.split())[:_MOST_SHOWN]

    def facts(self, code: str) -> dict[str, Any]:
        return {
            "code": code,
            "vendor_message": self.said,
            "http_status": self.status,
            "request_id": self.request_id,
        }


def outcomes_by_key(
    session: wharfinger.Session, response: Any, *, definition: str, keys: Collection[str]
) -> dict[str, wharfinger.Outcome]:
    """Return what became of each message, by its key.

    Args:
        session: The way to the account.
        response: The reply, an ``httpx.Response``.
        definition: Key of the send definition.
        keys: Keys of the messages that were sent.

    Raises:
        wharfinger.DeliveryError: The reply names no single message.
    """
    reply = _Reply.of(session, response)
    refused_here = {_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY}
    if reply.status < _SERVER_ERROR and reply.status not in refused_here:
        named = _named(reply.body.get("responses"))
        if named.keys() & set(keys):
            return {key: _outcome(reply, definition, named.get(key)) for key in keys}
    raise _failure(reply, definition)


def _named(responses: Any) -> dict[str, Mapping[str, Any]]:
    found = responses if isinstance(responses, list) else []
    return {
        each["messageKey"]: each
        for each in found
        if isinstance(each, dict) and isinstance(each.get("messageKey"), str)
    }


def _outcome(
    reply: _Reply, definition: str, answer: Mapping[str, Any] | None
) -> wharfinger.Outcome:
    """Return what became of one message."""
    if answer is None:
        return wharfinger.Outcome.of(_no_evidence(reply, "says nothing of this message"))
    code, said = _number(answer.get("errorcode")), reply.shown(str(answer.get("message", "")))
    facts: dict[str, Any] = {
        "vendor_message": said,
        "http_status": reply.status,
        "request_id": reply.request_id,
    }
    if code == 0 and reply.status < _BAD_REQUEST:
        return wharfinger.Outcome.delivered(http_status=reply.status, request_id=reply.request_id)
    if code <= 0:
        what = "gave a code that cannot be read" if code else "contradicts itself on this message"
        return wharfinger.Outcome.of(_no_evidence(reply, what))
    if code == _USED_BEFORE:
        return wharfinger.Outcome(
            status=wharfinger.Status.DELIVERED,
            code="accepted-before",
            message="Marketing Cloud took a message with this Message Key within the last days "
            "already, so nothing was sent now.",
            **facts,
        )
    if code in _DEFINITION:
        return attrs.evolve(
            wharfinger.Outcome.of(_definition_missing(reply, definition)), vendor_message=said
        )
    return wharfinger.Outcome(
        status=wharfinger.Status.REJECTED,
        code="recipient-refused",
        message=f"Marketing Cloud refuses this recipient ({code}). Check Contact Key, To and "
        "Attributes.",
        **facts,
    )


def _failure(reply: _Reply, definition: str) -> wharfinger.DeliveryError:
    """Return what a reply means for the whole request."""
    if halted := _halt(reply, definition):
        return halted
    if reply.status == _TOO_MANY:
        return wharfinger.ThrottledError(
            "Marketing Cloud asks this account to slow down.",
            retry_after_s=reply.wait_s,
            **reply.facts("rate-limited"),
        )
    if _BAD_REQUEST <= reply.status < _SERVER_ERROR:
        return wharfinger.RejectedError(
            f"Marketing Cloud refuses these messages ({max(reply.code, 0) or reply.status}). Check "
            "the fields of the mapping.",
            **reply.facts("request-refused"),
        )
    return _no_evidence(reply, "gave a reply that names no message")


def _halt(reply: _Reply, definition: str) -> wharfinger.HaltedError | None:
    """Return the error where a person has to change something first."""
    if reply.status == _UNAUTHORIZED:
        return wharfinger.CredentialsError(
            "Marketing Cloud refuses the access token. Check Client ID and Client Secret.",
            **reply.facts(wharfinger.CredentialsError.CODE),
        )
    if reply.status == _FORBIDDEN:
        return wharfinger.HaltedError(
            f"Marketing Cloud does not let this package send email. {_PERMISSION}",
            **reply.facts("permission-missing"),
        )
    if reply.status == _NOT_FOUND or reply.code in _DEFINITION:
        return _definition_missing(reply, definition)
    if reply.code == _TOO_MANY_RECIPIENTS:
        return wharfinger.HaltedError(
            "Marketing Cloud refuses so many recipients in one request. Give the mapping a smaller "
            "batch: batch = { rows = 500 }.",
            **reply.facts("batch-too-large"),
        )
    return None


def _definition_missing(reply: _Reply, definition: str) -> wharfinger.HaltedError:
    return wharfinger.HaltedError(
        f'There is no send definition with the key "{definition}" in this business unit. Correct '
        "Send Definition Key, or Account ID.",
        **reply.facts("definition-missing"),
    )


def _no_evidence(reply: _Reply, what: str) -> wharfinger.DeliveryError:
    """Return the error for messages that may have been taken."""
    said = f"Marketing Cloud answered {reply.status} and {what}"
    if reply.session.idempotent:
        return wharfinger.RetryError(
            f"{said}. Sending them again is safe: each has a key.",
            retry_after_s=reply.wait_s,
            **reply.facts("no-evidence"),
        )
    return wharfinger.UnknownError(
        f"{said}. It may have been taken, so it is not sent again; look for its Message Key.",
        **reply.facts("no-evidence"),
    )


def definition_finding(
    session: wharfinger.Session, response: Any, key: str
) -> wharfinger.Finding | None:
    """Say what is wrong with a send definition; None where it can be used.

    Args:
        session: The way to the account.
        response: The reply to asking for it, an ``httpx.Response``.
        key: Its key.
    """
    reply, subject = _Reply.of(session, response), "Send definition"
    if reply.status == _NOT_FOUND or (reply.status == _BAD_REQUEST and reply.code in _DEFINITION):
        return wharfinger.Finding(
            level="error",
            subject=subject,
            message=f'There is no send definition with the key "{key}" in this business unit.',
            fix="Correct Send Definition Key, or Account ID.",
            code="definition-missing",
        )
    if reply.status == _FORBIDDEN:
        return wharfinger.Finding(
            level="warning",
            subject=subject,
            message=f'Nobody may look the send definition "{key}" up.',
            fix=_PERMISSION,
            code="permission-missing",
        )
    state = reply.body.get("status")
    if isinstance(state, str) and state.lower() != "active":
        return wharfinger.Finding(
            level="warning",
            subject=subject,
            message=f'The send definition "{key}" is {reply.shown(state)[:40]}, not Active.',
            fix="Activate it, or its journey.",
            code="definition-inactive",
        )
    return None


def _number(value: Any) -> int:
    """Read a code, which may be a number, a text, or missing, which is 0; -1 for anything else."""
    if value is None or value == "":
        return 0
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
