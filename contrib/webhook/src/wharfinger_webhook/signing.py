"""Signatures as "Standard Webhooks" has them: HMAC-SHA256 over id, timestamp and body.

Source: the specification of Standard Webhooks, "Signature scheme", symmetric signatures.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

__all__ = ["PREFIX", "key_of", "secret_problem", "signature"]

PREFIX: Final = "whsec_"
_SHORTEST, _LONGEST = 24, 64
_HOW: Final = (
    'It is "whsec_" and 24 to 64 random bytes in Base64. Make one with: '
    "python -c \"import base64, os; print('whsec_' + base64.b64encode(os.urandom(32)).decode())\""
)


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        ValueError: It is none; the message holds nothing of it.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("this is no Base64") from None
    if not secret.startswith(PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError("this is no secret of a webhook")
    return key


def secret_problem(secret: str) -> str | None:
    """Say in words why this cannot be a signing secret; None where it can."""
    try:
        key_of(secret)
    except ValueError as error:
        return f"Signing Secret cannot be used: {error}. {_HOW}"
    return None


def signature(keys: Iterable[bytes], message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``: one signature per key, with blanks between them.

    Args:
        keys: The key, and the one before while receivers still know that one.
        message_id: The value of ``webhook-id``.
        timestamp_s: The value of ``webhook-timestamp``, in seconds since 1970.
        body: The body, byte for byte as it is sent.
    """
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp_s, body)
    digests = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
