"""Signatures, against the published vector of Standard Webhooks and as a receiver checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.webhook.conftest import track

from wharfinger import ConfigurationError
from wharfinger_webhook.signing import key_of, secret_problem, signature

# The vector that the libraries of Standard Webhooks are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = (
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    1614265330,
    b'{"test": 2432232314}',
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
)
OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()


def receiver_accepts(request, secret):
    """Check a request the way the specification tells receivers to."""
    headers = request.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.content
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")


def test_the_published_vector_is_met():
    name, timestamp_s, body, wanted = VECTOR
    assert signature([key_of(SECRET)], name, timestamp_s, body) == wanted


@pytest.mark.parametrize("action", ["send-event", "send-batch"])
async def test_a_receiver_can_check_what_was_sent_byte_for_byte(connect, paper, action):
    async with connect(action, signing_secret=SECRET) as connection:
        await connection.deliver([track(event="é — ünïcode")])
    assert receiver_accepts(paper.request, SECRET)
    assert not receiver_accepts(paper.request, OLD)


async def test_while_a_secret_is_changed_receivers_of_both_can_check(connect, paper):
    async with connect(signing_secret=SECRET, previous_signing_secret=OLD) as connection:
        await connection.deliver([track()])
    assert receiver_accepts(paper.request, SECRET)
    assert receiver_accepts(paper.request, OLD)


async def test_without_a_secret_nothing_is_signed_but_the_id_is_there(connect, paper):
    async with connect() as connection:
        await connection.deliver([track()])
    assert "webhook-signature" not in paper.request.headers
    assert paper.request.headers["webhook-id"] == "m-1"


@pytest.mark.parametrize(
    "secret",
    ["s3cr3t", "whsec_", "whsec_c2hvcnQ=", "whsec_ not base64 ", SECRET.removeprefix("whsec_")],
)
def test_what_is_no_secret_is_refused_without_repeating_it(connect, secret):
    with pytest.raises(ConfigurationError) as caught:
        connect(signing_secret=secret)
    assert "Signing Secret" in str(caught.value)
    assert secret.removeprefix("whsec_") not in str(caught.value) or secret == "whsec_"
    assert "os.urandom(32)" in str(caught.value)


def test_an_old_secret_alone_is_refused(connect):
    with pytest.raises(ConfigurationError, match="needs a Signing Secret beside it"):
        connect(previous_signing_secret=OLD)


@given(st.binary(min_size=24, max_size=64))
def test_every_key_of_a_fitting_length_is_a_secret(key):
    secret = "whsec_" + base64.b64encode(key).decode()
    assert secret_problem(secret) is None
    assert key_of(secret) == key


@given(st.text())
def test_any_other_text_is_refused_in_words(text):
    problem = secret_problem(text)
    assert problem is None or problem.startswith("Signing Secret cannot be used")
