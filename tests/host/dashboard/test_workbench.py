"""The workbench: what is explained, what can be written, and what saving does."""

from __future__ import annotations

import stat
from typing import Any

import orjson
import pytest

import wharfinger
from wharfinger_host.dashboard.words import event_paths, words_of

BENCH = "/workbench?connection=main&mapping=notes"
EVENT = {"type": "track", "userId": "u7", "properties": {"text": "hello", "a.b": 1}}
FIELDS = {"text": {"@case": {"operator": "upper", "value": {"@path": "$.properties.text"}}}}


def draft(**changes: Any) -> dict[str, str]:
    said = {"event": EVENT, "trigger": 'type = "track"', "fields": FIELDS, **changes}
    texts = {name: each if isinstance(each, str) else orjson.dumps(each).decode()
             for name, each in said.items()}  # fmt: skip
    return {"connection": "main", "mapping": "notes", **texts}


@pytest.fixture
def explained(host, show) -> Any:
    """Explains a draft as the script of the page does."""
    shown = show()

    def explain(**changes: Any) -> dict[str, Any]:
        reply = shown.ask("/workbench/explain", draft(**changes), BENCH)
        assert reply.status_code == 200
        found: dict[str, Any] = orjson.loads(reply.content)
        return found

    return explain


@pytest.fixture
def inside(show, token) -> Any:
    """A dashboard that somebody is signed in to."""
    shown = show(token)
    shown.sign_in()
    return shown


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


def changed(inside: Any, **changes: Any) -> Any:
    return inside.send("/workbench/difference", draft(**changes), BENCH)


def hidden(tree: Any) -> dict[str, str]:
    digests = [each["value"] for each in tree.all("input") if each.get("name") == "digest"]
    return {"digest": digests[0]} if digests else {}


def saved(inside: Any, digest: str, **changes: Any) -> Any:
    proof = inside.desk.access.proof(
        inside.client.cookies["wharfinger_dashboard"], "/dashboard/workbench/save"
    )
    form = {"proof": proof, "digest": digest, **draft(**changes)}
    return inside.client.post("/dashboard/workbench/save", data=form)


def test_saving_shows_the_difference_first_and_keeps_everything_else(host, inside, tree) -> None:
    before = host.config.read_text()
    host.config.chmod(0o640)
    page = tree(changed(inside).text)
    assert "+trigger = 'type = \"track\"'" in page.text
    assert '-text = { "@path" = "$.properties.text" }' in page.text
    assert host.config.read_text() == before
    reply = saved(inside, **hidden(page))
    assert reply.status_code == 303
    after = host.config.read_text()
    assert "# people" in after
    new = 'text = { "@case" = { operator = "upper", value = { "@path" = "$.properties.text" } } }'
    old = 'text = { "@path" = "$.properties.text" }'
    again = after.replace(new, old).replace("trigger = 'type = \"track\"'\n", "")
    assert list(filter(None, again.splitlines())) == list(filter(None, before.splitlines()))
    assert stat.S_IMODE(host.config.stat().st_mode) == 0o640
    assert inside.reloads == ["again"]
    assert [each.name for each in host.config.parent.glob(".*")] == []
    assert "Saved." in inside.page(reply.headers["location"].removeprefix("/dashboard")).text


def test_the_difference_shows_no_settings(host, inside) -> None:
    host.edit('api_key = { env = "ACME_KEY" }\n\n', 'api_key = "in-clear-text"\n')
    reply = changed(inside)
    assert reply.status_code == 200
    assert "in-clear-text" not in reply.text
    assert "website-key" not in reply.text
    assert "API Key stands here in clear text" in reply.text


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(host, inside, tree) -> None:
    digest = hidden(tree(changed(inside).text))["digest"]
    host.config.write_text(host.config.read_text() + "# by somebody else\n")
    before = host.config.read_text()
    reply = saved(inside, digest)
    assert reply.status_code == 409
    assert "was changed meanwhile" in reply.text
    assert host.config.read_text() == before
    assert inside.reloads == []
    assert saved(inside, **hidden(tree(reply.text))).status_code == 303
    assert "# by somebody else" in host.config.read_text()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trigger": "type ="}, "main.mappings.notes.trigger"),
        ({"fields": {"txt": 1}}, "main.mappings.notes.fields.txt"),
        ({"fields": {"text": None}}, "TOML cannot hold null"),
        ({"fields": "{"}, "no JSON object"),
        ({"mapping": "nothing"}, "has no mapping main.nothing"),
    ],
)
def test_what_would_be_wrong_with_the_file_cannot_be_saved(
    host, inside, tree, changes: Any, words: str
) -> None:
    before = host.config.read_text()
    reply = changed(inside, **changes)
    assert reply.status_code == 409
    assert words in tree(reply.text).text
    assert hidden(tree(reply.text)).keys() <= {"digest"} - {"digest"}
    assert saved(inside, "0" * 64, **changes).status_code == 409
    assert host.config.read_text() == before


def test_a_problem_elsewhere_in_the_file_keeps_it_from_being_saved(host, inside, tree) -> None:
    host.edit('write_key = "website-key"', 'write_kee = "website-key"')
    reply = changed(inside)
    assert reply.status_code == 409
    assert "sources.website.write_kee" in tree(reply.text).text


def test_nothing_to_save_is_told(host, inside, tree) -> None:
    fields = {"text": {"@path": "$.properties.text"}}
    text = tree(changed(inside, trigger="", fields=fields).text).text
    assert "Nothing changes" in text


def test_a_link_goes_on_leading_to_the_file(host, inside, tree, tmp_path) -> None:
    real = tmp_path / "real.toml"
    host.config.rename(real)
    host.config.symlink_to(real)
    assert saved(inside, **hidden(tree(changed(inside).text))).status_code == 303
    assert host.config.is_symlink()
    assert "@case" in real.read_text()


@pytest.fixture
def beside(host) -> Any:
    """The fields of the mapping, in a file of their own."""
    file = host.config.parent / "notes.json"
    file.write_text('{\n    "text": {"@path": "$.properties.text"}\n}\n')
    host.edit(
        '[connections.main.mappings.notes.fields]\ntext = { "@path" = "$.properties.text" }\n',
        'fields_file = "notes.json"\n',
    )
    return file


def test_fields_in_a_file_of_their_own_are_shown_as_they_stand_there(inside, beside) -> None:
    assert beside.read_text().strip() in inside.client.get(f"/dashboard{BENCH}").text.replace(
        "&#34;", '"'
    )


def test_fields_are_saved_to_the_file_they_stand_in(host, inside, beside, tree) -> None:
    before, fields = host.config.read_text(), '{\n    "text": "fixed",\n    "to": "ann"\n}'
    page = tree(changed(inside, trigger="", fields=fields).text)
    assert "What changes in notes.json" in page.text
    assert f"What changes in {host.config.name}" not in page.text
    assert '+ "text": "fixed",' in page.text
    assert beside.read_text() != fields
    assert saved(inside, **hidden(page), trigger="", fields=fields).status_code == 303
    assert beside.read_text() == fields + "\n"
    assert host.config.read_text() == before
    assert inside.reloads == ["again"]


def test_a_trigger_and_fields_in_a_file_are_saved_together(host, inside, beside, tree) -> None:
    page = tree(changed(inside).text)
    assert "What changes in notes.json" in page.text
    assert f"What changes in {host.config.name}" in page.text
    assert saved(inside, **hidden(page)).status_code == 303
    assert "trigger = 'type = \"track\"'" in host.config.read_text()
    assert 'fields_file = "notes.json"' in host.config.read_text()
    assert orjson.loads(beside.read_bytes()) == FIELDS
    assert [each.name for each in host.config.parent.glob(".*")] == []


def test_a_file_of_fields_that_was_changed_meanwhile_is_not_overwritten(
    inside, beside, tree
) -> None:
    digest = hidden(tree(changed(inside).text))["digest"]
    beside.write_text('{"text": "by somebody else"}')
    assert saved(inside, digest).status_code == 409
    assert "by somebody else" in beside.read_text()


def test_a_problem_in_a_file_of_fields_keeps_both_from_being_saved(
    host, inside, beside, tree
) -> None:
    before = (host.config.read_text(), beside.read_text())
    reply = changed(inside, fields='{\n"txt": 1}')
    assert reply.status_code == 409
    assert "of the file of fields, line 2" in tree(reply.text).text
    assert saved(inside, "0" * 64, fields='{\n"txt": 1}').status_code == 409
    assert (host.config.read_text(), beside.read_text()) == before


NEW: dict[str, Any] = {
    "mapping": "more",
    "action": "put-rows",
    "fields": {"key": "a", "values": {"x": 1}},
}


def new_draft(**changes: Any) -> dict[str, Any]:
    return {**NEW, **changes}


def test_a_new_mapping_begins_with_what_it_has_to_say(host, inside, tree) -> None:
    page = tree(inside.client.get("/dashboard/workbench/new").text)
    actions = [each["value"] for each in page.all("input") if each.get("name") == "action"]
    assert actions == ["send-note", "put-rows", "send-letter"]
    bench = inside.page("/workbench?connection=main&mapping=more&action=put-rows").text
    assert "not in the configuration yet" in bench
    assert '{ "key": "" }' in bench
    assert 'type = "track"' in bench


def test_a_new_mapping_is_explained_before_it_is_saved(explained, host, tree) -> None:
    text = tree(explained(**NEW)["html"]).text
    assert "PUT https://api.acme.example/rows" in text
    (trouble,) = explained(**new_draft(action="nothing"))["troubles"]
    assert "nothing" in trouble["message"]


def test_a_new_mapping_is_saved_after_its_difference(host, inside, tree) -> None:
    before = host.config.read_text()
    page = tree(changed(inside, **NEW).text)
    assert "+[connections.main.mappings.more]" in page.text
    assert '+action = "put-rows"' in page.text
    reply = saved(inside, **hidden(page), **NEW)
    assert reply.status_code == 303
    after = host.config.read_text()
    assert after.startswith(before.rstrip())
    assert inside.desk.mappings() == {"main": ["notes", "rows", "more"]}
    page = inside.page(reply.headers["location"].removeprefix("/dashboard"))
    assert "not in the configuration yet" not in page.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mapping": "notes"}, "has a mapping main.notes already"),
        ({"connection": "nobody"}, "has no connection nobody"),
        ({"action": "nothing"}, "main.mappings.more"),
        ({"fields": {"values": {}}}, "main.mappings.more.fields"),
    ],
)
def test_a_new_mapping_that_cannot_be_is_not_saved(
    host, inside, tree, changes: Any, words: str
) -> None:
    before = host.config.read_text()
    reply = changed(inside, **new_draft(**changes))
    assert reply.status_code == 409
    assert words in tree(reply.text).text
    assert host.config.read_text() == before


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


def test_going_on_with_editing_keeps_what_was_written(host, inside, tree) -> None:
    page = tree(changed(inside).text)
    assert orjson.dumps(EVENT).decode() in page.text
    assert "/dashboard/workbench" in [each["action"] for each in page.all("form")]
