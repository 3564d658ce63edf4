"""``wharfinger send``: every line of a file is accounted for."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

SECRET = "acme-s3cr3t-key"


def test_events_are_delivered_and_counted(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    lines = [events.track(1), events.identify(2), events.identify(3), {"type": "page"}]
    result = cli("send", config, events.write(tmp_path / "e.jsonl", *lines))
    assert result.exit_code == 0
    assert vendor.bodies("/notes") == [{"to": "u1", "text": "hello"}]
    [rows] = vendor.bodies("/rows")
    assert [row["key"] for row in rows] == ["u2", "u3"]
    table = [line.split() for line in result.stdout.splitlines()]
    assert ["notes", "1", "3", "0", "0", "0", "0"] in table
    assert ["rows", "2", "2", "0", "0", "0", "0"] in table
    assert list(tmp_path.glob("*undelivered*")) == []


@pytest.mark.parametrize("form", ["file", "gzip file", "pipe", "gzip pipe"])
def test_gzip_and_standard_input_are_read_alike(
    cli: Any, config: Path, vendor: Any, events: Any, form: str
) -> None:
    data = b"".join(json.dumps(events.track(n)).encode() + b"\n" for n in range(3))
    data = gzip.compress(data) if "gzip" in form else data
    file = config.parent / "events"
    file.write_bytes(data)
    result = cli("send", config, *(["-"] if "pipe" in form else [file]), stdin=data)
    assert result.exit_code == 0
    assert {note["to"] for note in vendor.bodies("/notes")} == {"u0", "u1", "u2"}


def test_what_is_not_delivered_is_written_with_its_reason(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    def reply(body: Any) -> tuple[int, str]:
        match body:
            case {"text": "bad"}:
                return 422, "text: \x1b[31mno"
            case {"text": "down"}:
                return 503, ""
        return 200, ""

    vendor.reply = reply
    lines = [
        events.track(1),
        events.track(2, "bad"),
        b"{oops",
        events.track(4, "down"),
        {"type": "track"},
        events.track(6, "bad"),
    ]
    result = cli("send", config, events.write(tmp_path / "day.jsonl.gz", *lines))
    assert result.exit_code == 1
    file = tmp_path / "day.undelivered.jsonl"
    records = {record["line"]: record for record in events.read(file)}
    assert sorted(records) == [2, 3, 4, 5, 6]
    assert records[2] == {
        "line": 2,
        "connection": "main",
        "mapping": "notes",
        "status": "rejected",
        "code": "acme-refused",
        "message": "Acme refused this one.",
        "vendor_message": "text: \x1b[31mno",
        "http_status": 422,
        "request_id": "r-1",
        "event": events.track(2, "bad"),
    }
    assert records[3] == {
        "line": 3,
        "status": "unreadable",
        "code": "not-json",
        "message": records[3]["message"],
        "raw": "{oops",
    }
    assert (records[4]["status"], records[4]["retry_after_s"]) == ("retry", 30.0)
    assert (records[5]["status"], records[5]["event"]) == ("rejected", {"type": "track"})
    assert "Recipient" in records[5]["message"]
    for said in (
        "5 records of what was not delivered in day.undelivered.jsonl",
        "1 line could not be read",
        "rejected: acme-refused",
        "retry: acme-down",
        "unreadable: not-json",
    ):
        assert said in result.stdout
    assert "\x1b" not in result.stdout
    assert SECRET not in result.output + file.read_text()


def test_an_event_is_written_byte_for_byte(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    vendor.reply = lambda _: (422, "")
    event = b'{"type":"track", "userId":"u", "n":123456789012345678901234567890.10, "a":1, "a":2}'
    cli("send", config, events.write(tmp_path / "e.jsonl", event))
    written = (tmp_path / "e.undelivered.jsonl").read_bytes()
    assert written.endswith(b'"event":' + event + b"}\n")


def test_what_cannot_be_text_is_written_in_base_64(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    cli("send", config, events.write(tmp_path / "e.jsonl", b'{"a": "\xff"}'))
    [record] = events.read(tmp_path / "e.undelivered.jsonl")
    assert record["code"] == "not-utf-8"
    assert record["raw_base64"] == "eyJhIjogIv8ifQ=="


def test_an_existing_file_is_never_overwritten(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "e.jsonl", b"{oops")
    (tmp_path / "e.undelivered.jsonl").write_text("precious")
    (tmp_path / "e.undelivered-2.jsonl").symlink_to("nowhere")
    result = cli("send", config, file)
    assert (tmp_path / "e.undelivered.jsonl").read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    assert len(events.read(tmp_path / "e.undelivered-3.jsonl")) == 1
    assert "e.undelivered-3.jsonl (e.undelivered.jsonl was there already)" in result.stdout


def test_the_file_can_be_named_and_is_for_its_owner_alone(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    file = tmp_path / "rest"
    cli("send", config, events.write(tmp_path / "e.jsonl", b"{oops"), "--undelivered", file)
    assert len(events.read(file)) == 1
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", ["missing/rest.jsonl", "."])
def test_a_file_that_cannot_be_made_stops_before_anything_is_sent(
    cli: Any, config: Path, vendor: Any, events: Any, place: str
) -> None:
    file = events.write(config.parent / "e.jsonl", events.track(1))
    result = cli("send", config, file, "--undelivered", config.parent / place)
    assert result.exit_code == 3
    assert vendor.requests == []


def test_a_full_disk_stops_the_run_and_says_what_is_certain(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    vendor.reply = lambda body: (422 if body["text"] == "bad" else 200, "")
    lines = [events.track(n, "bad" if n == 3 else "good") for n in range(1, 9)]
    file = events.write(tmp_path / "e.jsonl", *lines)
    result = cli("send", config, file, "--chunk", 2, "--undelivered", "/dev/full")
    assert result.exit_code == 3
    assert "/dev/full cannot be written (No space left on device)" in result.stdout
    assert "Lines 3 to 4 were sent" in result.stdout
    assert "--from-line 5" in result.stdout
    assert len(vendor.bodies("/notes")) == 4
    assert "4 events in" in result.stdout


def test_a_run_goes_on_from_a_line(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    lines = [b"{oops", *(events.track(n) for n in range(2, 6))]
    result = cli("send", config, events.write(tmp_path / "e.jsonl", *lines), "--from-line", 4)
    assert result.exit_code == 0
    assert {note["to"] for note in vendor.bodies("/notes")} == {"u4", "u5"}


def test_refused_credentials_stop_the_run_after_the_first_chunk(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    vendor.reply = lambda _: (401, "who?")
    file = events.write(tmp_path / "e.jsonl", *(events.track(n) for n in range(1, 31)))
    result = cli("send", config, file, "--chunk", 10)
    assert result.exit_code == 1
    assert "Stopped at line 10. Acme refused the API Key. Make a new one." in result.stdout
    assert "--from-line 11" in result.stdout
    records = events.read(tmp_path / "e.undelivered.jsonl")
    assert [record["line"] for record in records] == list(range(1, 11))
    assert {record["status"] for record in records} == {"halted"}


def test_a_run_goes_on_while_something_comes_through(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    vendor.reply = lambda body: (200, "") if isinstance(body, list) else (401, "")
    file = events.write(
        tmp_path / "e.jsonl",
        *(event(n) for n in range(1, 11) for event in (events.track, events.identify)),
    )
    rows_only = switched_off(config.read_text(), "notes")
    notes_only = switched_off(config.read_text(), "rows")
    config.write_text(rows_only + notes_only.replace("connections.main", "connections.other"))
    result = cli("send", config, file, "--chunk", 4)
    assert result.exit_code == 1
    assert "Stopped" not in result.stdout
    assert len([row for rows in vendor.bodies("/rows") for row in rows]) == 10
    records = events.read(tmp_path / "e.undelivered.jsonl")
    assert [record["line"] for record in records] == list(range(1, 20, 2))
    assert {(r["connection"], r["mapping"]) for r in records} == {("other", "notes")}
    assert "main.rows" in result.stdout


def switched_off(configuration: str, mapping: str) -> str:
    header = f"[connections.main.mappings.{mapping}]"
    return configuration.replace(header, f"{header}\nenabled = false")


def test_a_cut_off_file_is_delivered_as_far_as_it_goes(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    data = b"".join(json.dumps(events.track(n)).encode() + b"\n" for n in range(1, 4))
    file = tmp_path / "e.jsonl.gz"
    file.write_bytes(gzip.compress(data)[:-8])
    result = cli("send", config, file)
    assert result.exit_code == 1
    assert len(vendor.bodies("/notes")) == 3
    [record] = events.read(tmp_path / "e.undelivered.jsonl")
    assert (record["line"], record["code"]) == (4, "gzip-damaged")


def test_an_empty_file_is_sent_in_no_time(cli: Any, config: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    result = cli("send", config, tmp_path / "empty")
    assert result.exit_code == 0
    assert "0 events" in result.stdout


def test_only_one_mapping_is_sent_where_one_is_named(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    file = events.write(tmp_path / "e.jsonl", events.track(1), events.identify(2))
    result = cli("send", config, file, "--mapping", "rows")
    assert result.exit_code == 0
    assert [request["path"] for request in vendor.requests] == ["/rows"]
    assert "notes" not in result.stdout


def test_nothing_is_sent_with_a_wrong_configuration(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    config.write_text(config.read_text().replace('"1234"', '"x"'))
    file = events.write(tmp_path / "e.jsonl", events.track(1))
    result = cli("send", config, file)
    assert result.exit_code == 2
    assert f"{config}:7: connections.main.settings.account: " in result.stderr
    as_json = cli("send", config, file, "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["problems"][0]["line"] == 7
    assert vendor.requests == []


def test_mappings_that_are_all_switched_off_are_a_mistake(
    cli: Any, config: Path, events: Any, tmp_path: Path
) -> None:
    config.write_text(config.read_text().replace("action =", "enabled = false\naction ="))
    result = cli("send", config, events.write(tmp_path / "e.jsonl", events.track(1)))
    assert result.exit_code == 2
    assert "no mapping that is enabled" in result.stderr


def test_json_holds_counts_reasons_and_the_file(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    vendor.reply = lambda body: (422 if body["text"] == "bad" else 200, "why")
    lines = [events.track(1), events.track(2, "bad"), b"[]", events.track(4, "bad")]
    result = cli("send", config, events.write(tmp_path / "e.jsonl", *lines), "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (found["ok"], found["events"], found["unreadable"]) == (False, 3, 1)
    assert found["undelivered"] == "e.undelivered.jsonl"
    assert found["undelivered_records"] == 3
    assert found["stopped"] is None
    notes = next(each for each in found["mappings"] if each["mapping"] == "notes")
    assert (notes["delivered"], notes["rejected"], notes["filtered"]) == (1, 2, 0)
    [first, second] = found["reasons"]
    assert (first["code"], first["count"], first["line"]) == ("acme-refused", 2, 2)
    assert first["message"] == "Acme refused this one. (why)"
    assert (second["status"], second["code"], second["line"]) == ("unreadable", "not-an-object", 3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return [outcome_of(response)] * len(rows)", "return []"),
        ("perform=put_rows,", "perform=put_rows, batch_key=lambda row: [],"),
    ],
)
def test_a_plugin_that_breaks_in_delivery_loses_no_event(
    cli: Any, config: Path, events: Any, old: str, new: str
) -> None:
    tmp_path = config.parent
    plugin = tmp_path / "site" / "acme.py"
    source = plugin.read_text()
    assert old in source
    plugin.write_text(source.replace(old, new))
    file = events.write(tmp_path / "e.jsonl", *(events.identify(n) for n in range(1, 5)))
    result = cli("send", config, file)
    assert result.exit_code == 1
    records = events.read(tmp_path / "e.undelivered.jsonl")
    assert [r["line"] for r in records if r["mapping"] == "rows"] == [1, 2, 3, 4]


@pytest.fixture
def send(cli: Any, config: Path, events: Any) -> Any:
    """Send lines; gives the result and the records of what was not delivered."""

    def run(lines: list[Any], chunk: int) -> tuple[Any, list[dict[str, Any]]]:
        rest = config.parent / "rest.jsonl"
        rest.unlink(missing_ok=True)
        file = events.write(config.parent / "e.jsonl", *lines)
        result = cli("send", config, file, "--json", "--chunk", chunk, "--undelivered", rest)
        return result, events.read(rest) if rest.exists() else []

    return run


LINE = st.sampled_from(["good", "bad", "down", "page", "junk", "list", "blank", "unmapped"])


@given(kinds=st.lists(LINE, max_size=12), chunk=st.integers(1, 5))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_line_of_any_file_is_counted_once_and_written_unless_settled(
    send: Any, vendor: Any, events: Any, kinds: list[str], chunk: int
) -> None:
    vendor.reply = lambda body: ({"bad": 422, "down": 503}.get(body["text"], 200), "")
    made = {
        "page": {"type": "page"},
        "junk": b"{oops",
        "list": [],
        "blank": b"  ",
        "unmapped": {"type": "track"},
    }
    lines = [made.get(kind, events.track(n, kind)) for n, kind in enumerate(kinds, 1)]
    result, records = send(lines, chunk)
    found, count = json.loads(result.stdout), Counter(kinds)
    notes = next(each for each in found["mappings"] if each["mapping"] == "notes")
    assert found["unreadable"] == count["junk"] + count["list"]
    assert found["events"] == len(kinds) - count["blank"] - found["unreadable"]
    assert notes["delivered"] == count["good"]
    assert notes["retry"] == count["down"]
    assert notes["rejected"] == count["bad"] + count["unmapped"]
    assert notes["filtered"] == count["page"]
    missing = {"bad", "down", "junk", "list", "unmapped"}
    expected = [number for number, kind in enumerate(kinds, 1) if kind in missing]
    assert sorted(record["line"] for record in records) == expected
    assert result.exit_code == (1 if expected else 0)


def test_a_narrow_terminal_shows_counts_and_reasons_one_below_the_other(
    cli: Any, config: Path, vendor: Any, events: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wharfinger_host.terminal._WIDTH_OF_A_FILE", 60)
    vendor.reply = lambda body: (422, "no") if body == {"to": "u1", "text": "bad"} else (200, "")
    lines = [events.track(1, "bad"), events.track(2), {"type": "page"}]
    shown = cli("send", config, events.write(config.parent / "e.jsonl", *lines)).stdout.splitlines()
    assert "notes: 1 delivered, 1 filtered, 1 rejected" in shown
    assert "rows: 3 filtered" in shown
    [start] = [n for n, line in enumerate(shown) if line.startswith("1 notes rejected: ")]
    assert shown[start].endswith(", first line 1")
    assert shown[start + 1]
