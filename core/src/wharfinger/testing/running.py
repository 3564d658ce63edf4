"""Actions in one event loop with others: they end when asked, hold nobody up and share nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import pytest

from wharfinger.model.outcome import Status
from wharfinger.model.secret import Secret
from wharfinger.payload import fields_of
from wharfinger.testing.bench import Bench, Delivery, Performed
from wharfinger.testing.complaints import Complaint
from wharfinger.testing.paper import Vendor

__all__ = ["cancelled", "holds_up", "mixed_up", "previewed"]

_ROUNDS: Final = 1_000
"""Turns of the event loop after which a task that was cancelled has ended."""


async def cancelled(bench: Bench, slug: str) -> list[Complaint]:
    """Cancel a delivery while the vendor does not answer, and complain where it goes on."""
    vendor = bench.working().forgets().never_answers()
    performed: list[Performed] = []
    task = asyncio.create_task(bench.deliver(slug, vendor, performed=performed, listen=False))
    await _until(lambda: bool(vendor.delivering) or task.done())
    if task.done() and not vendor.delivering:
        await task
        return []
    task.cancel()
    await _until(task.done)
    ended = task.done()
    if not ended:
        vendor.lets_go()
    await asyncio.gather(task, return_exceptions=True)
    went_on = any(each.was_cancelled and each.error is None for each in performed)
    turned = any(isinstance(each.error, Exception) and each.was_cancelled for each in performed)
    if ended and not went_on and not turned:
        return []
    return [
        Complaint(
            slug,
            "perform goes on after it was cancelled.",
            "let asyncio.CancelledError through: catch Exception, never BaseException, and raise "
            "it again where you clean up.",
        )
    ]


async def _until(done: Any) -> None:
    for _ in range(_ROUNDS):
        if done():
            return
        await asyncio.sleep(0)


def holds_up(slug: str, delivery: Delivery) -> Iterator[Complaint]:
    """Complain where an action sleeps instead of waiting by the session."""
    for function in dict.fromkeys(name for each in delivery.performed for name in each.slept_s):
        yield Complaint(
            slug,
            f"it calls {function} while it sends a batch.",
            "use `await session.wait(seconds)`: it holds up nobody else, and tests skip it.",
        )


async def previewed(bench: Bench, slug: str) -> tuple[list[Complaint], list[Any]]:
    """Preview the examples; complain where something is sent, or nothing is shown.

    Returns:
        The complaints, and what the preview shows.
    """
    vendor = bench.working()
    connection = bench.connect(slug, vendor)
    try:
        preview = await connection.preview(bench.examples[slug].events)
    except Exception as error:  # noqa: BLE001  # an action may fail in any way
        found = f"its preview raised {type(error).__name__}: {error}."
        return [Complaint(slug, found, _PREVIEW)], []
    complaints = []
    if vendor.requests:
        complaints.append(Complaint(slug, "its preview sends something.", _PREVIEW))
    elif not preview.requests:
        complaints.append(Complaint(slug, "its preview shows no request.", _PREVIEW))
    return complaints, [*preview.requests, *preview.receipts]


_PREVIEW: Final = (
    "while session.previewing is true, let perform look nothing up and make the request it would "
    "send, and let NotSentError through."
)


async def mixed_up(bench: Bench, slug: str) -> list[Complaint]:
    """Deliver over two connections at once; complain where one shows in the other."""
    other, statuses = await _other_settings(bench, slug)
    complaints = []
    for first in (bench.working(), bench.working().forgets().accepts(401, json={})):
        second = bench.working()
        deliveries = await asyncio.gather(
            bench.deliver(slug, first, listen=False),
            bench.deliver(slug, second, settings=other, listen=False),
        )
        if deliveries[1].statuses(slug) != statuses:
            found = "beside another connection its outcomes are others than alone."
            complaints.append(Complaint(slug, found, _APART))
        own, strange = _secrets(bench, bench.settings), _secrets(bench, other)
        if _carries(first, strange - own) or _carries(second, own - strange):
            found = "a request of one connection carries the secret of another one."
            complaints.append(Complaint(slug, found, _APART))
        elif _carries(first, own - strange) is not _carries(second, strange - own):
            found = "one connection signs in, and the other one goes along with its token."
            complaints.append(Complaint(slug, found, _APART))
    return complaints


def _carries(vendor: Vendor, secrets: set[str]) -> bool:
    return any(secret in _text(request) for request in vendor.requests for secret in secrets)


_APART: Final = (
    "keep nothing in modules or classes: what belongs to a connection goes into the httpx.Auth "
    "that `create` makes, or into session.shared(Class)."
)


async def _other_settings(bench: Bench, slug: str) -> tuple[Mapping[str, Any], list[Status]]:
    """Return settings with other secrets, and how they do alone; the same where those do not.

    A vendor on paper may know one secret only.
    """
    turned = {name: text[1:] + text[:1] for name, text in _by_field(bench, bench.settings).items()}
    other = {**bench.settings, **turned}
    usual = (await bench.deliver(slug, bench.working(), listen=False)).statuses(slug)
    try:
        alone = await bench.deliver(slug, bench.working(), settings=other, listen=False)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001  # not every text is a key
        return bench.settings, usual
    return (other if alone.statuses(slug) == usual else bench.settings), usual


def _by_field(bench: Bench, settings: Mapping[str, Any]) -> dict[str, str]:
    record = bench.plugins.settings(bench.destination.slug)
    return {
        field.name: value.reveal() if isinstance(value, Secret) else str(value)
        for field in (fields_of(record.schema) if record else ())
        if field.secret and (value := settings.get(field.name)) is not None
    }


def _secrets(bench: Bench, settings: Mapping[str, Any]) -> set[str]:
    return set(_by_field(bench, settings).values())


def _text(request: httpx.Request) -> str:
    headers = " ".join(request.headers.values())
    return f"{request.url} {headers} {request.content.decode(errors='replace')}"
