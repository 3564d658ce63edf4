"""Telling by its write key who sends a request."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from wharfinger_host.serving.refusing import RequestRefused
from wharfinger_host.sources import Source

__all__ = ["Doorkeeper", "basic_key"]


class Doorkeeper:
    """Knows the sources and their keys.

    Attributes:
        names: Names of the sources.
        most_bytes: The most that any of them may send at once.

    Args:
        sources: At least one.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        # Digests have one length, so that a comparison does not tell how long a key is.
        self._sources = [(_digest(source.write_key.reveal()), source) for source in sources]
        self.names = [source.name for _, source in self._sources]
        self.most_bytes = max(source.batch_bytes for _, source in self._sources)

    def source_of(self, write_key: str) -> Source:
        """Return who has a key; that takes the same time whoever it is, and if nobody has it.

        Raises:
            RequestRefused: Nobody has it.
        """
        given, found = _digest(write_key), None
        for digest, source in self._sources:
            if hmac.compare_digest(digest, given):
                found = source
        if found is None:
            message = "The write key is not known here. Look at [sources] in the configuration."
            raise RequestRefused(401, "write-key-unknown", message)
        return found


def basic_key(authorization: str) -> str | None:
    """Return the user name of Basic authentication, which is where SDKs put the write key.

    Args:
        authorization: The header; ``""`` where there is none.

    Returns:
        None where the header is of another kind: then the key stands in the body.
    """
    scheme, _, credentials = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return text.partition(":")[0]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
