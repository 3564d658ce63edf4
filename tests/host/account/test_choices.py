"""``wharfinger choices``: the values a field can have, as the account has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _shelves(depot: Any) -> None:
    depot.shelves.update({"ash": {}, "oak": {}, "pine": {}})


def test_values_are_a_table_with_a_way_to_the_next_page(cli: Any, config: Path) -> None:
    result = cli("choices", config, "store", "shelf")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["Value", "Label", "Description"] in rows
    assert ["ash", "Shelf", "ash", "of", "oak"] in rows
    assert "pine" not in result.stdout
    assert "--page 2 shows more." in result.stdout
    last = cli("choices", config, "store", "shelf", "--page", 2).stdout
    assert "pine" in last
    assert "shows more" not in last


def test_an_action_is_known_by_its_alias_too(cli: Any, config: Path) -> None:
    assert "Shelf oak" in cli("choices", config, "put", "shelf").stdout


def test_search_and_fixed_fields_reach_the_vendor(cli: Any, config: Path) -> None:
    found = cli("choices", config, "store", "shelf", "--search", "in").stdout
    assert "pine" in found
    assert "ash" not in found
    loose = cli("choices", config, "store", "shelf", "--field", "mode=loose")
    assert loose.exit_code == 0
    assert loose.stdout == "main has nothing to choose from.\n"
    nothing = cli("choices", config, "store", "shelf", "--search", "größe").stdout
    assert nothing == 'main has nothing to choose from with "größe" in it.\n'


def test_json_holds_question_and_answer(cli: Any, config: Path) -> None:
    found = json.loads(cli("choices", config, "put", "shelf", "--json").stdout)
    assert found == {
        "ok": True,
        "connection": "main",
        "action": "store",
        "field": "shelf",
        "search": "",
        "page": 1,
        "next_page": 2,
        "items": [
            {"value": "ash", "label": "Shelf ash", "description": "of oak"},
            {"value": "oak", "label": "Shelf oak", "description": "of oak"},
        ],
        "obstacle": None,
    }


def test_the_only_values_of_a_field_are_told_without_asking_the_vendor(
    cli: Any, config: Path, vendor: Any
) -> None:
    result = cli("choices", config, "store", "mode", "--search", "LOO")
    assert result.exit_code == 0
    assert "loose" in result.stdout
    assert "strict" not in result.stdout
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stor", "shelf"), 'Did you mean "store"?'),
        (("store", "sheff"), 'Store has no field "sheff". Did you mean "shelf"?'),
        (("store", "shelf", "--field", "mod=x"), 'no field "mod". Did you mean "mode"?'),
        (("store", "shelf", "--field", "mode"), "must be NAME=VALUE"),
        (("store", "items"), "These fields do: shelf, mode."),
        (("ring", "text"), "Text has no values to choose from. No field here has."),
        (("store", "shelf", "--page", "0"), "--page"),
    ],
)
def test_a_question_that_cannot_be_asked_is_answered_with_what_can(
    cli: Any, config: Path, vendor: Any, arguments: tuple[str, ...], said: str
) -> None:
    result = cli("choices", config, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert vendor.requests == []


def test_several_connections_with_the_action_have_to_be_told_apart(
    cli: Any, config: Path, depot: Any, connection_text: Any
) -> None:
    config.write_text(config.read_text() + connection_text("other", depot.url))
    result = cli("choices", config, "store", "shelf")
    assert result.exit_code == 2
    assert "main, other. Say which with --connection NAME." in result.stderr
    assert cli("choices", config, "store", "shelf", "--connection", "other").exit_code == 0


def test_mappings_may_be_half_written(cli: Any, config: Path, vendor: Any) -> None:
    config.write_text(config.read_text().replace('shelf = "oak"', "").replace('"ring"', '"rin"'))
    assert cli("choices", config, "store", "shelf").exit_code == 0
    assert [request["path"] for request in vendor.requests] == ["/shelves"]


def test_a_vendor_that_does_not_answer_is_told(
    cli: Any, config: Path, depot: Any, closed_url: str
) -> None:
    config.write_text(config.read_text().replace(depot.url, closed_url))
    result = cli("choices", config, "store", "shelf")
    assert result.exit_code == 1
    told = (
        f"  error  Connection: api.depot.example (at the route {closed_url}) could not be reached"
    )
    assert told in result.stdout
    found = json.loads(cli("choices", config, "store", "shelf", "--json").stdout)
    assert (found["ok"], found["items"]) == (False, [])
    assert "could not be reached" in found["obstacle"]["message"]


def test_a_refused_key_is_told(cli: Any, config: Path, depot: Any) -> None:
    depot.refuses_key = True
    result = cli("choices", config, "store", "shelf")
    assert result.exit_code == 1
    assert "Depot refused the key. Make a new one." in result.stdout


def test_where_nothing_is_found_other_fields_are_asked_for(
    cli: Any, config: Path, depot: Any
) -> None:
    depot.shelves.clear()
    shown = cli("choices", config, "store", "shelf").stdout
    assert shown.startswith("main has nothing to choose from. ")
    assert "give that with --field NAME=VALUE" in shown


def test_values_of_a_wish_for_a_plan_can_be_looked_up(cli: Any, config: Path, site: Path) -> None:
    plugin = site / "depot.py"
    text = plugin.read_text().replace('{"shelf": shelves}', '{"shelf": shelves, "room": shelves}')
    plugin.write_text(text)
    assert "Shelf oak" in cli("choices", config, "store", "room").stdout
    others = cli("choices", config, "store", "depth").stderr
    assert "Depth has no values to choose from. These fields do: room, shelf, mode." in others
