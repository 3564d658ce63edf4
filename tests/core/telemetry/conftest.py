"""A real SDK that keeps in memory what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import opentelemetry.metrics
import opentelemetry.trace
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler

_EVERY = ParentBased(ALWAYS_ON)


@attrs.define
class Heard:
    """What was recorded."""

    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        return [s for s in self.exporter.get_finished_spans() if name is None or s.name == name]

    def span(self, name: str) -> ReadableSpan:
        (span,) = self.spans(name)
        return span

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """Return attributes and value of a metric's points; of a histogram, count and sum."""
        return [
            (
                dict(point.attributes),
                (point.count, point.sum) if hasattr(point, "count") else point.value,
            )
            for metric in self.metrics()
            if metric.name == name
            for point in metric.data.data_points
        ]

    def metrics(self) -> list[Any]:
        data = self.reader.get_metrics_data()
        return [
            metric
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    def everything(self) -> str:
        """Return all that would leave the process, as text."""
        spans = "".join(span.to_json() for span in self.spans())
        data = self.reader.get_metrics_data()
        return spans + (data.to_json() if data else "")


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    providers: list[Any] = []

    def listen(sampler: Sampler = _EVERY, *, traces: bool = True, metrics: bool = True) -> Heard:
        heard = Heard(InMemorySpanExporter(), InMemoryMetricReader())
        tracers = TracerProvider(sampler=sampler)
        tracers.add_span_processor(SimpleSpanProcessor(heard.exporter))
        meters = MeterProvider([heard.reader])
        providers.extend((tracers, meters))
        if traces:
            monkeypatch.setattr(opentelemetry.trace, "get_tracer_provider", lambda: tracers)
        if metrics:
            monkeypatch.setattr(opentelemetry.metrics, "get_meter_provider", lambda: meters)
        return heard

    yield listen
    for provider in providers:
        provider.shutdown()


@pytest.fixture
def heard(listen: Any) -> Heard:
    heard: Heard = listen()
    return heard
