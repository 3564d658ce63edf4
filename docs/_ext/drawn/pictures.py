"""The pictures, by name."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, Final

import wharfinger
from drawn.source import Distribution, distributions, hooks, members, rooms
from drawn.svg import CHARACTER, LINE, Drawing
from wharfinger.active import ActiveMapping
from wharfinger.delivery.lanes import Item, plan_lanes
from wharfinger.model.action import Effect
from wharfinger.model.outcome import Status

__all__ = ["PICTURES"]


def _way() -> str:
    """An event, from its host to its outcome; each step is named after what does it."""
    steps = [
        ("trigger", "which?", (ActiveMapping, "matches")),
        ("field mapping", "what?", (ActiveMapping, "payload")),
        ("lane", "in order", (wharfinger.Action, "order_key")),
        ("batch", "few calls", (wharfinger.Action, "batch_key")),
        ("action", "perform", (wharfinger.Action, "perform")),
    ]
    drawing = Drawing("An event goes through trigger, field mapping, lane, batch and action")
    drawing.labelled(0, 0, 70, ["event"], "box end")
    x = 70.0
    for name, asks, (owner, attribute) in steps:
        if attribute not in owner.__annotations__:
            raise AttributeError(f"{owner.__name__} has no {attribute} any more")
        width = max(len(name), len(asks)) * CHARACTER + 18
        drawing.arrow(x, 15, x + 22, 15)
        drawing.labelled(x + 22, 0, width, [name, asks])
        x += 22 + width
    drawing.line(x, 15, x + 14, 15)
    drawing.line(x + 14, 15, x + 14, 88)
    drawing.arrow(x + 14, 88, 72, 88)
    drawing.labelled(0, 73, 70, ["receipt"], "box end")
    left = 92.0
    for status in Status:
        width = len(status) * CHARACTER + 16
        drawing.labelled(left, 73, width, [status], "box filled")
        left += width + 8
    return str(drawing)


def _moments() -> str:
    """When each hook is asked, as the specifications say."""
    drawing = Drawing("When each hook is asked: all but two when plugins load, none for an event")
    y = 0.0
    asked = sorted(hooks().items(), key=lambda item: (_MOMENTS.index(item[1]), item[0]))
    for moment, group in groupby(asked, key=lambda item: item[1]):
        names = [name for name, _ in group]
        lines = _folded(moment, 26)
        height = LINE * max(len(names), len(lines)) + 14
        drawing.box(0, y, 190, height, "box end")
        for number, line in enumerate(lines):
            offset = (height - LINE * len(lines)) / 2
            drawing.words(95, y + offset + LINE * (number + 0.5), line, "strong")
        drawing.box(220, y, 250, height)
        drawing.arrow(190, y + height / 2, 220, y + height / 2)
        for number, name in enumerate(names):
            offset = (height - LINE * len(names)) / 2
            drawing.words(232, y + offset + LINE * (number + 0.5), name, "code", "start")
        y += height + 12
    drawing.box(0, y, 190, 30, "box end")
    drawing.words(95, y + 15, "for an event", "strong")
    drawing.box(220, y, 250, 30, "box empty")
    drawing.words(232, y + 15, "none: plain calls of functions", "", "start")
    drawing.arrow(190, y + 15, 220, y + 15)
    return str(drawing)


_MOMENTS: Final = [
    "when plugins load",
    "per mapping, when a connection opens",
    "per batch, after its last attempt, in the event loop that delivers",
]


def _outcomes() -> str:
    """What leads to each status, and what a host does with it."""
    raised: dict[Status, list[str]] = {status: [] for status in Status}
    for name in wharfinger.__all__:
        error: Any = getattr(wharfinger, name)
        if isinstance(error, type) and wharfinger.DeliveryError in error.__mro__[1:]:
            raised[_status_of(error)].append(name)
    first = {Status.DELIVERED: ["the vendor confirms it"], Status.FILTERED: ["the trigger"]}
    drawing = Drawing("What leads to each outcome, and what a host does with it")
    for x, width, head in ((0, 180, "decided by"), (210, 90, "outcome"), (330, 310, "the host")):
        drawing.words(x + width / 2, 8, head, "faint")
    y = 24.0
    for status, text in members(Status).items():
        causes = first.get(Status(status)) or raised[Status(status)]
        height = max(LINE * len(causes), 2 * LINE) + 14
        drawing.box(0, y, 180, height, "box end")
        for number, cause in enumerate(causes):
            offset = (height - LINE * len(causes)) / 2
            kind = "code" if Status(status) not in first else ""
            drawing.words(90, y + offset + LINE * (number + 0.5), cause, kind)
        drawing.arrow(180, y + height / 2, 210, y + height / 2)
        drawing.box(210, y, 90, height, "box filled")
        drawing.words(255, y + height / 2, status, "strong")
        drawing.arrow(300, y + height / 2, 330, y + height / 2)
        drawing.box(330, y, 310, height)
        lines = _folded(text.partition(": ")[2].rstrip("."), 42)
        for number, line in enumerate(lines):
            offset = (height - LINE * len(lines)) / 2
            drawing.words(342, y + offset + LINE * (number + 0.5), line, "", "start")
        y += height + 10
    return str(drawing)


def _status_of(error: type[wharfinger.DeliveryError]) -> Status:
    """Return the status that the branch of an error stands for."""
    above = error.__mro__
    branch = above[above.index(wharfinger.DeliveryError) - 1]
    return wharfinger.Outcome.of(branch("drawn", code="drawn")).status


def _lanes() -> str:
    """Seven rows about four people, as the planner of lanes lays them."""
    people = ["Ann", "Ben", "Ann", "Cy", "Dee", "Ben", "Ann"]
    items = [
        Item(number, person, b"", "customers", person) for number, person in enumerate(people, 1)
    ]
    lanes = plan_lanes(items, wharfinger.BatchPolicy(rows=2, lanes=2))
    drawing = Drawing("Events about one person share a lane; lanes run side by side")
    drawing.words(0, 8, "events", "faint", "start")
    for number, person in enumerate(people):
        drawing.labelled(100 + number * 70, 0, 60, [f"{number + 1} {person}"], "box end")
    y = 58.0
    for number, lane in enumerate(lanes, 1):
        drawing.words(0, y + 22, f"lane {number}", "faint", "start")
        x = 100.0
        for batch in lane:
            width = 66 * len(batch.events) + 8
            drawing.box(x, y, width, 44, "box")
            for place, (event, key) in enumerate(zip(batch.events, batch.order_keys, strict=True)):
                drawing.labelled(x + 7 + place * 66, y + 7, 60, [f"{event} {key}"], "box filled")
            drawing.arrow(x + width, y + 22, x + width + 20, y + 22)
            x += width + 20
        drawing.words(x + 6, y + 22, "vendor", "faint", "start")
        y += 56
    return str(drawing)


def _repeating() -> str:
    """What follows from a lost reply, by the effect of the action."""
    ends = {Effect.IDEMPOTENT: Status.RETRY, Effect.ONCE: Status.UNKNOWN}
    does = {Effect.IDEMPOTENT: "sent again", Effect.ONCE: "evidence is looked for"}
    drawing = Drawing("A lost reply: an upsert is sent again, a journey event is not")
    drawing.box(0, 46, 120, 44, "box end")
    drawing.words(60, 60, "sent,", "strong")
    drawing.words(60, 76, "and no reply", "strong")
    for number, (effect, text) in enumerate(members(Effect).items()):
        y = 74.0 * number
        middle = y + 31
        drawing.arrow(120, 68, 150, middle)
        drawing.box(150, y, 190, 62)
        drawing.words(245, y + 15, f"Effect.{effect.upper()}", "code")
        for row, line in enumerate(_folded(text.partition(":")[0], 26), 1):
            drawing.words(245, y + 15 + row * LINE, line, "faint")
        drawing.arrow(340, middle, 370, middle)
        drawing.box(370, y, 160, 62)
        drawing.words(450, middle, does[Effect(effect)])
        drawing.arrow(530, middle, 560, middle)
        drawing.box(560, y, 100, 62, "box filled")
        drawing.words(610, middle - 8, "if still open", "faint")
        drawing.words(610, middle + 8, ends[Effect(effect)], "strong")
    return str(drawing)


def _distributions() -> str:
    """Who imports whom among distributions, and as what each is found."""
    found = {each.package: each for each in distributions()}
    level: dict[str, int] = {}
    while left := found.keys() - level.keys():
        for name in sorted(left):
            if found[name].imports <= level.keys():
                level[name] = max((level[each] + 1 for each in found[name].imports), default=0)
    used = {name for each in found.values() for name in each.imports}
    rows = [
        [name for name in found if level[name] == row and (row or name in used)]
        for row in range(max(level.values()), -1, -1)
    ]
    drawing = Drawing("Which distribution imports which")
    boxes = {name: _label(found[name]) for name in found}
    wide = max(sum(_width(boxes[name]) + 16 for name in row) - 16 for row in rows)
    place: dict[str, tuple[float, float, float, float]] = {}
    y = 0.0
    for row in rows:
        x = 0.0
        for name in row:
            # Whatever everything stands on is as wide as all of it.
            width = wide if len(row) == 1 and level[name] == 0 else _width(boxes[name])
            height = drawing.labelled(x, y, width, boxes[name], "box" if level[name] else "filled")
            place[name] = (x, y, width, height)
            x += width + 16
        y += 92
    for name, (x, top, width, height) in place.items():
        further = {n for other in found[name].imports for n in found[other].imports}
        for other in sorted(found[name].imports - further):
            to_x, to_y, to_width, _ = place[other]
            end = min(max(x + width / 2, to_x + 12), to_x + to_width - 12)
            drawing.arrow(x + width / 2, top + height, end, to_y)
    x = 0.0
    for name in found.keys() - place.keys():
        drawing.labelled(x, y - 40, _width(boxes[name]), boxes[name], "box end")
        x += _width(boxes[name]) + 16
    return str(drawing)


def _label(distribution: Distribution) -> list[str]:
    """Its name, and the group under which whoever needs it finds it; test runners aside."""
    groups = [group for group in sorted(distribution.offers) if group != "pytest11"]
    alone = [] if distribution.imports or distribution.name == "wharfinger" else ["by itself"]
    return [distribution.name, *(f"found as: {group}" for group in groups), *alone]


def _width(lines: list[str]) -> float:
    return max(map(len, lines)) * CHARACTER + 20


def _rooms() -> str:
    """A dot for each import between rooms of core; below the diagonal stand all of them."""
    names = list(rooms())
    cell, margin = 15, 16
    left = max(map(len, names)) * CHARACTER + 10
    drawing = Drawing("Which room of core imports which: all dots are below the diagonal")
    for row, name in enumerate(names):
        y = margin + row * cell
        if row % 2:
            drawing.box(0, y - cell / 2, left + (row + 1) * cell, cell, "stripe")
        drawing.words(left - 6, y, name, "code", "end")
        for other in sorted(rooms()[name]):
            drawing.dot(left + names.index(other) * cell + 8, y, f"{name} imports {other}")
        drawing.words(left + row * cell + 2, y, name, "code faint", "start")
    return str(drawing)


def _folded(text: str, most: int) -> list[str]:
    lines: list[str] = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > most:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


PICTURES: Final[dict[str, Callable[[], str]]] = {
    "distributions": _distributions,
    "lanes": _lanes,
    "moments": _moments,
    "outcomes": _outcomes,
    "repeating": _repeating,
    "rooms": _rooms,
    "way": _way,
}
"""What ``{picture} NAME`` draws."""
