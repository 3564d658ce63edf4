"""What saving does: mappings that are changed, in one file or two, and new ones."""

from __future__ import annotations

import stat
from typing import Any

import orjson
import pytest
from tests.host.dashboard.drafting import BENCH, EVENT, FIELDS, draft


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


def test_going_on_with_editing_keeps_what_was_written(host, inside, tree) -> None:
    page = tree(changed(inside).text)
    assert orjson.dumps(EVENT).decode() in page.text
    assert "/dashboard/workbench" in [each["action"] for each in page.all("form")]
