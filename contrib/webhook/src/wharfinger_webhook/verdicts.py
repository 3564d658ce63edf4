"""What an answer means. A batch is answered as a whole: its verdict is that of all its events."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn

import attrs
import httpx

import wharfinger
from wharfinger_webhook.settings import WebhookSettings, secret_headers

__all__ = ["judge"]

_MOST_READ: Final = 4000
_MOST_SHOWN: Final = 300
_LONGEST_WAIT_S: Final = 86_400.0
_SHORTEST_HIDDEN: Final = 4
_REQUEST_IDS: Final = ("x-request-id", "request-id", "x-correlation-id")
_FINE_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")

_Halt = tuple[str, str]
_HALTS: Final[dict[int, _Halt]] = {
    403: ("access-refused", "refuses access. Check Authentication, and what its owner allows."),
    404: ("endpoint-missing", "knows no such endpoint. Correct the path in URL."),
    405: ("method-refused", "takes no requests of this method. Choose another Method."),
    407: ("access-refused", "is behind a proxy that wants to be signed in to."),
    410: ("endpoint-missing", "says that the endpoint is gone for good. Put the new one into URL."),
    415: ("content-type-refused", "does not take this kind of body. Change Content Type."),
}
# Each says itself that it did nothing with the request.
_NOT_TAKEN: Final = {
    408: "waited too long for the request",
    425: "does not want a request this early",
    429: "asks us to slow down",
}


@attrs.frozen
class _Answer:
    """An answer, and how to speak of it."""

    session: wharfinger.Session
    response: httpx.Response
    events: int

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def host(self) -> str:
        return httpx.URL(self.session.settings.url).host

    def facts(self, **more: Any) -> dict[str, Any]:
        """Return what every error says besides its message."""
        return {
            "vendor_message": _shown(self.session, self.response),
            "http_status": self.status,
            "request_id": _request_id(self.session, self.response),
            **more,
        }


def judge(
    session: wharfinger.Session, response: httpx.Response, message_id: str, events: int
) -> wharfinger.Outcome:
    """Return the outcome of each event that was in a request, or raise what holds for all.

    Args:
        session: The way to the endpoint.
        response: Its answer.
        message_id: The id that was sent.
        events: How many events were in the request.

    Raises:
        wharfinger.DeliveryError: It did not take them.
    """
    if response.is_success:
        named = _request_id(session, response) or message_id
        return wharfinger.Outcome.delivered(http_status=response.status_code, request_id=named)
    answer = _Answer(session, response, events)
    _raise_halt(answer)
    _raise_retry(answer)
    if answer.status == httpx.codes.REQUEST_ENTITY_TOO_LARGE and events > 1:
        raise wharfinger.HaltedError(
            f"{answer.host} refuses {events:,} events in {len(response.request.content):,} bytes "
            "as too much. Give the mapping a smaller batch: batch = { rows = ..., bytes = ... }.",
            **answer.facts(code="batch-too-large"),
        )
    what = "this event" if events == 1 else f"these {events:,} events as a whole"
    raise wharfinger.RejectedError(
        f"{answer.host} answered {answer.status}: it refuses {what}. Compare Body with what it "
        "wants.",
        **answer.facts(code="refused"),
    )


def _raise_halt(answer: _Answer) -> None:
    """Raise where a person has to correct the settings first."""
    status = answer.status
    if status == httpx.codes.UNAUTHORIZED:
        raise wharfinger.CredentialsError(
            f"{answer.host} refuses the credentials. Check Authentication and Signing Secret.",
            **answer.facts(),
        )
    if status in _HALTS:
        code, words = _HALTS[status]
        message = f"{answer.host} answered {status}: it {words}"
        raise wharfinger.HaltedError(message, **answer.facts(code=code))
    if httpx.codes.is_redirect(status):
        target = _cleaned(answer.session, answer.response.headers.get("location", ""))
        raise wharfinger.HaltedError(
            f"{answer.host} answered {status}: it points elsewhere, and events are not sent where "
            "an answer says. If that is its new address, put it into URL.",
            **answer.facts(code="redirected", vendor_message=target),
        )


def _raise_retry(answer: _Answer) -> None:
    """Raise where the same request may be taken later."""
    status, host = answer.status, answer.host
    wait_s = _retry_after_s(answer.response.headers.get("retry-after", ""))
    if status in _NOT_TAKEN:
        slow = status == httpx.codes.TOO_MANY_REQUESTS
        kind = wharfinger.ThrottledError if slow else wharfinger.RetryError
        code = "rate-limited" if slow else "try-again"
        message = f"{host} answered {status}: it {_NOT_TAKEN[status]}."
        raise kind(message, retry_after_s=wait_s, **answer.facts(code=code))
    if 400 <= status < 500:  # noqa: PLR2004  # what the sender is to blame for (RFC 9110, 15.5)
        return
    says_unavailable = status == httpx.codes.SERVICE_UNAVAILABLE and wait_s is not None
    if answer.session.idempotent or says_unavailable:
        message = f"{host} answered {status}: it has a fault. Sending it again is safe."
        raise wharfinger.RetryError(
            message, retry_after_s=wait_s, **answer.facts(code="server-failed")
        )
    _raise_unknown(answer)


def _raise_unknown(answer: _Answer) -> NoReturn:
    raise wharfinger.UnknownError(
        f"{answer.host} answered {answer.status}: it has a fault, and may have taken the event all "
        "the same, so it is not sent again. Ask its owner.",
        **answer.facts(code="server-failed"),
    )


def _retry_after_s(text: str) -> float | None:
    """Read ``Retry-After``, seconds or a date (RFC 9110, 10.2.3); None where it says nothing."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,10}", text):
        wait_s = float(text)
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        wait_s = (at - datetime.now(UTC)).total_seconds()
    # No answer may stop a connection for longer than people take to look at it.
    return min(max(0.0, wait_s), _LONGEST_WAIT_S)


def _request_id(session: wharfinger.Session, response: httpx.Response) -> str | None:
    """Return the endpoint's name for a request, unless it is one that nobody is to see."""
    found = (response.headers.get(name, "") for name in _REQUEST_IDS)
    fine = (value for value in found if _FINE_ID.fullmatch(value))
    return next((value for value in fine if _cleaned(session, value) == value), None)


def _shown(session: wharfinger.Session, response: httpx.Response) -> str:
    # Not .text: the answer names the encoding, and may name one that is none.
    return _cleaned(session, response.content[:_MOST_READ].decode("utf-8", "replace"))


def _cleaned(session: wharfinger.Session, text: str) -> str:
    """Take secrets and what cannot be printed out of what the endpoint said, and cut it short."""
    settings: WebhookSettings = session.settings
    url = httpx.URL(settings.url)
    # The path of many a webhook is what lets one in.
    hidden = [*secret_headers(settings).values(), url.raw_path.decode("ascii"), url.path]
    text = session.redact(text)
    for secret in sorted(hidden, key=len, reverse=True):
        if len(secret) >= _SHORTEST_HIDDEN:
            text = text.replace(secret, "***")
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:_MOST_SHOWN]
