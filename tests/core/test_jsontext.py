import json
import math

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.jsontext import JsonTextError, number_text, read_json, write_json

# From 2**53 to 1e21 the text of a float is that of an integer that is not quite the float.
FLOATS = st.floats(-(2**53), 2**53) | st.floats(1e21, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5.0, "5"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (1.5e-10, "1.5e-10"),
        (123456.789, "123456.789"),
        (1e16, "10000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (999999999999999900000.0, "999999999999999900000"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (5e-324, "5e-324"),
        (9007199254740993, "9007199254740993"),
        (10**30, "1" + "0" * 30),
    ],
)
def test_numbers_read_as_javascript_writes_them_but_keep_their_digits(number, text):
    assert number_text(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_is_that_number(number):
    assert float(number_text(number)) == number


@given(JSON)
@settings(max_examples=60, deadline=None)
def test_json_means_the_same_here_and_to_others(value):
    text = write_json(value, max_depth=50)
    assert read_json(text) == json.loads(text) == value


def test_json_is_compact_and_escapes_no_more_than_it_must():
    text = write_json({"é": [1.0, None, True, 'quote " and \\', "\u2028\x01"]}, max_depth=5)
    assert text == '{"é":[1,null,true,"quote \\" and \\\\","\u2028\\u0001"]}'


def test_half_a_surrogate_pair_is_escaped():
    assert write_json("\ud800", max_depth=1) == '"\\ud800"'


def test_integers_of_any_length_are_read_exactly():
    assert read_json('{"a": 123456789012345678901234567890}') == {
        "a": 123456789012345678901234567890
    }


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, pytest.param(10**5000, id="huge"), object(), {1: 2}, b"x", [[[[1]]]]],
)
def test_what_is_not_json_is_refused(value):
    with pytest.raises(JsonTextError):
        write_json(value, max_depth=3)


@pytest.mark.parametrize(
    "text", ["", "{bad", "NaN", "[1,]", "[" * 100_000, "1" * 5000, '"\\ud800"', "1 2"]
)
def test_what_is_not_json_is_not_read(text):
    with pytest.raises(ValueError, match=r"."):
        read_json(text)


def test_deep_json_with_long_numbers_ends_in_an_error_or_a_value():
    text = "[" * 1000 + "1" * 20 + "]" * 1000
    try:
        value = read_json(text)
    except ValueError:
        return
    assert orjson.loads(text) == value
