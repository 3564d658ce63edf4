"""From a URL to a store, by the entry points ``wharfinger.stores``."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Final, cast

from wharfinger_host.sharing.contract import Store, StoreUrlError

__all__ = ["GROUP", "StoreFactory", "schemes", "store_of"]

GROUP: Final = "wharfinger.stores"
"""Entry points are named after the scheme of the URLs they take."""

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")

StoreFactory = Callable[[str], Store]
"""What an entry point names: takes a URL, and connects to nothing yet.

It raises `StoreUrlError` where the URL does not say what is needed.
"""


def schemes() -> dict[str, EntryPoint]:
    """Return what is installed, by the scheme of its URLs."""
    points = sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))
    return {point.name: point for point in points}


def store_of(url: str) -> Store:
    """Return the store that a URL names, not connected yet.

    Args:
        url: Such as ``redis://user:password@host/0``.

    Raises:
        StoreUrlError: No store takes it.
    """
    scheme, separator, _ = url.partition("://")
    found = schemes()
    if not _is_whole(url):
        raise StoreUrlError(
            "The URL of the store cannot be read. Write what is no letter or digit in user and "
            "password as %XX."
        )
    if not separator or not _SCHEME.fullmatch(scheme):
        raise StoreUrlError(
            "This is no URL of a store. It begins with its scheme: redis://user:password@host/0."
        )
    if scheme not in found:
        known = ", ".join(f"{name}://" for name in found) or "none"
        raise StoreUrlError(f"No store for {scheme}:// is installed; there is {known}.")
    try:
        factory = cast("StoreFactory", found[scheme].load())
    except ModuleNotFoundError as error:
        raise StoreUrlError(
            f"The store for {scheme}:// needs {error.name}: `pip install 'wharfinger-host[redis]'` "
            "brings it for Redis, `pip install 'wharfinger-host[postgresql]'` for PostgreSQL."
        ) from error
    except Exception as error:
        raise StoreUrlError(
            f"The store for {scheme}:// could not be loaded: {type(error).__name__}: {error}"
        ) from error
    return factory(url)


def _is_whole(url: str) -> bool:
    """Tell whether no part of a password can be taken for a host, and then be shown."""
    rest = url.partition("://")[2]
    login = "" if rest.startswith("/") else rest.rpartition("@")[0]
    return url.isprintable() and not set(login) & set("/@#?")
