"""What telemetry would tell, where the SDK of OpenTelemetry is installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

__all__ = ["recorded"]


@contextmanager
def recorded() -> Iterator[Callable[[], str]]:
    """Record all connections that open; gives a function that tells their spans as text."""
    try:
        from opentelemetry import trace  # noqa: PLC0415  # may not be installed
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415  # may be absent
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415  # may be absent
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415  # may be absent
            InMemorySpanExporter,
        )
    except ImportError:
        yield str
        return
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "get_tracer_provider", lambda: provider)
        yield lambda: "".join(span.to_json() for span in exporter.get_finished_spans())
    provider.shutdown()
