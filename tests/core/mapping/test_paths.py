import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wharfinger.mapping.paths import follow, parse_keys, parse_path
from wharfinger.model.unset import UNSET


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("$.a.b", ("a", "b")),
        ("a.b", ("a", "b")),
        ("arr[0].n", ("arr", "0", "n")),
        ("arr.0.n", ("arr", "0", "n")),
        ("arr[0]n", ("arr", "0", "n")),
        ("x[0][1]", ("x", "0", "1")),
        ("x[1", ("x", "1")),
        ("o['p q']", ("o", "p q")),
        ('o["x"]', ("o", "x")),
        ("o.p q", ("o", "p q")),
        ('x."a"', ("x", "a")),
        ("x.@type", ("x", "@type")),
        ("x.a-b", ("x", "a-b")),
        ("$.ключ.鍵", ("ключ", "鍵")),
        ("..o..x.", ("o", "x")),
        ("o[x]", ("o[x]",)),
        ("arr[ 0 ]", ("arr[ 0 ]",)),
        ("cost$.x", ("costx",)),
        ("$.$.a", ("$", "a")),
        ("$", ("$",)),
        ("", ()),
        (".", ()),
        ("$.", ()),
    ],
)
def test_paths_are_read_as_segment_reads_them(text, keys):
    assert parse_path(text) == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("o['a.b']", ("o", "a.b")),
        ('o["a.b"].c', ("o", "a.b", "c")),
        ("$.o['a[0]']['x$.y']", ("o", "a[0]", "x$.y")),
        ("""o["it's"]""", ("o", "it's")),
        ("""o['both \" and ' of them']""", ("o", "both \" and ' of them")),
        ("$['o'].x", ("o", "x")),
        ("$[0]", ("0",)),
        ("['o']", ("o",)),
        ("traits.[your-audience-key]", ("traits", "your-audience-key")),
        ("$.traits.[audience_1].x", ("traits", "audience_1", "x")),
        ("[a][b]", ("a", "[b]")),
    ],
)
def test_every_key_can_be_reached(text, keys):
    assert parse_path(text) == keys


@given(
    st.lists(st.text().filter(lambda key: "']" not in key and not key.endswith("'")), min_size=1)
)
@example(["a.b", "$.", "", '"]', "[0]", "\n"])
def test_any_key_in_quotes_is_that_key(keys):
    assert parse_path("".join(f"['{key}']" for key in keys)) == tuple(keys)


def test_templates_read_the_dollar_as_a_key():
    assert parse_keys("$.a") == ("$", "a")
    assert parse_keys("o['a.b'].c") == ("o", "a.b", "c")


@pytest.mark.parametrize("nothing", [None, False, 0, 0.0, ""])
def test_below_a_falsy_value_lies_that_value(nothing):
    assert follow({"a": nothing}, ("a", "b", "c")) is nothing


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("text", "length"),
        ("text", "0"),
        ([1, 2], "length"),
        ([1, 2], "-1"),
        ([1, 2], "2"),
        ([1, 2], "01"),
        ([1, 2], "9" * 5000),
        ({}, "__class__"),
        ({}, "constructor"),
        ({}, "__proto__"),
        (7, "real"),
        (True, "x"),
        (object(), "__class__"),
    ],
)
def test_nothing_but_keys_and_items_can_be_reached(value, key):
    assert follow({"v": value}, ("v", key)) is UNSET
