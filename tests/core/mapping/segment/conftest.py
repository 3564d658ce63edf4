"""Says by which documented differences our result departs from Segment's.

Each difference has a switch that turns our own engine into Segment's in that one respect. A
disagreement has a name only if the engine with some switches gives exactly what Segment gave, and
needs each of them for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.core.mapping.segment.switch import module
from tests.core.mapping.segment.switches import SWITCHES

from wharfinger.errors import MappingError, RejectedError
from wharfinger.mapping import interpret, parse
from wharfinger.model.action import Directive
from wharfinger.model.unset import UNSET

FAILED = {"error": True}


def fails(_):
    raise ValueError


def picky(value):
    return fails(value) if isinstance(value, str) else value


DIRECTIVES = {
    "@absent": Directive(name="@absent", function=lambda _: UNSET),
    "@fail": Directive(name="@fail", function=fails),
    "@picky": Directive(name="@picky", function=picky),
}


def result_of(mapping: Any, event: Any) -> dict[str, Any]:
    """Run our engine; the result looks as the answer of Segment's does."""
    try:
        output = interpret(parse(mapping, directives=DIRECTIVES), event)
    except (MappingError, RejectedError):
        return FAILED
    return {} if output is UNSET else {"output": output}


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1 is 1.0, but true is not 1; the order of keys does not matter."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


# What is said of a mapping that is refused when it is loaded, where Segment finds out with an
# event, or never.
REFUSALS = (
    ("liquid-is-read-strictly", r"@liquid: "),
    ("mistakes-are-found-at-load", r"must (be|have)|is not a directive|is not an option|needs"),
)
BOUNDS = re.compile(r"nested deeper|must not be longer|works on more|longer than \d+ characters")


@contextmanager
def turned(names: list[str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            SWITCHES[name].patch(patch)
        yield


def as_segment(mapping: Any, event: Any, names: list[str]) -> Any:
    """Run our engine with some switches turned."""
    for name in names:
        mapping, event = SWITCHES[name].case(mapping, event)
    with turned(names):
        result: Any = result_of(mapping, event)
    for name in names:
        result = SWITCHES[name].answer(result)
    return result


def refusal(mapping: Any, event: Any) -> str | None:
    """Name the difference by which we refuse what Segment takes."""
    try:
        interpret(parse(mapping), event)
    except MappingError as error:
        return next(name for name, words in REFUSALS if re.search(words, str(error)))
    except RejectedError as error:
        return "work-is-bounded" if BOUNDS.search(error.message) else None
    return None


def odd_dates(mapping: Any, event: Any) -> bool:
    """Tell whether a filter for dates got something that is no date to us."""
    seen: list[bool] = []
    read = module("liquid.moments").read_moment

    def spied(value):
        moment = read(value)
        seen.append(moment is None and value is not None and value is not UNSET)
        return moment

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module("liquid.dates"), "read_moment", spied)
        as_segment(mapping, event, [name for name in SWITCHES if "dates" not in name])
    return any(seen)


def named(mapping: Any, event: Any, ours: Any, theirs: Any) -> str | None:
    names = list(SWITCHES)
    if ours == FAILED and (refused := refusal(mapping, event)):
        return refused
    ways = [names, *([each for each in names if each != left_out] for left_out in names)]
    for way in ways:
        if same(as_segment(mapping, event, way), theirs):
            names = way
            break
    else:
        return "only-dates-are-dates" if odd_dates(mapping, event) else None
    for name in SWITCHES:
        fewer = [each for each in names if each != name]
        if same(as_segment(mapping, event, fewer), theirs):
            names = fewer
    return " + ".join(names)


@pytest.fixture(scope="session")
def difference_names():
    """Return the names of all differences."""
    return {*SWITCHES, *(name for name, _ in REFUSALS), "work-is-bounded"}


@pytest.fixture(scope="session")
def difference_of():
    """Return a function that names the difference between our result and Segment's, or None."""
    return named


@pytest.fixture(scope="session")
def our_result():
    return result_of


@pytest.fixture(scope="session")
def agree():
    return same
