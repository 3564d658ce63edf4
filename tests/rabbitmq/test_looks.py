"""A lane is taken when its last worker is gone, whatever a server without a leader says of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from wharfinger_rabbitmq import engine, open_engine

EMPTY, LEFT, HELD = (0, 0), (7, 0), (0, 1)


@attrs.define
class Server:
    """Answers what it is asked with messages and consumers, and has a time of its own."""

    answers: list[tuple[int, int]]
    now_s: float = 0.0

    async def declare_queue(self, name, *, passive):
        assert passive
        messages, consumers = self.answers.pop(0) if self.answers else HELD
        found = SimpleNamespace(message_count=messages, consumer_count=consumers)
        return SimpleNamespace(name=name, declaration_result=found)

    def monotonic(self):
        return self.now_s


@pytest.fixture
def look(monkeypatch):
    """Look at a lane once more, after some seconds, and get some answers."""
    server: Any = Server([])
    made = open_engine("amqp://host", 4)

    async def no_wait(seconds):
        pass

    async def look(*answers, after_s=0.0):
        server.now_s += after_s
        server.answers[:] = answers
        monkeypatch.setattr(engine, "time", server)
        monkeypatch.setattr(engine, "asyncio", SimpleNamespace(sleep=no_wait))
        return await made._left_by_others(server, "lane") is not None

    return look


async def test_one_with_messages_and_without_consumers_is_taken_at_once(look):
    assert await look(LEFT)
    assert await look(HELD, HELD, LEFT)


async def test_one_that_seems_empty_is_taken_when_it_has_seemed_so_for_a_while(look):
    assert not await look(EMPTY)
    assert not await look(EMPTY, after_s=4.9)
    assert await look(EMPTY, after_s=0.2)


async def test_what_is_said_while_there_is_no_leader_is_forgotten_with_the_next_word(look):
    assert not await look(EMPTY)
    assert not await look(HELD, after_s=4.9)
    assert not await look(EMPTY, after_s=0.2)
    assert await look(LEFT)


async def test_one_that_others_have_is_left_to_them(look):
    assert not await look(*[HELD] * 20)
