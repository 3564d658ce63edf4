"""Sample events of all kinds, good and bad; the same seed gives the same events."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import orjson

__all__ = ["sample_lines"]

Event = dict[str, Any]

_NAMES = ["Ann", "Bjørn", "Chloé", "Dmitri", "Eve", "Fatou", "Grażyna", "Hiro", "Inés", "Jürgen"]
_STORES = ["Berlin", "København", "Kraków", "Lisboa", "Zürich"]
_BAD_EVERY = 40
_MEMBERS = 0.7
"""Share of audience events that let someone in; the others let them out."""
_START = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


def sample_lines(count: int = 3_000, seed: int = 7) -> Iterator[bytes]:
    """Make lines of a JSON Lines file.

    Args:
        count: How many lines; about one in forty is bad in one of nine ways.
        seed: The same seed gives the same lines.
    """
    dice = random.Random(seed)  # noqa: S311  # a sample, not a secret
    for number in range(count):
        if number % _BAD_EVERY == _BAD_EVERY - 1:
            yield _bad_line(dice, number)
        else:
            yield orjson.dumps(_good_event(dice, number)) + b"\n"


def _good_event(dice: random.Random, number: int) -> Event:
    kind = dice.choices(["profile", "audience", "visit", "order", "page"], [30, 10, 40, 8, 12])[0]
    match kind:
        case "profile":
            return _identify(dice, number, _profile(dice))
        case "audience":
            return _identify(dice, number, {"vip_shoppers": dice.random() < _MEMBERS})
        case "visit":
            return _track(dice, number, "Store Visited", _visit(dice))
        case "order":
            order = {"order_id": f"O-{number:05}", "amount": round(dice.uniform(5, 400), 2)}
            return _track(dice, number, "Order Completed", order)
        case _:
            return {**_envelope(dice, number), "type": "page", "name": "Home"}


def _bad_line(dice: random.Random, number: int) -> bytes:
    """Make a line with one of the mistakes that real sources make."""
    profile, visit = _profile(dice), _visit(dice)
    event: Event
    match number // _BAD_EVERY % 9:
        case 0:
            event = _identify(dice, number, {**profile, "email": "not-an-address"})
        case 1:
            event = _identify(dice, number, {**profile, "first_name": "x" * 60})
        case 2:
            event = {**_identify(dice, number, profile), "userId": None}
        case 3:
            event = _track(dice, number, "Store Visited", {**visit, "spent": "a lot"})
        case 4:
            event = _track(dice, number, "Store Visited", {**visit, "store": None})
        case 5:
            event = {**_track(dice, number, "Store Visited", visit), "timestamp": "yesterday"}
        case 6:
            order = {"order_id": "x" * 30, "amount": 12.5}
            event = _track(dice, number, "Order Completed", order)
        case 7:
            return b"[1, 2, 3]\n"
        case _:
            return b'{"type": "track", "event": "Store Vis\n'
    return orjson.dumps(event) + b"\n"


def _envelope(dice: random.Random, number: int) -> Event:
    return {
        "messageId": f"m-{number:06}",
        "userId": f"c-{dice.randrange(600):04}",
        "timestamp": (_START + dt.timedelta(minutes=number)).isoformat().replace("+00:00", "Z"),
    }


def _identify(dice: random.Random, number: int, traits: Event) -> Event:
    return {**_envelope(dice, number), "type": "identify", "traits": traits}


def _track(dice: random.Random, number: int, name: str, properties: Event) -> Event:
    return {**_envelope(dice, number), "type": "track", "event": name, "properties": properties}


def _profile(dice: random.Random) -> Event:
    name = dice.choice(_NAMES)
    return {
        "first_name": name,
        "email": f"Person{dice.randrange(10_000)}@Example.org",
        "lifetime_value": round(dice.uniform(0, 5_000), 2),
        "signed_up_at": (_START - dt.timedelta(days=dice.randrange(900))).date().isoformat(),
    }


def _visit(dice: random.Random) -> Event:
    return {"store": dice.choice(_STORES), "spent": round(dice.uniform(0, 250), 2)}
