"""Both readings of a trigger, on captured events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ALIKE = 'type = "track"'
QUOTED = "type = 'track'"
MIXED = 'type = "identify" and userId = "u1" or event = "A"'


def _traffic() -> list[dict[str, Any]]:
    return [
        {"type": "track", "event": "A", "userId": "u1"},
        {"type": "track", "event": "B", "userId": "u2"},
        {"type": "identify", "userId": "u1"},
        {"type": "identify", "userId": "u2"},
    ]


def _import(importing: Any, events: Any, tmp_path: Path, *triggers: str, lines: Any = ()) -> Any:
    file = events.write(tmp_path / "captured.jsonl.gz", *_traffic(), *lines)
    document = importing.both(
        *(importing.subscription(name=f"m{n}", trigger=text) for n, text in enumerate(triggers))
    )
    return importing.run(document, file)


def test_each_disagreement_is_listed_with_its_lines_and_its_cause(
    importing: Any, events: Any, tmp_path: Path
) -> None:
    found = _import(importing, events, tmp_path, ALIKE, QUOTED, MIXED)
    assert found.code == 0
    comparison = found.report["comparison"]
    assert (comparison["events"], comparison["triggers"]) == (4, 3)
    quoted, mixed = comparison["disagreements"]
    assert (quoted["mapping"], quoted["here"], quoted["segment"]) == ("m1", True, False)
    assert quoted["lines"] == [1, 2]
    assert "'track'" in quoted["cause"]
    assert (mixed["mapping"], mixed["here"], mixed["segment"]) == ("m2", False, True)
    assert mixed["lines"] == [4]
    assert "or" in mixed["cause"]


def test_triggers_that_read_alike_have_no_disagreement(
    importing: Any, events: Any, tmp_path: Path
) -> None:
    found = _import(importing, events, tmp_path, ALIKE)
    assert found.report["comparison"]["disagreements"] == []
    assert not found.notes("trigger")


def test_a_trigger_that_reads_differently_is_pointed_out_without_events(importing: Any) -> None:
    found = importing.one(trigger=QUOTED)
    quotes, whole = found.notes("trigger", kind="differs")
    assert quotes["severity"] == whole["severity"] == "warning"
    assert "'track'" in quotes["message"]
    assert whole["next_step"].endswith("write: type = \"'track'\"")


def test_lines_that_are_no_event_are_counted_and_passed_over(
    importing: Any, events: Any, tmp_path: Path
) -> None:
    found = _import(importing, events, tmp_path, QUOTED, lines=[b"{oops", b"[]", b"5"])
    comparison = found.report["comparison"]
    assert (comparison["events"], comparison["unreadable"]) == (4, 3)


def test_a_trigger_that_cannot_be_read_here_is_not_compared(
    importing: Any, events: Any, tmp_path: Path
) -> None:
    found = _import(importing, events, tmp_path, 'type = "track" and', ALIKE)
    assert found.code == 1
    comparison = found.report["comparison"]
    assert list(comparison["skipped"]) == ["depot-north.m0"]
    assert comparison["triggers"] == 1


def test_triggers_are_compared_without_settings(
    importing: Any, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "captured.jsonl", *_traffic())
    found = importing.run([importing.subscription(trigger=QUOTED)], file)
    assert [d["lines"] for d in found.report["comparison"]["disagreements"]] == [[1, 2]]


def test_events_that_cannot_be_read_stop_the_import(importing: Any, tmp_path: Path) -> None:
    found = importing.one(None, tmp_path / "gone.jsonl")
    assert found.code == 3
    assert "gone.jsonl: No such file" in found.said
    assert not list(tmp_path.glob("wharfinger*"))


def test_disagreements_are_shown_with_their_lines(
    cli: Any, importing: Any, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "captured.jsonl", *(_traffic() * 10))
    document = importing.write(importing.both(importing.subscription(trigger=QUOTED)))
    result = cli("import-segment", document, file)
    assert result.exit_code == 0
    assert "wharfinger takes 20 events that Segment does not (lines 1, 2, 5, 6" in result.stdout
    assert "and 10 more)" in result.stdout
    assert "1 trigger compared on 40 events: 1 disagreement" in result.stdout
