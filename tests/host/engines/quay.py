"""A worker of Acme's connection on the harbour, in this process."""

from __future__ import annotations

import asyncio
from collections import Counter

import orjson
from tests.host.conftest import track
from tests.host.engines.harbour import Harbour

import wharfinger
from wharfinger_host.configuration import Selection, connect, read_configuration
from wharfinger_host.engines.contract import LaneEvent
from wharfinger_host.engines.post import EnginePost
from wharfinger_host.store.store import Store
from wharfinger_host.working.disk import Disk
from wharfinger_host.working.verdicts import Patience

__all__ = ["QUICK", "Audience", "Quay", "acked", "notes", "row"]

QUICK = Patience(first_s=0.0, longest_s=0.0, halted_s=0.0, longest_halted_s=0.0)


class Audience:
    """Hears what happens, and counts."""

    def __init__(self):
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.unknown = 0

    def opened(self, connection, findings):
        pass

    def recovered(self, connection, events):
        self.unknown += events

    def settled(self, connection, mapping, ticket, outcome):
        self.outcomes[mapping, str(outcome.status)] += 1


class Quay:
    """A worker of Acme's connection on the harbour, with a ledger."""

    def __init__(self, config, water, ledger, **options):
        plugins = wharfinger.load_plugins()
        configuration = read_configuration(config, plugins, Selection())
        self.store = Store(ledger)
        self.audience = Audience()
        self.engine = Harbour(water, lanes=2)
        self.options = {"patience": QUICK, "look_again_s": 0.0, **options}
        self.connection = connect(configuration, plugins)["main"]

    async def until(self, condition):
        """Work until something is so."""
        post = EnginePost(
            engine=self.engine,
            name="main",
            connection=self.connection,
            disk=Disk(store=self.store),
            owner=f"worker {id(self)}",
            audience=self.audience,
            **self.options,
        )
        task = asyncio.create_task(post.run())
        async with asyncio.timeout(30):
            while not condition():  # what it waits for has no event of its own
                if task.done():
                    break
                await asyncio.sleep(0.001)
            post.end()
            await task
        await self.engine.close()

    def sql(self, text):
        return self.store.read(lambda db: db.execute(text).fetchall()).result()


def lane_event(number, event):
    return LaneEvent(f"m{number}", str(event["userId"]), orjson.dumps(event))


def notes(*texts, user=1):
    return [lane_event(f"{user}-{text}", track(user, text)) for text in texts]


def row(number, mail, user="u1"):
    return lane_event(number, {"type": "identify", "userId": user, "traits": {"email": mail}})


def acked(water):
    """Whether everything that was published is acknowledged."""
    return all(lane.acked == len(lane.events) for lane in water.lanes["main"])
