"""Another try finds its batch as it was, and sends what was sent before."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import httpx

from wharfinger.model.action import Effect
from wharfinger.testing.bench import Bench, Delivery, Performed
from wharfinger.testing.complaints import Complaint
from wharfinger.testing.paper import LOOKING, Reply
from wharfinger.testing.troubles import RETRY_AFTER_S

__all__ = ["changed", "repeated"]

_Sent = tuple[str, str, bytes]

_REMEDY: Final = (
    "make ids, keys and times of a request from its payloads alone, so that the vendor sees that "
    "it has the request already; headers may differ, as signatures with times do. Let `besides` "
    "reply to what only signs in or looks something up."
)


def changed(slug: str, delivery: Delivery) -> Iterator[Complaint]:
    """Complain where an action changes what it got."""
    if any(performed.changed_batch for performed in delivery.performed):
        yield Complaint(
            slug,
            "perform changes its batch, so another try sends something else.",
            "leave batch.payloads and batch.bodies as they are, and copy what you change.",
        )


async def repeated(
    bench: Bench, slug: str, throttles: Callable[[httpx.Request, float], Reply]
) -> list[Complaint]:
    """Complain where what may be sent twice is another request the second time.

    It is sent twice over one connection to a vendor that asks to wait, and over two connections
    to one that works, as a host does that stopped before it could write down the outcome.

    Args:
        bench: The plugin.
        slug: The action.
        throttles: How the vendor asks to wait.
    """
    if bench.actions[slug].effect is not Effect.IDEMPOTENT:
        return []
    asking = bench.working().forgets().answers(lambda each: throttles(each, RETRY_AFTER_S))
    tried = await bench.deliver(slug, asking, retry={"attempts": 2})
    first, second = [await bench.deliver(slug, bench.working()) for _ in range(2)]
    return [
        *changed(slug, tried),
        *_differences(f"{slug}, another try", _tries(tried.performed)),
        *_differences(
            f"{slug}, delivered again", [(_sent(first.performed), _sent(second.performed))]
        ),
    ]


def _tries(performed: Sequence[Performed]) -> Iterator[tuple[list[_Sent], list[_Sent]]]:
    """Yield what was sent of a whole batch at first, and what another time."""
    first: dict[int, Performed] = {}
    for each in performed:
        earlier = first.setdefault(id(each.batch), each)
        if earlier is not each:
            yield _sent([earlier]), _sent([each])


def _sent(performed: Iterable[Performed]) -> list[_Sent]:
    return [
        (request.method, str(request.url), _body(request))
        for each in performed
        for request in each.requests
        if request.method not in LOOKING
    ]


def _body(request: httpx.Request) -> bytes:
    """Return the body; packed ones hold the time at which they were packed."""
    packed = request.headers.get("content-encoding") == "gzip"
    return gzip.decompress(request.content) if packed else request.content


def _differences(
    where: str, pairs: Iterable[tuple[list[_Sent], list[_Sent]]]
) -> Iterator[Complaint]:
    for before, after in pairs:
        gone, new = Counter(before) - Counter(after), Counter(after) - Counter(before)
        if not gone or not new:
            continue  # the one ended earlier than the other
        method, url, _ = next(iter(new))
        same = any((method, url) == each[:2] for each in gone)
        yield Complaint(
            f"{where}, {method} {httpx.URL(url).path}",
            f"the {'body' if same else 'URL'} is another one the second time, although the action "
            "says that a repetition does no harm.",
            _REMEDY,
        )
