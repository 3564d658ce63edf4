"""What the text of a trigger means, as a tree."""

from __future__ import annotations

from typing import Any

import pytest

from wharfinger.trigger import parse
from wharfinger.trigger.nodes import And, Call, Comparison, Literal, Not, Or, Path


def one(name: str) -> Comparison:
    return Comparison("=", Path((name,)), Literal(1))


A, B, C = one("a"), one("b"), one("c")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("type", ("type",)),
        ("context.library.version", ("context", "library", "version")),
        ("_x-1.y_2", ("_x-1", "y_2")),
        (r"properties.a\ b", ("properties", "a b")),
        (r"properties.a\.b", ("properties", "a.b")),
        (r"properties.\$a", ("properties", "$a")),
        (r"properties.\é\😀", ("properties", "é😀")),
        (r"properties.\\", ("properties", "\\")),
        (r"\$x", ("$x",)),
        ("properties.0.1st", ("properties", "0", "1st")),
        ("properties.a[0]", ("properties", "a", 0)),
        ("properties[12][3].b", ("properties", 12, 3, "b")),
        ("properties.['a.b']", ("properties", "a.b")),
        ('properties["a.b"].c', ("properties", "a.b", "c")),
        (r'properties["a\"b"]', ("properties", 'a"b')),
        ('properties["0"]', ("properties", "0")),
        (r"properties[\0]", ("properties", "0")),
        ("traits.[your-audience-key]", ("traits", "your-audience-key")),
        ("traits[your-audience-key]", ("traits", "your-audience-key")),
        ("traits[ a ] . b", ("traits", "a", "b")),
        ("properties.and.or.in.null.true", ("properties", "and", "or", "in", "null", "true")),
        (r"\and", ("and",)),
        ("android", ("android",)),
        ("nullable.or", ("nullable", "or")),
        ("in-house", ("in-house",)),
        ("__class__.__mro__", ("__class__", "__mro__")),
    ],
)
def test_a_path_reaches_the_keys_it_names(text, steps):
    assert parse(f"{text} = 1") == Comparison("=", Path(steps), Literal(1))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a"', "a"),
        ("'a'", "a"),
        ('""', ""),
        ('"it\'s"', "it's"),
        (r"'it\'s'", "it's"),
        (r'"say \"hi\""', 'say "hi"'),
        (r'"back\\slash"', "back\\slash"),
        (r'"\\\""', '\\"'),
        (r'"\n\*\d"', r"\n\*\d"),
        ('"žluťoučký 😀"', "žluťoučký 😀"),
        ('"two\nlines"', "two\nlines"),
        ('"(or)"', "(or)"),
        ("5", 5),
        ("+5", 5),
        ("-5", -5),
        ("007", 7),
        ("0.25", 0.25),
        ("-1.5e3", -1500.0),
        ("1E2", 100.0),
        ("2e-1", 0.2),
        ("9007199254740993", 9007199254740993),
        ("true", True),
        ("false", False),
        ("null", None),
        ("[]", ()),
        ('["a", 1, true, null]', ("a", 1, True, None)),
    ],
)
def test_a_written_value_is_read_with_its_type(text, value):
    tree = parse(f"x = {text}")

    assert tree == Comparison("=", Path(("x",)), Literal(value))
    assert repr(value) in repr(tree)  # which tells 1 from 1.0 and True


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a=1 and b=1 and c=1", And((A, B, C))),
        ("a=1 or b=1 or c=1", Or((A, B, C))),
        ("a=1 or b=1 and c=1", Or((A, And((B, C))))),
        ("a=1 and b=1 or c=1", Or((And((A, B)), C))),
        ("(a=1 or b=1) and c=1", And((Or((A, B)), C))),
        ("a=1 and (b=1 and c=1)", And((A, And((B, C))))),
        ("!a=1 and b=1", And((Not(A), B))),
        ("!(a=1 and b=1)", Not(And((A, B)))),
        ("! a = 1", Not(A)),
        ("!!a=1", A),
        ("!(!(!a=1))", Not(A)),
        ("((((a=1))))", A),
        ("a\t=\r\n1\u00a0and b=1", And((A, B))),
        ('type="track"and a=1', And((Comparison("=", Path(("type",)), Literal("track")), A))),
        ('type in["x"]', Comparison("in", Path(("type",)), Literal(("x",)))),
        ('"x" in a.b', Comparison("in", Literal("x"), Path(("a", "b")))),
        ("a<=-1", Comparison("<=", Path(("a",)), Literal(-1))),
        ("type = track", Comparison("=", Path(("type",)), Path(("track",)))),
        ('contains(a, "x")', Call("contains", (Path(("a",)), Literal("x")))),
        ("!bool(a)", Not(Call("bool", (Path(("a",)),)))),
        (
            "length(lowercase(a)) > 2",
            Comparison(">", Call("length", (Call("lowercase", (Path(("a",)),)),)), Literal(2)),
        ),
        (
            'match(uppercase(a), "X*") = true',
            Comparison(
                "=",
                Call("match", (Call("uppercase", (Path(("a",)),)), Literal("X*"))),
                Literal(True),
            ),
        ),
    ],
)
def test_operators_bind_as_documented(text, tree):
    assert parse(text) == tree


def test_every_node_knows_which_piece_of_the_text_it_is():
    text = '(a.b = "x" or !c[0] in ["y"]) and contains( d , 1 )'
    tree: Any = parse(text)

    def piece(node: Any) -> str:
        return text[slice(*node.span)]

    either, call = tree.conditions
    first, negation = either.conditions
    assert piece(tree) == text
    assert piece(either) == '(a.b = "x" or !c[0] in ["y"])'
    assert [piece(first), piece(first.left), piece(first.right)] == ['a.b = "x"', "a.b", '"x"']
    assert piece(negation) == '!c[0] in ["y"]'
    assert piece(negation.condition.left) == "c[0]"
    assert piece(negation.condition.right) == '["y"]'
    assert [piece(call), *map(piece, call.arguments)] == ["contains( d , 1 )", "d", "1"]


def test_a_bool_and_a_number_are_different_triggers():
    assert parse("a = true") != parse("a = 1")
    assert parse("a in [0, 1]") != parse("a in [false, true]")
    assert parse("a = 5") == parse("a = 5.0")
    assert len({parse("a = 0"), parse("a = false"), parse("a = 0.0")}) == 2
