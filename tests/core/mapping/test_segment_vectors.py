"""What Segment's engine gave for these inputs, and where wharfinger differs on purpose."""

import json
from pathlib import Path

import pytest

from wharfinger.errors import MappingError, RejectedError

E1 = {
    "a": 0,
    "d": None,
    "s": "str",
    "o": {"x": 1, "p q": 3, "y.z": 2},
    "arr": [{"n": 1}, {"n": 2}],
    "k": {"@t": 5},
}
E2 = {
    "p": [{"i": 1}, {"i": 2}],
    "one": {"i": 1},
    "prim": [1],
    "n": None,
    "s": "t",
    "mix": [{"i": 1}, None],
}

SAME = Path(__file__).with_name("segment_vectors.txt").read_text()

# difference | mapping value | event | Segment's result | wharfinger's result
DIFFERENT = r"""
no leak of length | {"@path":"$.s.length"} | E1 | 3 | (absent)
a quoted key is literal | {"@path":"$.o[\"y.z\"]"} | E1 | (absent) | 2
brackets may follow the root | {"@path":"$[\"o\"].x"} | E1 | (absent) | 1
an object in a template is JSON | {"@template":"{{a}}"} | {"a":{}} | "[object Object]" | "{}"
a value is not a template | {"@template":"{{{a}}}"} | {"a":"{{b}}","b":"B"} | "B" | "{{b}}"
a literal condition is allowed | {"@if":{"exists":false,"then":1,"else":2}} | {} | ERROR | 1
a falsy else is kept | {"@if":{"exists":{"@path":"$.q"},"then":1,"else":0}} | {} | (absent) | 0
the case of words is free | {"@case":{"operator":"UPPER","value":"a"}} | {} | ERROR | "A"
the case of words is free | {"@json":{"mode":"ENCODE","value":"a"}} | {} | (absent) | "\"a\""
a falsy literal is a value | {"@json":{"mode":"encode","value":0}} | {} | ERROR | "0"
"""


def _lines(table: str, columns: int) -> list[list[str]]:
    """Split from the right, where no column holds a bar."""
    lines = [line for line in table.splitlines() if line and not line.startswith("#")]
    return [line.rsplit(" | ", columns - 1) for line in lines]


def _event(text):
    return {"E1": E1, "E2": E2}[text] if text in ("E1", "E2") else json.loads(text)


def _expect(resolve, value, event, result):
    if result == "ERROR":
        with pytest.raises((MappingError, RejectedError)):
            resolve(json.loads(value), _event(event))
    else:
        wanted = "absent" if result == "(absent)" else json.loads(result)
        got = resolve(json.loads(value), _event(event))
        assert got == wanted
        assert type(got) is type(wanted)


@pytest.mark.parametrize(("value", "event", "result"), _lines(SAME, 3))
def test_valid_use_gives_what_segment_gives(resolve, value, event, result):
    _expect(resolve, value, event, result)


@pytest.mark.parametrize(
    ("value", "event", "segments", "ours"),
    [
        pytest.param(*rest, id=f"{value}: {rest[0]}"[:60])
        for line in _lines(DIFFERENT, 4)
        for value, *rest in [[*line[0].split(" | ", 1), *line[1:]]]
    ],
)
def test_each_difference_is_on_purpose(resolve, value, event, segments, ours):
    assert segments != ours
    _expect(resolve, value, event, ours)
