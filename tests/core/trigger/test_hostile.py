"""Triggers and events that were made to hurt end quickly, in a result or a clear error."""

from __future__ import annotations

import pytest

from wharfinger.errors import TriggerError
from wharfinger.trigger import compile_trigger, parse

pytestmark = pytest.mark.timeout(30)


@pytest.mark.parametrize("word", ["or", "and"])
def test_a_flat_chain_of_500_conditions_works(takes, word):
    text = f" {word} ".join(f"p.x{number} = {number}" for number in range(2, 502))
    event = {"p": {f"x{number}": number for number in range(2, 502)}}

    assert takes(text, event) is True
    assert takes(text, {"p": {"x501": 501}}) is (word == "or")
    assert takes(text, {}) is False


@pytest.mark.parametrize(
    "text",
    [
        "(" * 9_999,
        "!(" * 4_999,
        "lowercase(" * 900,
        "[" * 9_999,
        "a[" * 4_999,
        ")" * 9_999,
        "!" * 9_999,
        '"' * 9_999,
        "\\" * 9_999,
        "a." * 4_999,
        "a = 1 and " * 900,
        "a = [" + "1," * 4_900,
        "a = " + "9" * 9_000,
        "\0" * 9_999,
        "(" * 10_000_000,
        "or " * 3_333,
        "a" + ".b" * 4_999 + ".",
        "f" * 9_900 + "(a)",
        "a[" + "9" * 9_900 + "] = 1",
    ],
    ids=lambda text: f"{text[:8]}… x {len(text)}",
)
def test_an_endless_row_of_anything_is_refused(text):
    with pytest.raises(TriggerError) as raised:
        parse(text)

    assert len(str(raised.value)) < 1_000


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("!" * 9_001 + "a = 1", True),
        ("a" + ".b" * 4_900 + " = null", True),
        ("a" + "[0]" * 3_000 + " = null", True),
        ("a in [" + ",".join(["'x'"] * 2_000) + "]", False),
        ("a = '" + "x" * 9_000 + "'", False),
    ],
    ids=["negations", "keys", "indices", "items", "text"],
)
def test_a_long_row_that_means_something_works(takes, text, taken):
    assert takes(text, {}) is taken


def test_the_deepest_trigger_with_the_longest_paths_compiles(takes):
    path = "a.b.c.d.e.f[0].g"
    opened = f"!({path} = 2 or {path}.h < {path} and contains(lowercase({path}), 'x') or "
    text = opened * 46 + f"contains(lowercase({path}), 'x')" + ")" * 46

    assert takes(text, {"a": {"b": {"c": {"d": {"e": {"f": [{"g": "X"}]}}}}}}) is True


def nested(levels: int, *, in_lists: bool) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value] if in_lists else {"a": value}
    return value


@pytest.mark.parametrize("in_lists", [True, False])
def test_an_event_nested_deeper_than_python_recurses_is_read_and_compared(takes, in_lists):
    event = {name: nested(50_000, in_lists=in_lists) for name in "ab"} | {"c": 1}

    assert takes("a = b", event)
    assert takes("a != c", event)
    assert takes("a.a.a.a.a.a.a != 1", event)
    assert takes("a in b", {"a": event["a"], "b": [event["b"]]})
    assert takes("string(a) = null", event)
    assert not takes("contains(a, b) or match(a, b) or number(a) = 1 or c > 1", event)


def test_huge_texts_and_objects_are_no_trouble(takes):
    event = {"a": "x" * 5_000_000, "p": {f"k{number}": number for number in range(10_000)}}

    assert takes('length(a) = 5000000 and contains(a, "xx") and match(a, "*x*x*")', event)
    assert takes("p.k9999 = 9999 and p = p", event)
    assert not takes('lowercase(uppercase(titlecase(a))) = "x" or number(a) = 1', event)


@pytest.mark.parametrize(
    "text",
    [
        "__class__.__mro__[1].__subclasses__ != null",
        "p.__init__.__globals__ != null",
        'p["__builtins__"] != null',
        "\\__import__\\(\\'os\\'\\) != null",
        'a = "\\"; raise SystemExit #"',
        "a = '\\'\\n' or p.\\'\\)\\#\\\n != null",
        "contains(a, '\\\\') or p['\\'] = \\'1'] != null",
        'a in ["\\"}", "\\\\"]',
    ],
)
def test_nothing_in_a_trigger_reaches_python(takes, text):
    assert takes(text, {"a": "x", "p": {}}) is False


def test_the_generated_function_sees_no_builtins():
    scope = compile_trigger('type = "track"').__globals__

    assert scope["__builtins__"] == {}
    assert "__import__" not in scope
