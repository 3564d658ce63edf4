"""The store against a model that keeps everything in a dictionary."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.stores.ledgers import Ledgers

from wharfinger_host.store.database import SqliteDatabase, migrate
from wharfinger_host.store.deferred import due
from wharfinger_host.store.errors import LeaseLostError
from wharfinger_host.store.facts import Layout, settle_layout
from wharfinger_host.store.inbox import Entry, Inbox, _most_that_wait, depth, read_log
from wharfinger_host.store.leases import LEASE_S, Held, acquire, register
from wharfinger_host.store.ledger import Settlement, intend, known_since, settle
from wharfinger_host.store.message_ids import MessageIds
from wharfinger_host.store.recovery import recover
from wharfinger_host.store.retention import Retention, prune
from wharfinger_host.store.targets import add_targets

LAYOUT = Layout(partitions=2)
FINAL = ("delivered", "rejected", "unknown")
OUTCOMES = st.lists(st.sampled_from(["delivered", "rejected", "retry", "filtered"]), min_size=1)
PARTITIONS = st.integers(0, 1)


class Machine(RuleBasedStateMachine):
    def open(self) -> Any:
        """Return a database with nothing in it."""
        db = SqliteDatabase(":memory:", isolation_level=None)
        migrate(db)
        return db

    @initialize()
    def begin(self) -> None:
        self.db = self.open()
        settle_layout(self.db, LAYOUT)
        register(self.db, ["main"], 2)
        self.target = add_targets(self.db, "main", ["notes"])["notes"]
        # Two processes that accept, which forget soon what they have in memory.
        self.inboxes = [Inbox(ids=MessageIds(most_in_memory=5)) for _ in range(2)]
        self.names: dict[int, str | None] = {}
        self.partitions: dict[int, int] = {}
        self.states: dict[int, str] = {}
        self.letters: set[int] = set()
        self.intended: set[int] = set()
        self.clock_s = 0.0
        self.held: dict[int, Held] = {}
        self.stale: list[Held] = []
        for partition in range(2):
            self.take_over(partition)

    def entries(self, numbers: list[int]) -> list[Entry]:
        events = [
            {"userId": f"u{n % 5}", **({"messageId": f"m{n}"} if n % 7 else {})} for n in numbers
        ]
        return [
            Entry.of(event, f"{n}".encode(), LAYOUT)
            for n, event in zip(numbers, events, strict=True)
        ]

    @rule(numbers=st.lists(st.integers(0, 30), max_size=12), process=st.integers(0, 1))
    def accept(self, numbers: list[int], process: int) -> None:
        entries = self.entries(numbers)
        accepted = self.inboxes[process].accept(self.db, entries, 0)
        fresh = []
        for entry in entries:
            if entry.message_id is None or entry.message_id not in self.names.values():
                seq = max(self.names, default=0) + 1
                seq = max(seq, getattr(self, "last", 0) + 1)
                self.last = seq
                self.names[seq] = entry.message_id
                self.partitions[seq] = entry.partition
                self.states[seq] = "waiting"
                fresh.append(entry)
        assert (accepted.events, accepted.duplicates) == (len(fresh), len(entries) - len(fresh))

    @rule(numbers=st.lists(st.integers(0, 30), max_size=12), process=st.integers(0, 1))
    def accept_in_vain(self, numbers: list[int], process: int) -> None:
        self.db.execute("BEGIN")
        self.inboxes[process].accept(self.db, self.entries(numbers), 0)
        self.db.execute("ROLLBACK")
        self.inboxes[process].forget()

    @rule(partition=PARTITIONS)
    def take_over(self, partition: int) -> None:
        """The other process hangs, so its leases run out."""
        self.clock_s += 2 * LEASE_S
        for held in acquire(self.db, "someone", "main", 2, self.clock_s):
            if held.partition in self.held:
                self.stale.append(self.held[held.partition])
            self.held[held.partition] = held
            recover(self.db, held, 0)
        for seq in [seq for seq in self.intended if self.partitions[seq] in self.held]:
            self.intended.discard(seq)
            self.states[seq] = "unknown"
            self.letters.add(seq)

    def settlement(self, events: dict[int, str], position: int | None) -> Settlement:
        found = Settlement(position=position)
        for seq, outcome in events.items():
            before, partition = self.states[seq], self.partitions[seq]
            if outcome == "retry":
                row = (self.target, partition, seq, "u", 0, 0, 0, "retry", "down", "")
                found.deferred.append(row)
            elif before == "deferred":
                found.done.append((self.target, partition, seq))
            if outcome in FINAL:
                found.ledger.append((seq, self.target, outcome, outcome, 1, None, None, 0))
            if outcome == "rejected":
                found.letters.append(
                    (
                        seq,
                        self.target,
                        0,
                        None,
                        "u",
                        outcome,
                        outcome,
                        "",
                        "",
                        None,
                        None,
                        1,
                        b"{}",
                        None,
                    )
                )
            if seq in self.intended:
                found.unintended.append((seq, self.target))
        return found

    def enter(self, events: dict[int, str]) -> None:
        for seq, outcome in events.items():
            self.states[seq] = "deferred" if outcome == "retry" else outcome
            self.intended.discard(seq)
            if outcome == "rejected":
                self.letters.add(seq)

    def unsettled(self, partition: int) -> tuple[list[int], int]:
        (position,) = self.db.execute(
            "SELECT position FROM lanes WHERE connection = 'main' AND partition = ?", (partition,)
        ).fetchone()
        held = self.held[partition]
        current = Held(held.connection, held.partition, held.epoch, position)
        events, upto = read_log(self.db, partition, position, 6)
        known = known_since(self.db, current, [self.target])
        return [each.seq for each in events if each.seq not in known], upto

    @rule(partition=PARTITIONS, outcomes=OUTCOMES)
    def work(self, partition: int, outcomes: list[str]) -> None:
        seqs, upto = self.unsettled(partition)
        # What is left of the log is waiting; a filtered event beyond the position may come again.
        assert {self.states[seq] for seq in seqs} <= {"waiting", "filtered"}
        events = {seq: outcomes[index % len(outcomes)] for index, seq in enumerate(seqs)}
        assert settle(self.db, [(self.held[partition], self.settlement(events, upto))]) == [True]
        self.enter(events)

    @rule(partition=PARTITIONS, outcomes=OUTCOMES)
    def work_out_of_order(self, partition: int, outcomes: list[str]) -> None:
        seqs, _ = self.unsettled(partition)
        events = {seq: outcomes[index % len(outcomes)] for index, seq in enumerate(seqs[1:])}
        assert settle(self.db, [(self.held[partition], self.settlement(events, None))]) == [True]
        self.enter(events)

    @precondition(lambda self: self.stale)
    @rule(outcome=st.sampled_from(["delivered", "retry"]))
    def be_late(self, outcome: str) -> None:
        for held in self.stale:
            seqs, upto = self.unsettled(held.partition)
            events = dict.fromkeys(seqs, outcome)
            assert settle(self.db, [(held, self.settlement(events, upto))]) == [False]
            try:
                intend(self.db, held, self.target, seqs, 0)
            except LeaseLostError:
                continue
            raise AssertionError("an old epoch may send nothing")

    @rule(partition=PARTITIONS)
    def be_about_to_send(self, partition: int) -> None:
        seqs, _ = self.unsettled(partition)
        intend(self.db, self.held[partition], self.target, seqs[:3], 0)
        self.intended.update(seqs[:3])

    @rule(partition=PARTITIONS, outcomes=OUTCOMES)
    def offer_again(self, partition: int, outcomes: list[str]) -> None:
        found = due(self.db, self.held[partition], self.target, 0, 4, ordered=True)
        here = [
            seq
            for seq, state in sorted(self.states.items())
            if state == "deferred" and self.partitions[seq] == partition
        ]
        assert [each.seq for each in found] == here[:4]
        events = {each.seq: outcomes[i % len(outcomes)] for i, each in enumerate(found)}
        assert settle(self.db, [(self.held[partition], self.settlement(events, None))]) == [True]
        self.enter(events)

    @rule()
    def let_go(self) -> None:
        prune(self.db, Retention(events_days=0, letters_days=9), 1)
        positions = dict(
            self.db.execute("SELECT partition, position FROM lanes WHERE connection = 'main'")
        )
        for seq, state in list(self.states.items()):
            done = seq <= positions[self.partitions[seq]] and seq not in self.intended
            if done and state != "deferred":
                del self.states[seq], self.names[seq]

    @invariant()
    def is_as_in_the_model(self) -> None:
        if not hasattr(self, "db"):
            return
        rows = self.db.execute
        assert dict(rows("SELECT seq, message_id FROM inbox")) == self.names
        assert dict(rows("SELECT seq, status FROM ledger")) == {
            seq: state for seq, state in self.states.items() if state in FINAL
        }
        assert {seq for (seq,) in rows("SELECT seq FROM deferred")} == {
            seq for seq, state in self.states.items() if state == "deferred"
        }
        assert {seq for (seq,) in rows("SELECT seq FROM letters")} == self.letters
        assert {seq for (seq,) in rows("SELECT seq FROM intents")} == self.intended
        behind = dict(rows("SELECT partition, position FROM lanes"))
        assert _most_that_wait(self.db) >= depth(self.db)
        assert depth(self.db) == sum(
            seq > behind[self.partitions[seq]] or state == "deferred"
            for seq, state in self.states.items()
        )

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestStore = Machine.TestCase


@pytest.mark.stores
def test_a_ledger_on_a_server_is_as_in_the_model(ledgers: Ledgers) -> None:
    place: Any = ledgers.place()
    place.prepare()

    class OnAServer(Machine):
        def open(self) -> Any:
            made = place.connect(reading=False)
            tables = "facts, inbox, message_ids, targets, lanes, workers, ledger, intents, deferred"
            made.execute(f"TRUNCATE {tables}, tries, letters, minutes RESTART IDENTITY")
            return made

        def teardown(self) -> None:
            if hasattr(self, "db"):
                self.db.connection.close()

    steps = settings(max_examples=15, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(OnAServer, settings=steps)
