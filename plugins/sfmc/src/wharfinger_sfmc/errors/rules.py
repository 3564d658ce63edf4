"""The table from SFMC's replies to errors. The first rule that fits a reply counts.

Where Salesforce's page "Handle Errors in REST API" is silent, a rule follows what clients have
seen in production. What decides between ``retry`` and ``unknown`` for a request that must not take
effect twice: a connection that never stood, 401, 429, 596 and a 503 in which SFMC itself says that
it is unavailable (50300, or a wait it asks for) prove that nothing took effect. A bare 503 may be
a gateway's word about a request that went through, like any other 5xx, and proves nothing.
"""

from __future__ import annotations

from typing import Final

from wharfinger_sfmc.errors.access import ACCESS
from wharfinger_sfmc.errors.events import CONTACTS, EVENTS
from wharfinger_sfmc.errors.general import GENERAL
from wharfinger_sfmc.errors.rows import JOBS, ROWS
from wharfinger_sfmc.errors.rule import Rule

__all__ = ["RULES"]

RULES: Final[tuple[Rule, ...]] = (*ACCESS, *ROWS, *JOBS, *EVENTS, *CONTACTS, *GENERAL)
