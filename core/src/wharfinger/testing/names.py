"""Names of hosts lead somewhere, and no name server is asked."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import pytest

__all__ = ["ANYWHERE", "no_look_ups"]

ANYWHERE: Final = "192.88.99.99"
"""Where all names lead: public to whoever checks, as addresses for documentation are not, and
nobody's: the block is out of use (RFC 7526)."""


@contextmanager
def no_look_ups() -> Iterator[None]:
    """Let every name of a host lead to `ANYWHERE`; addresses and this machine stay the same."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            patch.setattr(socket, name, partial(_of_an_address, getattr(socket, name)))
        yield


def _of_an_address(look_up: Callable[..., Any], host: Any, *arguments: Any, **named: Any) -> Any:
    return look_up(_led(host), *arguments, **named)


def _led(host: Any) -> Any:
    """Return the address that a name leads to; what needs no name server stays as it is."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    return host if not name or name == "localhost" or _is_address(name) else ANYWHERE


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
