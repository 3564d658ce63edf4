"""What a person is told about a trigger that cannot be read."""

from __future__ import annotations

import pickle

import pytest

from wharfinger.errors import ConfigurationError, TriggerError
from wharfinger.trigger import compile_trigger, parse
from wharfinger.trigger.functions import FUNCTIONS
from wharfinger.trigger.parse import MAX_DEPTH, MAX_TEXT


def refused(text: str) -> TriggerError:
    with pytest.raises(TriggerError) as raised:
        parse(text)
    return raised.value


def test_the_message_holds_the_text_a_caret_what_was_found_what_was_expected_and_a_hint():
    error = refused('type == "track"')

    assert error.message == (
        "Found `==`, but a field, text in quotes, a number, true, false, null or a list was "
        "expected. Write `=`.\n"
        '    type == "track"\n'
        "         ^"
    )
    assert error.text == 'type == "track"'
    assert error.position == 5
    assert str(error) == error.message
    assert isinstance(error, ConfigurationError)


# The caret in the second line stands under the place that the error must point at.
MISTAKES = [
    ('type == "track"', "     ^", "Write `=`."),
    ('type === "track"', "     ^", "Write `=`."),
    ('type !== "track"', "     ^", "Write `!=`."),
    ('type <> "track"', "     ^", "Write `!=`."),
    ("a => 3", "  ^", "Write `>=`."),
    ("a =< 3", "  ^", "Write `<=`."),
    ("a = 1 && b = 2", "      ^", "Write `and`."),
    ("a=1&&b=2", "   ^", "Write `and`."),
    ("a = 1 || b = 2", "      ^", "Write `or`."),
    ("a = 1 AND b = 2", "      ^", "Write it in lower case: `and`."),
    ("a = 1 Or b = 2", "      ^", "Write it in lower case: `or`."),
    ("a IN [1]", "  ^", "Write it in lower case: `in`."),
    ('not contains(a, "x")', "    ^", "write `!`"),
    ("not (a = 1)", "       ^", "write `!`"),
    ("not(a)", "^", "write `!`"),
    ("NOT a = 1", "    ^", "write `!`"),
    ("NOT(a = 1)", "      ^", "write `!`"),
    ("a = 1 and not b = 1", "              ^", "write `!`"),
    ("a not in [1]", "  ^", "write `!`"),
    ("type is 1", "     ^", "Write `=`."),
    ("type LIKE 1", "     ^", "Write `match(field, pattern)`."),
    ("type = “track”", "       ^", "straight quotes"),
    ("type = ‘track’", "       ^", "straight quotes"),  # noqa: RUF001  # on purpose
    ("properties.`a b` = 1", "           ^", "straight quotes"),
    ('type = "track', "       ^", "a text that is not closed"),
    ("type = 'track", "       ^", "a text that is not closed"),
    (r'type = "track\"', "       ^", "a text that is not closed"),
    ('userId = oops"', "             ^", "Text needs quotes."),
    ("event = 'Order's'", "               ^", "A quote inside text needs a backslash."),
    ("event = Order Completed", "              ^", "Text needs quotes."),
    ("type in [track]", "         ^", "Text needs quotes."),
    ("match(type, tr*)", "              ^", "Text needs quotes."),
    ("properties.é = 1", "           ^", r"`\é`"),
    ("properties.a/b = 1", "            ^", r"`\/`"),
    ("$.type = 1", "^", "without `$.`"),
    ("a\u200b = 1", " ^", "It cannot be seen; delete it."),
    ("a = 1)", "     ^", "There is no `(` that it closes."),
    ('lowercas(a) = "x"', "^", 'Did you mean "lowercase"?'),
    ("a = 1 and frobnicate(b)", "          ^", "Known: bool, contains,"),
    ('Contains(a, "x")', "^", "in lower case: contains(…)"),
    ('a.contains("x")', "          ^", "an operator"),
    ("contains(a)", "^", "contains takes 2 values in its parentheses, and here is 1."),
    ("lowercase() = 1", "^", "lowercase takes 1 value in its parentheses, and here are none."),
    ("length(a, b, c) = 1", "^", "length takes 1 value in its parentheses, and here are 3."),
    ("length(a)", "^", "length(…) gives a number"),
    ("!lowercase(a)", " ^", "lowercase(…) gives text"),
    ("true", "^", "A value alone is no condition."),
    ('a in "xyz"', "     ^", "`in` needs a list"),
    ("a in 5", "     ^", "`in` needs a list"),
    ("a[-1] = 1", "  ^", "An index counts from 0"),
    ("a[1234567890] = 1", "  ^", "at most 9 digits"),
    ("a[b.c] = 1", "   ^", "`]` was expected"),
    ("a = 1e999", "    ^", "This number is too large."),
    ("a = 1.", "    ^", "Found `1.`"),
    ("a = 5x", "    ^", "Found `5x`"),
    ("a = .5", "    ^", "Found `.5`"),
    ("a = [[1]]", "     ^", "Found `[`"),
    ("a = [1, ]", "        ^", "Found `]`"),
    ("a = b = c", "      ^", "Found `=`"),
    ("(a) = 1", "    ^", "Found `=`"),
    ("(a = 1", "      ^", "Found the end, but `)` was expected."),
    ("a = 1 and", "         ^", "Found the end, but a condition was expected."),
    ("a = ", "   ^", "Found the end"),
    ("a = 1 android = 2", "      ^", "Found `android`, but `and`, `or` or the end"),
    ("a. = 1", "   ^", "a key was expected"),
    ("()", " ^", "a condition was expected"),
    ("and = 1", "^", "a condition was expected"),
    ('match(a, "[")', "         ^", "a `[` is not closed"),
    ('match(a, "[!a]")', "         ^", "do not exist here"),
    ('match(a, "[z-a]")', "         ^", "`z-a` runs backwards"),
    ('match(a, "[]")', "         ^", "lists no character"),
    (r'match(a, "x\\")', "         ^", "a lone backslash"),
]


@pytest.mark.parametrize(("text", "caret", "hint"), MISTAKES, ids=[text for text, _, _ in MISTAKES])
def test_a_common_mistake_is_pointed_at_and_answered(text, caret, hint):
    error = refused(text)
    sentence, line, pointer = error.message.split("\n")

    assert error.position == caret.index("^")
    assert pointer == f"    {caret}"
    assert line == f"    {text}".replace("\u200b", " ")
    assert hint in sentence


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u00a0"])
def test_an_empty_trigger_is_refused_with_an_example(text):
    assert "empty" in refused(text).message
    assert 'type = "track"' in refused(text).message


def test_every_function_is_known_to_the_message_about_an_unknown_one():
    message = refused("qqqqqq(a)").message

    assert all(name in message for name in FUNCTIONS)


def test_only_the_line_with_the_mistake_is_shown():
    error = refused('type = "track"\n\tand event == "x"\n or a = 1')

    assert error.message.endswith('\n     and event == "x"\n               ^')
    assert error.text[error.position] == "="


def test_a_long_line_is_cut_around_the_mistake():
    error = refused(f"{'x' * 500} = 1 AND {'y' * 500} = 1")
    _, line, pointer = error.message.split("\n")

    assert line[pointer.index("^") :].startswith("AND")
    assert line.strip().startswith("…")
    assert line.endswith("…")
    assert len(line) < 150


def test_a_long_piece_is_not_repeated_in_full():
    sentence = refused(f'a = 1 "{"z" * 500}"').message.split("\n")[0]

    assert "zzz…" in sentence
    assert len(sentence) < 150


def test_a_trigger_may_be_long_and_not_too_long():
    fits = f'a = "{"x" * (MAX_TEXT - 6)}"'

    assert compile_trigger(fits)({}) is False
    assert f"has {MAX_TEXT + 1} characters" in refused(fits + " ").message


@pytest.mark.parametrize(
    ("before", "after"),
    [("(", ")"), ("!(", ")"), ("(b = 2 or c = 3 and !(", "))"), ("bool(", ")")],
)
def test_brackets_may_stand_inside_one_another_but_not_without_end(before, after):
    times = MAX_DEPTH // before.count("(")
    middle = "a" if before == "bool(" else "a = 1"

    assert compile_trigger(before * times + middle + after * times)({"a": 1}) in (True, False)
    error = refused(before * (times + 1) + middle + after * (times + 1))
    assert f"More than {MAX_DEPTH} brackets" in error.message
    assert error.text[error.position] == "("


def test_brackets_in_text_and_in_keys_do_not_count():
    text = r"a\( = '(' or " * 200 + f"a = '{'(' * 200}'"

    assert compile_trigger(text)({"a(": "("}) is True


def test_an_error_survives_a_trip_between_processes():
    error = refused("type ==")
    copy = pickle.loads(pickle.dumps(error))

    assert (copy.message, copy.text, copy.position) == (error.message, error.text, error.position)


@pytest.mark.parametrize("text", ["length(a)", "a = 1 AND b = 2", ""])
def test_compiling_refuses_what_reading_refuses(text):
    with pytest.raises(TriggerError) as raised:
        compile_trigger(text)

    assert raised.value.message == refused(text).message
