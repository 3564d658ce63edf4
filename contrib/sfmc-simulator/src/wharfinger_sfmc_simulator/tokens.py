"""Access tokens: four segments, bound to a client, an account and scopes, until they are over."""

import base64
import secrets
from datetime import datetime, timedelta

import attrs
import orjson

from wharfinger_sfmc_simulator.catalogue import Client
from wharfinger_sfmc_simulator.clock import Clock

__all__ = ["Token", "Tokens"]


@attrs.frozen
class Token:
    """What a token stands for.

    Attributes:
        text: As clients send it.
        client: The integration it was minted for.
        account: MID it works in, and nowhere else.
        scopes: What it may do.
        ends: When it stops being honoured.
    """

    text: str = attrs.field(repr=False)
    client: Client
    account: int
    scopes: frozenset[str]
    ends: datetime


class Tokens:
    """The tokens that are alive."""

    def __init__(self, clock: Clock, eid: int) -> None:
        self._clock = clock
        self._eid = eid
        self._alive: dict[str, Token] = {}

    def mint(
        self, client: Client, account: int, scopes: frozenset[str], *, lifetime_s: int
    ) -> Token:
        """Make a token that is honoured for ``lifetime_s`` seconds."""
        now = self._clock()
        self._alive = {text: token for text, token in self._alive.items() if token.ends > now}
        text = _token_text(client.id, self._eid)
        token = Token(text, client, account, scopes, now + timedelta(seconds=lifetime_s))
        self._alive[text] = token
        return token

    def find(self, authorization: str) -> Token | None:
        """Return the living token of an ``Authorization`` header, or None."""
        scheme, _, text = authorization.partition(" ")
        token = self._alive.get(text.strip()) if scheme.lower() == "bearer" else None
        return token if token and token.ends > self._clock() else None

    def count(self) -> int:
        """Return how many tokens are alive."""
        now = self._clock()
        return sum(token.ends > now for token in self._alive.values())

    def revoke(self, token: Token) -> None:
        """End a token now."""
        self._alive.pop(token.text, None)

    def revoke_all(self) -> None:
        """End every token now: each client has to ask for a new one."""
        self._alive.clear()


def _token_text(client_id: str, eid: int) -> str:
    """Three segments as of a JWT and one more, as recorded; at most 512 characters."""
    header = {"alg": "HS256", "kid": "4", "ver": "1", "typ": "JWT"}
    payload = {
        "access_token": secrets.token_urlsafe(18),
        "client_id": client_id[:64],
        "eid": eid,
        "stack_key": "S7",
        "platform_version": 2,
        "client_type": "ServerToServer",
    }
    signature, extra = secrets.token_urlsafe(32), secrets.token_urlsafe(96)
    return ".".join([_segment(header), _segment(payload), signature, extra])


def _segment(content: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()
