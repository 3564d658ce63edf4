"""What is not accepted: a whole request, or one event of it."""

from __future__ import annotations

from typing import Any

import attrs

__all__ = ["EventRefused", "Refused", "RequestRefused"]


class RequestRefused(Exception):  # noqa: N818  # it is an answer, not a failure
    """Nothing of a request is accepted.

    Attributes:
        status: Status code of the reply.
        code: Why, for machines.
        message: Why, for people, and what to do. It never holds a key.
        retry_after_s: When to come again; None where that would change nothing.
        close: Whether the connection cannot be used any more.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after_s: int | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s
        self.close = close


class EventRefused(Exception):  # noqa: N818  # it is an answer, not a failure
    """One event cannot be accepted; the others of its batch can.

    Attributes:
        code: Why, for machines.
        message: Why, for people, and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@attrs.frozen
class Refused:
    """An event that was not accepted.

    Attributes:
        index: Its place in the batch, from 0.
        code: Why, for machines.
        message: Why, for people.
        event: What was sent.
    """

    index: int
    code: str
    message: str
    event: Any

    def told(self) -> dict[str, Any]:
        """Return what its sender is told."""
        told = {"index": self.index, "code": self.code, "message": self.message}
        name = self.event.get("messageId") if isinstance(self.event, dict) else None
        return {**told, "messageId": name[:100]} if isinstance(name, str) else told
