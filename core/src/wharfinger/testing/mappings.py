"""Payloads out of example events: the same each time, and of every event."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from wharfinger.active import ActiveMapping
from wharfinger.delivery.lanes import Item
from wharfinger.errors import ConfigurationError
from wharfinger.model.outcome import Outcome
from wharfinger.testing.bench import Bench
from wharfinger.testing.complaints import Complaint

__all__ = ["examples_work", "items_of", "repeatable"]


def examples_work(bench: Bench) -> Iterator[Complaint]:
    """Complain where defaults and examples do not make payloads."""
    for slug in bench.actions:
        try:
            mapping = bench.connect(slug, bench.working()).mappings[slug]
        except ConfigurationError as error:
            yield Complaint(
                slug,
                f"its mapping cannot be used: {error}.",
                "correct default_trigger and default_fields of the action, or the settings and "
                "the example of this test.",
            )
            continue
        yield from _prepared(bench, mapping)


def _prepared(bench: Bench, mapping: ActiveMapping) -> Iterator[Complaint]:
    example, made = bench.examples[mapping.name], []
    for index, event in enumerate((*example.events, *example.refused)):
        prepared = mapping.prepare(index, event)
        if isinstance(prepared, Outcome):
            yield Complaint(
                f"{mapping.name}, event {index}",
                f"it makes no payload, but ends as {prepared.status.value}: {prepared.message}",
                "let default_trigger and default_fields look where events of the Segment "
                "specification hold these values, or give the example its own trigger and fields.",
            )
        else:
            made.append(prepared)
    if made and all(_same(item, made[0]) for item in made[1:]):
        yield Complaint(
            mapping.name,
            f"its {len(made)} example events all make the same payload.",
            "give two or more events in `examples` that make different payloads: mixed-up rows "
            "would not be noticed otherwise.",
        )


def _same(item: Item, other: Item) -> bool:
    return bool(item.payload == other.payload) and item.body == other.body


def repeatable(bench: Bench) -> Iterator[Complaint]:
    """Complain where an event changes, or makes another payload the second time."""
    for slug in bench.actions:
        mapping = bench.connect(slug, bench.working()).mappings[slug]
        for index, event in enumerate(bench.examples[slug].events):
            kept = copy.deepcopy(event)
            first, second = (mapping.prepare(index, event) for _ in range(2))
            where = f"{slug}, event {index}"
            if event != kept:
                yield Complaint(
                    where,
                    "making a payload of the event changes the event.",
                    "copy what you change in form, encode, batch_key, order_key and directives.",
                )
            yield from _differences(where, first, second)


def _differences(where: str, first: Item | Outcome, second: Item | Outcome) -> Iterator[Complaint]:
    if isinstance(first, Outcome) or isinstance(second, Outcome):
        return
    facts: Mapping[str, tuple[Any, Any]] = {
        "payload": (first.payload, second.payload) if attrs.has(type(first.payload)) else (0, 0),
        "encoded body": (first.body, second.body),
        "batch key": (first.batch_key, second.batch_key),
        "order key": (first.order_key, second.order_key),
    }
    for fact, (one, other) in facts.items():
        if one != other:
            yield Complaint(
                where,
                f"its {fact} is another one the second time.",
                "let form, encode, batch_key, order_key and directives depend on their argument "
                "alone: no clock, no chance, no counter.",
            )


def items_of(bench: Bench, slug: str) -> list[Item]:
    """Return the payloads of an action's example on their way."""
    mapping = bench.connect(slug, bench.working()).mappings[slug]
    prepared = [
        mapping.prepare(index, event) for index, event in enumerate(bench.examples[slug].events)
    ]
    return [item for item in prepared if isinstance(item, Item)]
