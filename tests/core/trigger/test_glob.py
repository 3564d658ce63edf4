"""Patterns of match."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.trigger.glob import MAX_PATTERN, PatternError, matcher, translate


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "any\nthing", True),
        ("**", "x", True),
        ("?", "", False),
        ("?", "\n", True),
        ("?", "😀", True),
        ("Order*", "Order Completed", True),
        ("Order*", "order completed", False),
        ("Order", "Order Completed", False),
        ("*ed", "Completed", True),
        ("*ed", "Completed!", False),
        ("*e*e*", "Completed", True),
        ("*aab", "aaab", True),
        ("a*a", "a", False),
        ("ab[cC]d", "abCd", True),
        ("ab[a-z]d", "abCd", False),
        ("[a-cx-z]", "y", True),
        ("[a-c-]", "-", True),
        ("[-a]", "-", True),
        (r"[\]]", "]", True),
        (r"[\\]", "\\", True),
        (r"[a\-c]", "b", False),
        (r"[\]-a]", "_", True),
        ("[&&~~||-]", "&", True),
        ("[[]", "[", True),
        ("]", "]", True),
        (r"\*", "*", True),
        (r"\*", "x", False),
        (r"\a", "a", True),
        (r"1.*\?", "1.2?", True),
        ("1.*", "12", False),
        ("(a|b)+$^{1}", "(a|b)+$^{1}", True),
    ],
)
def test_a_pattern_fits_whole_texts(takes, pattern, text, fits):
    assert takes("match(a, b)", {"a": text, "b": pattern}) is fits
    written = pattern.replace("\\", "\\\\")
    assert takes(f'match(a, "{written}")', {"a": text}) is fits


@pytest.mark.parametrize("pattern", ["[", "[a", "[a-", "[]", "[!a]", "[^a]", "[b-a]", "\\", "[\\"])
def test_a_pattern_that_cannot_be_read_fits_nothing(takes, pattern):
    with pytest.raises(PatternError):
        translate(pattern)
    assert not takes("match(a, b)", {"a": pattern, "b": pattern})


@pytest.mark.parametrize("value", [None, 5, True, ["a"], {"a": 1}], ids=repr)
def test_only_text_fits_and_only_text_is_a_pattern(takes, value):
    assert not takes('match(a, "*")', {"a": value})
    assert not takes('match("a", a)', {"a": value})


def test_a_pattern_has_a_bounded_length():
    assert matcher("*" * MAX_PATTERN) is not None
    assert matcher("*" * (MAX_PATTERN + 1)) is None


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 499 + "b",
        "*" * 999 + "b",
        "*" + "a" * 998 + "b",
        "*?" * 499 + "b",
        "*[a-z]" * 150 + "b",
    ],
)
def test_no_pattern_takes_long(pattern):
    fits = matcher(pattern)

    assert fits is not None
    assert fits("a" * 100_000) is None


# A pattern as a list of pieces: None is `*`, otherwise the characters that one place may hold.
ALPHABET = "ab*?[]\\-"
PIECES = st.lists(
    st.none() | st.just(frozenset(ALPHABET)) | st.frozensets(st.sampled_from(ALPHABET), min_size=1),
    max_size=8,
)


def written(piece: frozenset[str] | None) -> str:
    if piece is None:
        return "*"
    if piece == frozenset(ALPHABET):
        return "?"
    characters = [f"\\{character}" for character in sorted(piece)]
    return characters[0] if len(characters) == 1 else f"[{''.join(characters)}]"


def fits_by_the_book(pieces: list[frozenset[str] | None], text: str) -> bool:
    """Follow all readings at once: the ends of the text that the pieces so far can reach."""
    ends = {0}
    for piece in pieces:
        if piece is None:
            ends = {later for end in ends for later in range(end, len(text) + 1)}
        else:
            ends = {end + 1 for end in ends if end < len(text) and text[end] in piece}
    return len(text) in ends


@settings(max_examples=200, deadline=None)
@given(PIECES, st.text(ALPHABET, max_size=12))
def test_a_pattern_fits_exactly_where_some_reading_of_it_does(pieces, text):
    fits = matcher("".join(map(written, pieces)))

    assert fits is not None
    assert (fits(text) is not None) is fits_by_the_book(pieces, text)
