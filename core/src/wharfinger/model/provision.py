"""Making at the vendor what a mapping needs: first a plan that people read, then the deed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

from wharfinger.model.destination import Finding
from wharfinger.model.opening import Outline

if TYPE_CHECKING:
    from wharfinger.delivery.session import Session

__all__ = ["Change", "Plan", "Provision"]


@attrs.frozen(kw_only=True)
class Change:
    """One line of a plan.

    Attributes:
        kind: ``"create"`` is what applying does; ``"keep"`` is there and fits; ``"by-hand"`` is
            needed and cannot be done from here.
        subject: What it is about: ``'column "Spent"'``.
        before: What is there, or ``""``.
        after: What will be there, or ``""``.
        reason: Why, in words: ``"longest of 1,234 values has 61 characters"``.
    """

    kind: Literal["create", "keep", "by-hand"]
    subject: str
    before: str = ""
    after: str = ""
    reason: str = ""


@attrs.frozen(kw_only=True)
class Plan:
    """What has to be made so that one mapping can deliver. Nothing is ever dropped.

    Attributes:
        mapping: Name of the mapping.
        subject: What is planned for: ``'the data extension with the key "orders"'``.
        changes: Line by line what is, and what is to be.
        findings: What a person should know or do besides.
        data: What the plugin needs to apply it; nobody else reads it.
    """

    mapping: str
    subject: str
    changes: Sequence[Change] = ()
    findings: Sequence[Finding] = ()
    data: Any = attrs.field(default=None, repr=False)

    @property
    def creates(self) -> bool:
        """Whether applying it makes anything."""
        return any(change.kind == "create" for change in self.changes)


@attrs.frozen(kw_only=True)
class Provision:
    """How an action makes at the vendor what a mapping needs.

    Attributes:
        plan: Given a session, the mapping's outline, payloads of sample events and an instance of
            ``options``, says what is to be made; changes nothing.
        apply: Given a session and such a plan, makes it, and says what became of it. Applying a
            plan whose work is done already changes nothing.
        options: An attrs class whose fields are made with `wharfinger.field`: what a person may
            wish for, such as a folder. None where there is nothing to wish for.
    """

    plan: Callable[[Session, Outline, Sequence[Any], Any], Awaitable[Plan]]
    apply: Callable[[Session, Plan], Awaitable[Sequence[Finding]]]
    options: type[Any] | None = None
