"""Brokers for tests: librdkafka's mock cluster, which speaks Kafka's protocol on loopback.

It lives in this process and ends with it. Its log is in memory and shared by its brokers, so what
replicas do is not tested here; it has no admin API either, so topics are made from the inside.
"""

from __future__ import annotations

import ctypes
import secrets
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

import attrs
import confluent_kafka

__all__ = ["Brokers"]

_POINTER: Final = ctypes.c_void_p
_SIZE: Final = ctypes.c_size_t
_PRODUCER: Final = 0
_JOIN_MS: Final = 100


@cache
def _library() -> Any:
    """Return the librdkafka that the client came with."""
    package = Path(confluent_kafka.__file__).parent
    bundled = sorted(package.parent.glob("confluent_kafka.libs/librdkafka*"))
    library = ctypes.CDLL(str(bundled[0] if bundled else next(package.glob("cimpl*"))))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
        getattr(library, name).restype = _POINTER
    library.rd_kafka_new.argtypes = (ctypes.c_int, _POINTER, ctypes.c_char_p, ctypes.c_size_t)
    library.rd_kafka_conf_set.argtypes = (
        *(_POINTER, ctypes.c_char_p, ctypes.c_char_p),
        *(ctypes.c_char_p, ctypes.c_size_t),
    )
    library.rd_kafka_mock_cluster_new.argtypes = (_POINTER, ctypes.c_int)
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


@attrs.define(eq=False)
class Brokers:
    """Three brokers.

    Attributes:
        size: How many.
    """

    size: int = 3
    _client: int = 0
    _cluster: int = 0

    def __enter__(self) -> Self:
        said = ctypes.create_string_buffer(512)
        library = _library()
        settings = library.rd_kafka_conf_new()
        library.rd_kafka_conf_set(settings, b"log_level", b"0", said, len(said))
        self._client = library.rd_kafka_new(_PRODUCER, settings, said, len(said))
        if not self._client:
            raise RuntimeError(said.value.decode())
        self._cluster = library.rd_kafka_mock_cluster_new(self._client, self.size)
        self._do("group_initial_rebalance_delay_ms", ctypes.c_int32(_JOIN_MS))
        return self

    def __exit__(self, *_: object) -> None:
        library = _library()
        library.rd_kafka_mock_cluster_destroy(_POINTER(self._cluster))
        library.rd_kafka_destroy(_POINTER(self._client))

    @property
    def hosts(self) -> str:
        """Where they listen."""
        library = _library()
        return str(library.rd_kafka_mock_cluster_bootstraps(_POINTER(self._cluster)).decode())

    def make(self, topic: str, partitions: int) -> None:
        """Make a topic."""
        self._do("topic_create", topic.encode(), partitions, self.size)

    def topics_of(self, partitions: int, *connections: str) -> str:
        """Make the topics that connections need, and return the name of that of events.

        Groups are named after it: those that were at work once, mocks give no place from outside.
        """
        topic = f"t{secrets.token_hex(4)}"
        self.make(topic, partitions)
        for connection in connections:
            self.make(f"{topic}.{topic}.{connection}.dead", 1)
        return topic

    def url(self, topic: str, session_s: float = 1.5) -> str:
        """Return the URL of a topic; mocks share lanes out anew for a session less a second."""
        return f"kafka://{self.hosts}/{topic}?group={topic}&session_s={session_s}&begin=latest"

    def down(self, broker: int) -> None:
        """Cut the connections of a broker, and take none any more.

        Args:
            broker: Its number, from 1.
        """
        self._do("broker_set_down", ctypes.c_int32(broker))

    def up(self, broker: int) -> None:
        """Take connections again."""
        self._do("broker_set_up", ctypes.c_int32(broker))

    def lead(self, topic: str, partitions: int, group: str, broker: int) -> None:
        """Let a broker lead all of a topic, and coordinate a group."""
        for partition in range(partitions):
            self._do("partition_set_leader", topic.encode(), partition, ctypes.c_int32(broker))
        self._do("coordinator_set", b"group", group.encode(), ctypes.c_int32(broker))

    def forget(self, topic: str, partition: int, before: int) -> None:
        """Delete what is older, as retention does."""
        said = self._do(
            "partition_delete_records", topic.encode(), partition, ctypes.c_int64(before)
        )
        assert said is not None

    def fail(self, topic: str, code: int) -> None:
        """Say of a topic that it has this error; 0 for none."""
        self._do("topic_set_error", topic.encode(), code)

    def refuse(self, request: int, *codes: int) -> None:
        """Answer the next requests of a kind with errors.

        Args:
            request: Its number in Kafka's protocol.
            codes: The errors, one for each request.
        """
        errors = (ctypes.c_int * len(codes))(*codes)
        self._do("push_request_errors_array", ctypes.c_int16(request), _SIZE(len(codes)), errors)

    def _do(self, name: str, *arguments: Any) -> Any:
        function = getattr(_library(), f"rd_kafka_mock_{name}")
        return function(_POINTER(self._cluster), *arguments)
