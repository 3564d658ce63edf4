from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger import UNSET, Category, Field, Secret, field, fields_of, redacted, stack_of


@attrs.define(kw_only=True)
class Parcel:
    contact_key: str = field(name="contactKey", label="Contact Key")
    mail: str | None = field(label="Mail", default=None, format="email")
    pin: Secret | None = field(label="PIN", default=None)
    note: str | None = field(label="Note", default=None)
    monkey: str | None = field(label="Monkey", default=None)
    tags: list[str] | None = field(label="Tags", default=None)
    weight: float | None = field(label="Weight", default=None)
    keys: dict[str, Any] | None = field(
        label="Keys", default=None, category="identifier", properties={"id": Field(label="Id")}
    )
    shelf_id: str | None = field(label="Shelf", default=None, category=Category.DATA)


def test_categories_are_inferred_where_nobody_says_them():
    assert {each.name: each.category for each in fields_of(Parcel)} == {
        "contactKey": Category.IDENTIFIER,
        "mail": Category.IDENTIFIER,
        "pin": Category.SECRET,
        "note": Category.DATA,
        "monkey": Category.DATA,
        "tags": Category.DATA,
        "weight": Category.DATA,
        "keys": Category.IDENTIFIER,
        "shelf_id": Category.DATA,
    }
    [keys] = (each for each in fields_of(Parcel) if each.name == "keys")
    assert keys.properties["id"].category is Category.IDENTIFIER


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("id", "identifier"),
        ("userId", "identifier"),
        ("user_id", "identifier"),
        ("messageID", "identifier"),
        ("work_email", "identifier"),
        ("mobilePhone", "identifier"),
        ("paid", "data"),
        ("grid", "data"),
        ("turkey", "data"),
        ("idea", "data"),
    ],
)
def test_a_name_tells_an_identifier_by_its_last_word(name, category):
    cls = attrs.make_class("Made", {"a": field(label="A", name=name)})
    cls.__annotations__ = {"a": str}
    assert [each.category for each in fields_of(cls)] == [category]


def test_a_secret_cannot_be_called_anything_else():
    @attrs.define(kw_only=True)
    class Loose:
        pin: Secret = field(label="PIN", category="data")

    with pytest.raises(TypeError, match="a secret cannot be of the category 'data'"):
        fields_of(Loose)


def test_each_category_is_shown_in_its_own_way():
    shown = redacted(
        Parcel,
        Parcel(
            contact_key="ada@shop.example",
            pin=Secret("1234"),
            note="two words",
            tags=["a", "b"],
            weight=1.5,
            keys={"id": "ada@shop.example", "more": 1},
        ),
    )
    name = shown["contactKey"]
    assert name.startswith("#")
    assert len(name) == 13
    assert shown == {
        "contactKey": name,
        "mail": "null",
        "pin": "***",
        "note": "str(9)",
        "monkey": "null",
        "tags": "list(2)",
        "weight": "float",
        "keys": {"id": name, "…": "1 more"},
        "shelf_id": "null",
    }


def test_what_is_written_is_shown_as_what_was_made_of_it():
    assert redacted(Parcel, {"contactKey": "a", "pin": "1234", "note": UNSET, "odd": "ada"}) == {
        "contactKey": redacted(Parcel, Parcel(contact_key="a"))["contactKey"],
        "pin": "***",
        "…": "1 more",
    }


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.just("planted-7f3a"),
    lambda inner: st.lists(inner) | st.dictionaries(st.just("planted-7f3a") | st.text(), inner),
)


@given(st.dictionaries(st.sampled_from([f.name for f in fields_of(Parcel)]) | st.text(), _VALUES))
def test_no_value_and_no_unknown_name_is_ever_shown(values):
    values = {**values, "planted-7f3a": 1}
    assert "planted" not in str(redacted(Parcel, values))


@given(st.text(min_size=1), st.text(min_size=1))
def test_equal_identifiers_have_equal_hashes_and_others_have_not(one, other):
    shown = [redacted(Parcel, {"contactKey": each})["contactKey"] for each in (one, other)]
    assert (shown[0] == shown[1]) is (one == other)


def _raise(text):
    try:
        int(text)
    except ValueError as error:
        raise RuntimeError(f"about {text}") from error


def test_a_stack_names_places_and_types_and_no_words():
    with pytest.raises(RuntimeError) as caught:
        _raise("ada@shop.example")
    told = stack_of(caught.value)
    assert "builtins.RuntimeError, at" in told
    assert "after:\nbuiltins.ValueError, at" in told
    assert 'test_redacting.py", line' in told
    assert "in _raise" in told
    assert "ada" not in told


def test_a_stack_goes_into_groups_and_ends():
    error: Exception = ValueError("ada")
    for _ in range(50):
        error = ExceptionGroup("ada", [error, KeyError("ada")])
    told = stack_of(error)
    assert "one of them:\nbuiltins.KeyError" in told
    assert "ada" not in told
    assert len(told.splitlines()) < 200
