"""Names of spans, attributes and metrics; the reference lists each of them.

Where OpenTelemetry's semantic conventions for HTTP or messaging have a name, it is that one.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Attribute", "Metric", "SpanEvent", "SpanName"]


class SpanName:
    """Names of spans; a request is called by its method and `Attribute.TEMPLATE`."""

    EVENT: Final = "event"
    TRIGGER: Final = "trigger"
    MAPPING: Final = "mapping"
    BATCH: Final = "batch"


class SpanEvent:
    """Names of what happens within a span."""

    OUTCOME: Final = "outcome"
    RETRY: Final = "retry"
    PAUSE: Final = "pause"


class Attribute:
    """Names of attributes of spans and metrics."""

    CONNECTION: Final = "wharfinger.connection"
    DESTINATION: Final = "wharfinger.destination"
    NAME_OF_MAPPING: Final = "wharfinger.mapping"
    ACTION: Final = "wharfinger.action"
    EVENT_TYPE: Final = "wharfinger.event.type"
    MATCHED: Final = "wharfinger.trigger.matched"
    STATUS: Final = "wharfinger.outcome.status"
    CODE: Final = "wharfinger.outcome.code"
    ATTEMPTS: Final = "wharfinger.attempts"
    PAUSE_S: Final = "wharfinger.pause_s"
    ROWS: Final = "messaging.batch.message_count"
    ERROR: Final = "error.type"
    METHOD: Final = "http.request.method"
    RESENT: Final = "http.request.resend_count"
    HTTP_STATUS: Final = "http.response.status_code"
    SERVER: Final = "server.address"
    PORT: Final = "server.port"
    TEMPLATE: Final = "url.template"


class Metric:
    """Names of metrics."""

    OUTCOMES: Final = "wharfinger.outcomes"
    WAITING: Final = "wharfinger.events.waiting"
    BATCH_ROWS: Final = "wharfinger.batch.rows"
    BATCH_DURATION: Final = "wharfinger.batch.duration"
    RETRIES: Final = "wharfinger.retries"
    PAUSES: Final = "wharfinger.pauses"
    REQUEST_DURATION: Final = "http.client.request.duration"
