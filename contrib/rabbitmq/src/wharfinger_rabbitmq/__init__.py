"""RabbitMQ as an engine: a quorum queue for each lane, with one active consumer."""

from wharfinger_rabbitmq.engine import RabbitEngine, open_engine

__all__ = ["RabbitEngine", "open_engine"]
