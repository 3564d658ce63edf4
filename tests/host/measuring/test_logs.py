from __future__ import annotations

import json
import logging
import sys

import pytest
from rich.console import Console

from wharfinger_host.log_format import LogFormat
from wharfinger_host.logs import tell, written


@pytest.fixture
def lines(capsys):
    """What is written to standard error, as JSON."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_what_is_told_is_one_object_a_line_with_its_facts(lines):
    with written(LogFormat.JSON, "wharfinger_host.serve"):
        tell("halted", "two\nlines\x1b", level=logging.ERROR, connection="main", count=3)
    [line] = lines()
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "error",
        "logger": "wharfinger_host.serve",
        "message": "two\nlines\x1b",
        "event": "halted",
        "connection": "main",
        "count": 3,
    }


def test_what_is_printed_and_what_others_log_is_json_as_well(lines):
    with written(LogFormat.JSON, "wharfinger_host.serve"):
        Console(file=sys.stderr, width=20).print("a table\n\nof two")
        logging.getLogger("someone").warning("a %s", "warning")
        logging.getLogger("someone").info("not wanted")
        logging.getLogger("wharfinger.flow").info("wanted")
    assert [(line["logger"], line["message"]) for line in lines()] == [
        ("wharfinger_host.serve", "a table"),
        ("wharfinger_host.serve", "of two"),
        ("someone", "a warning"),
        ("wharfinger.flow", "wanted"),
    ]


def test_an_error_is_told_by_its_place_and_never_by_its_words(lines):
    with written(LogFormat.JSON, "wharfinger_host.serve"):
        try:
            int("ada@shop.example")
        except ValueError:
            logging.getLogger("someone").exception("it failed")
    [line] = lines()
    assert line["error"] == "ValueError"
    assert "test_logs.py" in line["stack"]
    assert "ada" not in str(line)


def test_afterwards_everything_is_as_it_was(lines):
    before = sys.stderr, list(logging.getLogger().handlers), logging.getLogger("wharfinger").level
    with written(LogFormat.JSON, "wharfinger_host.serve"):
        pass
    after = sys.stderr, list(logging.getLogger().handlers), logging.getLogger("wharfinger").level
    assert after == before


def test_text_is_for_people(capsys):
    with written(LogFormat.TEXT, "wharfinger_host.serve"):
        tell("halted", "main is halted\x1b", connection="main")
    assert capsys.readouterr().err == "main is halted\\x1b\n"
