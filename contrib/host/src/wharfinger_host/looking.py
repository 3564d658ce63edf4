"""Looking at a connection: whatever goes wrong is a finding, so that the others are looked at."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

import wharfinger
from wharfinger import Connection, Finding
from wharfinger_host.engines.contract import EngineError

__all__ = ["failure", "look", "test"]

logger = logging.getLogger(__name__)


async def look(
    connection: Connection, check: Callable[[Connection], Awaitable[Sequence[Finding]]]
) -> list[Finding]:
    """Open a connection, check it, and close it again.

    Args:
        connection: Not open yet.
        check: What to look at while it is open.

    Returns:
        What the check found, or why nothing could be looked at.
    """
    try:
        async with connection:
            return _each_once(await check(connection))
    except Exception as error:  # noqa: BLE001  # any plugin may break while a connection opens
        return [failure(connection.name, error)]


async def test(connection: Connection) -> list[Finding]:
    """Try the credentials of an open connection, and tell what its mappings found as it opened."""
    return [*await connection.test(), *connection.findings]


def _each_once(findings: Iterable[Finding]) -> list[Finding]:
    """Return each finding once: the test of the credentials and the opening meet one refusal."""
    told: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        words = f"{finding.message} {finding.fix}".strip()
        told.setdefault((finding.mapping, finding.subject, words), finding)
    return list(told.values())


def failure(connection: str, error: Exception) -> Finding:
    """Return what stands in the way of a connection as a finding; the unforeseen is logged."""
    if isinstance(error, EngineError):
        return Finding(level="error", subject="Engine", message=str(error))
    if isinstance(error, wharfinger.WharfingerError):
        code = error.code if isinstance(error, wharfinger.DeliveryError) else ""
        return Finding(level="error", subject="Connection", message=str(error), code=code)
    text = "the connection %s failed in an unforeseen way: %s"
    logger.error(text, connection, wharfinger.stack_of(error))
    return Finding(
        level="error",
        subject="Connection",
        message=f"The plugin failed in an unforeseen way ({type(error).__name__}).",
        fix="The log has the details; `wharfinger plugins` names the distribution to report it to.",
        code="plugin-failed",
    )
