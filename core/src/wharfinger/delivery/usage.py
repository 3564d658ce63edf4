"""What a tenant was asked, and how fast it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

import attrs

from wharfinger.delivery.circuit import CircuitState

__all__ = ["Calls", "Pace", "Usage", "endpoint_of"]

HIDDEN: Final = "…"
# Words and versions make an endpoint. What has other digits or signs names one thing of many.
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z_.-]{0,39}|v[0-9]{1,3}(\.[0-9]+)*")
_MOST_ENDPOINTS: Final = 500
_HALF_LIFE_S: Final = 60.0
_FEWEST: Final = 5


@attrs.frozen(kw_only=True)
class Usage:
    """What the connections of one tenant asked of it, and how it stands now.

    Attributes:
        calls: How many calls left this process, by endpoint: ``"POST /v2/token"``. Signing in
            counts; ids and keys in paths are replaced by ``…``.
        parallel: Most requests under way at once, for now.
        under_way: How many are.
        waiting: How many wait to start.
        paused_s: Seconds of a pause that the vendor asked for that are left, or 0.
        circuit: ``"closed"``; ``"open"`` while a vendor that does not work is left in peace;
            ``"half-open"`` while one request tries it.
        budget_left: How many calls the budget leaves for this day of UTC; None where it has no
            bound.
        per_second: Requests a second while there was something to send, the last minute above
            all; None while too few ended.
    """

    calls: Mapping[str, int]
    parallel: int
    under_way: int
    waiting: int
    paused_s: float
    circuit: CircuitState
    budget_left: int | None
    per_second: float | None


@lru_cache(maxsize=2048)
def endpoint_of(method: str, raw_path: bytes) -> str:
    """Return the method and the path with ids and keys replaced.

    Args:
        method: ``"POST"``.
        raw_path: As httpx gives it: encoded, the query included.

    Example:
        >>> endpoint_of("GET", b"/boards/7f3a-19/notes?page=2")
        'GET /boards/…/notes'
    """
    path = raw_path.partition(b"?")[0].decode("ascii", "replace")
    kept = (part if not part or _WORD.fullmatch(part) else HIDDEN for part in path.split("/"))
    return f"{method} {'/'.join(kept)}"


class Calls:
    """Counts calls by endpoint; of too many endpoints the later ones share a line."""

    def __init__(self) -> None:
        self._by_endpoint: dict[str, int] = {}

    def count(self, method: str, raw_path: bytes) -> None:
        """Count one call that leaves."""
        endpoint = endpoint_of(method, raw_path)
        if endpoint not in self._by_endpoint and len(self._by_endpoint) >= _MOST_ENDPOINTS:
            endpoint = f"{method} {HIDDEN}"
        self._by_endpoint[endpoint] = self._by_endpoint.get(endpoint, 0) + 1

    def by_endpoint(self) -> Mapping[str, int]:
        """Return the counts so far."""
        return MappingProxyType(dict(self._by_endpoint))


class Pace:
    """How many requests end per second of having something to send; the past fades."""

    def __init__(self) -> None:
        self._ended = 0.0
        self._busy_s = 0.0
        self._since = 0.0
        self._seen = 0

    def begin(self, now: float) -> None:
        """Take it that after a time of nothing there is something to send."""
        self._since = now

    def end(self, now: float) -> None:
        """Take it that a request ended."""
        passed_s, self._since = max(0.0, now - self._since), now
        fading = 0.5 ** (passed_s / _HALF_LIFE_S)
        self._ended = self._ended * fading + 1
        self._busy_s = self._busy_s * fading + passed_s
        self._seen += 1

    @property
    def per_second(self) -> float | None:
        """Requests a second; None while too few ended."""
        if self._seen < _FEWEST or self._busy_s <= 0:
            return None
        return self._ended / self._busy_s
