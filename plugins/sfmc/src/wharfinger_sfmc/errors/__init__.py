"""What SFMC's refusals mean: the table of `wharfinger_sfmc.errors.rules` put to use."""

from __future__ import annotations

from typing import Any

import wharfinger
from wharfinger_sfmc.api.replies import Reply
from wharfinger_sfmc.errors.access import FORBIDDEN
from wharfinger_sfmc.errors.doubt import InDoubtError, doubt_mark, doubted, leaves_doubt
from wharfinger_sfmc.errors.events import EVENT_REFUSED
from wharfinger_sfmc.errors.general import TOO_LARGE
from wharfinger_sfmc.errors.rows import PRIMARY_KEY_MISMATCH, ROW_REFUSED
from wharfinger_sfmc.errors.rule import Call, Rule, Topic
from wharfinger_sfmc.errors.rules import RULES

__all__ = [
    "EVENT_REFUSED",
    "FORBIDDEN",
    "PRIMARY_KEY_MISMATCH",
    "ROW_REFUSED",
    "RULES",
    "TOO_LARGE",
    "Call",
    "InDoubtError",
    "Rule",
    "Topic",
    "doubt_mark",
    "doubted",
    "failure",
    "leaves_doubt",
    "rule_for",
    "sentence",
]


def rule_for(reply: Reply, call: Call) -> Rule:
    """Return the first rule of the table that fits a reply; there always is one."""
    return next(rule for rule in RULES if rule.fits(reply, call))


def failure(reply: Reply, call: Call) -> wharfinger.DeliveryError:
    """Return the error that a reply stands for.

    Args:
        reply: A reply that is not the success the caller hoped for.
        call: What was asked.
    """
    rule = rule_for(reply, call)
    message = rule.message.format(
        subject=call.subject,
        permissions=call.permissions or "the permissions of this action",
        vendor=sentence(reply.vendor_message),
    )
    facts: dict[str, Any] = {
        "code": rule.code,
        "vendor_message": reply.vendor_message,
        "http_status": reply.status,
        "request_id": reply.request_id,
    }
    if issubclass(rule.error, wharfinger.RetryError):
        named_s = reply.retry_after_s
        facts["retry_after_s"] = rule.retry_after_s if named_s is None else named_s
    # A subject opens some sentences.
    return rule.error(message[:1].upper() + message[1:], **facts)


def sentence(vendor_message: str) -> str:
    """Return SFMC's words as a sentence that can stand among ours."""
    if not vendor_message:
        return "it gave no reason."
    return vendor_message if vendor_message[-1] in ".!?…" else f"{vendor_message}."
