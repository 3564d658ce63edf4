"""The laws of the laboratory notice what they are there to notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.e2e.laboratory.checking import judge
from tests.e2e.laboratory.events import plant
from tests.e2e.laboratory.evidence import Evidence
from tests.e2e.laboratory.serial import apply, remnants
from tests.e2e.laboratory.shop import MAPPINGS


@pytest.fixture
def evidence() -> Evidence:
    """What is left behind where nothing went wrong."""
    planted = plant(1, 300)
    ledger: list[dict[str, Any]] = [
        {
            "message_id": each.id,
            "connection": mapping.connection,
            "mapping": mapping.name,
            "status": "rejected" if mapping.place in each.bad else "delivered",
            "code": "",
        }
        for each in planted
        for mapping in MAPPINGS
        if mapping.takes(each.event)
    ]
    delivered = {
        mapping.place: [
            each.event
            for each in planted
            if mapping.takes(each.event) and mapping.place not in each.bad
        ]
        for mapping in MAPPINGS
    }
    tables: dict[str, dict[str, Any]] = {}
    entries = []
    for mapping in MAPPINGS:
        events = delivered[mapping.place]
        if mapping.kind == "rows":
            rows = list(apply(mapping, events).values())
            tables.setdefault(mapping.account, {})[mapping.target] = {"rows": rows}
            continue
        for event in events:
            number = (event.get("traits") or event.get("properties") or {})["number"]
            data = {"EventId": event["messageId"], "Number": number}
            entry = {"contact_key": event["userId"], "data": data}
            entries.append({"event_definition_key": mapping.target, **entry})
    letters = [line for line in ledger if line["status"] == "rejected"]
    return Evidence(
        planted=planted,
        inbox=[{"event": each.event} for each in planted],
        ledger=ledger,
        letters=letters,
        listed=len(letters),
        tables=tables,
        entries=entries,
        waiting=0,
        died=[],
    )


def test_where_nothing_went_wrong_no_law_is_broken(evidence: Evidence) -> None:
    verdict = judge(evidence)
    assert verdict.broken == []
    assert (verdict.lost, verdict.doubled, verdict.remnants) == (0, 0, 0)
    assert verdict.rows > 50
    assert verdict.entries > 50
    assert verdict.statuses["rejected"] > 5


def lose_an_event(evidence: Evidence) -> None:
    del evidence.inbox[7]


def accept_an_event_twice(evidence: Evidence) -> None:
    evidence.inbox.insert(9, evidence.inbox[7])


def lose_an_outcome(evidence: Evidence) -> None:
    evidence.ledger.remove(line_of(evidence, "members", "delivered"))


def write_an_outcome_twice(evidence: Evidence) -> None:
    evidence.ledger.append(line_of(evidence, "views", "delivered"))


def refuse_a_good_event(evidence: Evidence) -> None:
    line_of(evidence, "profiles", "delivered")["status"] = "rejected"


def doubt_a_row(evidence: Evidence) -> None:
    line_of(evidence, "profiles", "delivered")["status"] = "unknown"


def lose_a_letter(evidence: Evidence) -> None:
    evidence.letters.pop()
    evidence.listed -= 1


def keep_a_letter_of_what_was_delivered(evidence: Evidence) -> None:
    evidence.letters.append(line_of(evidence, "orders", "delivered"))
    evidence.listed += 1


def write_an_older_row(evidence: Evidence) -> None:
    evidence.tables["510000001"]["views"]["rows"][3]["times"] = "0"


def lose_a_row(evidence: Evidence) -> None:
    evidence.tables["510000002"]["members"]["rows"].pop()


def let_somebody_enter_twice(evidence: Evidence) -> None:
    evidence.entries.append(entry_of(evidence, "APIEvent-orders"))


def let_somebody_out(evidence: Evidence) -> None:
    evidence.entries.remove(entry_of(evidence, "APIEvent-pings"))


def end_by_itself(evidence: Evidence) -> None:
    evidence.died.append("run ended with 70")


def leave_something_waiting(evidence: Evidence) -> None:
    evidence.waiting = 1


def line_of(evidence: Evidence, mapping: str, status: str) -> dict[str, Any]:
    return next(
        line for line in evidence.ledger if (line["mapping"], line["status"]) == (mapping, status)
    )


def entry_of(evidence: Evidence, definition: str) -> dict[str, Any]:
    return next(each for each in evidence.entries if each["event_definition_key"] == definition)


@pytest.mark.parametrize(
    "change",
    [
        lose_an_event,
        accept_an_event_twice,
        lose_an_outcome,
        write_an_outcome_twice,
        refuse_a_good_event,
        doubt_a_row,
        lose_a_letter,
        keep_a_letter_of_what_was_delivered,
        write_an_older_row,
        lose_a_row,
        let_somebody_enter_twice,
        let_somebody_out,
        end_by_itself,
        leave_something_waiting,
    ],
)
def test_a_law_is_broken_where(evidence: Evidence, change: Callable[[Evidence], None]) -> None:
    change(evidence)
    assert judge(evidence).broken


def test_who_enters_a_journey_of_at_least_once_may_enter_twice(evidence: Evidence) -> None:
    evidence.entries.append(entry_of(evidence, "APIEvent-pings"))
    assert judge(evidence).broken == []


def test_of_an_event_that_is_unknown_both_is_possible(evidence: Evidence) -> None:
    line = line_of(evidence, "orders", "delivered")
    line["status"] = "unknown"
    evidence.letters.append(line)
    evidence.listed += 1
    assert judge(evidence).broken == []
    evidence.entries.remove(entry_of(evidence, "APIEvent-orders"))
    assert judge(evidence).broken == []


def test_a_bad_event_may_leave_columns_that_earlier_events_sent_again_were_stored_over() -> None:
    [profiles] = (mapping for mapping in MAPPINGS if mapping.name == "profiles")
    events = [
        {"messageId": f"m-{n}", "userId": "c-1", "type": "identify", "traits": traits}
        for n, traits in enumerate(
            [{"name": "Ann", "spent": 1.5}, {"spent": 2.5, "vip": True}, {"name": "Zoë"}]
        )
    ]
    good, bad = [events[0], events[2]], [events[1]]
    found = [
        (r["spent"], r["vip"]) for rows in remnants(profiles, good, bad) for r in rows.values()
    ]
    assert set(found) == {("1.50", ""), ("2.50", "True"), ("1.50", "True")}
