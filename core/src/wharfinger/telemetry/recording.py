"""What records a connection: a tracer, and the instruments of its metrics."""

from __future__ import annotations

import time
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, Final

import attrs
from opentelemetry import metrics, trace
from opentelemetry.metrics import Counter, Histogram, Meter, UpDownCounter
from opentelemetry.trace import SpanKind, StatusCode, Tracer

from wharfinger.model.outcome import Outcome
from wharfinger.telemetry.names import Attribute, Metric
from wharfinger.telemetry.under_way import UNDER_WAY

__all__ = ["Meters", "Telemetry", "listening"]

OTHER: Final = "other"
_MOST_CODES: Final = 200
_MOST_TEMPLATES: Final = 500
# The semantic conventions for HTTP advise these for durations in seconds.
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_LONG_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
_ROWS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_500)
_FIRST_OF_ERRORS: Final = 400
# Classes of the API itself are stand-ins: they hand everything to nobody.
_STAND_INS: Final = ("opentelemetry.trace", "opentelemetry.metrics")


@attrs.frozen
class Meters:
    """The instruments; a name that is asked for again gives the same one."""

    outcomes: Counter
    waiting: UpDownCounter
    batch_rows: Histogram
    batch_duration: Histogram
    retries: Counter
    pauses: Counter
    request_duration: Histogram

    @classmethod
    def of(cls, meter: Meter) -> Meters:
        """Make them."""
        return cls(
            outcomes=meter.create_counter(
                Metric.OUTCOMES, "{outcome}", "Outcomes of events under a mapping."
            ),
            waiting=meter.create_up_down_counter(
                Metric.WAITING, "{event}", "Events put into a flow that are not settled yet."
            ),
            batch_rows=meter.create_histogram(
                Metric.BATCH_ROWS,
                "{row}",
                "Payloads in a batch; its count is the number of batches.",
                explicit_bucket_boundaries_advisory=_ROWS,
            ),
            batch_duration=meter.create_histogram(
                Metric.BATCH_DURATION,
                "s",
                "From the first attempt of a batch to its last outcome, waits included.",
                explicit_bucket_boundaries_advisory=_LONG_SECONDS,
            ),
            retries=meter.create_counter(Metric.RETRIES, "{retry}", "Further attempts of batches."),
            pauses=meter.create_counter(
                Metric.PAUSES, "{pause}", "Pauses that a vendor asked for."
            ),
            request_duration=meter.create_histogram(
                Metric.REQUEST_DURATION,
                "s",
                "Duration of requests to a vendor.",
                explicit_bucket_boundaries_advisory=_SECONDS,
            ),
        )


@attrs.frozen
class Telemetry:
    """What records one open connection.

    Attributes:
        tracer: Starts spans; None where nobody takes them.
        meters: The instruments.
        common: Attributes that all spans and metrics of the connection carry.
    """

    tracer: Tracer | None
    meters: Meters
    common: dict[str, str]
    _codes: set[str] = attrs.field(factory=set)
    _templates: set[str] = attrs.field(factory=set)

    def of_mapping(self, mapping: str) -> dict[str, str]:
        """Return the attributes of what belongs to a mapping."""
        return {**self.common, Attribute.NAME_OF_MAPPING: mapping}

    def count(self, mapping: str, outcomes: Sequence[Outcome]) -> None:
        """Count outcomes."""
        tally = Tally((outcome.status, outcome.code) for outcome in outcomes)
        for (status, code), number in tally.items():
            attributes = {
                **self.of_mapping(mapping),
                Attribute.STATUS: status.value,
                Attribute.CODE: _bounded(code, self._codes, _MOST_CODES),
            }
            self.meters.outcomes.add(number, attributes)

    @contextmanager
    def request(
        self, method: str, template: str, host: str, port: int | None
    ) -> Iterator[dict[str, Any]]:
        """Record one request.

        Args:
            method: ``"POST"``.
            template: Its path with ids and keys replaced.
            host: Whom it is sent to.
            port: Where that is not the usual one.

        Yields:
            Attributes, to which the status of the reply is to be added.
        """
        template = _bounded(template, self._templates, _MOST_TEMPLATES)
        found: dict[str, Any] = {
            **self.common,
            Attribute.METHOD: method,
            Attribute.TEMPLATE: template,
            Attribute.SERVER: host,
        }
        if port is not None:
            found[Attribute.PORT] = port
        started = time.perf_counter()
        span = self._request_span(f"{method} {template}", found)
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield found
        except BaseException as error:
            found[Attribute.ERROR] = type(error).__name__
            raise
        finally:
            status = found.get(Attribute.HTTP_STATUS)
            if status is not None and status >= _FIRST_OF_ERRORS:
                found[Attribute.ERROR] = str(status)
            self.meters.request_duration.record(time.perf_counter() - started, found)
            if span.is_recording():
                span.set_attributes(found)
                if error_type := found.get(Attribute.ERROR):
                    span.set_status(StatusCode.ERROR, error_type)
            span.end()

    def _request_span(self, name: str, attributes: dict[str, Any]) -> trace.Span:
        if self.tracer is None:
            return trace.INVALID_SPAN
        batch = UNDER_WAY.get()
        if batch is not None and batch.attempt > 1:
            attributes = {**attributes, Attribute.RESENT: batch.attempt - 1}
        return self.tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)


def _bounded(value: str, known: set[str], most: int) -> str:
    """Return a value, or a word for all values that come when there are too many."""
    if value in known:
        return value
    if len(known) >= most:
        return OTHER
    known.add(value)
    return value


def listening(connection: str, destination: str) -> Telemetry | None:
    """Return what records a connection; None where the host set up no provider."""
    tracers, meters = trace.get_tracer_provider(), metrics.get_meter_provider()
    traced = _is_real(tracers)
    if not traced and not _is_real(meters):
        return None
    release = version("wharfinger")
    return Telemetry(
        tracer=tracers.get_tracer("wharfinger", release) if traced else None,
        meters=Meters.of(meters.get_meter("wharfinger", release)),
        common={Attribute.CONNECTION: connection, Attribute.DESTINATION: destination},
    )


def _is_real(provider: object) -> bool:
    return not type(provider).__module__.startswith(_STAND_INS)
