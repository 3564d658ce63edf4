"""Taking secrets out of text that comes from outside."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

from wharfinger.model.secret import Secret

__all__ = ["Redactor"]

HIDDEN = "***"
# A shorter secret would turn every second word of a vendor's message into stars.
_SHORTEST = 4


class Redactor:
    """Knows an account's secrets, and the last credentials it sent, and hides them in text.

    Args:
        secrets: The account's secrets.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._secrets = {secret.reveal() for secret in secrets}
        self._credentials: deque[str] = deque(maxlen=8)

    def learn(self, authorization: str | None) -> None:
        """Remember what an ``Authorization`` header just carried; tokens come and go."""
        if authorization:
            credential = authorization.rpartition(" ")[2]
            if credential not in self._credentials:
                self._credentials.append(credential)

    def redact(self, text: str) -> str:
        """Return the text with every known secret replaced by ``***``."""
        known = {value for value in (*self._secrets, *self._credentials) if len(value) >= _SHORTEST}
        if not known:
            return text
        longest_first = sorted(known, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), HIDDEN, text)
