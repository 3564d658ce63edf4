"""Who may see and change what: one token, sessions that a sign-in begins, and proof of forms."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from wharfinger import Secret

__all__ = ["COOKIE", "SESSION_S", "SHORTEST_TOKEN", "Access", "TooManyTriesError"]

COOKIE: Final = "wharfinger_dashboard"
SESSION_S: Final = 12 * 60 * 60
SHORTEST_TOKEN: Final = 16
_MOST_SESSIONS: Final = 100
_MOST_WRONG: Final = 10
_WRONG_WITHIN_S: Final = 60.0


class TooManyTriesError(Exception):
    """So many wrong tokens were given that none is looked at for a while."""


class Access:
    """Knows the token and who has signed in with it.

    Without a token everybody may look and nobody may change anything; with one, nobody may even
    look who has not signed in.

    Args:
        token: What a person has to know; None for none.
        clock: Gives seconds that never go back.
    """

    def __init__(
        self, token: Secret | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._token = None if token is None else _digest(token.reveal())
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._sessions: dict[str, float] = {}
        self._wrong: deque[float] = deque(maxlen=_MOST_WRONG)

    @property
    def has_token(self) -> bool:
        """Whether anybody can sign in."""
        return self._token is not None

    def sign_in(self, token: str) -> str | None:
        """Return the name of a new session; None where the token is wrong.

        Raises:
            TooManyTriesError: It was not looked at.
        """
        now_s = self._clock()
        if len(self._wrong) == _MOST_WRONG and now_s - self._wrong[0] < _WRONG_WITHIN_S:
            raise TooManyTriesError
        if self._token is None or not hmac.compare_digest(self._token, _digest(token)):
            self._wrong.append(now_s)
            return None
        while len(self._sessions) >= _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        session = secrets.token_urlsafe(32)
        self._sessions[session] = now_s + SESSION_S
        return session

    def sign_out(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(session, None)

    def is_session(self, session: str) -> bool:
        """Tell whether somebody is signed in under this name."""
        return self._sessions.get(session, 0.0) > self._clock()

    def proof(self, session: str, path: str) -> str:
        """Return what a form has to bring, so that no foreign page can send it.

        Args:
            session: Name of the session; ``""`` for a visitor who has none.
            path: Where the form leads.
        """
        return hmac.new(self._key, f"{session}\n{path}".encode(), hashlib.sha256).hexdigest()

    def is_proof(self, given: str, session: str, path: str) -> bool:
        """Tell whether a form brings what it has to."""
        return hmac.compare_digest(given.encode(), self.proof(session, path).encode())


def _digest(token: str) -> bytes:
    # Digests have one length, so that a comparison does not tell how long the token is.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
