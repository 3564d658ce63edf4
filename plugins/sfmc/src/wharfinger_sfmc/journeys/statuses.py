"""SFMC's list of what became of journey events, read with suspicion.

``GET /interaction/v1/async/events/status`` gives ``page, pageSize, count, items`` ("Get Status of
Contacts"). A filter that SFMC ignores, an entry that cannot be read or a list that is not complete
must never lead to a wrong conclusion, so each of them makes the whole list unclear.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.api.calls import Api
from wharfinger_sfmc.api.replies import Reply, bounded
from wharfinger_sfmc.values.dates import SERVER_TIME

__all__ = ["ListedEvent", "UnclearError", "events_of_contact", "events_of_request"]

_ON_A_PAGE: Final = 100
_MOST_PAGES: Final = 5
_CLOCKS_MAY_DIFFER_BY: Final = timedelta(seconds=10)
_ROUNDED_BY: Final = timedelta(seconds=1)
_ENTERED: Final = {"queued": True, "processed": True, "errored": False}


class UnclearError(Exception):
    """The list proves nothing.

    Attributes:
        finding: What was found, as the end of the sentence "SFMC's list of events ...".
        final: Whether asking again is of no use.
    """

    def __init__(self, finding: str, *, final: bool = False) -> None:
        super().__init__(finding)
        self.finding = finding
        self.final = final


@attrs.frozen(kw_only=True)
class ListedEvent:
    """One event of the list.

    Attributes:
        instance: SFMC's name for it.
        request_id: SFMC's name for the batch it came in, or ``""``.
        definition: Its event definition key.
        contact: Its contact key.
        entered: Whether it is queued or processed; it is errored otherwise.
        modified: When it last became something else, or None where that cannot be read.
        errorcode: Why it is errored, or None.
        message: The same in words, or ``""``.
    """

    instance: str
    request_id: str
    definition: str
    contact: str
    entered: bool
    modified: datetime | None
    errorcode: Any
    message: str


async def events_of_contact(
    session: wharfinger.Session, definition: str, contact: str, sent_at: datetime, since: datetime
) -> list[ListedEvent]:
    """List the events of one contact that changed since one was sent.

    Args:
        session: The way to the account.
        definition: The event definition key.
        contact: The contact key.
        sent_at: When it was sent, by this machine's clock.
        since: So much earlier that SFMC's clock cannot have shown less, however the clocks differ.
            It counts where SFMC does not tell the time.

    Raises:
        UnclearError: The list proves nothing.
    """
    listed, ahead = await _listing(
        session,
        {
            "contactKey": contact,
            "eventDefinitionKey": definition,
            "startDate": f"{since:%Y-%m-%dT%H:%M:%S}Z",
        },
    )
    own = [each for each in listed if (each.contact, each.definition) == (contact, definition)]
    if any(event.modified is None for event in own):
        raise UnclearError("gives no dates", final=True)
    # The earlier event of a process that has died must not be taken for this one.
    first = since if ahead is None else sent_at + ahead - _ROUNDED_BY
    return [event for event in own if event.modified is not None and event.modified >= first]


async def events_of_request(session: wharfinger.Session, request_id: str) -> list[ListedEvent]:
    """List the events of one batch.

    Raises:
        UnclearError: The list proves nothing.
    """
    listed, _ = await _listing(session, {"requestId": request_id})
    return [event for event in listed if event.request_id.lower() == request_id.lower()]


async def _listing(
    session: wharfinger.Session, filters: Mapping[str, str]
) -> tuple[list[ListedEvent], timedelta | None]:
    """Return the list, and by how much at least SFMC's clock is ahead, where it tells the time."""
    found: dict[str, ListedEvent] = {}
    ahead: timedelta | None = None
    for page in range(1, _MOST_PAGES + 1):
        query = {**filters, "$page": str(page), "$pageSize": str(_ON_A_PAGE)}
        reply, items, count = await _page(session, query)
        ahead = _ahead(reply) if page == 1 else ahead
        events = [_listed(item, session) for item in items]
        found.update((event.instance, event) for event in events)
        if len(found) >= count:
            return list(found.values()), ahead
        if not events:
            break
    raise UnclearError("cannot be read to its end", final=True)


async def _page(
    session: wharfinger.Session, query: Mapping[str, str]
) -> tuple[Reply, list[dict[str, Any]], int]:
    try:
        reply = await Api(session).event_statuses(query)
    except wharfinger.DeliveryError as error:
        final = not isinstance(error, wharfinger.RetryError)
        raise UnclearError(f"cannot be had ({error.code})", final=final) from error
    if not reply.accepted:
        raise UnclearError(
            f"was refused with HTTP status {reply.status}", final=reply.status in _NEVER
        )
    count = reply.number("count")
    items = [] if count == 0 and "items" not in reply.fields else reply.objects("items")
    if count is None or items is None:
        raise UnclearError("cannot be read")
    return reply, items, count


_NEVER: Final = frozenset(range(400, 500)) - {408, 429}


def _ahead(reply: Reply) -> timedelta | None:
    """Return by how much at least SFMC's clock is ahead of ours; None where it does not say.

    Raises:
        UnclearError: By so much that nobody can tell what was there before an event was sent.
    """
    if reply.date is None:
        return None
    ahead = reply.date - datetime.now(UTC)
    if abs(ahead) > _CLOCKS_MAY_DIFFER_BY:
        raise UnclearError(
            f"is of no help, because this machine's clock and SFMC's are {abs(ahead)} apart",
            final=True,
        )
    return ahead


def _listed(item: Mapping[str, Any], session: wharfinger.Session) -> ListedEvent:
    state = str(item.get("status") or item.get("type")).lower()
    instance, contact = _text(item, "eventinstanceid"), _text(item, "contactkey")
    definition = _text(item, "eventdefinitionkey")
    if not (instance and contact and definition) or state not in _ENTERED:
        raise UnclearError("has entries that cannot be read")
    return ListedEvent(
        instance=instance,
        request_id=_text(item, "requestid"),
        definition=definition,
        contact=contact,
        entered=_ENTERED[state],
        modified=_moment(_text(item, "modifieddate")),
        errorcode=item.get("errorcode"),
        message=bounded(session.redact(_text(item, "message"))),
    )


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=SERVER_TIME)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
