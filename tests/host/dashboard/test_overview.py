"""Connections with their state, what waits, and what became of events over time."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wharfinger
from wharfinger_host.configuration import connect, read_configuration
from wharfinger_host.dashboard.chart import HEIGHT, WIDTH, draw
from wharfinger_host.dashboard.history import STATUSES, WINDOWS, History, outcomes_by_mapping
from wharfinger_host.dashboard.standing import standings
from wharfinger_host.store.leases import enter
from wharfinger_host.store.minutes import Tallied
from wharfinger_host.tally import Tally

NOW_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z


@pytest.fixture
def work(host, show) -> Any:
    """A dashboard whose connection is at work, as a worker of this process would have it."""

    def begin() -> Any:
        shown = show()
        shown.desk.clock = lambda: 100.0
        shown.desk.store.write(enter, "me", "main", 100.0).result()
        return shown

    return begin


def test_the_overview_counts_outcomes_by_mapping_and_letters(used, show) -> None:
    text = show().page("/").text
    assert "Dead letters 3" in text
    assert "main.notes 1 3 0 0 0 75.0%" in text
    assert "main.rows 1 0 0 0 0 0%" in text
    assert "delivered 2" in text


def test_a_connection_that_nobody_works_for_is_told_with_what_waits(host, show) -> None:
    host.accept(*(host.events.track(number) for number in range(3)))
    text = show().page("/").text
    assert "nobody at work" in text
    assert "Backlog 3 events" in text
    assert "another process" in text


def test_a_connection_with_nothing_left_to_do_is_up_to_date(used, work) -> None:
    assert "up to date" in work().page("/").text


def test_a_connection_at_work_is_told_so(used, work) -> None:
    used.accept(used.events.track(9))
    assert "working" in work().page("/").text


def test_a_mapping_that_waits_for_a_person_is_told_with_the_reason(host, work) -> None:
    host.vendor.reply = lambda _: (401, "who are you?")
    host.deliver(host.events.track(1))
    shown = work()
    for path in ("/", "/connections/main"):
        text = shown.page(path).text
        assert "halted" in text
        assert "notes waits for a person, with 1 event: Acme refused the API Key." in text
    assert "Put aside 1" in shown.page("/connections/main").text


def test_what_is_offered_again_later_is_shown_with_the_time(host, work) -> None:
    host.vendor.reply = lambda _: (503, "")
    host.deliver(host.events.track(1))
    text = work().page("/connections/main").text
    assert "notes 1 retry" in text
    assert "Acme is down." in text


def test_a_connection_that_the_configuration_no_longer_has_is_told(used, show) -> None:
    used.edit("connections.main", "connections.other")
    assert "not configured" in show().page("/").text


def test_a_configuration_that_cannot_be_read_breaks_no_page(used, show) -> None:
    shown = show()
    for change in (lambda: used.config.write_text("[[["), used.config.unlink):
        change()
        for path in ("/", "/connections/main", "/letters/replay", "/workbench"):
            assert shown.page(path).open == []


async def test_calls_are_shown_and_the_backlog_is_forecast_by_what_it_took_so_far(
    host, work
) -> None:
    shown = work()
    plugins = wharfinger.load_plugins()
    connection = connect(read_configuration(host.config, plugins), plugins)["main"]
    shown.desk.at_work = lambda: {"main": connection}
    tally = shown.desk.tally = Tally()
    events = [host.events.track(number) for number in range(10)]
    async with connection:
        for line, receipt in enumerate(await connection.deliver(events)):
            for mapping, outcome in receipt.outcomes.items():
                tally.count("main", mapping, line, outcome)
    host.accept(*(host.events.track(number) for number in range(100, 150)))
    (standing,) = await standings(shown.desk)
    assert standing.calls == 10
    assert standing.forecast_s is not None
    assert standing.forecast_s == pytest.approx(connection.forecast(50), rel=0.5)
    text = shown.page("/connections/main").text
    assert "POST /notes 10" in text
    assert "Calls 10" in text
    assert "about" in text


tallied = st.lists(
    st.builds(
        Tallied,
        step=st.integers(NOW_MS // 60_000 - 80, NOW_MS // 60_000 + 2),
        connection=st.sampled_from(["a", "b"]),
        mapping=st.sampled_from(["x", "y"]),
        status=st.sampled_from(STATUSES),
        count=st.integers(1, 10**7),
    ),
    max_size=30,
)


@given(tallied)
def test_a_history_has_every_stretch_and_counts_each_outcome_of_its_time_once(found) -> None:
    window = WINDOWS["1h"]
    history = History.of(window, found, NOW_MS)
    assert len(history.stretches) == 60
    times = [each.from_ms for each in history.stretches]
    assert times == sorted(times)
    assert times[0] == window.since_ms(NOW_MS)
    assert times[-1] <= NOW_MS < times[-1] + window.step_ms
    within = [each for each in found if times[0] <= each.step * 60_000 <= NOW_MS]
    expected: Counter[str] = Counter()
    for each in within:
        expected[each.status] += each.count
    assert history.totals == expected
    by_mapping = outcomes_by_mapping(found).values()
    assert sum(counts.total() for counts in by_mapping) == sum(each.count for each in found)


@given(tallied)
def test_a_drawing_stays_within_its_frame_and_shows_whatever_there_is(found) -> None:
    history = History.of(WINDOWS["1h"], found, NOW_MS)
    chart = draw(history)
    assert chart.top >= max(each.total for each in history.stretches)
    for column in chart.columns:
        assert 0 <= column.x < column.x + column.width <= WIDTH
        assert {bar.kind for bar in column.counts} == set(column.stretch.counts)
        assert (column.share is not None) == bool(column.stretch.failed)
        for bar in (*column.counts, *filter(None, [column.share])):
            assert bar.height > 0
            assert 0 <= bar.y <= HEIGHT
        drawn = [bar.y for bar in column.counts]
        assert drawn == sorted(drawn, reverse=True)


@pytest.mark.parametrize(("window", "steps", "minutes"), [("24h", 96, 15), ("7d", 84, 120)])
def test_longer_windows_have_longer_stretches(window: str, steps: int, minutes: int) -> None:
    chosen = WINDOWS[window]
    assert chosen.steps * chosen.step_minutes * 60_000 >= (NOW_MS - chosen.since_ms(NOW_MS))
    history = History.of(chosen, [Tallied(NOW_MS // chosen.step_ms, "a", "x", "retry", 5)], NOW_MS)
    assert (len(history.stretches), chosen.step_minutes) == (steps, minutes)
    assert history.stretches[-1].failed == 5
