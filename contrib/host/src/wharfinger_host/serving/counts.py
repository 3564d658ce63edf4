"""What has come in so far."""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs

__all__ = ["Counts"]


@attrs.define
class Counts:
    """Counts since the server began.

    Attributes:
        events: Taken into the inbox.
        duplicates: Dropped, because they were in the inbox already.
        refused: Events not accepted, by source and code.
        requests: Requests to the tracking paths, by status code of the reply.
    """

    events: int = 0
    duplicates: int = 0
    refused: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    requests: Counter[int] = attrs.field(factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return them as plain data."""
        return {
            "events": self.events,
            "duplicates": self.duplicates,
            "refused": [
                {"source": source, "code": code, "events": count}
                for (source, code), count in sorted(self.refused.items())
            ],
            "requests": {str(status): count for status, count in sorted(self.requests.items())},
        }
