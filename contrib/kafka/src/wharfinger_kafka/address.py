"""What a URL says: where the brokers are, which topic, who asks, and for which group."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from wharfinger_host.engines.contract import EngineError, EngineUrlError

__all__ = ["ORDER_KEY", "Address"]

ORDER_KEY: Final = ("$.userId", "$.anonymousId", "$.messageId")
"""Where an event whose message has no key says whom it is about."""

_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:,@/]+)(?::(?P<port>[0-9]{1,5}))?")
_NAME: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]{1,200}")
_PATH: Final = re.compile(r"\$(?:\.[^.,\s]+)+")
_NUMBER: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?")
_LONGEST_TOPIC: Final = 249
_PORT: Final = 9092
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "begin": ("latest", "earliest"),
    "partitioner": ("murmur2", "crc32"),
    "sasl": ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
}
_PARTITIONERS: Final = {"murmur2": "murmur2", "crc32": "consistent"}


@attrs.frozen(kw_only=True)
class Address:
    """Where a topic is, and what is to be done with it.

    Attributes:
        scheme: ``kafka``, or ``kafkas`` for TLS.
        hosts: Brokers as ``HOST:PORT``, with commas between them.
        topic: The topic of events.
        user: Who asks; ``""`` for nobody.
        password: Of the user.
        group: What the names of consumer groups begin with.
        session_s: Seconds without a sign of life after which a worker loses its lanes.
        begin: Where a connection begins that has no place yet: ``latest`` or ``earliest``; ``""``
            is ``latest``, but for one that may have had a place that Kafka forgot.
        partitioner: How a key is led to its partition as events are published: ``murmur2``, as the
            clients for Java do it, or ``crc32``, as those over librdkafka do.
        order_key: Paths in an event, the first of which that leads to a value says whom it is
            about; empty where that is the key of the message.
        sasl: How the user says who it is.
        ca: A file of certificates that are trusted, or ``""`` for those of the system.
    """

    scheme: str
    hosts: str
    topic: str
    user: str = ""
    password: str = attrs.field(default="", repr=False)
    group: str = "wharfinger"
    session_s: float = 10.0
    begin: str = ""
    partitioner: str = "murmur2"
    order_key: tuple[str, ...] = ()
    sasl: str = "PLAIN"
    ca: str = ""

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a URL.

        Args:
            url: ``kafka://USER:PASSWORD@HOST:PORT,HOST:PORT/TOPIC?group=wharfinger``. It may also
                say ``session_s``, ``begin``, ``partitioner``, ``order_key``, ``sasl`` and ``ca``.

        Raises:
            EngineUrlError: Something in it is wrong; the message never holds the password.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            raise EngineUrlError("The URL has a bracket that names no address.") from None
        topic = unquote(parts.path[1:])
        if parts.scheme not in ("kafka", "kafkas") or parts.fragment or not _NAME.fullmatch(topic):
            raise EngineUrlError(
                "A topic in Kafka is named kafka://USER:PASSWORD@HOST:PORT/TOPIC; its name is "
                "letters, digits, dots, hyphens and underscores."
            )
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        options = {name: each[-1] for name, each in parse_qs(parts.query).items()}
        order_key = options.pop("order_key", "")
        made = cls(
            scheme=parts.scheme,
            hosts=",".join(_host(each) for each in hosts.split(",")),
            topic=topic,
            user=unquote(user),
            password=unquote(password),
            group=_group(options.pop("group", "wharfinger")),
            session_s=_seconds(options.pop("session_s", "10")),
            order_key=tuple(_path(each) for each in order_key.split(",")) if order_key else (),
            ca=options.pop("ca", ""),
            **{
                name: _choice(name, options.pop(name, "" if name == "begin" else each[0]))
                for name, each in _CHOICES.items()
            },
        )
        if options:
            raise EngineUrlError(
                f"The URL says {', '.join(sorted(options))}, which is not known here. It may say "
                "group, session_s, begin, partitioner, order_key, sasl and ca."
            )
        return made

    def group_of(self, connection: str) -> str:
        """Return the name of the consumer group of a connection."""
        return f"{self.group}.{connection}"

    def dead_of(self, connection: str) -> str:
        """Return the name of the topic of dead letters of a connection.

        Raises:
            EngineError: Kafka would not take it.
        """
        name = f"{self.topic}.{self.group}.{connection}.dead"
        if not _NAME.fullmatch(connection) or len(name) > _LONGEST_TOPIC:
            raise EngineError(
                f"Kafka takes no topic named {name}. Give the connection a short name of letters, "
                "digits, dots, hyphens and underscores."
            )
        return name

    @property
    def client(self) -> dict[str, Any]:
        """What every client has to be told, as librdkafka names it; it holds the password."""
        said: dict[str, Any] = {"bootstrap.servers": self.hosts, "client.id": "wharfinger"}
        protocol = "SSL" if self.scheme == "kafkas" else "PLAINTEXT"
        if self.user:
            protocol = f"SASL_{protocol}"
            said |= {
                "sasl.mechanism": self.sasl,
                "sasl.username": self.user,
                "sasl.password": self.password,
            }
        if self.ca:
            said["ssl.ca.location"] = self.ca
        return said | {"security.protocol": protocol}

    @property
    def partitioner_name(self) -> str:
        """The partitioner, as librdkafka names it."""
        return _PARTITIONERS[self.partitioner]

    def __str__(self) -> str:
        return f"{self.scheme}://{self.hosts}/{self.topic}"


def _host(text: str) -> str:
    found = _HOST.fullmatch(text)
    if found is None or not 0 < int(found["port"] or _PORT) < 65_536:  # noqa: PLR2004  # ports
        raise EngineUrlError(
            "The URL names no broker where it should: HOST or HOST:PORT, several with commas "
            "between them."
        )
    return f"{found['host']}:{found['port'] or _PORT}"


def _group(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise EngineUrlError("group must be letters, digits, dots, hyphens and underscores.")
    return text


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise EngineUrlError(
            "order_key must be paths such as $.userId, several with commas between them."
        )
    return text


def _choice(name: str, text: str) -> str:
    if text not in _CHOICES[name] and (text or name != "begin"):
        raise EngineUrlError(f"{name} must be {' or '.join(_CHOICES[name])}.")
    return text


def _seconds(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not 1 <= float(text) <= 300:  # noqa: PLR2004  # what brokers take, and less for tests
        raise EngineUrlError("session_s must be a number of seconds from 1 to 300.")
    return float(text)
