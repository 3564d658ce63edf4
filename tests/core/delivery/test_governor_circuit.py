from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger import CredentialsError, RetryError, ThrottledError
from wharfinger.delivery.circuit import Circuit, CircuitPolicy, most_careful
from wharfinger.delivery.governor import Governor, Terms
from wharfinger.delivery.signs import NO_SIGN, sign_of_error, sign_of_status

FAILED, ANSWERED = sign_of_status(500), sign_of_status(200)


def _governor(loop, **policy):
    governor = Governor(4, clock=loop.time)
    governor.join(Terms(circuit=CircuitPolicy(**policy)))
    return governor


async def _ask(governor, status=200, takes=0.0):
    async with governor.turn() as turn:
        await asyncio.sleep(takes)
        turn.heard(httpx.Response(status))


def test_after_so_many_failures_in_a_row_requests_wait_and_one_of_them_tries(timelapse):
    async def main(loop):
        governor = _governor(loop, failures=3, open_s=20)
        for status in (500, 502, 200, 500, 503, 500):
            assert governor.usage.circuit == "closed"
            await _ask(governor, status)
        assert governor.usage.circuit == "open"

        starts = []

        async def request():
            async with governor.turn() as turn:
                starts.append(loop.time() - 1_000)
                await asyncio.sleep(2)
                turn.heard(httpx.Response(200))

        await asyncio.gather(*(request() for _ in range(5)))
        assert starts == [20, 22, 22, 22, 22]
        assert governor.usage.circuit == "closed"

    timelapse(main)


def test_a_probe_that_fails_opens_it_for_twice_as_long_up_to_a_bound(timelapse):
    async def main(loop):
        governor = _governor(loop, failures=1, open_s=20, open_max_s=50)
        await _ask(governor, 500)
        starts = []
        for status in (500, 500, 500, 200, 500, 200):
            await _ask(governor, status)
            starts.append(loop.time() - 1_000)
        assert starts == [20, 60, 110, 160, 160, 180]

    timelapse(main)


def test_a_circuit_open_for_too_long_gives_requests_back_with_the_rest(timelapse):
    async def main(loop):
        governor = _governor(loop, failures=2, open_s=90)
        await _ask(governor, 500)
        line = [asyncio.create_task(_ask(governor, 500, takes=5)) for _ in range(9)]
        ends = await asyncio.gather(*line, return_exceptions=True)
        assert ends[:4] == [None] * 4
        for refused in ends[4:]:
            assert isinstance(refused, ThrottledError)
            assert (refused.code, refused.retry_after_s) == ("circuit-open", 90)
        assert loop.time() == pytest.approx(1_005)

    timelapse(main)


def test_a_probe_that_ends_for_a_reason_of_our_own_leaves_the_next_to_try(timelapse):
    async def main(loop):
        governor = _governor(loop, failures=1, open_s=20)
        await _ask(governor, 500)
        probe = asyncio.create_task(_ask(governor, takes=1_000))
        other = asyncio.create_task(_ask(governor))
        await asyncio.sleep(30)
        assert (governor.usage.circuit, governor.usage.under_way) == ("half-open", 1)
        probe.cancel()
        await other
        assert governor.usage.circuit == "closed"

    timelapse(main)


def test_what_started_before_it_opened_does_not_close_it(timelapse):
    async def main(loop):
        governor = _governor(loop, failures=1, open_s=20)
        late = asyncio.create_task(_ask(governor, 200, takes=5))
        await asyncio.sleep(1)
        await _ask(governor, 500)
        await late
        assert governor.usage.circuit == "open"

    timelapse(main)


def test_a_throttled_probe_closes_it_because_the_vendor_is_there(timelapse):
    async def main(loop):
        governor = _governor(loop, failures=1, open_s=20)
        await _ask(governor, 500)
        await _ask(governor, 429)
        assert governor.usage.circuit == "closed"

    timelapse(main)


@given(
    st.lists(st.tuples(st.sampled_from([FAILED, ANSWERED, NO_SIGN]), st.integers(0, 40))),
    st.integers(1, 4),
)
def test_exactly_one_probe_is_under_way_and_an_opening_never_outlasts_its_bound(ends, failures):
    circuit = Circuit(CircuitPolicy(failures=failures, open_s=10, open_max_s=40))
    now = 0
    for sign, passed in ends:
        now += passed
        if circuit.rest_s(now):
            assert circuit.state(now) == "open"
            assert circuit.rest_s(now) <= 40
            continue
        closed = circuit.state(now) == "closed"
        probe = circuit.start()
        assert probe is not closed
        assert circuit.waits_for_a_probe is probe
        opened = circuit.settle(sign, probe=probe, now=now)
        assert not circuit.waits_for_a_probe
        assert opened == (circuit.state(now) == "open")
        if probe:
            expected = {FAILED: "open", ANSWERED: "closed", NO_SIGN: "half-open"}
            assert circuit.state(now) == expected[sign]


def test_an_opening_is_bounded_however_often_the_vendor_failed():
    circuit = Circuit(CircuitPolicy(failures=1, open_s=10, open_max_s=300))
    now = 0.0
    for _ in range(5_000):
        circuit.settle(FAILED, probe=circuit.start(), now=now)
        now += circuit.rest_s(now)
    assert circuit.state(now) == "half-open"


def _wrapped(cause):
    error = RetryError("no token", code="sign-in-failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "answered", "throttled", "failed"),
    [
        (httpx.ConnectError("no"), False, False, True),
        (httpx.RemoteProtocolError("gone"), False, False, True),
        (httpx.ConnectTimeout("slow"), False, True, True),
        (TimeoutError(), False, True, True),
        (_wrapped(httpx.ReadTimeout("slow")), False, True, True),
        (_wrapped(None), False, False, False),
        (RetryError("no", code="x", http_status=503), False, False, True),
        (CredentialsError("no", http_status=401), True, False, False),
        (httpx.DecodingError("what"), False, False, False),
        (asyncio.CancelledError(), False, False, False),
    ],
)
def test_what_an_error_says_about_the_vendor(error, answered, throttled, failed):
    sign = sign_of_error(error)
    assert (sign.answered, sign.throttled, sign.failed) == (answered, throttled, failed)


def test_two_policies_make_one_that_is_as_careful_as_both():
    one = CircuitPolicy(failures=3, open_s=5, open_max_s=400)
    other = CircuitPolicy(failures=9, open_s=50, open_max_s=60)
    assert most_careful(one, other) == CircuitPolicy(failures=3, open_s=50, open_max_s=400)
