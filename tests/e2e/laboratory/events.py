"""Events for an experiment: good ones and planted bad ones; the same seed gives the same events."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
from tests.e2e.laboratory.shop import MAPPINGS, Event

__all__ = ["Planted", "plant", "write_events"]

_NAMES: Final = ["Ann", "Bjørn", "Chloé", "Дмитрий", "Grażyna", "さくら", "Zoë 🚢", 'O"Neil\\']
_PREFIXES: Final = ["c", "ü", "客", "a b"]
_ITEMS: Final = ["tea", "кофе", "mug/2", "sugar & milk"]
_EVENTS_PER_CONTACT: Final = 12
_BAD: Final = 0.05
_TOO_LONG: Final = "x" * 41


@attrs.frozen
class Planted:
    """One event.

    Attributes:
        event: As it is accepted.
        bad: The mappings that can never deliver it, as connection and name.
    """

    event: Event
    bad: frozenset[tuple[str, str]] = frozenset()

    @property
    def id(self) -> str:
        """Its message id."""
        return str(self.event["messageId"])


def plant(seed: int, count: int) -> list[Planted]:
    """Make events, in the order in which they are to be accepted.

    Args:
        seed: The same seed gives the same events.
        count: How many.
    """
    dice = random.Random(f"events {seed}")
    contacts = [
        f"{dice.choice(_PREFIXES)}-{n}" for n in range(max(2, count // _EVENTS_PER_CONTACT))
    ]
    numbers: Counter[str] = Counter()
    planted = []
    for n in range(count):
        # A few contacts have most of the events, so that many versions wait for one another.
        contact = contacts[int(len(contacts) * dice.random() ** 2)]
        numbers[contact] += 1
        envelope = {"messageId": f"{seed}-{n:05}", "userId": contact}
        made = _event(dice, numbers[contact])
        planted.append(Planted({**envelope, **made.event}, made.bad))
    return planted


def _event(dice: random.Random, number: int) -> Planted:
    kinds = ["identify", "Item Viewed", "Order Completed", "Pinged", "page"]
    kind = dice.choices(kinds, [45, 35, 8, 7, 5])[0]
    bad = dice.random() < _BAD
    if kind == "identify":
        return _identify(dice, number, bad=bad)
    if kind == "page":
        return Planted({"type": "page", "name": "Home"})
    return _track(dice, kind, number, bad=bad)


def _identify(dice: random.Random, number: int, *, bad: bool) -> Planted:
    traits: Event = {
        "name": f"{dice.choice(_NAMES)} {number}",
        "number": number,
        "greet": dice.random() < 0.2,
    }
    if dice.random() < 0.7:
        traits["level"] = number
    if dice.random() < 0.5:
        traits["spent"] = round(dice.uniform(0, 5_000), 2)
    if dice.random() < 0.5:
        traits["vip"] = dice.random() < 0.5
    if dice.random() < 0.5:
        traits["note"] = dice.choice([None, "", f"nóte {number}"])
    if not bad:
        return Planted({"type": "identify", "traits": traits})
    wrong, whom = dice.choice(
        [
            ({"level": "a lot"}, {"profiles", "members"}),
            ({"name": _TOO_LONG}, {"profiles", "members"}),
            ({"note": _TOO_LONG}, {"profiles"}),
        ]
    )
    return Planted({"type": "identify", "traits": {**traits, **wrong}}, _places(whom))


def _track(dice: random.Random, name: str, number: int, *, bad: bool) -> Planted:
    properties: Event = {"number": number}
    whom: set[str] = set()
    if name == "Item Viewed":
        properties |= {"item": dice.choice(_ITEMS), "times": number}
        if dice.random() < 0.5:
            properties["label"] = f"№ {number}"
        if bad:
            properties["times"], whom = "many", {"views"}
    elif name == "Order Completed":
        properties["amount"] = round(dice.uniform(1, 500), 2)
        if bad:
            properties["amount"], whom = "much", {"orders"}
    return Planted({"type": "track", "event": name, "properties": properties}, _places(whom))


def _places(names: set[str]) -> frozenset[tuple[str, str]]:
    return frozenset(mapping.place for mapping in MAPPINGS if mapping.name in names)


def write_events(file: Path, planted: Sequence[Planted]) -> Path:
    """Write events as JSON Lines, and return the file."""
    lines = [json.dumps(each.event, ensure_ascii=False) for each in planted]
    file.write_text("\n".join(lines), "utf-8")
    return file
