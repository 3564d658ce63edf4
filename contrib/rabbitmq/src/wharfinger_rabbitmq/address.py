"""What a URL says: where the nodes are, who asks, and how the lanes are named."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

import attrs

from wharfinger_host.engines.contract import EngineUrlError

__all__ = ["Address"]

_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:,@/]+)(?::(?P<port>[0-9]{1,5}))?")
_SPACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_PORTS: Final = {"amqp": 5672, "amqps": 5671}


@attrs.frozen(kw_only=True)
class Address:
    """Where a RabbitMQ is.

    Attributes:
        scheme: ``amqp``, or ``amqps`` for TLS.
        hosts: Names and ports of its nodes.
        user: Who asks.
        password: Of the user.
        vhost: Name of the virtual host.
        space: What the names of exchanges and queues begin with.
        heartbeat_s: Seconds between signs of life; after two of them the server gives a worker up.
        most_waiting: Events that may wait in a lane before no more are taken.
    """

    scheme: str
    hosts: tuple[tuple[str, int], ...]
    user: str
    password: str = attrs.field(repr=False)
    vhost: str = "/"
    space: str = "wharfinger"
    heartbeat_s: int = 5
    most_waiting: int = 1_000_000

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a URL.

        Args:
            url: ``amqp://USER:PASSWORD@HOST:PORT,HOST:PORT/VHOST?space=wharfinger``. It may also
                say ``heartbeat``, in seconds, and ``most_waiting``, in events for each lane.

        Raises:
            EngineUrlError: Something in it is wrong; the message never holds the password.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise EngineUrlError("The URL has a bracket that names no address.") from None
        if parts.scheme not in _PORTS or parts.fragment:
            raise EngineUrlError("A RabbitMQ is named amqp://USER:PASSWORD@HOST:PORT/VHOST.")
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        options = {name: each[-1] for name, each in parse_qs(parts.query).items()}
        made = cls(
            scheme=parts.scheme,
            hosts=tuple(_host(each, _PORTS[parts.scheme]) for each in hosts.split(",")),
            user=unquote(user) or "guest",
            password=unquote(password) or "guest",
            vhost=unquote(parts.path[1:]) or "/",
            space=_space(options.pop("space", "wharfinger")),
            heartbeat_s=_number("heartbeat", options.pop("heartbeat", "5"), 2, 60),
            most_waiting=_number("most_waiting", options.pop("most_waiting", "1000000"), 1, 10**9),
        )
        if options:
            raise EngineUrlError(
                f"The URL says {', '.join(sorted(options))}, which is not known here. It may say "
                "space, heartbeat and most_waiting."
            )
        return made

    def url(self, host: tuple[str, int]) -> str:
        """Return the URL of one node, as the client takes it; it holds the password."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        place = f"{host[0]}:{host[1]}/{quote(self.vhost, safe='')}"
        return f"{self.scheme}://{login}@{place}?heartbeat={self.heartbeat_s}"

    def __str__(self) -> str:
        places = ",".join(f"{host}:{port}" for host, port in self.hosts)
        vhost = "" if self.vhost == "/" else quote(self.vhost, safe="")
        return f"{self.scheme}://{places}/{vhost}"


def _host(text: str, port: int) -> tuple[str, int]:
    found = _HOST.fullmatch(text)
    if found is None or not 0 < int(found["port"] or port) < 65_536:  # noqa: PLR2004  # ports
        raise EngineUrlError(
            "The URL names no host where it should: HOST or HOST:PORT, several with commas between "
            "them."
        )
    return found["host"], int(found["port"] or port)


def _space(text: str) -> str:
    if not _SPACE.fullmatch(text):
        raise EngineUrlError("space must be letters, digits, dots, hyphens and underscores.")
    return text


def _number(name: str, text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise EngineUrlError(f"{name} must be a whole number from {least} to {most:,}.")
    return int(text)
