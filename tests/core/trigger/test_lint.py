from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.errors import TriggerError
from wharfinger.trigger import compile_trigger, lint_trigger, read_as_segment
from wharfinger.trigger.lint import RULES


def codes(text: str) -> list[str]:
    return [remark.code for remark in lint_trigger(text)]


def ours(text: str, event: Any) -> bool:
    try:
        return compile_trigger(text)(event)
    except TriggerError:
        return False


EXAMPLES = {
    "mixed-connectives": ('type="track" and event="A" or event="B"', "or"),
    "nested-group": ('((type="a" or event="b") and name="c")', "("),
    "call-in-group": ('type="a" and (contains(event,"x") or event="y")', 'contains(event,"x")'),
    "negated-group": ('!(type="track")', "!("),
    "negated-comparison": ('!type = "track"', "!type"),
    "space-after-negation": ('! contains(event, "x")', "! "),
    "not-word": ('not contains(event, "x")', "not"),
    "upper-case-word": ('type = "track" AND event = "B"', "AND"),
    "stray-word": ('type = "track" xor event = "A"', "xor"),
    "dangling-connective": ('type = "track" and', "and"),
    "extra-parenthesis": ('type = "track")', ")"),
    "lone-field": ("properties.vip", "properties.vip"),
    "value-first": ('"track" = type', '"track" = type'),
    "unknown-field": ('messageId = "x" and type = "track"', "messageId"),
    "below-text": ('name.first = "x"', "name.first"),
    "whole-object": ("properties = null", "properties"),
    "brackets": ('properties["a"] = "x"', 'properties["a"]'),
    "key-is-a-word": ('properties.or = "x"', "properties.or"),
    "escaped-dot": (r'properties.a\.b = "x"', r"properties.a\.b"),
    "inherited-name": ("properties.constructor != null", "properties.constructor"),
    "word-cut-off": ("event = nul", "nul"),
    "function": ("length(event) > 3", "length"),
    "call-on-type": ('match(type, "t*")', 'match(type, "t*")'),
    "call-argument": ('contains(lowercase(event), "x")', 'contains(lowercase(event), "x")'),
    "single-quotes": ("type = 'track'", "'track'"),
    "escape-in-text": (r'event = "a\"b"', r'"a\"b"'),
    "unquoted-text": ("type = track", "track"),
    "unquoted-argument": ("contains(event, name)", "name"),
    "membership": ('type in ["track", "page"]', "type in ["),
    "other-operator": ('type == "track"', "=="),
    "operator-without-space": ('event !="x"', '!="x"'),
    "order-without-space": ("properties.a< 5", "properties.a<"),
    "list-value": ('properties.a = ["x"]', "properties.a = ["),
    "quote-without-space": ('event = "a"or type = "b"', '"a"or'),
    "odd-space": ('type = "track"\u00a0and event = "b"', "\u00a0"),
    "null-as-text": ("event != null", "event != null"),
    "number-or-bool-as-text": ("event = 5", "event = 5"),
    "not-a-bool": ("properties.a != true", "properties.a != true"),
    "not-a-number": ("properties.a != 5", "properties.a != 5"),
    "order-of-no-number": ('properties.a > "5"', 'properties.a > "5"'),
    "exponent": ("properties.a = 1e3", "1e3"),
    "large-number": ("properties.a = 9007199254740993", "9007199254740993"),
    "negation-of-missing": ('!contains(event, "x")', '!contains(event, "x")'),
    "item-of-list": ('contains(properties.a, "x")', 'contains(properties.a, "x")'),
    "argument-as-text": ("contains(event, 5)", "5"),
    "pattern": ('match(event, "abc")', '"abc"'),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_rule_finds_its_place_and_says_three_things_about_it(rule):
    text, written = EXAMPLES[rule.code]
    (remark,) = [each for each in lint_trigger(text) if each.code == rule.code]

    assert remark.written == written == text[slice(*remark.span)]
    for said in (remark.documented, remark.segment, remark.fix):
        assert said.endswith((".", "`"))
        assert not re.search(r"\{[a-z]+\}", said)
    assert ours(text, remark.event) is not read_as_segment(text).takes(remark.event)


def test_codes_are_one_of_each():
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert {rule.code for rule in RULES} == EXAMPLES.keys()


# What Segment's engine is known to misread, each in the form in which people write it.
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("type = 'track'", "single-quotes"),
        ('type="track" and event="A" or event="B"', "mixed-connectives"),
        ('type="track" or type="page" and userId != null', "mixed-connectives"),
        ('type="track" and (contains(event,"x") or event="y")', "call-in-group"),
        ('((type="a" or event="b") and name="c")', "nested-group"),
        ('!(type="track")', "negated-group"),
        ('not contains(event,"x")', "not-word"),
        ('! contains(event,"x")', "space-after-negation"),
        ('messageId="x" and type="track"', "unknown-field"),
        ('anonymousId = "x"', "unknown-field"),
        ("groupId != null", "unknown-field"),
        ("integrations.x = true", "unknown-field"),
        ('type in ["track","page"]', "membership"),
        ('type == "track"', "other-operator"),
        ('type = "track" AND event = "A"', "upper-case-word"),
        ('typeof(properties.a) = "string"', "function"),
        ("length(event) > 0", "function"),
        ('lowercase(event) = "a"', "function"),
        ("properties.and = 1", "key-is-a-word"),
        ("properties.or = 1", "key-is-a-word"),
        ("properties.null = 1", "key-is-a-word"),
        ("properties.0 = 1", "key-is-a-word"),
        ('properties["a"] = 1', "brackets"),
        ("properties.a[0] = 1", "brackets"),
        ("contains(properties.a, null)", "argument-as-text"),
        ('type="track")', "extra-parenthesis"),
        ("event = null", "null-as-text"),
        ("userId = 5", "number-or-bool-as-text"),
        ("properties.a != true", "not-a-bool"),
        ('match(event, "a*b")', "pattern"),
        ('match(event, "*a*")', "pattern"),
        ('match(event, "ab")', "pattern"),
        ('!match(event, "a*")', "negation-of-missing"),
        ('!contains(properties.a, "x")', "negation-of-missing"),
    ],
)
def test_a_known_misreading_gets_its_remark(text, code):
    assert code in codes(text)


# Misread by Segment's engine as well, but both readings take no event at all, or the same ones.
@pytest.mark.parametrize(
    "text",
    [
        *('type="track" && event="A"', 'type="track" || event="A"', '(type="track"'),
        *("properties.a < null", "properties.$x = 1", "properties.é = 1", "", "foo bar"),
        *("type != null", "type = ((", "a = 1 = 2", "event"),
    ],
)
def test_where_both_readings_take_the_same_events_nothing_is_said(text):
    assert codes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        *('type = "track"', 'type = "track" and event = "A"', 'type = "a" or event = "b"'),
        *('type = "track" and (event = "a" or event = "b")', 'event != "A"', "userId != null"),
        *("userId = null", "name = null", 'name != "x"', "properties.total > 100"),
        *("properties.a = 5", "properties.a = -1.5", 'properties.a != "x"', "traits.b = true"),
        *("context.a.b.c = false", "properties.a != null", r'properties.a\ b = "c"'),
        *(r'traits.\$a = "c"', 'match(event, "Order*")', 'match(event, "*ed")', 'match(name, "*")'),
        *('contains(event, "x")', 'contains(userId, "x")', 'match(properties.a, "https://x*")'),
        *('(type = "a" and event = "b") or name = "c"', "properties.a >= 5 and properties.a < 7"),
    ],
)
def test_what_segment_reads_as_documented_gets_no_remark(text):
    assert codes(text) == []


def test_remarks_stand_in_the_order_of_the_text():
    remarks = lint_trigger("!(type = 'a' and event == 'b') or messageId = 1")

    assert [remark.code for remark in remarks] == [
        *("negated-group", "single-quotes", "other-operator", "single-quotes", "unknown-field")
    ]
    assert remarks == sorted(remarks, key=lambda remark: remark.span)


def test_what_no_rule_knows_is_told_all_the_same():
    (remark,) = lint_trigger('null event = "x"')

    assert remark.code == "segment-differs"
    assert remark.written == 'null event = "x"'
    assert remark.segment == 'It does the same as: event = "x"'
    assert remark.documented.startswith("It is refused: Found ")


def test_the_place_is_that_of_the_text_even_behind_wide_characters():
    (remark,) = lint_trigger("event = \"😀\" or type = 'a'")

    assert remark.span == (22, 25)


@pytest.mark.parametrize("count", [100, 300])
def test_a_long_trigger_that_both_read_alike_gets_no_remark(count):
    assert codes(" or ".join(f'event = "Event {number}"' for number in range(count))) == []


def test_a_long_trigger_that_segment_misreads_gets_its_remarks():
    text = " or ".join(f'event = "Event {number}"' for number in range(200))

    assert codes(f"{text} and type = 'track'") == ["mixed-connectives", "single-quotes"]


# --- laws -------------------------------------------------------------------------------------

FIELDS = [*("type", "event", "name", "userId", "properties.a", "traits.b", "context.c.d")]
ODD_FIELDS = [
    *("messageId", "properties", "properties.toString", r"properties.x\.y", "event.x"),
    *('properties["a"]', "traits.t[0]", "lowercase(event)", "length(properties.a)"),
]
VALUES = [
    *('"x"', '"ax"', '"5"', '"x*"', '"*x"', '"null"', '""', "5", "-1", "2.5", "true", "false"),
    *("null", "'x'", "x", "1e1", '["x"]', r'"a\"b"', "properties.a"),
]
SPACES = st.sampled_from(["", " ", " ", " "])
COMPARISONS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(FIELDS * 3 + ODD_FIELDS),
    SPACES,
    st.sampled_from(["=", "!=", "<", ">=", "=", "!=", "==", "in"]),
    SPACES,
    st.sampled_from(VALUES),
)
CALLS = st.builds(
    "{}{}({}, {})".format,
    st.sampled_from(["", "", "!", "! ", "not "]),
    st.sampled_from(["contains", "match"]),
    st.sampled_from(FIELDS * 3 + ODD_FIELDS),
    st.sampled_from(VALUES),
)
CONNECTIVES = st.sampled_from([" and ", " or ", " and ", " or ", " AND ", " "])


def rows(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.builds("{}{}{}".format, inner, CONNECTIVES, inner)
    return two | st.builds("{}{}{}{}{}".format, inner, CONNECTIVES, inner, CONNECTIVES, inner)


TRIGGERS = st.recursive(
    COMPARISONS | CALLS,
    lambda inner: rows(inner) | st.builds("{}({})".format, st.sampled_from(["", "!"]), rows(inner)),
    max_leaves=5,
)
SOUP = st.lists(
    st.sampled_from(
        [
            *("type", "event", "properties.a", "x", "=", "!=", "==", "<", '"x"', "'x'", "5", "1."),
            *("and", "or", "not", "!", "(", ")", "[", "]", ",", ".", "null", "true", "contains("),
            *('match(event, "x*")', 'type = "x"', "\r", "\\", "é", "😀", " "),
        ]
    ),
    max_size=9,
).map(" ".join)

TEXTS = st.sampled_from(["x", "ax", "xa", "", "5", "*x", "true", "a", "track", "'x'", "=", 'a"b'])
LEAVES: st.SearchStrategy[Any] = TEXTS | st.sampled_from(
    [5, 4, 6, -1, 2.5, 10, None, True, False, ["x"], [5], [], {}]
)
WELL_FORMED = st.fixed_dictionaries(
    {"type": TEXTS},
    optional={
        "event": TEXTS | st.just("null"),
        "name": TEXTS,
        "userId": TEXTS | st.sampled_from([5, 2.5, None, True]),
        "messageId": LEAVES,
        "x": LEAVES,
        "properties": st.fixed_dictionaries(
            {}, optional={"a": LEAVES, "x.y": LEAVES, "toString": LEAVES}
        ),
        "traits": st.fixed_dictionaries({}, optional={"b": LEAVES, "t": st.lists(LEAVES)}),
        "context": st.fixed_dictionaries(
            {}, optional={"c": st.none() | st.fixed_dictionaries({}, optional={"d": LEAVES})}
        ),
    },
)


@settings(max_examples=200, deadline=None)
@given(TRIGGERS | SOUP, st.lists(WELL_FORMED, min_size=5, max_size=20))
def test_without_remarks_both_readings_take_the_same_events(text, events):
    if not lint_trigger(text):
        segment = read_as_segment(text)
        for event in events:
            assert ours(text, event) is segment.takes(event), event


@settings(max_examples=200, deadline=None)
@given(TRIGGERS | SOUP)
def test_with_remarks_there_is_an_event_that_the_readings_part_on(text):
    for remark in lint_trigger(text):
        assert remark.event is not None
        assert ours(text, remark.event) is not read_as_segment(text).takes(remark.event)
        start, end = remark.span
        assert remark.written == text[start:end]


def test_the_reference_lists_each_rule_with_an_example_of_it():
    root = Path(__file__).parents[3]
    page = (root / "docs/reference/triggers.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| `(.*?)` \| .+ \|$", page, re.MULTILINE))

    assert rows.keys() == EXAMPLES.keys()
    for code, text in rows.items():
        assert code in codes(text.replace("␣", "\u00a0"))
