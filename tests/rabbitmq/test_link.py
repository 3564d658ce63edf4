"""What a client does when its connection is gone, without a node."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest

from wharfinger_host.engines.contract import EngineDownError, LaneEvent
from wharfinger_rabbitmq.address import Address
from wharfinger_rabbitmq.link import Link, answered
from wharfinger_rabbitmq.publishing import Publisher, message_of

ADDRESS = Address.of("amqp://127.0.0.1/")


@attrs.define(eq=False)
class Nowhere(Link):
    """A link to nodes that are away, and how often they were called."""

    calls: int = 0

    async def channel(self, **_: Any) -> Any:
        self.calls += 1
        await asyncio.sleep(0)
        raise EngineDownError("Nobody is there.")


async def test_what_the_client_cancels_by_itself_is_no_wish_to_stop():
    of_the_client = asyncio.create_task(asyncio.Event().wait())
    asyncio.get_running_loop().call_soon(of_the_client.cancel)
    with pytest.raises(ConnectionError):
        async with answered(30.0):
            await of_the_client


async def test_the_wish_to_stop_is_passed_on():
    async def ask():
        async with answered(30.0):
            await asyncio.Event().wait()

    asking = asyncio.create_task(ask())
    asyncio.get_running_loop().call_soon(asking.cancel)
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_those_who_waited_behind_one_that_failed_do_not_wait_once_more():
    link = Nowhere(ADDRESS)
    publisher = Publisher(link, "events", patience_s=0.0)
    message = message_of(LaneEvent("e", "u", b"{}"))
    tries = [publisher.publish([("0-of-1", message)]) for _ in range(5)]
    errors = await asyncio.gather(*tries, return_exceptions=True)
    assert [str(each) for each in errors] == ["Nobody is there."] * 5
    assert link.calls == 1
