"""The spans of the events of one flow or delivery, from their beginning to their last outcome."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeGuard

import attrs
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from wharfinger.errors import DeliveryError
from wharfinger.model.outcome import Outcome, Status
from wharfinger.telemetry.names import Attribute, SpanEvent, SpanName
from wharfinger.telemetry.recording import OTHER, Telemetry
from wharfinger.telemetry.under_way import UNDER_WAY

__all__ = ["Trail"]

_PROPAGATOR: Final = TraceContextTextMapPropagator()
_TYPES: Final = frozenset({"identify", "track", "page", "screen", "group", "alias", "delete"})
_FROM_WORST: Final = (
    *(Status.HALTED, Status.UNKNOWN, Status.REJECTED),
    *(Status.RETRY, Status.DELIVERED, Status.FILTERED),
)
_GOOD: Final = (Status.DELIVERED, Status.FILTERED)
# What is sent for events that no trace follows begins no trace either: samplers look at the
# parent, or at the trace id, of which the highest is in no share.
_UNSAMPLED: Final = NonRecordingSpan(SpanContext((1 << 128) - 1, 1, is_remote=False))


@attrs.define
class _Followed:
    """One event that is followed: its span, and how many outcomes are missing."""

    span: Span
    missing: int
    outcomes: list[tuple[str, Outcome]] = attrs.field(factory=list)


@attrs.define
class _Batch:
    """One batch that is watched."""

    span: Span
    telemetry: Telemetry
    mapping: str
    names: frozenset[str]
    attempt: int = 1

    def retrying(self, attempt: int, rows: int) -> None:
        self.attempt = attempt
        self.telemetry.meters.retries.add(1, self.telemetry.of_mapping(self.mapping))
        self.span.add_event(SpanEvent.RETRY, {Attribute.ATTEMPTS: attempt, Attribute.ROWS: rows})

    def paused(self, seconds: float) -> None:
        self.telemetry.meters.pauses.add(1, self.telemetry.common)
        self.span.add_event(SpanEvent.PAUSE, {Attribute.PAUSE_S: seconds})

    def ended(self, outcomes: Sequence[Outcome]) -> None:
        """Say what became of its payloads."""
        if not self.span.is_recording():
            return
        worst = _worst(outcomes)
        self.span.set_attributes(
            {**_facts(worst), Attribute.ATTEMPTS: max(each.attempts for each in outcomes)}
        )
        tally = Counter(outcome.status for outcome in outcomes)
        self.span.set_attributes(
            {f"{Attribute.STATUS}.{status.value}": count for status, count in tally.items()}
        )
        _conclude(self.span, worst)


class Trail:
    """Follows the events of one flow or delivery that are sampled; the others cost a look.

    Args:
        telemetry: Records them.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self._tracer = telemetry.tracer
        self._followed: dict[int, _Followed] = {}
        self._present: Span | None = None
        self._attributes = {
            kind: {**telemetry.common, Attribute.EVENT_TYPE: kind} for kind in (*_TYPES, OTHER)
        }

    def begin(self, number: int, event: Any, mappings: int) -> bool:
        """Begin with an event; so many mappings will give an outcome each.

        Returns:
            Whether it is followed.
        """
        if self._tracer is None:
            return False
        span = self._tracer.start_span(
            SpanName.EVENT,
            _parent_of(event),
            SpanKind.CONSUMER,
            self._attributes[_type_of(event)],
        )
        if not mappings:
            span.end()
        if not mappings or not span.is_recording():
            return False
        self._followed[number] = _Followed(span, mappings)
        return True

    def look_at(self, number: int) -> None:
        """Take it that an event goes through its mappings now."""
        followed = self._followed.get(number)
        self._present = followed.span if followed else None

    def step(self, name: str, mapping: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a function of the event with a span around it, where the event is followed."""
        attributes = {Attribute.NAME_OF_MAPPING: mapping}

        def stepped(event: Any) -> Any:
            if self._present is None or self._tracer is None:
                return function(event)
            context = trace.set_span_in_context(self._present)
            span = self._tracer.start_span(name, context, attributes=attributes)
            try:
                made = function(event)
                if name == SpanName.TRIGGER:
                    span.set_attribute(Attribute.MATCHED, bool(made))
            except Exception as error:
                # Never its text: that may quote the event.
                cause = error.code if isinstance(error, DeliveryError) else type(error).__name__
                span.set_attribute(Attribute.ERROR, cause)
                span.set_status(StatusCode.ERROR, cause)
                raise
            else:
                return made
            finally:
                span.end()

        return stepped

    def settle(self, mapping: str, numbers: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        """Take outcomes; an event with all of them has come to its end."""
        self.telemetry.count(mapping, outcomes)
        if not self._followed:
            return
        for number, outcome in zip(numbers, outcomes, strict=True):
            if (followed := self._followed.get(number)) is not None:
                followed.span.add_event(
                    SpanEvent.OUTCOME, {Attribute.NAME_OF_MAPPING: mapping, **_facts(outcome)}
                )
                followed.outcomes.append((mapping, outcome))
                followed.missing -= 1
                if not followed.missing:
                    self._end(self._followed.pop(number))

    def _end(self, followed: _Followed) -> None:
        worst = _worst([outcome for _, outcome in followed.outcomes])
        followed.span.set_attributes(_facts(worst))
        _conclude(followed.span, worst)
        followed.span.end()

    def give_up(self) -> None:
        """End with what has not all its outcomes, and never will."""
        for followed in self._followed.values():
            followed.span.end()
        self._followed.clear()

    @contextmanager
    def batch(
        self, mapping: str, action: str, numbers: Sequence[int], keys: Iterable[Hashable]
    ) -> Iterator[_Batch]:
        """Record one batch; what is done meanwhile belongs to it.

        Its span is a child of the first of its events that is followed, and linked with all of
        them, both ways. Where none is, there is no span, nor for its requests.

        Args:
            mapping: Name of the mapping.
            action: Slug of its action.
            numbers: The events of the batch.
            keys: Its batch key and its order keys.
        """
        attributes = self.telemetry.of_mapping(mapping)
        span = self._batch_span(action, attributes, numbers)
        batch = _Batch(span, self.telemetry, mapping, frozenset(_texts(keys)))
        started = time.perf_counter()
        token = UNDER_WAY.set(batch)
        try:
            with trace.use_span(
                span,
                end_on_exit=span is not _UNSAMPLED,
                record_exception=False,
                set_status_on_exception=False,
            ):
                yield batch
        finally:
            UNDER_WAY.reset(token)
            self.telemetry.meters.batch_rows.record(len(numbers), attributes)
            took_s = time.perf_counter() - started
            self.telemetry.meters.batch_duration.record(took_s, attributes)

    def _batch_span(
        self, action: str, attributes: Mapping[str, str], numbers: Sequence[int]
    ) -> Span:
        followed = [self._followed[n].span for n in numbers if n in self._followed]
        if not followed or self._tracer is None:
            return _UNSAMPLED
        span = self._tracer.start_span(
            SpanName.BATCH,
            trace.set_span_in_context(followed[0], Context()),
            attributes={**attributes, Attribute.ACTION: action, Attribute.ROWS: len(numbers)},
            links=[Link(each.get_span_context()) for each in followed],
        )
        for each in followed:
            each.add_link(span.get_span_context())
        return span


def _is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return type(value) is dict or isinstance(value, Mapping)  # the first is quick, and the rule


def _parent_of(event: Any) -> Context | None:
    """Return the trace that an event says it belongs to; None leaves it to what is under way."""
    said = event.get("context") if _is_object(event) else None
    if not _is_object(said) or not isinstance(said.get("traceparent"), str):
        return None
    names = ("traceparent", "tracestate")
    carrier = {name: value for name in names if isinstance(value := said.get(name), str)}
    context = _PROPAGATOR.extract(carrier)
    return context if trace.get_current_span(context).get_span_context().is_valid else None


def _texts(keys: Iterable[Hashable]) -> Iterator[str]:
    for key in keys:
        if isinstance(key, tuple):
            yield from _texts(key)
        elif key is not None:
            yield str(key)


def _type_of(event: Any) -> str:
    said = event.get("type") if _is_object(event) else None
    return said if isinstance(said, str) and said in _TYPES else OTHER


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    return min(outcomes, key=lambda outcome: _FROM_WORST.index(outcome.status))


def _facts(outcome: Outcome) -> dict[str, Any]:
    """Return what a span may say of an outcome; words and request ids are not among it."""
    facts: dict[str, Any] = {Attribute.STATUS: outcome.status.value, Attribute.CODE: outcome.code}
    if outcome.http_status is not None:
        facts[Attribute.HTTP_STATUS] = outcome.http_status
    return facts


def _conclude(span: Span, worst: Outcome) -> None:
    if worst.status not in _GOOD:
        span.set_status(StatusCode.ERROR, worst.code)
