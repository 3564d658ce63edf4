"""A connection opens: every action looks at what its mapping needs at the vendor."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.session import Session
from wharfinger.errors import CredentialsError, DeliveryError, HaltedError
from wharfinger.model.action import Action, Effect
from wharfinger.model.destination import Finding
from wharfinger.model.opening import Opening
from wharfinger.model.outcome import Outcome, Status

__all__ = ["OpenedMappings", "findings_of", "open_mappings"]

logger = logging.getLogger(__name__)


@attrs.frozen
class OpenedMappings:
    """The mappings of an open connection.

    Attributes:
        mappings: By name, each with the action as it serves this mapping.
        findings: What was found, in the order of the mappings; each finding once.
        halts: Per mapping that cannot deliver, the outcome of its events.
    """

    mappings: Mapping[str, ActiveMapping]
    findings: tuple[Finding, ...] = ()
    halts: Mapping[str, Outcome] = attrs.field(factory=dict)


async def open_mappings(
    mappings: Mapping[str, ActiveMapping], session: Session, *, longest_s: float
) -> OpenedMappings:
    """Let every action look at its mapping, side by side; what one of them raises is a finding.

    Refused credentials end it at once, so that they are not tried for every mapping: nothing of
    the connection can be delivered.

    Args:
        mappings: The mappings of the connection, by name.
        session: The way to its account.
        longest_s: Seconds after which a mapping is no longer looked at.
    """
    refused: list[CredentialsError] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_open(mapping, session, longest_s))
                for mapping in mappings.values()
            ]
    except* CredentialsError as errors:
        refused += [error for error in errors.exceptions if isinstance(error, CredentialsError)]
    if refused:
        halts = dict.fromkeys(mappings, Outcome.of(refused[0]))
        return OpenedMappings(mappings, (_finding(refused[0], "Credentials", "error"),), halts)
    return _opened(mappings, [task.result() for task in tasks])


def _opened(mappings: Mapping[str, ActiveMapping], openings: Sequence[Opening]) -> OpenedMappings:
    opened: dict[str, ActiveMapping] = {}
    findings: list[Finding] = []
    halts: dict[str, Outcome] = {}
    for (name, mapping), opening in zip(mappings.items(), openings, strict=True):
        opened[name] = attrs.evolve(mapping, action=opening.action or mapping.action)
        findings += opening.findings
        if errors := [finding for finding in opening.findings if finding.level == "error"]:
            halts[name] = _halt(errors)
    return OpenedMappings(opened, tuple(dict.fromkeys(findings)), halts)


async def _open(mapping: ActiveMapping, session: Session, longest_s: float) -> Opening:
    action, subject = mapping.action, f"Mapping {mapping.name}"
    if action.open is None:
        return Opening()
    session = session.with_effect(idempotent=action.effect is Effect.IDEMPOTENT)
    try:
        async with asyncio.timeout(longest_s):
            opening = await action.open(session, mapping.outline)
        found, made = _findings(opening.findings), _checked(action, opening.action)
    except CredentialsError:
        raise
    except DeliveryError as error:
        level: Literal["error", "warning"]
        level = "error" if isinstance(error, HaltedError) else "warning"
        found, made = [_finding(error, subject, level)], None
    except TimeoutError:
        message = "Looking at what it needs took too long and was given up; it delivers without."
        found, made = [Finding(level="warning", subject=subject, message=message)], None
    except Exception as error:
        logger.exception("the action %s failed to look at %s", action.slug, mapping.name)
        found, made = [_fault(subject, error, "warning")], None
    about = [attrs.evolve(finding, mapping=mapping.name) for finding in found]
    return Opening(findings=about, action=made)


def _checked(action: Action, made: Action | None) -> Action | None:
    """Return the action that an opening made; payloads are checked already, by the class it had."""
    if made is None:
        return None
    for fact in ("destination", "slug", "payload"):
        if getattr(made, fact) != getattr(action, fact):
            raise TypeError(f"an opened action must keep the {fact} it had")
    return made


async def findings_of(
    subject: str, check: Callable[..., Awaitable[Sequence[Finding]]], *arguments: Any
) -> list[Finding]:
    """Run one check; whatever it raises is a finding, so that the others still run."""
    try:
        return _findings(await check(*arguments))
    except DeliveryError as error:
        return [_finding(error, subject, "error")]
    except Exception as error:
        logger.exception("the check %s failed in an unforeseen way", subject)
        return [_fault(subject, error, "error")]


def _findings(given: Iterable[Any]) -> list[Finding]:
    findings = list(given)
    for finding in findings:
        if not isinstance(finding, Finding):
            raise TypeError(f"it gave {type(finding).__name__} where a Finding belongs")
    return findings


def _finding(error: DeliveryError, subject: str, level: Literal["error", "warning"]) -> Finding:
    return Finding(level=level, subject=subject, message=error.message, code=error.code)


def _fault(subject: str, error: Exception, level: Literal["error", "warning"]) -> Finding:
    message = f"The check itself failed with {type(error).__name__}; the log has the details."
    return Finding(level=level, subject=subject, message=message)


def _halt(errors: Sequence[Finding]) -> Outcome:
    words = (f"{finding.message} {finding.fix}".strip() for finding in errors)
    return Outcome(
        status=Status.HALTED,
        code=errors[0].code or "mapping-not-ready",
        message=" ".join(words),
    )
