"""OpenTelemetry's SDK, with an exporter that keeps the spans of one instrumentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace import TracerProvider, export
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

__all__ = ["record_spans"]


@contextmanager
def record_spans(instrumentor: Any) -> Iterator[Callable[..., InMemorySpanExporter]]:
    """Yield a function that starts an instrumentation, with options of its own, and returns the exporter."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))

    def start(**options: Any) -> InMemorySpanExporter:
        instrumentor.instrument(tracer_provider=provider, **options)
        return exporter

    yield start
    instrumentor.uninstrument()
    provider.shutdown()
