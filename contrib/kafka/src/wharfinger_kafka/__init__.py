"""Kafka as an engine: a partition is a lane, and the group says who has it."""

from wharfinger_kafka.engine import KafkaEngine, open_engine

__all__ = ["KafkaEngine", "open_engine"]
