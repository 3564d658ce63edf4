"""Laws that hold for every trigger and every event."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from wharfinger.errors import TriggerError
from wharfinger.trigger import compile_trigger, evaluate, parse
from wharfinger.trigger.compile import compile_tree
from wharfinger.trigger.functions import FUNCTIONS
from wharfinger.trigger.nodes import (
    And,
    Call,
    Comparison,
    Condition,
    Literal,
    Not,
    Operand,
    Or,
    Path,
)

# --- trees and events that meet each other often ----------------------------------------------

KEYS = st.sampled_from(["type", "a", "b", "c.d", "or", "é"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([-1, 0, 1, 2, 5, 2**60, 0.0, 1.0, 0.5, -1.5]),
    st.sampled_from(["", "a", "A b", "true", "5", "a*", "é"]),
    st.text(max_size=4),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
EVENTS = st.dictionaries(KEYS, VALUES, max_size=6)

PATHS = st.builds(
    lambda first, rest: Path((first, *rest)),
    KEYS,
    st.lists(KEYS | st.integers(0, 2), max_size=5) | st.just([]),
)
LISTS = st.lists(SCALARS, max_size=3) | st.lists(st.sampled_from(["a", "A b"]), max_size=3)
LITERALS = st.builds(Literal, SCALARS | LISTS.map(tuple))
PATTERNS = st.builds(Literal, st.sampled_from(["*", "a*", "*b", "?", "[a-z]*", r"\**", "A b"]))
ORDINARY = sorted(FUNCTIONS.keys() - {"contains", "match", "bool"})


def calls(inner: st.SearchStrategy[Operand]) -> st.SearchStrategy[Call]:
    return st.builds(
        lambda name, value: Call(name, (value,)), st.sampled_from(ORDINARY), inner
    ) | conditional_calls(inner)


def conditional_calls(inner: st.SearchStrategy[Operand]) -> st.SearchStrategy[Call]:
    return st.one_of(
        st.builds(lambda value: Call("bool", (value,)), inner),
        st.builds(lambda value, part: Call("contains", (value, part)), inner, inner),
        st.builds(lambda value, by: Call("match", (value, by)), inner, PATTERNS | PATHS),
    )


OPERANDS: st.SearchStrategy[Operand] = st.recursive(PATHS | LITERALS, calls, max_leaves=4)
COMPARISONS = st.builds(
    Comparison, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), OPERANDS, OPERANDS
) | st.builds(Comparison, st.just("in"), OPERANDS, PATHS | st.builds(Literal, LISTS.map(tuple)))


def combined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    opposites = inner.filter(lambda one: not isinstance(one, Not)).map(Not)
    return opposites | several.map(And) | several.map(Or)


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    COMPARISONS | conditional_calls(PATHS | LITERALS), combined, max_leaves=10
)


# --- compiled and interpreted -----------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(CONDITIONS, st.lists(EVENTS, min_size=1, max_size=4))
def test_the_compiled_trigger_says_what_the_interpreted_one_says(tree, events):
    predicate = compile_tree(tree)

    for event in events:
        assert predicate(event) is evaluate(tree, event)


class Watched(dict[str, Any]):
    """An object that counts how often each of its keys is read."""

    def __init__(self, source: dict[str, Any], reads: Counter[tuple[int, str]]) -> None:
        super().__init__(
            (key, Watched(value, reads) if isinstance(value, dict) else value)
            for key, value in source.items()
        )
        self.reads = reads

    def get(self, key: str, default: Any = None) -> Any:
        self.reads[id(self), key] += 1
        return super().get(key, default)


# Few fields and few values, so that every way through a trigger comes to them again and again.
FEW_FIELDS = st.sampled_from([Path(tuple(steps)) for steps in ("a", "ab", "abc", "ac", "b")])
FEW_CONDITIONS = st.recursive(
    st.builds(Comparison, st.just("="), FEW_FIELDS, st.sampled_from([Literal(0), Literal(None)])),
    combined,
    max_leaves=8,
)
FEW_VALUES = st.sampled_from([0, 1, {"b": 0}, {"b": 1, "c": 0}, {"b": {"c": 0}}])


@settings(max_examples=200, deadline=None)
@given(FEW_CONDITIONS, FEW_VALUES, FEW_VALUES)
def test_a_field_is_read_at_most_once_on_every_way_through_a_trigger(tree, a, b):
    reads: Counter[tuple[int, str]] = Counter()
    event = Watched({"a": a, "b": b}, reads)

    assert compile_tree(tree)(event) is evaluate(tree, {"a": a, "b": b})
    assert max(reads.values()) == 1


def test_a_field_is_not_read_before_it_is_needed():
    reads: Counter[tuple[int, str]] = Counter()
    event = Watched({"type": "page", "a": {"b": 1}}, reads)

    assert not compile_trigger('type = "track" and a.b = 1')(event)
    assert reads == {(id(event), "type"): 1}


# --- written and read -------------------------------------------------------------------------


def written(node: Any, *, sparingly: bool) -> str:
    """Write a tree, with all parentheses or with only those that precedence asks for."""

    def inside(inner: Any, *loose: type) -> str:
        text = written(inner, sparingly=sparingly)
        return text if sparingly and not isinstance(inner, loose) else f"({text})"

    match node:
        case Or(conditions):
            return " or ".join(inside(one, Or) for one in conditions)
        case And(conditions):
            return " and ".join(inside(one, Or, And) for one in conditions)
        case Not(condition):
            return f"!{inside(condition, Or, And)}"
        case Comparison(operator, left, right):
            return f"{written_operand(left)} {operator} {written_operand(right)}"
    return written_operand(node)


def written_operand(node: Operand) -> str:
    match node:
        case Path((first, *rest)):
            key = re.sub(r"([^A-Za-z0-9_-])", r"\\\1", str(first))
            return ("\\" + key if key == "or" else key) + "".join(
                f"[{step}]" if isinstance(step, int) else f"[{quoted(step)}]" for step in rest
            )
        case Literal(tuple() as items):
            return f"[{', '.join(map(scalar, items))}]"
        case Literal(value):
            return scalar(value)
        case Call(name, arguments):
            return f"{name}({','.join(map(written_operand, arguments))})"
    raise AssertionError(node)


def scalar(value: Any) -> str:
    words = {True: "true", False: "false", None: "null"}
    if isinstance(value, str):
        return quoted(value)
    return words[value] if value is None or isinstance(value, bool) else repr(value)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@settings(max_examples=100, deadline=None)
@given(CONDITIONS)
@example(Not(Or((And((Call("bool", (Path(("a",)),)),) * 2), Call("bool", (Path(("b",)),))))))
def test_precedence_says_what_parentheses_would_say(tree):
    assert parse(written(tree, sparingly=True)) == tree
    assert parse(written(tree, sparingly=False)) == tree


@settings(max_examples=150, deadline=None)
@given(st.text())
def test_any_text_can_be_quoted(text):
    assert parse(f"a = {quoted(text)}") == Comparison("=", Path(("a",)), Literal(text))


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1))
def test_any_key_can_be_escaped_and_any_key_can_be_quoted(key):
    escaped = re.sub(r"([^A-Za-z0-9_-])", r"\\\1", key)

    tree = Comparison("=", Path(("a", key)), Literal(1))
    assert parse(f"a.{escaped} = 1") == tree
    assert parse(f"a[{quoted(key)}] = 1") == tree


ANY_KEYS = st.text(max_size=3) | st.sampled_from(["or", "null", "in-", "1", "a.b", "_"])


@settings(max_examples=150, deadline=None)
@given(ANY_KEYS.filter(bool), st.lists(ANY_KEYS | st.integers(0, 10**9 - 1), max_size=3))
def test_a_path_shown_to_a_person_can_be_written_in_a_trigger(first, rest):
    path = Path((first, *rest))

    assert parse(f"{path} = 1") == Comparison("=", path, Literal(1))


# --- anything at all --------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        *("type", "a", ".", "[", "]", "(", ")", ",", "!", "=", "!=", "<", ">=", "in", "and", "or"),
        *("null", "true", "1", "-2.5", "1e9", '"x"', "'y'", '"', "'", "\\", "*", "not", "AND"),
        *(" ", "\n", "contains(", "match(", "length(", "bool(", "é", "\u200b", "\ud800", "$"),
    ]
)


def read_or_error(text: str) -> Condition | TriggerError:
    try:
        return parse(text)
    except TriggerError as error:
        return error


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES).map("".join) | st.text())
def test_any_text_is_a_trigger_or_a_trigger_error_with_a_place(text):
    outcome = read_or_error(text)
    if isinstance(outcome, TriggerError):
        assert outcome.text == text
        assert 0 <= outcome.position <= len(text)
        assert outcome.message.split("\n")[-1].strip() == "^"
    else:
        event = {"type": "x", "a": {"a": [1]}}
        assert compile_trigger(text)(event) is evaluate(outcome, event)
