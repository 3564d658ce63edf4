"""Who has which key."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger import Secret
from wharfinger_host.serving.authentication import Doorkeeper, basic_key
from wharfinger_host.serving.refusing import RequestRefused
from wharfinger_host.sources import Source

keys = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=":"), min_size=1
)


def keeper_of(*names: str) -> Doorkeeper:
    return Doorkeeper(
        Source(name=f"source-{n}", write_key=Secret(key)) for n, key in enumerate(names)
    )


@given(st.lists(keys, min_size=1, max_size=6, unique=True), st.data())
def test_a_key_leads_to_its_source_and_no_other_text_leads_anywhere(
    known: list[str], data: st.DataObject
) -> None:
    keeper = keeper_of(*known)
    for number, key in enumerate(known):
        assert keeper.source_of(key).name == f"source-{number}"
    other = data.draw(st.text().filter(lambda text: text not in known))
    with pytest.raises(RequestRefused) as refused:
        keeper.source_of(other)
    assert refused.value.status == 401


@pytest.mark.parametrize("given_key", ["first", "second", "third", "", "nobody", "first "])
def test_every_key_is_compared_whichever_is_given(monkeypatch: Any, given_key: str) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    keeper = keeper_of("first", "second", "third")
    monkeypatch.setattr(hmac, "compare_digest", compare)
    try:
        keeper.source_of(given_key)
    except RequestRefused:
        assert given_key not in ("first", "second", "third")
    assert compared == [(32, 32)] * 3


@given(keys, st.text())
def test_the_key_is_the_user_name_of_basic_authentication(key: str, password: str) -> None:
    data = base64.b64encode(f"{key}:{password}".encode("utf-8", "surrogatepass")).decode()
    assert basic_key(f"Basic {data}") == key
    assert basic_key(f"basic  {data} ") == key


@given(st.text())
def test_any_header_is_read(header: str) -> None:
    found = basic_key(header)
    assert found is None or isinstance(found, str)


@pytest.mark.parametrize("header", ["", "Bearer abc", "abc"])
def test_another_kind_of_header_holds_no_key(header: str) -> None:
    assert basic_key(header) is None
