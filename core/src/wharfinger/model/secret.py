"""A value that must never be seen."""

from __future__ import annotations

import hmac
from typing import final

__all__ = ["Secret"]


@final
class Secret:
    """A string that hides itself from ``repr``, ``str``, formatting and logs.

    Args:
        value: The secret. An empty one is allowed here and refused by the field that needs it.

    Example:
        >>> password = Secret("s3cr3t")
        >>> print(password, [password], f"{password}")
        *** [Secret(***)] ***
        >>> password.reveal()
        's3cr3t'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret; call it only where the value goes onto the wire."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))
