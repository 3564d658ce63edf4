"""Workers know of each other."""

from __future__ import annotations

import pytest

from wharfinger_rabbitmq import open_engine

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("rabbitmq")]


async def test_one_that_joins_is_counted_at_once_and_one_that_leaves_no_more(engine, other):
    assert await engine.workers("acme") == 1
    assert await other.workers("acme") == 2
    assert await engine.workers("acme") == 2
    await other.close()
    while await engine.workers("acme") != 1:
        pass


async def test_one_that_says_nothing_any_more_is_not_counted(engine, other):
    await engine.workers("acme")
    await other.workers("acme")
    assert await engine.workers("acme") == 2
    heard = engine._signs["acme"]._heard
    heard.update({who: at_s - 60 for who, at_s in heard.items()})
    assert await engine.workers("acme") == 1


async def test_whoever_only_looks_is_no_worker(engine, url):
    await engine.workers("acme")
    looking = open_engine(url, engine.lanes)
    try:
        assert (await looking.status(["acme", "zenith"])).workers == {"acme": 1, "zenith": 0}
    finally:
        await looking.close()
    assert await engine.workers("acme") == 1
