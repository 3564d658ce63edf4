"""Encrypting what a store keeps, with keys that it never sees."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from wharfinger import Secret
from wharfinger_host.sharing.contract import KeyProblemError

__all__ = ["Sealer"]


class Sealer:
    """Seals and opens tokens, with authenticated encryption (Fernet: AES-128-CBC, HMAC-SHA256).

    Each is bound to its name, so that whoever can write to the store cannot put one in the place of
    another.

    Args:
        keys: 32 bytes each, as Base64. The first one seals; all of them open, so that a key can be
            replaced: the new one before the old one first.

    Raises:
        KeyProblemError: One of them is no such key.
    """

    def __init__(self, keys: Sequence[Secret]) -> None:
        self._fernet = MultiFernet([Fernet(_read(key)) for key in keys])

    def seal(self, name: str, token: Secret) -> bytes:
        """Return a token as a store may keep it."""
        return self._fernet.encrypt(orjson.dumps([name, token.reveal()]))

    def open(self, name: str, data: bytes) -> Secret | None:
        """Return a token; None where it was sealed with another key, or for another name."""
        try:
            sealed_for, token = orjson.loads(self._fernet.decrypt(data))
        except (InvalidToken, ValueError, TypeError):
            return None
        return Secret(token) if sealed_for == name and isinstance(token, str) else None


def _read(key: Secret) -> bytes:
    try:
        raw = base64.b64decode(
            key.reveal().strip().replace("-", "+").replace("_", "/"), validate=True
        )
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:  # noqa: PLR2004  # what Fernet takes
        # From None: the error holds the key.
        raise KeyProblemError(
            "the key must be 32 bytes as Base64; `openssl rand -base64 32` makes one."
        ) from None
    return base64.urlsafe_b64encode(raw)
