"""One access token for all processes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.shared_state import Kept, SharedInMemory, failing

from wharfinger import Secret, SharedTokens
from wharfinger.delivery.sharing import Asking


class Process:
    """Signs in as a plugin does, and counts what it fetched."""

    fetched = 0

    def __init__(self, loop, kept, takes_s=0.5):
        self.state = SharedInMemory(kept, loop.time)
        self.tokens = SharedTokens(Asking(self.state, clock=loop.time), "acme-1")
        self.takes_s = takes_s
        self.fails = False

    async def sign_in(self, refused=None):
        async with self.tokens.turn("reader", refused and Secret(refused)) as kept:
            if kept is not None:
                return kept.secret.reveal()
            await asyncio.sleep(self.takes_s)
            if self.fails:
                raise ConnectionError
            Process.fetched += 1
            token = f"token-{Process.fetched}"
            await self.tokens.keep("reader", Secret(token), 1_000)
            return token


@pytest.fixture(autouse=True)
def _none_fetched():
    Process.fetched = 0


@given(st.lists(st.floats(0, 3), min_size=2, max_size=8))
def test_of_many_processes_one_fetches_a_token_whenever_they_come(timelapse, comes):
    Process.fetched = 0

    async def main(loop):
        kept = Kept()

        async def sign_in(after):
            await asyncio.sleep(after)
            return await Process(loop, kept).sign_in()

        assert set(await asyncio.gather(*map(sign_in, comes))) == {"token-1"}

    timelapse(main)


def test_a_refused_token_is_replaced_once_and_never_given_again(timelapse):
    async def main(loop):
        kept = Kept()
        processes = [Process(loop, kept) for _ in range(4)]
        await processes[0].sign_in()
        found = await asyncio.gather(*(each.sign_in(refused="token-1") for each in processes))
        assert set(found) == {"token-2"}
        # One that was late to hear of it does not drop the new one.
        assert await Process(loop, kept).sign_in(refused="token-1") == "token-2"
        assert await Process(loop, kept).sign_in() == "token-2"

    timelapse(main)


def test_a_refused_token_is_given_to_nobody_who_comes_before_a_new_one(timelapse):
    async def main(loop):
        kept = Kept()
        one = Process(loop, kept)
        await one.sign_in()
        one.fails = True
        with pytest.raises(ConnectionError):
            await one.sign_in(refused="token-1")
        assert await Process(loop, kept).sign_in() == "token-2"

    timelapse(main)


def test_a_refused_token_that_could_not_be_dropped_is_not_taken_again(timelapse):
    async def main(loop):
        process = Process(loop, Kept())
        await process.sign_in()

        async def drop(_name, _token):
            """It got lost on its way."""

        process.state.drop = drop  # type: ignore[method-assign]  # a store that fails at it
        assert await process.sign_in(refused="token-1") == "token-2"

    timelapse(main)


def test_where_the_one_who_fetches_fails_the_next_one_does(timelapse):
    async def main(loop):
        kept = Kept()
        one, other = Process(loop, kept), Process(loop, kept)
        one.fails = True
        failing_one = asyncio.create_task(one.sign_in())
        await asyncio.sleep(0.01)
        assert await other.sign_in() == "token-1"
        with pytest.raises(ConnectionError):
            await failing_one

    timelapse(main)


def test_where_the_one_who_fetches_takes_too_long_others_fetch_their_own(timelapse):
    async def main(loop):
        kept = Kept()
        slow, quick = Process(loop, kept, takes_s=100), Process(loop, kept)
        start = loop.time()
        first = asyncio.create_task(slow.sign_in())
        await asyncio.sleep(0.01)
        assert await quick.sign_in() == "token-1"
        assert loop.time() - start < 15
        assert await first == "token-2"

    timelapse(main)


def test_where_nobody_answers_each_process_fetches_its_own_at_once(timelapse):
    async def main(loop):
        process = Process(loop, Kept())
        process.state.down = failing()
        start = loop.time()
        assert await process.sign_in() == "token-1"
        assert loop.time() - start == pytest.approx(0.5)

    timelapse(main)


def test_a_token_is_named_after_its_tenant_and_shows_nothing_of_its_name(timelapse):
    async def main(loop):
        kept = Kept()
        await Process(loop, kept).sign_in()
        [name] = kept.tokens
        assert name.startswith("acme-1:")
        assert "reader" not in name

    timelapse(main)
