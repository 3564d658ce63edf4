"""The directive ``@emailHash``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import wharfinger

__all__ = ["EMAIL_HASH"]


def _hashed(value: Any) -> Any:
    """Return the SHA-256 of an address in lower case without blanks around it.

    Example:
        >>> _hashed(" Ada@Example.com ")
        'b5fc85e55755f9e0d030a10ab4429b6b2944855f9a0d60077fe832becbc41d72'
    """
    if not isinstance(value, str) or "@" not in value:
        return wharfinger.UNSET
    address = value.strip().lower()
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()


def _check(options: Any) -> Sequence[str]:
    if isinstance(options, (str, dict)):
        return ()
    return ('give the address, as a rule as {"@path": "$.context.traits.email"}.',)


EMAIL_HASH: Final = wharfinger.Directive(
    name="@emailHash",
    function=_hashed,
    check=_check,
    description="SHA-256 in hexadecimal of an email address, in lower case and without blanks "
    "around it; absent where there is no address. Example: "
    '{"@emailHash": {"@path": "$.context.traits.email"}}.',
)
