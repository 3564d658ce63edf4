"""The token, sessions, and what proves that a form is ours."""

from __future__ import annotations

import pytest

from wharfinger import Secret
from wharfinger_host.dashboard.access import SESSION_S, Access, TooManyTriesError
from wharfinger_host.dashboard.options import OptionError, is_of_this_machine, read_token

TOKEN = "a-token-of-some-length"


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(clock: Clock) -> Access:
    return Access(Secret(TOKEN), clock)


def test_the_token_begins_a_session_that_ends_after_a_while(access: Access, clock: Clock) -> None:
    session = access.sign_in(TOKEN)
    assert session is not None
    assert access.is_session(session)
    clock.now_s = SESSION_S
    assert not access.is_session(session)


@pytest.mark.parametrize("wrong", ["", TOKEN[:-1], f"{TOKEN} ", "\ud800", "ä" * 5_000])
def test_nothing_else_does(access: Access, wrong: str) -> None:
    assert access.sign_in(wrong) is None


def test_without_a_token_nobody_signs_in() -> None:
    access = Access()
    assert not access.has_token
    assert access.sign_in("") is None
    assert not access.is_session("")


def test_who_signs_out_has_to_sign_in_again(access: Access) -> None:
    session = access.sign_in(TOKEN) or ""
    access.sign_out(session)
    assert not access.is_session(session)


def test_after_ten_wrong_tokens_even_the_right_one_has_to_wait(
    access: Access, clock: Clock
) -> None:
    for _ in range(10):
        assert access.sign_in("wrong") is None
    with pytest.raises(TooManyTriesError):
        access.sign_in(TOKEN)
    clock.now_s = 60.0
    assert access.sign_in(TOKEN)


def test_the_oldest_of_too_many_sessions_ends(access: Access) -> None:
    sessions = [access.sign_in(TOKEN) or "" for _ in range(101)]
    assert [access.is_session(each) for each in sessions] == [False] + [True] * 100


def test_a_proof_holds_for_one_form_of_one_session(access: Access) -> None:
    proof = access.proof("session", "/save")
    assert access.is_proof(proof, "session", "/save")
    assert not access.is_proof(proof, "another", "/save")
    assert not access.is_proof(proof, "session", "/replay")
    assert not access.is_proof("ä", "session", "/save")
    assert not Access(Secret(TOKEN)).is_proof(proof, "session", "/save")


def test_the_token_comes_from_the_environment_or_from_a_file(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DASHBOARD", TOKEN)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert read_token("env:DASHBOARD").reveal() == TOKEN
    assert read_token("file:token").reveal() == TOKEN


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TOKEN, "must be env:VARIABLE or file:PATH"),
        ("env:", "must be env:VARIABLE or file:PATH"),
        ("env:NOT_SET", "NOT_SET is not set"),
        ("file:not-there", "cannot be read"),
        ("env:SHORT", "fewer than 16 characters"),
    ],
)
def test_a_token_that_cannot_be_used_is_refused_without_being_shown(
    monkeypatch, tmp_path, text: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHORT", "s3cr3t")
    with pytest.raises(OptionError, match=words) as caught:
        read_token(text)
    assert "s3cr3t" not in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.7", False),
        ("example.org", False),
    ],
)
def test_an_address_of_this_machine_alone_is_known(host: str, alone: bool) -> None:  # noqa: FBT001  # a case
    assert is_of_this_machine(host) is alone
