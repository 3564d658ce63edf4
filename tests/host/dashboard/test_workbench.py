"""The workbench: what is explained, and what can be written."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.host.dashboard.drafting import BENCH, EVENT, draft

import wharfinger
from wharfinger_host.dashboard.words import event_paths, words_of


def test_the_bench_begins_with_the_mapping_as_it_stands_and_an_event_it_takes(used, show) -> None:
    page = show().page(BENCH)
    assert '"m-4"' in page.text
    assert '"@path": "$.properties.text"' in page.text
    assert [each["aria-current"] for each in page.all("a") if "aria-current" in each] == [
        "page",
        "true",
    ]
    assert "Trigger: takes the event" in page.text


def test_the_bench_begins_with_the_event_of_a_letter(used, show, id_of) -> None:
    shown = show()
    (number,) = id_of(shown.page("/letters?contact=u2"))
    text = shown.page(f"{BENCH}&letter={number}").text
    assert '"m-2"' in text
    assert "takes the event" in text


def test_it_tells_conditions_provenance_and_the_request_and_sends_nothing(
    explained, host, tree
) -> None:
    found = explained(trigger='type = "track" and userId != null')
    text = tree(found["html"]).text
    assert found["troubles"] == []
    assert 'true type = "track" type is "track"' in text
    assert 'true userId != null userId is "u7"' in text
    assert '@case upper value: @path $.properties.text → "hello"' in text
    assert "POST https://api.acme.example/notes" in text
    assert '"text": "HELLO"' in text
    assert host.vendor.requests == []


def test_it_tells_which_condition_does_not_hold_and_which_was_not_looked_at(
    explained, tree
) -> None:
    text = tree(explained(trigger='type = "page" and userId = "u7"')["html"]).text
    assert "Trigger: does not take the event" in text
    assert 'false type = "page" type is "track"' in text
    assert 'not looked at userId = "u7"' in text
    assert "POST" not in text


def test_an_empty_trigger_is_that_of_the_action(explained, tree) -> None:
    assert 'true type = "track"' in tree(explained(trigger="  ")["html"]).text


def test_an_event_that_the_mapping_rejects_is_told_with_the_reason(explained, tree) -> None:
    text = tree(explained(event={"type": "track"})["html"]).text
    assert "rejected: payload-invalid. Recipient is missing" in text


@pytest.mark.parametrize(
    ("changes", "place", "line", "column"),
    [
        ({"event": '{"type":\n "track",}'}, "event", 2, 9),
        ({"event": "[]"}, "event", 1, 0),
        ({"event": ""}, "event", 1, 1),
        ({"fields": '{\n\n"text": x}'}, "fields", 3, 9),
        ({"fields": '{\n"text": {"@pth": "$.a"}}'}, "fields", 2, 0),
        ({"fields": '{"text": "a",\n\n"txt": 1}'}, "fields", 3, 0),
        ({"trigger": 'type = "track"\n and ('}, "trigger", 2, 7),
        ({"trigger": "type = = 1"}, "trigger", 1, 8),
        ({"mapping": "note"}, "connection", 0, 0),
        ({"connection": "nobody"}, "connection", 0, 0),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    explained, changes: Any, place: str, line: int, column: int
) -> None:
    trouble = explained(**changes)["troubles"][0]
    assert trouble["place"] == place
    assert (trouble["line"], trouble["column"]) == (line, column)
    assert trouble["message"]
    assert "\n" not in trouble["message"]


def test_everything_that_is_wrong_is_told_at_once(explained) -> None:
    found = explained(event="{", trigger="(", fields="{")
    assert [each["place"] for each in found["troubles"]] == ["event", "fields", "trigger"]


def test_a_path_names_what_is_wrong_in_the_fields(explained) -> None:
    (trouble,) = explained(fields={"text": {"@if": {"exists": 1, "thn": 2}}})["troubles"]
    assert trouble["where"].startswith("text.@if")
    assert "thn" in trouble["where"] + trouble["message"]


def test_another_mapping_that_is_wrong_does_not_disturb(host, explained) -> None:
    host.edit('action = "put-rows"', 'action = "put-rowz"')
    assert explained()["troubles"] == []


def test_a_setting_that_is_missing_is_told_and_never_its_value(host, explained) -> None:
    host.edit('account = "1234"', 'account = "12x4"')
    found = explained()
    assert {each["place"] for each in found["troubles"]} == {"connection"}
    assert "acme-s3cr3t-key" not in str(found)


@pytest.mark.parametrize("action", ["send-letter"])
def test_no_credential_is_shown_in_a_request(host, explained, action: str) -> None:
    host.edit('action = "send-note"', f'action = "{action}"')
    fields = {"text": "hello", "mail": "a@b.example", "sender": {"name": "x"}}
    html = explained(fields=fields)["html"]
    assert "https://api.acme.example/letters" in html
    assert "x-api-key: ***" in html.lower()
    assert "acme-s3cr3t-key" not in html


def test_without_a_script_the_form_does_the_same(host, show, tree) -> None:
    shown = show()
    reply = shown.send("/workbench", draft(), BENCH)
    assert reply.status_code == 200
    text = tree(reply.text).text
    assert "takes the event" in text
    assert '"text": "HELLO"' in text
    assert orjson.dumps(EVENT).decode() in text


def test_the_words_are_the_fields_of_the_payload_directives_and_functions(host, show) -> None:
    desk = show().desk
    words = words_of(desk, desk.plugins.action("acme", "send-letter"))
    assert [word.text for word in words.fields][:2] == ["text", "tone"]
    assert words.fields[0].about.startswith("Letter Text (required, text)")
    assert [word.text for word in words.properties["sender"]] == ["name", "age"]
    assert [word.text for word in words.values["tone"]] == ["warm", "cold"]
    assert words.asked == ()
    assert words_of(desk, None).fields == ()


def test_every_directive_that_is_offered_is_one_and_its_example_is_right(host, show) -> None:
    desk = show().desk
    config = {"destination": "acme", "settings": {"account": "1234", "api_key": "k"}}
    for word in words_of(desk, None).directives:
        example = orjson.loads(word.about)
        assert list(example) == [word.text]
        values = {"key": "k", "values": {"x": example}}
        mapping = {"action": "put-rows", "trigger": 'type = "track"', "fields": values}
        desk.plugins.connect({**config, "mappings": {"m": mapping}})


def test_every_function_that_is_offered_is_one_and_its_example_is_right(host, show) -> None:
    for word in words_of(show().desk, None).functions:
        assert word.about.startswith(f"{word.text}(")
        wharfinger.compile_trigger(word.about)


def test_the_paths_of_an_event_lead_to_something(explained) -> None:
    paths = {each["text"]: each["about"] for each in explained()["paths"]}
    assert paths["properties.text"] == '"hello"'
    assert "properties" in paths
    assert "properties.a.b" not in paths
    many = {"type": "track", **{f"k{number}": {"x": 1} for number in range(1_000)}}
    assert len(event_paths(many)) == 300


def test_the_tenant_is_asked_for_the_values_of_a_field(host, inside, site) -> None:
    # Acme knows no values, so this plugin's action learns some.
    action = inside.desk.plugins.action("acme", "put-rows")

    async def names(_session: Any, question: wharfinger.Question) -> wharfinger.Choices:
        assert question.fields == {"key": "k"}
        if question.page == 2:
            return wharfinger.Choices(items=[wharfinger.Choice(value="city", label="city")])
        items = [wharfinger.Choice(value="mail", label="E-mail")]
        return wharfinger.Choices(items=items, next_page=2)

    action.choices["values"] = names
    said = {"connection": "main", "mapping": "rows", "fields": '{"key": "k", "values": {}}'}
    on = "/workbench?connection=main&mapping=rows"
    reply = inside.ask("/workbench/choices", {**said, "field": "values"}, on)
    assert orjson.loads(reply.content) == {
        "words": [{"text": "mail", "about": "E-mail"}, {"text": "city", "about": ""}],
        "obstacle": "",
    }
    assert inside.ask("/workbench/choices", {**said, "field": "key"}, on).status_code == 404


def test_the_bench_begins_with_the_newest_event_that_the_mapping_takes(host, show) -> None:
    track, identify = host.events.track, host.events.identify
    host.accept(*({**track(n), "messageId": f"t-{n}"} for n in (1, 2)), identify(3))
    shown = show()
    assert '"t-2"' in shown.page(BENCH).text
    assert '"t-1"' in shown.page(f"{BENCH}&message_id=t-1").text


@pytest.mark.parametrize(
    ("trigger", "kind"), [('type = "identify"', "identify"), ('type = "group"', "track")]
)
def test_over_an_empty_inbox_the_bench_begins_with_a_sample(
    host, show, trigger: str, kind: str
) -> None:
    host.edit('action = "send-note"', f"action = \"send-note\"\ntrigger = '{trigger}'")
    assert f'"type": "{kind}"' in show().page(BENCH).text
