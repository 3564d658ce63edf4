"""A compiled mapping gives what the interpreter gives, whatever the mapping and the event."""

import ast
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.errors import RejectedError
from wharfinger.mapping import compile_mapping, interpret, parse
from wharfinger.model.action import Directive
from wharfinger.model.unset import UNSET

WORDS = st.sampled_from(["a", "b", "c", "a.b", "it's", "0", "1", "", "$", "ü", "class", "UNSET"])
FINITE = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", " ", "x", "aXa", "Straße", "{{a}}", '{"a":[1]}', "$.a", "\ud800", "😀"])
)
VALUES = st.recursive(
    FINITE | st.just(float("inf")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)
EVENTS = st.dictionaries(WORDS, VALUES, max_size=5)
PATHS = st.lists(
    st.sampled_from(
        ["a", "b", "c", ".a", ".b", "[0]", ".1", "['a.b']", '["it\'s"]', "$.", ".", "ü"]
    ),
    max_size=4,
).map("".join)
TEMPLATES = st.lists(
    PATHS.map("{{%s}}".__mod__)
    | PATHS.map("{{{%s}}}".__mod__)
    | st.sampled_from(["-", "{", "}}", "'"]),
    max_size=4,
).map("".join)


def one(name, options):
    return st.builds(lambda value: {name: value}, options)


def options(**named):
    return st.fixed_dictionaries(named)


def as_directive(value):
    """Make a directive of a value; some of a literal would be read as the constant they are."""
    name = next(iter(value), "") if isinstance(value, dict) else ""
    dynamic = name.startswith("@") and name not in ("@literal", "@case", "@replace")
    return value if dynamic else {"@excludeWhenNull": value}


def _directives(inner):
    anything = (
        inner | st.dictionaries(WORDS.filter(bool), inner, max_size=3) | st.lists(inner, max_size=2)
    )
    objects = st.dictionaries(WORDS, inner, max_size=3)
    directive = inner.map(as_directive)
    text = directive | st.sampled_from(["aXbX", ""])
    return st.one_of(
        objects,
        st.lists(inner, max_size=3),
        one("@literal", anything),
        one("@path", directive),
        one("@template", directive),
        one("@if", options(exists=anything, then=anything, **{"else": anything})),
        one("@if", options(blank=anything, then=anything)),
        one("@case", options(operator=st.sampled_from(["lower", "UPPER"]), value=text)),
        one(
            "@replace",
            options(
                pattern=st.sampled_from(["a", "X", ".", "1", "$"]),
                replacement=st.sampled_from(["", "$&", "$`", "$$", "é"]),
                pattern2=st.sampled_from(["", "b"]),
                ignorecase=st.booleans(),
                value=text,
            ) | options(pattern=st.just("a"), value=text, **{"global": st.booleans()}),
        ),
        one("@arrayPath", st.tuples(PATHS | directive, directive | objects).map(list)),
        one("@arrayPath", st.tuples(PATHS).map(list)),
        one(
            "@flatten",
            options(separator=st.sampled_from("._"), value=anything, omitArrays=st.booleans()),
        ),
        one("@json", options(mode=st.sampled_from(["encode", "DECODE"]), value=anything)),
        one(
            "@merge",
            options(
                objects=st.lists(directive | objects, max_size=3),
                direction=st.sampled_from(["left", "right"]),
            ),
        ),
        one("@transform", options(apply=directive | objects, mapping=directive | objects)),
        one("@excludeWhenNull", anything),
        one("@own", anything),
    )  # fmt: skip


LEAVES = one("@path", PATHS) | one("@template", TEMPLATES) | FINITE
MAPPINGS = st.dictionaries(
    WORDS, st.recursive(LEAVES, _directives, max_leaves=8), min_size=1, max_size=2
)


def _own(value):
    if value is None:
        raise ValueError("no null, please")
    return UNSET if value == "" else [value]


DIRECTIVES = {"@own": Directive(name="@own", function=_own)}


def outcome_of(resolve, event):
    try:
        return resolve(event)
    except RejectedError as error:
        return error.code, error.message


def holds_absent(value):
    if isinstance(value, dict):
        return any(map(holds_absent, value.values()))
    return any(map(holds_absent, value)) if isinstance(value, list) else value is UNSET


@given(MAPPINGS, EVENTS)
@settings(max_examples=300, deadline=None)
def test_compiled_and_interpreted_mappings_agree(mapping, event):
    node = parse(mapping, directives=DIRECTIVES)
    before = repr(event)
    compiled = outcome_of(compile_mapping(node).function, event)
    assert repr(compiled) == repr(outcome_of(lambda event: interpret(node, event), event))
    assert not holds_absent(compiled)
    assert repr(event) == before


@given(st.text(), st.text())
@settings(deadline=None)
def test_no_text_of_a_mapping_becomes_code(key, text):
    mapping = {
        key.lstrip("@"): {"@path": f"$['{text}']"},
        "o": {"@template": f"{text}{{{{{text}}}}}"},
        "l": {"@literal": [text.lstrip("@"), {f"-{text}": text}]},
    }
    compiled = compile_mapping(parse(mapping))
    names = {node.id for node in ast.walk(ast.parse(compiled.source)) if isinstance(node, ast.Name)}
    assert not names & {"exec", "eval", "open", "getattr", "__import__"}
    assert compiled.function({})["l"] == [text.lstrip("@"), {f"-{text}": text}]


def test_the_source_reads_each_step_of_a_path_once():
    mapping = {name: {"@path": f"$.traits.address.{name}"} for name in ("city", "street", "zip")}
    source = compile_mapping(
        parse({**mapping, "again": {"@template": "{{traits.address.city}}"}})
    ).source
    assert source.count("'traits'") == 1
    assert source.count("'address'") == 2  # read, or stepped into where it is no dict
    assert source.count("'city'") == 2 + 1  # ... and as a key of the result


def test_the_source_can_reach_nothing_but_its_helpers():
    function = compile_mapping(parse({"a": {"@path": "$.a"}})).function
    assert function.__globals__["__builtins__"] == {}


@pytest.mark.parametrize("count", [2_000])
def test_large_mappings_compile(count):
    template = "".join(f"{{{{k{index}}}}}" for index in range(count))
    mapping = {
        "o": {f"k{index}": {"@path": f"$.k{index}"} for index in range(count)},
        "t": {"@template": template},
        "l": list(range(count)),
    }
    event = {f"k{index}": index % 10 for index in range(count)}
    result = compile_mapping(parse(mapping)).function(event)
    assert result["o"] == event
    assert result["t"] == "0123456789" * (count // 10)
    assert result["l"] == list(range(count))


def test_a_mapping_as_deep_as_allowed_compiles():
    value: Any = {"@path": "$.a"}
    for level in range(20):
        value = {"@if": {"exists": True, "then": value}} if level % 2 else {"x": [value]}
    node = parse({"v": value})
    assert orjson.dumps(compile_mapping(node).function({"a": 1})) == orjson.dumps(
        interpret(node, {"a": 1})
    )
