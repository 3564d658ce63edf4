"""Changing one mapping in a text, and nothing else of it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger_host.configuration import without_dates
from wharfinger_host.dashboard.editing import EditError, added, edited

PLACE = ("main", "notes")
TEXTS = [
    """\
# at the head
[connections.main]
destination = "acme"  # whom

[connections.main.mappings.notes]
action = "send-note"
trigger = 'type = "track"'   # which

[connections.main.mappings.notes.fields]
# why
text = { "@path" = "$.a" }  # what
values.One = 1
values.Two = { "@template" = "{{b}}" }
day = 2026-03-01

[connections.main.mappings.rows]
action = "put-rows"
""",
    """\
connections.main.destination = "acme"
connections.main.mappings.notes = { action = "send-note", fields = { text = "a" } }
""",
    """\
[connections.main.mappings.notes]
action = "send-note"
fields.text = "a"
fields.values.One = 1
[connections.main]
destination = "acme"
""",
    """\
[connections.main.mappings.notes]
action = "send-note"
fields = { text = "a", values = { One = 1 } }
[connections.other.mappings.notes]
action = "send-note"
""",
    """\
[connections.main.mappings.notes]
action = "send-note"
[connections.main.mappings.notes.fields.values]
One = 1
[connections.main.mappings.notes.fields]
text = '''
long'''
""",
    '[connections."main".mappings]\nnotes.action = "send-note"\n',
]

names = st.one_of(st.sampled_from(["text", "values", "One", "a b", "@path", 'q"', "ä"]), st.text())
scalars = st.one_of(
    st.text(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False,
    allow_infinity=False),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
fields_of = st.dictionaries(names, values, max_size=4)


def expected(text: str, trigger: str, fields: dict[str, Any]) -> Any:
    document = without_dates(tomllib.loads(text))
    mapping = document["connections"]["main"]["mappings"]["notes"]
    mapping.pop("trigger", None)
    mapping.pop("fields", None)
    if trigger.strip():
        mapping["trigger"] = trigger
    if fields:
        mapping["fields"] = fields
    return document


@given(st.sampled_from(TEXTS), st.text(), fields_of)
def test_the_file_says_what_was_wished_and_nothing_else_is_changed(text, trigger, fields) -> None:
    try:
        made = edited(text, PLACE, trigger, fields)
    except EditError:
        # It says so where a text is written in a way it cannot change; the usual one it can.
        assert text not in TEXTS[:1]
        return
    assert without_dates(tomllib.loads(made)) == expected(text, trigger, fields)


@pytest.mark.parametrize("text", TEXTS[:-1])
def test_every_usual_way_of_writing_a_mapping_can_be_changed(text: str) -> None:
    fields = {"text": {"@path": "$.b"}, "values": {"Two": "x"}}
    made = edited(text, PLACE, 'type = "page"', fields)
    assert without_dates(tomllib.loads(made)) == expected(text, 'type = "page"', fields)


def test_comments_and_order_stay_wherever_nothing_changes() -> None:
    text = TEXTS[0]
    fields = {
        "text": {"@path": "$.a"},
        "values": {"One": 2, "Two": {"@template": "{{b}}"}},
        "day": "2026-03-01",
    }
    made = edited(text, PLACE, 'type = "track"', fields)
    assert made == text.replace("values.One = 1", "values.One = 2")


def test_what_is_as_it_was_changes_no_byte() -> None:
    fields = without_dates(tomllib.loads(TEXTS[0]))["connections"]["main"]["mappings"]["notes"]
    assert edited(TEXTS[0], PLACE, fields["trigger"], fields["fields"]) == TEXTS[0]
    assert edited(TEXTS[0], PLACE, fields["trigger"], None) == TEXTS[0]


def test_a_trigger_is_written_so_that_it_can_be_read() -> None:
    made = edited(TEXTS[0], PLACE, 'event = "A" and type = "track"', None)
    assert 'trigger = \'event = "A" and type = "track"\'   # which' in made


@pytest.mark.parametrize("fields", [{"a": None}, {"a": 2**63}, {"a": [{"b": None}]}])
def test_what_toml_cannot_hold_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(EditError, match="TOML cannot hold"):
        edited(TEXTS[0], PLACE, "", fields)


def test_a_mapping_that_is_not_there_is_refused() -> None:
    with pytest.raises(EditError, match=r"no mapping main\.other"):
        edited(TEXTS[0], ("main", "other"), "", {})


def test_what_cannot_be_changed_is_refused_with_the_way_to_write_it() -> None:
    words = r"Write it under headers of its own, \[connections\.main\.mappings\.notes\]"
    with pytest.raises(EditError, match=words):
        edited(TEXTS[-1], PLACE, 'type = "page"', {"text": "x"})


@given(st.sampled_from(TEXTS), names.filter(lambda name: name != "notes"), st.text(), fields_of)
def test_a_mapping_more_is_added_and_nothing_else_is_changed(text, name, trigger, fields) -> None:
    try:
        made = added(text, ("main", name), "put-rows", trigger, fields)
    except EditError:
        # It says so where no header can be added to a text.
        assert text not in TEXTS[:1]
        return
    wanted = without_dates(tomllib.loads(text))
    mapping: dict[str, Any] = {"action": "put-rows"}
    if trigger.strip():
        mapping["trigger"] = trigger
    if fields:
        mapping["fields"] = fields
    wanted["connections"]["main"]["mappings"][name] = mapping
    assert without_dates(tomllib.loads(made)) == wanted
    assert made.startswith(text.rstrip())


def test_the_first_mapping_of_a_connection_can_be_added() -> None:
    text = '[connections.main]\ndestination = "acme"\n'
    made = added(text, ("main", "rows"), "put-rows", 'type = "page"', {"key": "a"})
    assert made.splitlines()[3:] == [
        "[connections.main.mappings.rows]",
        'action = "put-rows"',
        "trigger = 'type = \"page\"'",
        "",
        "[connections.main.mappings.rows.fields]",
        'key = "a"',
    ]


@pytest.mark.parametrize(
    ("place", "words"),
    [(PLACE, "has a mapping main.notes already"), (("other", "x"), "has no connection other")],
)
def test_a_mapping_that_cannot_be_added_is_refused(place: tuple[str, str], words: str) -> None:
    with pytest.raises(EditError, match=words):
        added(TEXTS[0], place, "put-rows", "", {})


def test_where_no_header_can_be_added_the_way_to_write_it_is_told() -> None:
    text = '[connections.main]\nmappings = { notes = { action = "send-note" } }\n'
    with pytest.raises(EditError, match=r"\[connections\.main\.mappings\.NAME\]"):
        added(text, ("main", "rows"), "put-rows", "", {})
