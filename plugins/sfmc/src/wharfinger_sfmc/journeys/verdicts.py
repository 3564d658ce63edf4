"""What SFMC says about each event of a batch.

The ``members`` of a reply stand in the order of the request, and one that failed has an
``errorcode`` and a ``message`` ("Enter Contacts into Journey in Batches"); all of them may have an
event instance. A member counts for the event at its place only if its contact key is that event's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

import wharfinger
from wharfinger_sfmc.api.replies import Reply, bounded, whole_number
from wharfinger_sfmc.errors import Call, Topic, failure
from wharfinger_sfmc.permissions import JOURNEYS, words

__all__ = ["Verdict", "event_call", "instance_of", "refusal_of", "verdicts"]

_TELLING: Final = frozenset({*range(200, 300), 400})
"""Statuses of replies whose members count."""


@attrs.frozen(kw_only=True)
class Verdict:
    """What is known of one event of a batch.

    Attributes:
        outcome: What became of it; None where the reply proves nothing.
        instance: SFMC's name for it, or None.
    """

    outcome: wharfinger.Outcome | None = None
    instance: str | None = None


def event_call(topic: Topic, definition: str, *, repeatable: bool = False) -> Call:
    """Return what is asked of SFMC when an event is sent.

    Args:
        topic: `Topic.EVENT` or `Topic.EVENTS`.
        definition: The event definition key.
        repeatable: Whether it may be sent again although it may have entered somebody.
    """
    return Call(
        topic=topic,
        subject=f'the event definition "{definition}"',
        permissions=words(JOURNEYS),
        repeatable=repeatable,
    )


def instance_of(entry: Mapping[str, Any]) -> str | None:
    """Return the event instance that an entry of a reply names, or None."""
    found = entry.get("eventinstanceid")
    return found.strip() or None if isinstance(found, str) else None


def refusal_of(definition: str, errorcode: Any, message: str) -> wharfinger.Outcome:
    """Return the outcome of one event that SFMC refused, as if it had been sent alone.

    Args:
        definition: The event definition key.
        errorcode: SFMC's number for it, as a number or as text.
        message: SFMC's words, secrets taken out.
    """
    reply = Reply(status=400, errorcode=whole_number(errorcode), vendor_message=message)
    outcome = wharfinger.Outcome.of(failure(reply, event_call(Topic.EVENT, definition)))
    return attrs.evolve(outcome, http_status=None)


def verdicts(
    session: wharfinger.Session, reply: Reply, definition: str, contacts: Sequence[str]
) -> list[Verdict] | None:
    """Read what a reply says about each event of a batch.

    Args:
        session: Takes secrets out of texts.
        reply: The reply to the batch.
        definition: The event definition key.
        contacts: The contact keys in the order they were sent.

    Returns:
        One verdict per event; None where the reply is about the batch as a whole.
    """
    members = reply.objects("members") if reply.status in _TELLING else None
    if not members:
        return None
    found = [_verdict(session, reply, definition, entry) for entry in _placed(members, contacts)]
    if _adds_up(reply, members, len(contacts)):
        return found
    # Whoever is counted as not queued may be one of those that show no error.
    return [
        attrs.evolve(verdict, outcome=None) if _is_delivered(verdict) else verdict
        for verdict in found
    ]


def _placed(
    members: Sequence[Mapping[str, Any]], contacts: Sequence[str]
) -> list[Mapping[str, Any]]:
    """Return the member that is about each event, an empty one where none surely is."""
    keys = [_key(member) for member in members]
    if keys == list(contacts):
        return list(members)
    often, asked = Counter(keys), Counter(contacts)
    by_key = dict(zip(keys, members, strict=True))
    return [
        by_key[contact] if often[contact] == asked[contact] == 1 else {} for contact in contacts
    ]


def _key(member: Mapping[str, Any]) -> str:
    return str(member.get("contactkey"))


def _verdict(
    session: wharfinger.Session, reply: Reply, definition: str, member: Mapping[str, Any]
) -> Verdict:
    instance = instance_of(member)
    if _is_errored(member):
        message = member.get("message")
        words_ = bounded(session.redact(message)) if isinstance(message, str) else ""
        refusal = refusal_of(definition, member.get("errorcode"), words_)
        outcome = attrs.evolve(refusal, http_status=reply.status, request_id=instance)
        return Verdict(outcome=outcome, instance=instance)
    if instance is None or not reply.accepted:
        return Verdict(instance=instance)
    return Verdict(
        outcome=wharfinger.Outcome.delivered(http_status=reply.status, request_id=instance),
        instance=instance,
    )


def _is_errored(member: Mapping[str, Any]) -> bool:
    return member.get("errorcode") not in (None, "", 0, "0") or bool(member.get("message"))


def _adds_up(reply: Reply, members: Sequence[Mapping[str, Any]], sent: int) -> bool:
    """Tell whether SFMC's sums agree with its members, as far as it gives any."""
    errored, missing = sum(map(_is_errored, members)), sent - len(members)
    count, not_queued = reply.number("count"), reply.number("notqueuedcount")
    # Whether those that are not queued are counted among the others is not said.
    counts = {None, sent, len(members), sent - (not_queued or 0)}
    most_errored = errored + missing
    return (
        missing >= 0
        and count in counts
        and (not_queued is None or errored <= not_queued <= most_errored)
    )


def _is_delivered(verdict: Verdict) -> bool:
    return verdict.outcome is not None and verdict.outcome.status is wharfinger.Status.DELIVERED
