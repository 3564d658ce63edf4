"""From a URL to an engine, by the entry points ``wharfinger.engines``."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Final, cast

from wharfinger_host.engines.contract import Engine, EngineUrlError

__all__ = ["GROUP", "EngineFactory", "engine_of", "schemes", "without_password"]

GROUP: Final = "wharfinger.engines"
"""Entry points are named after the scheme of the URLs they take."""

EngineFactory = Callable[[str, int], Engine]
"""What an entry point names: takes a URL and how many lanes each connection has.

It raises `EngineUrlError` where the URL does not say what is needed, and connects to nothing yet.
"""


def schemes() -> dict[str, EntryPoint]:
    """Return what is installed, by the scheme of its URLs."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=_place)}


def engine_of(url: str, lanes: int) -> Engine:
    """Return the engine that a URL names, not connected yet.

    Args:
        url: Such as ``amqp://user:password@host/``.
        lanes: How many lanes each connection has.

    Raises:
        EngineUrlError: No engine takes it.
    """
    scheme, separator, _ = url.partition("://")
    found = schemes()
    if not separator or not scheme:
        raise EngineUrlError(
            "This is no URL of an engine. It begins with its scheme: amqp://user:password@host/."
        )
    if scheme not in found:
        known = ", ".join(f"{name}://" for name in found) or "none"
        raise EngineUrlError(
            f"No engine for {scheme}:// is installed; there is {known}. For RabbitMQ, "
            "`pip install wharfinger-rabbitmq`; for Kafka, `pip install wharfinger-kafka`."
        )
    try:
        factory = cast("EngineFactory", found[scheme].load())
    except Exception as error:
        raise EngineUrlError(
            f"The engine for {scheme}:// could not be loaded: {type(error).__name__}: {error}"
        ) from error
    return factory(url, lanes)


def without_password(url: str) -> str:
    """Return a URL as it may be shown: what stands between user and host is left away.

    A password may hold what ends it in a correct URL, so all before the last ``@`` is left away.

    Args:
        url: Of an engine; it need not be a correct one.
    """
    scheme, separator, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    place = re.sub(r"(?i)([?&][^=&]*(?:password|secret|token)[^=&]*=)[^&]*", r"\1...", place)
    return f"{scheme}{separator}{login.partition(':')[0]}{at}{place}"


def _place(point: EntryPoint) -> tuple[str, str]:
    return point.name, point.value
