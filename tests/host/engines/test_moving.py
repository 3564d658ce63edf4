"""What waits in the inbox goes to an engine: to the right lanes, in its order, and once."""

from __future__ import annotations

import asyncio
from collections import Counter

import attrs
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.host.conftest import identify, track
from tests.host.engines.harbour import Harbour, Water

import wharfinger
from wharfinger_host.configuration import Selection, connect, read_configuration
from wharfinger_host.engines.contract import EngineDownError, EngineError, LaneEvent
from wharfinger_host.engines.ledger import enter, take_over
from wharfinger_host.engines.moving import Move, directed
from wharfinger_host.store import leases, moving
from wharfinger_host.store.facts import Layout
from wharfinger_host.store.inbox import Entry
from wharfinger_host.store.ledger import LedgerRow, Settlement, intend, settle
from wharfinger_host.store.moving import InboxInUseError
from wharfinger_host.store.store import Store
from wharfinger_host.store.targets import add_targets

SECOND = """
[connections.other]
destination = "acme"
[connections.other.settings]
account = "1234"
api_key = { env = "ACME_KEY" }
[connections.other.mappings.notes]
action = "send-note"
fields = { text = { "@path" = "$.properties.text" } }
"""


@attrs.define(eq=False)
class Weak(Harbour):
    """An engine that breaks at one of its publications, before or after it has the events."""

    breaks_at: int = -1
    has_them: bool = False
    asked: int = 0

    async def publish_to(self, connection, events):
        self.asked += 1
        breaks = self.asked == self.breaks_at
        if breaks and not self.has_them:
            raise EngineDownError("gone")
        await Harbour.publish_to(self, connection, events)
        if breaks:
            raise EngineDownError("gone")


class Quay:
    """An inbox with two connections, and an engine that has other lanes than it has partitions."""

    def __init__(self, config, folder, partitions=3):
        config.write_text(config.read_text() + SECOND)
        plugins = wharfinger.load_plugins()
        self.connections = connect(read_configuration(config, plugins, Selection()), plugins)
        self.store = Store(folder / "inbox.db", Layout(partitions=partitions))
        self.renew()

    def renew(self):
        self.water = Water()
        self.engine = Weak(self.water, lanes=2)

    def accept(self, *events):
        entries = [Entry.of(each, orjson.dumps(each), self.store.layout) for each in events]
        self.store.accept(entries).result()

    def register(self, *names):
        self.store.write(leases.register, names, self.store.layout.partitions).result()

    def held(self, connection, partition):
        lane = connection, partition
        taken = self.store.write(leases.acquire_one, "worker", lane, 1.0).result()
        assert taken is not None
        return taken

    def targets(self, connection="main"):
        names = tuple(self.connections[connection].mappings)
        return self.store.write(add_targets, connection, names).result()

    def partition(self, user):
        return self.store.layout.partition_of(user, b"")

    async def move(self, **options):
        await self.engine.setup(tuple(self.connections))
        made = Move(
            store=self.store,
            engine=self.engine,
            connections=self.connections,
            clock=lambda: 1_000.0,
            **options,
        )
        await made.run()
        return made.moved

    def arrived(self, connection):
        return [event for lane in self.water.lanes[connection] for event in lane.events]

    def waits(self, connection):
        names = tuple(self.connections[connection].mappings)
        return self.store.read(moving.waits, connection, names).result()

    def sql(self, text):
        return self.store.read(lambda db: db.execute(text).fetchall()).result()


@pytest.fixture
def quay(config, tmp_path):
    made = Quay(config, tmp_path)
    made.register("main", "other")
    yield made
    made.store.close()


def named(event, name):
    return {**event, "messageId": name}


async def move_with_the_second_row_delivered(quay):
    """Accept two events about one contact, of which the later is delivered to rows, and move."""
    quay.register("main")
    quay.accept(*(named(identify(1), f"m{n}") for n in range(2)))
    held, targets = quay.held("main", quay.partition("u1")), quay.targets()
    row = (2, targets["rows"], "delivered", "", 1, 200, None, 0)
    quay.store.write(settle, [(held, Settlement(ledger=[row]))]).result()
    await quay.move()


def ids(events):
    return sorted(event.id for event in events)


async def test_each_connection_gets_what_it_has_not_come_to(quay):
    quay.accept(*(named(track(n), f"m{n}") for n in range(6)))
    held = quay.held("main", quay.partition("u0"))
    done = [f"m{n}" for n in range(6) if quay.partition(f"u{n}") == held.partition]
    quay.store.write(settle, [(held, Settlement(position=6))]).result()
    moved = await quay.move()
    everything = {f"m{n}" for n in range(6)}
    assert ids(quay.arrived("main")) == sorted(everything - set(done))
    assert ids(quay.arrived("other")) == sorted(everything)
    assert (moved["main"].events, moved["other"].events) == (6 - len(done), 6)
    assert quay.waits("main").ahead == quay.waits("other").ahead == 0


async def test_the_order_of_each_contact_stays_whatever_the_number_of_lanes(quay):
    quay.accept(*(named(track(n % 4, str(n)), f"m{n:02}") for n in range(40)))
    await quay.move(portion=3)
    for lane in quay.water.lanes["main"]:
        for user in range(4):
            names = [e.id for e in lane.events if e.contact == f"u{user}"]
            assert names == sorted(names)
    assert len(quay.arrived("main")) == 40


async def test_what_is_put_aside_goes_first_and_through_its_mapping_alone(quay):
    quay.accept(*(named(track(1, str(n)), f"m{n}") for n in range(3)))
    held, targets = quay.held("main", quay.partition("u1")), quay.targets()
    row = (
        targets["notes"],
        held.partition,
        1,
        "u1",
        5,
        5,
        1,
        "retry",
        "acme-down",
        "Acme is down.",
    )
    quay.store.write(settle, [(held, Settlement(position=2, deferred=[row]))]).result()
    assert quay.waits("main") == moving.Waits(1, 1, 0)
    await quay.move()
    found = [(event.id, event.only) for event in quay.arrived("main")]
    assert found == [("m0", ("notes",)), ("m2", ())]
    assert quay.sql("SELECT count(*) FROM deferred") == [(0,)]


async def test_what_is_settled_beyond_the_position_is_not_moved_but_what_must_follow_is(quay):
    changes = [named(identify(1), f"m{n}") for n in range(3)]
    quay.accept(*changes, named(track(1), "m3"))
    held, targets = quay.held("main", quay.partition("u1")), quay.targets()
    # Rows of Acme keep no order of their own, so what came later is not sent again.
    ledger: list[LedgerRow] = [
        (seq, targets[name], "delivered", "", 1, 200, None, 0) for seq in (2, 4) for name in targets
    ]
    quay.store.write(settle, [(held, Settlement(ledger=ledger))]).result()
    await quay.move()
    assert ids(quay.arrived("main")) == ["m0", "m2"]


async def test_a_row_that_was_written_after_one_that_was_not_is_written_again(config, tmp_path):
    plugin = tmp_path / "site" / "acme.py"
    source = plugin.read_text()
    keyed = source.replace("payload=Row,\n", "payload=Row, order_key=lambda row: row.key,\n")
    assert keyed != source
    plugin.write_text(keyed)
    quay = Quay(config, tmp_path)
    try:
        await move_with_the_second_row_delivered(quay)
        assert [(e.id, e.only) for e in quay.arrived("main")] == [
            ("m0", ()),
            ("m1", ("notes", "rows")),
        ]
        # The ledger knows both again, and of neither that it is done with.
        taken, _ = quay.store.write(take_over, "w", "main", 0, 0).result()
        events = quay.arrived("main")
        entered = quay.store.write(enter, taken, events, [quay.targets()["rows"]], 0).result()
        assert [(each.seq, each.known) for each in entered] == [(1, {}), (2, {})]
    finally:
        quay.store.close()


ONCE = """
async def at_most_once(session, outline):
    (asked,) = (each for each in wharfinger_actions() if each.slug == outline.action)
    return wharfinger.Opening(action=attrs.evolve(asked, effect=wharfinger.Effect.ONCE))
"""


@pytest.mark.parametrize("at_most_once", [False, True])
async def test_what_a_mapping_says_must_not_be_sent_twice_is_not_moved_again(
    config, tmp_path, at_most_once
):
    plugin = tmp_path / "site" / "acme.py"
    more = "open=at_most_once, " if at_most_once else ""
    keyed = f"payload=Row, {more}order_key=lambda row: row.key,\n"
    plugin.write_text(plugin.read_text().replace("payload=Row,\n", keyed) + ONCE)
    quay = Quay(config, tmp_path)
    try:
        await move_with_the_second_row_delivered(quay)
        (_, last) = quay.arrived("main")
        assert last.only == (("notes",) if at_most_once else ("notes", "rows"))
    finally:
        quay.store.close()


async def test_events_without_a_name_get_one_that_stays_and_keep_their_numbers(quay):
    quay.accept(track(1), track(1))
    quay.engine.breaks_at, quay.engine.has_them = 1, True
    with pytest.raises(EngineDownError):
        await quay.move()
    first = quay.arrived("main")
    await quay.move()
    assert [e.id for e in quay.arrived("main")] == [e.id for e in first] * 2
    assert len({e.id for e in first}) == 2
    held, _ = quay.store.write(take_over, "w", "main", 0, 0).result()
    entered = quay.store.write(enter, held, first, [], 0).result()
    assert [each.seq for each in entered] == [1, 2]
    assert quay.sql("SELECT count(*) FROM inbox") == [(2,)]


async def test_one_that_was_published_before_is_known_by_the_number_it_got_then(quay):
    quay.accept(named(track(1), "m1"))
    held, _ = quay.store.write(take_over, "w", "main", 0, 0).result()
    event = LaneEvent("m1", "u1", b"{}")
    (before,) = quay.store.write(enter, held, [event], [], 0).result()
    await quay.move()
    (after,) = quay.store.write(enter, held, [event], [], 0).result()
    assert (before.seq, after.seq) == (2, 2)


async def test_what_was_on_its_way_becomes_unknown_and_is_not_moved(quay):
    quay.accept(named(track(1), "m1"), named(track(1), "m2"))
    held, targets = quay.held("main", quay.partition("u1")), quay.targets()
    quay.store.write(intend, held, targets["notes"], [1], 0).result()
    assert quay.waits("main").sending == 1
    moved = await quay.move()
    assert moved["main"].unknown == 1
    assert quay.sql("SELECT message_id, status FROM letters") == [("m1", "unknown")]
    found = {event.id: event.only for event in quay.arrived("main")}
    assert found == {"m1": ("rows",), "m2": ()}


@pytest.mark.parametrize("sign", ["a worker", "a lease"])
async def test_nothing_is_moved_while_somebody_works_on_the_inbox(quay, sign):
    quay.accept(named(track(1), "m1"))
    if sign == "a worker":
        quay.store.write(leases.enter, "somebody", "main", 999.0).result()
    else:
        quay.store.write(leases.acquire_one, "somebody", ("main", 0), 999.0).result()
    with pytest.raises(InboxInUseError, match=r"main \(1\)"):
        await quay.move()
    assert quay.arrived("main") == []
    assert quay.sql("SELECT count(*) FROM lanes WHERE owner LIKE 'move%'") == [(0,)]


async def test_a_worker_on_an_engine_is_no_worker_on_the_inbox(quay):
    quay.accept(named(track(1), "m1"))
    quay.store.write(leases.enter, "w", leases.by_engine("main"), 999.0).result()
    await quay.move()
    assert ids(quay.arrived("main")) == ["m1"]


async def test_what_another_took_over_meanwhile_stays(quay):
    quay.accept(named(track(1), "m1"))
    publish = quay.engine.publish_to

    async def while_asleep(connection, events):
        await publish(connection, events)
        quay.store.write(
            leases.acquire_one, "another", (connection, quay.partition("u1")), 1e6
        ).result()

    quay.engine = type("Slow", (Weak,), {"publish_to": staticmethod(while_asleep)})(
        quay.water, lanes=2
    )
    with pytest.raises(InboxInUseError, match="taken over"):
        await quay.move()
    assert quay.waits("main").ahead == 1


async def test_what_a_mapping_left_that_is_switched_off_stays(quay):
    quay.accept(named(track(1), "m1"))
    gone = quay.store.write(add_targets, "main", ("gone",)).result()["gone"]
    held = quay.held("main", quay.partition("u1"))
    row = (gone, held.partition, 1, "u1", 5, 5, 1, "halted", "no-access", "")
    quay.store.write(settle, [(held, Settlement(position=1, deferred=[row]))]).result()
    assert quay.waits("main").left == {"gone": 1}
    await quay.move()
    assert quay.arrived("main") == []
    assert quay.sql("SELECT count(*) FROM deferred") == [(1,)]


def test_an_engine_that_hands_everything_to_all_is_refused():
    class Shared:
        pass

    engine = Shared()
    with pytest.raises(EngineError, match="run --once"):
        directed(engine)  # type: ignore[arg-type]  # what it is not, is the point


@given(
    users=st.lists(st.integers(0, 5), min_size=1, max_size=30),
    breaks=st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=4),
    sizes=st.tuples(st.integers(1, 6), st.integers(0, 30)),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_wherever_it_ends_nothing_is_lost_overtaken_or_repeated_under_another_name(
    config, tmp_path_factory, users, breaks, sizes
):
    text, (portion, done) = config.read_text(), sizes
    quay = Quay(config, tmp_path_factory.mktemp("moved"))
    try:
        quay.register("main", "other")
        quay.accept(*(named(track(user, str(n)), f"m{n:02}") for n, user in enumerate(users)))
        partition = quay.partition(f"u{users[0]}")
        held = quay.held("main", partition)
        quay.store.write(settle, [(held, Settlement(position=done))]).result()
        quay.store.write(leases.leave, "worker").result()
        for at, has_them in [*breaks, (-1, False)]:
            quay.engine = Weak(quay.water, 2, breaks_at=at, has_them=has_them)
            try:
                asyncio.run(quay.move(portion=portion))
            except EngineDownError:
                continue
        for connection in ("main", "other"):
            wanted = [
                f"m{n:02}"
                for n, user in enumerate(users)
                if connection == "other" or quay.partition(f"u{user}") != partition or n >= done
            ]
            events = quay.arrived(connection)
            counts = Counter(event.id for event in events)
            assert sorted(counts) == wanted
            assert sum(counts.values()) - len(counts) <= portion * len(breaks)
            for user in range(6):
                first = list(dict.fromkeys(e.id for e in events if e.contact == f"u{user}"))
                assert first == sorted(first)
    finally:
        quay.store.close()
        config.write_text(text)
