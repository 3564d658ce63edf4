"""Further checks of a connection: permissions and clocks.

What data extensions and event definitions are like is found when a connection opens.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import wharfinger
from wharfinger_sfmc.account.findings import error, ok, warning
from wharfinger_sfmc.api.calls import Api
from wharfinger_sfmc.auth import MarketingCloudAuth
from wharfinger_sfmc.destination import SLUG
from wharfinger_sfmc.permissions import IN_SETUP, NEEDED, READ_ROWS, WRITE_ROWS, words
from wharfinger_sfmc.rows.storing import Interface
from wharfinger_sfmc.values.columns import quoted

__all__ = ["DIAGNOSTICS"]

_NOTICEABLE_S: Final = 60.0
_WRONG_S: Final = 300.0
_PERMISSIONS: Final = "Permissions"
_CLOCK: Final = "Clock"


async def _check_permissions(
    session: wharfinger.Session, outlines: Sequence[wharfinger.Outline]
) -> list[wharfinger.Finding]:
    """Compare what the access token may do with what the mappings' actions need."""
    auth = session.auth
    if not isinstance(auth, MarketingCloudAuth):
        return []
    await auth.bearer(session)
    if auth.granted is None:
        message = "SFMC did not say which permissions the API integration has."
        fix = f"Compare {words(_needed(outlines))} with {IN_SETUP}."
        return [warning(_PERMISSIONS, message, fix, "permissions-unknown")]
    lacking = [
        error(
            _PERMISSIONS,
            f"The API integration lacks {words([scope])}, without which {_users(scope, outlines)} "
            "cannot work.",
            f"Tick {words([scope])} in {IN_SETUP}.",
            "permission-missing",
        )
        for scope in _needed(outlines)
        if scope not in auth.granted
    ]
    unchecked = _unchecked(auth.granted, outlines)
    if lacking or unchecked:
        return lacking + unchecked
    needed = words(_needed(outlines)) or "nothing so far"
    return [ok(_PERMISSIONS, f"The API integration may do what the mappings need: {needed}.")]


def _needed(outlines: Sequence[wharfinger.Outline]) -> list[str]:
    return list(dict.fromkeys(scope for outline in outlines for scope in _scopes(outline)))


def _scopes(outline: wharfinger.Outline) -> tuple[str, ...]:
    """What a mapping needs; the results of queued rows have to be read."""
    queues = outline.constants.get("api") in (Interface.ASYNC, Interface.AUTO)
    return NEEDED.get(outline.action, ()) + (READ_ROWS if queues else ())


def _users(scope: str, outlines: Sequence[wharfinger.Outline]) -> str:
    names = [outline.mapping for outline in outlines if scope in _scopes(outline)]
    return f"the mapping{'s' if len(names) > 1 else ''} {', '.join(map(quoted, names))}"


def _unchecked(
    granted: frozenset[str], outlines: Sequence[wharfinger.Outline]
) -> list[wharfinger.Finding]:
    """Rows can be sent without permission to read, and are not checked before they are."""
    needed = set(_needed(outlines))
    if not needed.issuperset(WRITE_ROWS) or needed.union(granted).issuperset(READ_ROWS):
        return []
    message = (
        f"The API integration lacks {words(READ_ROWS)}, so columns and values are not checked "
        "before rows are sent."
    )
    return [warning(_PERMISSIONS, message, f"Tick it in {IN_SETUP}.", "permission-advised")]


async def _check_clock(
    session: wharfinger.Session, outlines: Sequence[wharfinger.Outline]
) -> list[wharfinger.Finding]:
    """Compare this machine's clock with the one in a reply; a second more or less is the way."""
    del outlines
    reply = await Api(session).token_context()
    if reply.date is None:
        message = "SFMC's reply names no time, so the clocks could not be compared."
        fix = "Compare this machine's clock with a time server."
        return [warning(_CLOCK, message, fix, "clock-unknown")]
    ahead_s = (datetime.now(UTC) - reply.date).total_seconds()
    if abs(ahead_s) <= _NOTICEABLE_S:
        return [ok(_CLOCK, "This machine's clock and SFMC's agree.")]
    direction = "ahead of" if ahead_s > 0 else "behind"
    message = (
        f"This machine's clock is {abs(ahead_s):,.0f} seconds {direction} SFMC's. Times that "
        "mappings or this machine write into rows are wrong by as much, and so is the wait where "
        "SFMC asks for one until a certain time."
    )
    fix = "Let this machine take its time from a time server (NTP)."
    finding = error if abs(ahead_s) > _WRONG_S else warning
    return [finding(_CLOCK, message, fix, "clock-skewed")]


DIAGNOSTICS: Final = (
    wharfinger.Diagnostic(destination=SLUG, title=_PERMISSIONS, check=_check_permissions),
    wharfinger.Diagnostic(destination=SLUG, title=_CLOCK, check=_check_clock),
)
"""The further checks of this destination."""
