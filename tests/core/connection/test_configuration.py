from __future__ import annotations

import pytest

import wharfinger
from wharfinger import BatchPolicy, Unbatched


def _problems(connect, **overrides):
    with pytest.raises(wharfinger.ConfigurationError) as caught:
        connect(**overrides)
    return {problem.where: problem.message for problem in caught.value.problems}


def _mapping(**overrides):
    return {"notes": {"action": "send-note", "fields": {"board": "main"}, **overrides}}


def test_everything_wrong_is_reported_at_once(connect):
    problems = _problems(
        connect,
        settings={"region": "mars", "api_keys": "x"},
        mappings={
            "a": {"action": "send-notes"},
            "b": {"action": "send-note", "trigger": 'type == "track"'},
            "c": {"action": "ring-bell"},
            "d": 5,
        },
        route="http://10.0.0.1",
        retry={"attempts": "many"},
    )
    assert set(problems) >= {
        "settings.api_key",
        "settings.region",
        "settings.api_keys",
        "mappings.a.action",
        "mappings.b.trigger",
        "mappings.b.fields.board",
        "mappings.c.trigger",
        "mappings.d",
        "route",
        "retry.attempts",
    }
    assert 'Did you mean "send-note"?' in problems["mappings.a.action"]
    assert "has no default trigger" in problems["mappings.c.trigger"]


@pytest.mark.parametrize(
    ("given", "where", "found"),
    [
        ({"settings": []}, "settings", "must be a table, but it is a list."),
        ({"mappings": []}, "mappings", "must be a table, but it is a list."),
        ({"mappings": {"a": 5}}, "mappings.a", "must be a table, but it is a number."),
        ({"mappings": {"a": {}}}, "mappings.a.action", "is missing."),
        ({"mapping": {}}, "mapping", 'Did you mean "mappings"?'),
        ({"retry": {"attempts": "x"}}, "retry.attempts", "must be a whole number"),
        ({"retry": {"attempts": True}}, "retry.attempts", "but it is true or false"),
        ({"destination": None}, "destination", "must be text, but it is null."),
        ({"destination": "acne"}, "destination", 'Did you mean "acme"?'),
        ({"route": "http://10.0.0.1"}, "route", "not an address on this machine"),
        ({"route": "ftp://127.0.0.1"}, "route", "not an address on this machine"),
    ],
)
def test_a_wrong_shape_is_named_with_its_path(connect, given, where, found):
    assert found in _problems(connect, **given)[where]


def test_a_configuration_that_is_no_table_is_refused(plugins):
    with pytest.raises(wharfinger.ConfigurationError, match="must be a table"):
        plugins.connect([])


def test_more_mappings_than_the_destination_takes_are_refused(connect):
    mappings = {f"m{i}": _mapping()["notes"] for i in range(4)}
    assert "at most 3" in _problems(connect, mappings=mappings)["mappings"]


def test_a_mapping_may_be_pasted_as_segment_saves_it(connect):
    pasted = {
        "__segment_internal_sync_mode": "upsert",
        "__segment_internal_matching_key": "id",
        "text": {"@path": "$.event"},
        "onMappingSave": {"inputs": {"list": "x"}, "outputs": {"board": "chosen", "name": "Board"}},
        "retlOnMappingSave": {"inputs": {}, "outputs": {"board": "not this one"}},
    }
    notes = connect(mappings=_mapping(fields=pasted)).mappings["notes"]
    payload = notes.payload({"userId": "u", "event": "Hi"})
    assert (payload.board, payload.text) == ("chosen", "Hi")


def test_an_unknown_field_gets_a_suggestion(connect):
    problems = _problems(connect, mappings=_mapping(fields={"boards": "x", "author": "a"}))
    assert 'Did you mean "board"?' in problems["mappings.notes.fields.boards"]
    assert "Board is required" in problems["mappings.notes.fields.board"]


def test_a_constant_is_checked_before_the_first_event(connect):
    problems = _problems(connect, mappings=_mapping(fields={"board": {"not": "text"}}))
    assert problems == {"mappings.notes.fields.board": "Board must be text, but it is an object."}


def test_a_default_field_fills_what_the_mapping_leaves_out(connect):
    note = connect(mappings=_mapping()).mappings["notes"].payload({"userId": "u"})
    assert (note.board, note.author, note.text) == ("main", "u", None)


def test_the_plugin_says_how_an_action_is_batched_and_the_mapping_overrides(connect):
    policy = connect(mappings=_mapping()).mappings["notes"].policy
    assert policy == BatchPolicy(rows=10, bytes=1_000, lanes=2)
    policy = connect(mappings=_mapping(batch={"rows": 3, "age_s": 9})).mappings["notes"].policy
    assert policy == BatchPolicy(rows=3, bytes=1_000, lanes=2, age_s=9)


@pytest.mark.parametrize(("rows", "expected"), [(4, 4), (400, 10), ({"@literal": 2}, 2)])
def test_a_batch_size_in_the_fields_is_an_upper_bound(connect, rows, expected):
    fields = {"board": "main", "batch_size": rows}
    assert connect(mappings=_mapping(fields=fields)).mappings["notes"].policy.rows == expected


def test_batching_switched_off_in_the_fields_sends_one_by_one(connect):
    fields = {"board": "main", "enable_batching": False}
    assert connect(mappings=_mapping(fields=fields)).mappings["notes"].policy.rows == 1


def test_a_field_that_steers_batching_must_be_fixed(connect):
    fields = {"board": "main", "batch_size": {"@path": "$.n"}}
    problems = _problems(connect, mappings=_mapping(fields=fields))
    assert "fixed value" in problems["mappings.notes.fields.batch_size"]
    problems = _problems(connect, mappings=_mapping(fields={"board": "main", "batch_size": 0}))
    assert problems["mappings.notes.fields.batch_size"].startswith("Batch Size ")


def test_an_action_that_cannot_be_batched_refuses_with_its_reason(connect):
    ring = {"action": "ring-bell", "trigger": 'type = "track"'}
    assert isinstance(connect(mappings={"bell": ring}).mappings["bell"].policy, Unbatched)
    problems = _problems(connect, mappings={"bell": {**ring, "batch": {"rows": 5}}})
    assert "a bell rings once" in problems["mappings.bell.batch.rows"]
    lanes = connect(mappings={"bell": {**ring, "batch": {"lanes": 9}}}).mappings["bell"].policy
    assert lanes == Unbatched(reason="a bell rings once", lanes=9)
    problems = _problems(connect, mappings={"bell": {**ring, "fields": {"enable_batching": True}}})
    assert "a bell rings once" in problems["mappings.bell.fields.enable_batching"]
    connect(mappings={"bell": {**ring, "fields": {"enable_batching": False}}})
    problems = _problems(connect, mappings={"bell": {**ring, "fields": {"enable_batching": "?"}}})
    assert "true or false" in problems["mappings.bell.fields.enable_batching"]
    problems = _problems(connect, mappings={"bell": {**ring, "fields": {"batch_size": 5}}})
    assert "a bell rings once" in problems["mappings.bell.fields.batch_size"]


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        ({"enable_batching": "false"}, 1),
        ({"enable_batching": 0}, 1),
        ({"enable_batching": "true"}, 10),
        ({"enable_batching": None, "batch_size": None}, 10),
        ({"batch_size": "3"}, 3),
    ],
)
def test_what_steers_batching_is_read_as_every_field_is(connect, fields, rows):
    policy = connect(mappings=_mapping(fields={"board": "main", **fields})).mappings["notes"].policy
    assert policy.rows == rows


def test_a_mapping_that_is_not_enabled_is_checked_and_left_out(connect):
    assert connect(mappings=_mapping(enabled=False)).mappings == {}
    assert _problems(connect, mappings=_mapping(enabled=False, trigger="type ="))


def test_a_secret_may_be_given_as_text_or_as_a_secret_and_stays_hidden(connect):
    for key in ("key-1", wharfinger.Secret("key-1")):
        settings = connect(settings={"api_key": key}).settings
        assert settings.api_key.reveal() == "key-1"
        assert "key-1" not in repr(settings)


def test_a_wrong_secret_is_not_shown(connect):
    problems = _problems(connect, settings={"api_key": ["hunter2", "b"]})
    assert "hunter2" not in problems["settings.api_key"]
