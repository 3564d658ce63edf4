"""A lane is taken when its last worker is gone, whatever a busy server says meanwhile."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from wharfinger_rabbitmq import engine

EMPTY, LEFT, HELD = (0, 0), (7, 0), (0, 1)


@attrs.define
class Server:
    """Answers what it is asked with messages and consumers, after some seconds of its own time."""

    answers: list[tuple[tuple[int, int], float]]
    now_s: float = 0.0

    async def declare_queue(self, name, *, passive):
        assert passive
        (messages, consumers), takes_s = self.answers.pop(0)
        self.now_s += takes_s
        found = SimpleNamespace(message_count=messages, consumer_count=consumers)
        return SimpleNamespace(name=name, declaration_result=found)

    def monotonic(self):
        return self.now_s


@pytest.fixture
def taken(monkeypatch):
    async def no_wait(seconds):
        pass

    async def taken(*answers):
        server: Any = Server([*answers, *[(HELD, 0.0)] * 20])
        monkeypatch.setattr(engine, "time", server)
        monkeypatch.setattr(engine, "asyncio", SimpleNamespace(sleep=no_wait))
        queue = await engine._left_by_others(server, "lane")
        looks = len(answers) + 20 - len(server.answers)
        return queue is not None, looks

    return taken


async def test_one_with_messages_and_without_consumers_is_taken_at_the_first_look(taken):
    assert await taken((LEFT, 3.0)) == (True, 1)


async def test_an_empty_one_is_taken_when_it_was_empty_twice(taken):
    assert await taken((EMPTY, 0.01), (EMPTY, 0.01)) == (True, 2)


async def test_nothing_at_all_is_not_believed_of_a_server_that_was_slow_to_say_it(taken):
    slow = (EMPTY, 0.25)
    assert await taken(slow, slow, slow, (HELD, 0.01), (LEFT, 0.01)) == (True, 5)
    assert await taken(slow, (EMPTY, 0.01), slow, (HELD, 0.01)) == (False, 10)


async def test_one_that_was_empty_before_a_worker_was_seen_is_looked_at_anew(taken):
    assert await taken((EMPTY, 0.01), (HELD, 0.01), (EMPTY, 0.01)) == (False, 10)


async def test_one_that_others_have_is_left_to_them(taken):
    assert await taken(*[(HELD, 0.01)] * 3) == (False, 10)
