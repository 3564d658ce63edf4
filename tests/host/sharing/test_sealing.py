from __future__ import annotations

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger import Secret
from wharfinger_host.sharing.contract import KeyProblemError
from wharfinger_host.sharing.sealing import Sealer


def a_key() -> Secret:
    return Secret(base64.b64encode(secrets.token_bytes(32)).decode())


KEY, OTHER = a_key(), a_key()


@given(st.text(), st.text())
def test_what_is_sealed_can_be_opened_under_its_name(name, token):
    sealer = Sealer([KEY])
    sealed = sealer.seal(name, Secret(token))
    assert sealer.open(name, sealed) == Secret(token)
    if len(token) > 3:
        assert token.encode() not in sealed


def test_what_was_sealed_for_another_name_is_not_opened():
    sealer = Sealer([KEY])
    assert sealer.open("zenith", sealer.seal("acme", Secret("token"))) is None


def test_what_was_sealed_with_another_key_is_not_opened():
    assert Sealer([OTHER]).open("acme", Sealer([KEY]).seal("acme", Secret("token"))) is None


def test_a_key_is_replaced_by_putting_the_new_one_first():
    old, both, new = Sealer([KEY]), Sealer([OTHER, KEY]), Sealer([OTHER])
    assert both.open("acme", old.seal("acme", Secret("token"))) == Secret("token")
    assert new.open("acme", both.seal("acme", Secret("token"))) == Secret("token")


@given(st.binary())
def test_garbage_is_not_opened(data):
    assert Sealer([KEY]).open("acme", data) is None


def test_both_alphabets_of_base64_are_taken():
    raw = b"\xfb\xff" * 16
    one, other = base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()
    sealed = Sealer([Secret(one)]).seal("acme", Secret("token"))
    assert Sealer([Secret(f"{other}\n")]).open("acme", sealed) == Secret("token")


@pytest.mark.parametrize("key", ["", "short", "x" * 44, base64.b64encode(b"s3cr3t" * 5).decode()])
def test_what_is_no_key_is_refused_without_being_shown(key):
    with pytest.raises(KeyProblemError, match="openssl rand -base64 32") as caught:
        Sealer([Secret(key)])
    assert not key or key not in str(caught.value)
    assert caught.value.__cause__ is None
