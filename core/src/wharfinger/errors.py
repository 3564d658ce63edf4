"""Every exception of wharfinger, split by what the caller must do next.

::

    WharfingerError
    ├── ConfigurationError          correct the configuration; carries every problem found, at once
    │   ├── MappingError            correct a field mapping
    │   └── TriggerError            correct a trigger; knows the position
    ├── PluginError                 correct, update, block or uninstall a plugin
    │   └── PluginClashError        two plugins own one name; block one of them
    ├── NotOpenError                open the connection first: ``async with connection``
    ├── NotSentError                a preview stopped this request on purpose
    ├── SharedStateError            what processes share cannot be asked; each goes on alone
    └── DeliveryError               raised by actions; each branch becomes one outcome status
        ├── RejectedError           dead letter: this event can never be accepted as it is
        │   └── PayloadError        ... because the payload breaks the action's field rules
        ├── RetryError              try again later, after ``retry_after_s`` where it is known
        │   └── ThrottledError      ... because the vendor asked this account to slow down
        ├── UnknownError            sent, and no evidence either way; never repeated by itself
        └── HaltedError             pause the connection: it needs a person
            ├── CredentialsError    ... because the credentials were refused
            └── HostNotAllowedError ... because a plugin asked for a host it never declared

An action raises a ``DeliveryError`` when one verdict holds for its whole batch, and returns
outcomes where rows differ. Messages are written for the person who has to act: field label, what
was found (never a secret), next step.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

__all__ = [
    "ConfigurationError",
    "CredentialsError",
    "DeliveryError",
    "HaltedError",
    "HostNotAllowedError",
    "MappingError",
    "NotOpenError",
    "NotSentError",
    "PayloadError",
    "PluginClashError",
    "PluginError",
    "Problem",
    "RejectedError",
    "RetryError",
    "SharedStateError",
    "ThrottledError",
    "TriggerError",
    "UnknownError",
    "WharfingerError",
]


@attrs.frozen
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        path: Where it stands, as keys and list indices from the root of what was checked, for
            example ``("mappings", "orders", "fields", "values", "@template")``.
        message: What is wrong and what to do, in words a marketer can read. Never holds a secret.
    """

    path: tuple[str | int, ...]
    message: str

    @property
    def where(self) -> str:
        """The path as people write it: ``mappings.orders.fields.items[0]``."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text

    def under(self, *prefix: str | int) -> Problem:
        """Return the same problem, seen from further out."""
        return Problem((*prefix, *self.path), self.message)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.path else self.message


class WharfingerError(Exception):
    """The root of everything wharfinger raises on purpose."""


class ConfigurationError(WharfingerError):
    """A configuration cannot be used as it is.

    Attributes:
        problems: Everything that is wrong, in the order of the configuration.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


class MappingError(ConfigurationError):
    """A field mapping cannot be read."""


class TriggerError(ConfigurationError):
    """A trigger cannot be read.

    Attributes:
        text: The trigger as it was written.
        position: Index of the character in ``text`` at which reading stopped, from 0.
    """

    def __init__(self, message: str, text: str, position: int) -> None:
        self.message = message
        self.text = text
        self.position = position
        super().__init__([Problem((), message)])

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.text, self.position)


class PluginError(WharfingerError):
    """A plugin gave something that cannot be used; the message names its distribution."""


class PluginClashError(PluginError):
    """Two plugins own one name; the message names both distributions and how to block one."""


class NotOpenError(WharfingerError):
    """A connection was used before ``async with connection`` or after its end."""


class NotSentError(WharfingerError):
    """A preview recorded this request and stopped it; nothing left the process."""


class SharedStateError(WharfingerError):
    """What processes share of a tenant cannot be asked at present; see `SharedState`.

    The message says why, for people, and holds no secret: it is logged.
    """


class DeliveryError(WharfingerError):
    """Something could not be delivered; the subclass says what the host does next.

    Args:
        message: For people: what happened and what to do. Never holds a secret.
        code: Stable and for machines, in lower-case words joined by hyphens: ``"timed-out"``.
        vendor_message: What the vendor said, word for word, or ``""``.
        http_status: Status of the vendor's reply, where there was one.
        request_id: The vendor's name for the request, for a support ticket.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        vendor_message: str = "",
        http_status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.vendor_message = vendor_message
        self.http_status = http_status
        self.request_id = request_id

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.__dict__.copy())


class RejectedError(DeliveryError):
    """This event can never be accepted as it is: dead letter, with the reason."""


class PayloadError(RejectedError):
    """The payload breaks the rules of the action's fields.

    Attributes:
        problems: Every field that is wrong, in the order of the payload class.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            " ".join(problem.message for problem in self.problems), code="payload-invalid"
        )


class RetryError(DeliveryError):
    """Transient: the same request may succeed later.

    Args:
        message: As for `DeliveryError`.
        retry_after_s: How long the vendor asked to wait, in seconds; None where it did not say.
            No request of the account starts before that.
        facts: The keyword arguments of `DeliveryError`.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after_s = retry_after_s


class ThrottledError(RetryError):
    """The vendor asked this account to slow down."""


class UnknownError(DeliveryError):
    """Sent, and no evidence either way; never repeated by itself."""


class HaltedError(DeliveryError):
    """The connection needs a person; its events are kept."""


class CredentialsError(HaltedError):
    """The vendor refused the credentials: nothing of this connection can be delivered.

    Its code is always ``"credentials-refused"``.
    """

    CODE = "credentials-refused"

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message, **{**facts, "code": self.CODE})


class HostNotAllowedError(HaltedError):
    """A request was aimed at a host that the destination never declared."""


def _revive(cls: type[DeliveryError], facts: dict[str, Any]) -> DeliveryError:
    """Rebuild a pickled error; distributed hosts send them between processes."""
    error = cls.__new__(cls, facts["message"])
    error.__dict__.update(facts)
    error.args = (facts["message"],)
    return error
