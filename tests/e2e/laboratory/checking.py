"""The laws: what must be true once an experiment is over, whatever went wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import attrs
from tests.e2e.laboratory.evidence import Evidence
from tests.e2e.laboratory.serial import Rows, apply, key_of, remnants
from tests.e2e.laboratory.shop import MAPPINGS, Mapping

__all__ = ["Verdict", "judge"]

_MOST_SHOWN = 5
Place = tuple[str, str]


@attrs.define
class Verdict:
    """What the laws say.

    Attributes:
        broken: What is not as it must be; empty where all is well.
        lost: Outcomes that are missing, and events that did not arrive where they were said to.
        doubled: Outcomes there are twice, and journeys that somebody entered twice.
        statuses: Outcomes by status.
        rows: How many rows were compared.
        entries: Journey entries.
        remnants: Rows that differ by good columns of an event that has a bad one.
    """

    broken: list[str] = attrs.field(factory=list)
    lost: int = 0
    doubled: int = 0
    statuses: Counter[str] = attrs.field(factory=Counter)
    rows: int = 0
    entries: int = 0
    remnants: int = 0

    def miss(self, law: str, things: Iterable[Any]) -> int:
        """Note what breaks a law, and return how many that are."""
        found = list(things)
        if found:
            shown = ", ".join(map(str, found[:_MOST_SHOWN]))
            self.broken.append(f"{law}: {len(found)}, such as {shown}")
        return len(found)


def judge(evidence: Evidence) -> Verdict:
    """Hold what an experiment left behind to the laws."""
    verdict = Verdict()
    verdict.miss("processes ended by themselves", evidence.died)
    if evidence.waiting:
        verdict.broken.append(f"{evidence.waiting} events wait although everything is mended")
    _check_inbox(verdict, evidence)
    _check_outcomes(verdict, evidence)
    _check_letters(verdict, evidence)
    for mapping in MAPPINGS:
        if mapping.kind == "rows":
            _check_rows(verdict, evidence, mapping)
        else:
            _check_entries(verdict, evidence, mapping)
    return verdict


def _check_inbox(verdict: Verdict, evidence: Evidence) -> None:
    """Every event is in the inbox once, in the order in which it was given."""
    given = [each.event for each in evidence.planted]
    kept = [line["event"] for line in evidence.inbox]
    if kept != given:
        ids = Counter(event["messageId"] for event in kept)
        missing = [each.id for each in evidence.planted if each.id not in ids]
        verdict.lost += verdict.miss("events are not in the inbox", missing)
        verdict.doubled += verdict.miss("events are twice in the inbox", _twice(ids))
        verdict.broken.append("the inbox is not what was given to accept, in that order")


def _check_outcomes(verdict: Verdict, evidence: Evidence) -> None:
    """Every event has one outcome under each mapping that takes it, and the one it must have."""
    expected: dict[tuple[str, Place], bool] = {
        (each.id, mapping.place): mapping.place in each.bad
        for each in evidence.planted
        for mapping in MAPPINGS
        if mapping.takes(each.event)
    }
    found = Counter(_pair(line) for line in evidence.ledger)
    verdict.lost += verdict.miss("no outcome", expected.keys() - found.keys())
    verdict.doubled += verdict.miss("more than one outcome", _twice(found))
    verdict.miss("an outcome nobody asked for", found.keys() - expected.keys())
    once, rows = (
        {mapping.place for mapping in MAPPINGS if mapping.kind == kind} for kind in ("once", "rows")
    )
    wrong = []
    for line in evidence.ledger:
        verdict.statuses[line["status"]] += 1
        is_bad, place = expected.get(_pair(line)), _place(line)
        allowed = {"rejected"} if is_bad else {"delivered"}
        # What is bad may be lost on its way as well, and then nobody knows that it was refused.
        allowed |= {"unknown"} if place in once else set()
        # A bad value that a later one of its batch takes the place of is never sent: the rows of
        # one key collapse. That nothing of it is left is told by the tables.
        allowed |= {"delivered"} if is_bad and place in rows else set()
        if line["status"] not in allowed:
            wrong.append((*_pair(line), line["status"], line["code"]))
    verdict.miss("the wrong outcome", wrong)


def _check_letters(verdict: Verdict, evidence: Evidence) -> None:
    """What was not delivered is a dead letter, once, and nothing else is."""
    undelivered = {_pair(line) for line in evidence.ledger if line["status"] != "delivered"}
    letters = Counter(_pair(line) for line in evidence.letters)
    verdict.lost += verdict.miss("no dead letter", undelivered - letters.keys())
    verdict.miss("a dead letter too much", letters.keys() - undelivered)
    verdict.doubled += verdict.miss("a dead letter twice", _twice(letters))
    if evidence.listed != letters.total():
        verdict.broken.append(f"{evidence.listed} letters are listed, {letters.total()} exported")


def _check_rows(verdict: Verdict, evidence: Evidence, mapping: Mapping) -> None:
    """A table is what one gets by applying what was delivered, one after the other."""
    delivered = _having(evidence, mapping, "delivered")
    events = [each.event for each in evidence.planted if each.id in delivered]
    expected = apply(mapping, events)
    table = evidence.tables[mapping.account][mapping.target]["rows"]
    found: Rows = {tuple(row[key] for key in mapping.keys): row for row in table}
    verdict.rows += len(found)
    name = f"table {mapping.target}"
    verdict.lost += verdict.miss(f"{name}: rows missing", expected.keys() - found.keys())
    verdict.miss(f"{name}: rows nobody sent", found.keys() - expected.keys())
    verdict.miss(f"{name}: rows twice", range(len(table) - len(found)))
    different = []
    for key in expected.keys() & found.keys():
        if expected[key] != found[key]:
            if _is_remnant(evidence, mapping, found[key], key):
                verdict.remnants += 1
            else:
                different.append((found[key], "should be", expected[key]))
    verdict.lost += verdict.miss(f"{name}: rows differ from serial application", different)


def _is_remnant(
    evidence: Evidence, mapping: Mapping, row: dict[str, str], key: tuple[str, ...]
) -> bool:
    """Tell whether a row is as it should be, but for the good columns of events with a bad one."""
    about = [
        each
        for each in evidence.planted
        if mapping.takes(each.event) and key_of(mapping, each.event) == key
    ]
    delivered = _having(evidence, mapping, "delivered")
    bad = [each.event for each in about if mapping.place in each.bad]
    good = [e.event for e in about if e.id in delivered and mapping.place not in e.bad]
    return bool(bad) and any(row == rows.get(key) for rows in remnants(mapping, good, bad))


def _check_entries(verdict: Verdict, evidence: Evidence, mapping: Mapping) -> None:
    """Journeys were entered as often as their mapping allows, and in order."""
    entries = [each for each in evidence.entries if each["event_definition_key"] == mapping.target]
    verdict.entries += len(entries)
    counts = Counter(each["data"]["EventId"] for each in entries)
    delivered = _having(evidence, mapping, "delivered")
    law = f"journey {mapping.target}"
    verdict.lost += verdict.miss(f"{law}: said to be delivered", delivered - counts.keys())
    verdict.miss(
        f"{law}: refused and entered", _having(evidence, mapping, "rejected") & counts.keys()
    )
    may = delivered | _having(evidence, mapping, "unknown")
    verdict.miss(f"{law}: entered by nobody's word", counts.keys() - may)
    if mapping.kind == "once":
        verdict.doubled += verdict.miss(f"{law}: entered twice", _twice(counts))
        verdict.miss(f"{law}: entered out of order", _out_of_order(entries))


def _out_of_order(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    last: dict[str, int] = defaultdict(int)
    for entry in entries:
        number = int(entry["data"]["Number"])
        if number < last[entry["contact_key"]]:
            yield entry["data"]["EventId"]
        last[entry["contact_key"]] = number


def _having(evidence: Evidence, mapping: Mapping, status: str) -> set[str]:
    return {
        line["message_id"]
        for line in evidence.ledger
        if _place(line) == mapping.place and line["status"] == status
    }


def _place(line: dict[str, Any]) -> Place:
    return line["connection"], line["mapping"]


def _pair(line: dict[str, Any]) -> tuple[str, Place]:
    return line["message_id"], _place(line)


def _twice(counts: Counter[Any]) -> list[Any]:
    return [thing for thing, count in counts.items() if count > 1]
