"""Batches as the policy says, and rows in their order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import httpx

from wharfinger.model.batching import Batch, BatchPolicy
from wharfinger.testing.bench import Bench, Delivery, Performed
from wharfinger.testing.complaints import Complaint

__all__ = ["ROWS", "in_order", "policies", "within_policy"]

ROWS = 2
"""Most rows of a batch while batches are looked at."""


def policies(bench: Bench) -> Iterator[Complaint]:
    """Complain about a policy that cannot hold."""
    for slug in bench.actions:
        mapping = bench.connect(slug, bench.working()).mappings[slug]
        if isinstance(mapping.policy, BatchPolicy) and mapping.action.encode is None:
            yield Complaint(
                slug,
                "it has a BatchPolicy, but no encode, so the bytes of its batches are not counted.",
                "give the action encode=..., which makes one payload's part of a request body, and "
                "send batch.bodies.",
            )


def within_policy(bench: Bench, slug: str, delivery: Delivery) -> Iterator[Complaint]:
    """Complain about requests that carry more than their batch, or more than may be sent.

    Args:
        bench: The plugin.
        slug: The action.
        delivery: Of events in batches of `ROWS` at most.
    """
    most_bytes = bench.destination.limits.request_bytes
    every = [body for performed in delivery.performed for body in performed.batch.bodies if body]
    for performed in delivery.performed:
        for request in performed.requests:
            where = f"{slug}, {request.method} {request.url.path}"
            if len(request.content) > most_bytes:
                yield Complaint(
                    where,
                    f"its body has {len(request.content):,} bytes, and the destination bears "
                    f"{most_bytes:,}.",
                    "send batch.bodies as they were counted, and leave room in BatchPolicy.bytes "
                    "for what stands around them.",
                )
            own = set(performed.batch.bodies)
            if strangers := [b for b in every if b not in own and b in request.content]:
                yield Complaint(
                    where,
                    f"it carries {len(strangers)} rows of other batches, beyond the "
                    f"{len(performed.batch)} of its own.",
                    "send the payloads of the batch that perform got, all of them and no others; "
                    "core makes batches, so keep none back.",
                )


def in_order(slug: str, delivery: Delivery) -> Iterator[Complaint]:
    """Complain where the rows of a request stand in another order than their payloads."""
    for performed in delivery.performed:
        for request in performed.requests:
            places = _places(performed.batch, request)
            if any(earlier > later for earlier, later in pairwise(places)):
                yield Complaint(
                    f"{slug}, {request.method} {request.url.path}",
                    "its rows stand in another order than the payloads of the batch.",
                    "send batch.bodies in their order: a later event must not be overwritten by an "
                    "earlier one.",
                )
        yield from _sent_in_order(slug, performed)


def _sent_in_order(slug: str, performed: Performed) -> Iterator[Complaint]:
    """Look at several requests of one batch, one row each."""
    rows = [
        index
        for request in performed.requests
        if len(found := [i for i, b in enumerate(performed.batch.bodies) if b in request.content])
        == 1
        for index in found
    ]
    if any(earlier > later for earlier, later in pairwise(rows)):
        yield Complaint(
            slug,
            "it sends the rows of a batch in another order than the payloads have.",
            "send payload after payload in the order of the batch.",
        )


def _places(batch: Batch, request: httpx.Request) -> list[int]:
    """Return where each row stands in a request, of those that can be found in it."""
    once = [body for body in batch.bodies if body and request.content.count(body) == 1]
    return [request.content.index(body) for body in once]
