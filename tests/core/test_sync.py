"""Hosts without an event loop: the same, for callers that wait."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx
import pytest

import wharfinger
import wharfinger.sync
from wharfinger import NotOpenError, Question, Status


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


@pytest.fixture
def opened(connect):
    return lambda **facts: wharfinger.sync.opened(connect(**facts))


def _statuses(receipts):
    return [receipt.outcomes["notes"].status for receipt in receipts]


def test_events_are_delivered_and_receipts_come_in_their_order(opened, vendor, track):
    with opened() as account:
        receipts = account.deliver(iter([track(), {"type": "page"}, track(board=None)]))
    assert _statuses(receipts) == [Status.DELIVERED, Status.FILTERED, Status.REJECTED]
    assert len(vendor.requests) == 1


def test_everything_a_connection_can_do_can_be_waited_for(opened, vendor, track):
    with opened() as account:
        assert account.connection.name == "test"
        assert [finding.level for finding in account.test()] == ["ok"]
        assert [finding.level for finding in account.diagnose()] == ["ok"]
        assert [r.method for r in account.preview([track()]).requests] == ["POST"]
        assert account.explain(track()).mappings[0].mapping == "notes"
        assert account.choices("send-note", Question(field="board")).items == ()
        assert account.plan() == account.apply([]) == []


def test_the_connection_is_closed_at_the_end_and_says_so(opened, track):
    with opened() as account:
        left_open = account.stream([track()])
    for use in (lambda: account.deliver([track()]), lambda: next(left_open)):
        with pytest.raises(NotOpenError, match="with block"):
            use()
    with pytest.raises(NotOpenError):
        account.connection.flow()


def test_a_stream_that_outlives_its_connection_says_so(opened, track):
    with opened() as account:
        stream = account.stream(track() for _ in count())
        next(stream)
    with pytest.raises(NotOpenError, match="closed while"):
        list(stream)


def test_what_opening_raises_reaches_the_host(connect):
    connection = connect()
    with (
        wharfinger.sync.opened(connection),
        pytest.raises(RuntimeError, match="open already"),
        wharfinger.sync.opened(connection),
    ):
        pass


def test_several_threads_may_use_one_connection(opened, track):
    with opened() as account, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: account.deliver([track(user=f"u{n}")] * 5), range(40)))
    assert [_statuses(receipts) for receipts in found] == [[Status.DELIVERED] * 5] * 40


def test_a_stream_reads_in_the_thread_of_the_host_and_yields_what_settles(opened, track):
    # A cursor of SQLite works in the thread that made it only.
    database = sqlite3.connect(":memory:")
    database.execute("create table numbers (i integer primary key)")
    database.executemany("insert into numbers values (?)", [(i,) for i in range(500)])
    rows = database.execute("select i from numbers")
    source = (track(user=f"u{i}", event=str(i)) for (i,) in rows)
    with opened() as account:
        found = list(account.stream(source))
    assert sorted(settled.token for settled in found) == list(range(500))
    assert all(settled.event["event"] == str(settled.token) for settled in found)
    assert all(s.receipt.outcomes["notes"].status is Status.DELIVERED for s in found)


def test_a_stream_reads_no_further_than_may_wait(opened, track):
    read = []

    def endless():
        for number in count():
            read.append(number)
            yield track()

    with opened() as account:
        for taken, _ in enumerate(account.stream(endless(), most_waiting=7), 1):
            assert len(read) <= taken + 6
            if taken == 100:
                break


def test_what_the_source_raises_comes_after_what_it_gave_before(opened, track):
    def breaks():
        yield from (track() for _ in range(7))
        raise OSError("the source broke")

    with opened() as account:
        stream = account.stream(breaks())
        assert sorted(next(stream).token for _ in range(7)) == list(range(7))
        with pytest.raises(OSError, match="the source broke"):
            next(stream)


def test_a_stream_that_is_left_early_ends_what_it_read(opened, vendor, track):
    read = []

    def source():
        for number in count():
            read.append(number)
            yield track(event=str(number))

    with opened() as account:
        stream = account.stream(source())
        for _ in range(30):
            next(stream)
        stream.close()
        sent = [row["text"] for body in vendor.bodies for row in body]
        assert sorted(map(int, sent)) == read


def _interrupting(request):
    """Let the person at the keyboard lose patience while a request is under way."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)
    return httpx.Response(503)


@pytest.mark.skipif(os.name == "nt", reason="signals to threads are POSIX's")
def test_an_interrupted_delivery_leaves_nothing_running(opened, vendor, track):
    vendor.script = [_interrupting] * 3
    with pytest.raises(KeyboardInterrupt), opened() as account:
        account.deliver([track()])


def test_a_source_that_is_interrupted_leaves_nothing_running(opened, track):
    def source():
        yield track()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), opened() as account:
        list(account.stream(source()))
