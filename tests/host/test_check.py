"""``wharfinger check``: everything that is wrong, each with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SECRET = "acme-s3cr3t-key"


@pytest.fixture
def check(cli: Any, config: Path) -> Any:
    """Check a configuration that was changed by replacing text; gives exit code and lines."""

    def run(*replacements: tuple[str, str], options: tuple[str, ...] = ()) -> tuple[int, list[str]]:
        text = config.read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        config.write_text(text)
        result = cli("check", config, *options)
        assert SECRET not in result.output
        return result.exit_code, result.stdout.replace(f"{config}:", "").splitlines()

    return run


def test_a_configuration_with_nothing_wrong_says_so(check: Any) -> None:
    code, lines = check()
    assert code == 0
    assert lines[0] == "main: Acme, 2 mappings"
    assert lines[-1].endswith("nothing is wrong")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('"acme"', '"acmee"', 2, 'Did you mean "acme"?'),
        ('destination = "acme"', "", 1, "connections.main.destination"),
        ('destination = "acme"', "destination = 5", 2, "must be text"),
        ("127.0.0.1", "example.com", 3, "connections.main.route"),
        ("attempts = 1", "attempt = 1", 4, "connections.main.retry.attempt"),
        ('"1234"', '"12a4"', 7, "Account"),
        ('account = "1234"', "", 6, "Account"),
        ('account = "1234"', 'account = "1234"\nsecret = 1', 8, "connections.main.settings.secret"),
        ('"send-note"', '"sent-note"', 11, 'Did you mean "send-note"?'),
        ('"identify"', '"identify" and', 17, "connections.main.mappings.rows.trigger"),
        ("trigger = 'type = \"identify\"'", "", 15, "no default trigger"),
        ("values.mail", "value.mail", 20, "connections.main.mappings.rows.fields.value"),
        ('key = { "@path" = "$.userId" }', "", 18, "Row Key"),
        ('"@path" = "$.userId"', '"@pat" = "$.userId"', 19, "mappings.rows.fields.key"),
        ('"$.traits.email"', "5", 20, "connections.main.mappings.rows.fields.values.mail"),
        ("[connections.main.mappings.notes]", "[connections.main.mapping.notes]", 10, "mapping"),
    ],
)
def test_each_problem_has_its_line_and_its_path(
    check: Any, old: str, new: str, line: int, said: str
) -> None:
    code, lines = check((old, new))
    assert code == 2
    assert any(found.startswith(f"{line}: ") and said in found for found in lines), lines


def test_everything_is_reported_at_once_in_the_order_of_the_file(
    check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_KEY")
    code, lines = check(
        ("[connections.main]", "[connection.main]\n[connections.other]\n[connections.main]"),
        ('"1234"', '"12a4"'),
        ('"send-note"', '"sent-note"'),
        ('"identify"', '"identify" and'),
    )
    assert code == 2
    numbers = [int(line.split(":")[0]) for line in lines if line[0].isdigit() and ":" in line]
    assert numbers == sorted(numbers)
    assert {1, 2, 9, 10, 13, 19} <= set(numbers)
    assert lines[-1].startswith("6 problems in ")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a = 1\nb = [\n", 2, "end of the file"),
        ("a = 1\na = 2\n", 2, "not valid TOML"),
        ("x = 'unclosed\n", 1, "not valid TOML"),
        ("x = = 1\n", 1, "column 5"),
        ("\xff", 1, "not valid TOML"),
        ("a = " + "[" * 5_000, 1, "nested too deeply"),
        ("", 1, "There is no connection"),
        ("connections = 5", 1, "There is no connection"),
        ("\n[connections]\n", 2, "There is no connection"),
        ("[connections]\nmain = 5\n", 2, "must be a table"),
        ("[connections.main]\nsettings = 5\ndestination = 'acme'", 2, "must be a table"),
        ("[connections.main]\nmappings = []\ndestination = 'acme'", 2, "must be a table"),
        ("[connections.main]\ndestination = 'acme'\nmappings.a = 5", 3, "must be a table"),
        ("[connections.main]\ndestination = 'acme'\nmappings.a.fields = 5", 3, "must be a table"),
        ("[connection.main]\ndestination = 'acme'", 1, "is not known here"),
    ],
)
def test_what_is_no_configuration_is_told_with_its_line(
    cli: Any, config: Path, text: str, line: int, said: str
) -> None:
    config.write_text(text, encoding="utf-8")
    result = cli("check", config)
    assert result.exit_code == 2
    assert any(
        found.startswith(f"{config}:{line}: ") and said in found
        for found in result.stdout.splitlines()
    ), result.stdout


@pytest.mark.parametrize(
    "trigger",
    ["type = track", 'type = "track" and contains(event, Order)', 'type = "x" or name=Ann'],
)
def test_a_word_without_quotes_in_a_trigger_is_warned_of(check: Any, trigger: str) -> None:
    code, lines = check(("trigger = 'type = \"identify\"'", f"trigger = '{trigger}'"))
    assert code == 0
    [said] = [line for line in lines if "without quotes is a field of the event" in line]
    assert said.startswith("17: connections.main.mappings.rows.trigger: ")
    assert 'If the text is meant write "' in said


@pytest.mark.parametrize(
    "trigger",
    ['type = "track"', 'type = "track" and userId != anonymousId', "traits.email = traits.login"],
)
def test_texts_and_fields_in_a_trigger_are_not_warned_of(check: Any, trigger: str) -> None:
    code, lines = check(("trigger = 'type = \"identify\"'", f"trigger = '{trigger}'"))
    assert (code, [line for line in lines if "(warning)" in line]) == (0, [])


def test_a_file_that_is_not_utf_8_is_told_with_its_line(cli: Any, config: Path) -> None:
    config.write_bytes(config.read_bytes() + b"# caf\xe9\n")
    result = cli("check", config)
    assert result.exit_code == 2
    assert f"{config}:21: this is not UTF-8" in result.stdout


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(cli: Any, config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes().replace(b"\n", b"\r\n"))
    assert cli("check", config).exit_code == 0


def test_a_file_that_is_not_there_is_a_matter_of_files(cli: Any, site: Path) -> None:
    result = cli("check", "missing.toml")
    assert result.exit_code == 3
    assert "missing.toml: No such file" in result.stderr


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ('{ env = "NO_SUCH_KEY" }', "the environment variable NO_SUCH_KEY is not set"),
        ('{ env = "EMPTY_KEY" }', "the environment variable EMPTY_KEY is empty"),
        ('{ env = "" }', "needs the name of an environment variable"),
        ("{ env = 5 }", "needs the name of an environment variable"),
        ('{ env = "A", file = "b" }', "either"),
        ('{ env = "A", default = "b" }', "either"),
        ('{ file = "missing" }', "No such file"),
        ('{ file = "folder" }', "directory"),
        ('{ file = "empty" }', "is empty"),
        ('{ file = "latin" }', "not UTF-8"),
        ('{ file = "huge" }', "longer than"),
        ('{ file = "a\\u0000b" }', "cannot be read"),
        ("{ file = [] }", "needs the path of a file"),
    ],
)
def test_a_secret_that_cannot_be_fetched_is_told_once_by_its_place(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, said: str
) -> None:
    monkeypatch.setenv("EMPTY_KEY", "")
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "latin").write_bytes(b"\xe9-acme-s3cr3t-key")
    (tmp_path / "huge").write_text("x" * 100_000)
    code, lines = check(('{ env = "ACME_KEY" }', reference))
    assert code == 2
    [problem] = [line for line in lines if "api_key" in line]
    assert problem.startswith("8: connections.main.settings.api_key: API Key: ")
    assert said in problem
    assert lines[-1].startswith("1 problem in ")


def test_a_secret_that_is_missing_hides_no_other_problem(
    check: Any, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_KEY")
    plugin = config.parent / "site" / "acme.py"
    together = (
        "    def __attrs_post_init__(self):\n        raise ValueError('Account is closed.')\n"
    )
    plugin.write_text(
        plugin.read_text().replace("\n\n\n@attrs.define", f"\n\n{together}\n\n@attrs.define", 1)
    )
    code, lines = check()
    assert code == 2
    assert "ACME_KEY is not set" in lines[1]
    assert "Account is closed." in lines[0]


def test_a_secret_may_stand_in_a_file_beside_the_configuration(
    check: Any, vendor: Any, tmp_path: Path
) -> None:
    (tmp_path / "key.txt").write_text(f"{SECRET}\n")
    code, _ = check(('{ env = "ACME_KEY" }', '{ file = "key.txt" }'), options=("--connect",))
    assert code == 0
    assert vendor.requests[0]["authorization"] == f"Bearer {SECRET}"


def test_a_setting_that_is_no_secret_may_be_fetched_as_well(
    check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_ACCOUNT", "77x")
    code, lines = check(('"1234"', '{ env = "ACME_ACCOUNT" }'))
    assert code == 2
    assert lines[0].startswith("7: ")
    assert "digits" in lines[0]


def test_a_mapping_may_hold_what_looks_like_a_reference(check: Any) -> None:
    code, _ = check(('values.mail = { "@path" = "$.traits.email" }', 'values = { env = "x" }'))
    assert code == 0


def test_a_secret_in_clear_text_is_allowed_and_warned_of(check: Any) -> None:
    code, lines = check(('{ env = "ACME_KEY" }', f'"{SECRET}"'))
    assert code == 0
    assert lines[0].startswith("8: connections.main.settings.api_key: API Key stands here in clear")
    assert 'env = "MAIN_API_KEY"' in lines[0]


def test_what_a_plugin_warns_of_has_the_line_of_its_setting(check: Any) -> None:
    code, lines = check(('"1234"', '"12"'))
    assert code == 0
    assert lines[0] == "7: connections.main.settings.account: Account: looks short. (warning)"


def test_connect_tries_the_credentials(check: Any, vendor: Any) -> None:
    code, lines = check(options=("--connect",))
    assert code == 0
    assert "  ok  API Key: Acme accepted it." in lines
    [request] = vendor.requests
    assert (request["path"], request["host"]) == ("/me", "api.acme.example")


def test_credentials_that_are_refused_fail_the_check(check: Any, vendor: Any) -> None:
    vendor.reply = lambda _: (403, "no")
    code, lines = check(options=("--connect",))
    assert code == 1
    assert "  error  API Key: Acme refused it. Make a new one." in lines
    assert not any("nothing is wrong" in line for line in lines)


def test_nothing_is_sent_where_the_configuration_is_wrong(check: Any, vendor: Any) -> None:
    code, _ = check(('"1234"', '"x"'), options=("--connect",))
    assert code == 2
    assert vendor.requests == []


def test_fields_may_stand_in_a_json_file(
    check: Any, tmp_path: Path, cli: Any, config: Path
) -> None:
    fields = {"key": {"@path": "$.userId"}, "values": {"mail": None}}
    (tmp_path / "rows.json").write_text(json.dumps(fields))
    text = config.read_text()
    start = text.index("[connections.main.mappings.rows.fields]")
    config.write_text(text[:start] + 'fields_file = "rows.json"\n')
    assert cli("check", config).exit_code == 0


@pytest.mark.parametrize(
    ("content", "where", "said"),
    [
        ('{\n "key": {"@path": "$.userId"},\n "keyy": 1\n}', "rows.json:3", "fields.keyy"),
        ('{\n "key": {\n "@pat": "$.userId"}\n}', "rows.json:3", "fields.key"),
        ('{\n "key": \n}', "rows.json:3", "not valid JSON"),
        ("[1]", "config.toml:18", "one JSON object"),
        (None, "config.toml:18", "No such file"),
    ],
)
def test_what_is_wrong_in_a_json_file_has_the_line_of_that_file(
    cli: Any, config: Path, content: str | None, where: str, said: str
) -> None:
    folder = config.parent
    if content is not None:
        (folder / "rows.json").write_text(content)
    text = config.read_text()
    start = text.index("[connections.main.mappings.rows.fields]")
    config.write_text(text[:start] + 'fields_file = "rows.json"\n')
    result = cli("check", config)
    assert result.exit_code == 2
    [problem] = result.stdout.splitlines()[:-1]
    assert problem.startswith(f"{folder / where}: ")
    assert said in problem


@pytest.mark.parametrize("place", ["5", '""', "{}", '"a\\u0000b"', '"."'])
def test_a_place_that_is_no_file_of_fields_is_told(cli: Any, config: Path, place: str) -> None:
    text = config.read_text()
    start = text.index("[connections.main.mappings.rows.fields]")
    config.write_text(text[:start] + f"fields_file = {place}\n")
    result = cli("check", config)
    assert result.exit_code == 2
    assert f"{config}:18: connections.main.mappings.rows.fields_file: " in result.stdout


def test_a_warning_that_names_no_setting_has_the_line_of_its_connection(
    check: Any, config: Path
) -> None:
    plugin = config.parent / "site" / "acme.py"
    plugin.write_text(plugin.read_text().replace('subject="Account"', 'subject="Weather"'))
    code, lines = check(('"1234"', '"12"'))
    assert code == 0
    assert lines[0] == "1: connections.main: Weather: looks short. (warning)"


def test_fields_and_a_file_of_fields_exclude_each_other(check: Any) -> None:
    code, lines = check(("'type = \"identify\"'", "'type = \"identify\"'\nfields_file = 'a.json'"))
    assert code == 2
    assert lines[0].startswith("18: connections.main.mappings.rows.fields_file: ")


def test_a_date_in_a_mapping_is_text_as_in_json(cli: Any, config: Path, events: Any) -> None:
    text = config.read_text().replace('{ "@path" = "$.traits.email" }', "1979-05-27T07:32:00Z")
    config.write_text(text)
    file = events.write(config.parent / "events.jsonl", events.identify(1))
    result = cli("preview", config, file, "--json")
    [request] = json.loads(result.stdout)["requests"]
    assert request["body"] == [{"key": "u1", "values": {"mail": "1979-05-27T07:32:00+00:00"}}]


def test_json_holds_the_same(cli: Any, config: Path) -> None:
    config.write_text(config.read_text().replace('"1234"', '"x"'))
    result = cli("check", config, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 2
    assert found["ok"] is False
    [problem] = found["problems"]
    assert (problem["file"], problem["line"]) == (str(config), 7)
    assert problem["path"] == "connections.main.settings.account"


def test_json_of_a_good_configuration_names_connections_and_findings(
    cli: Any, config: Path
) -> None:
    found = json.loads(cli("check", config, "--connect", "--json").stdout)
    assert found["ok"] is True
    [connection] = found["connections"]
    assert connection["destination"] == "acme"
    assert connection["mappings"] == [
        {"name": "notes", "action": "send-note"},
        {"name": "rows", "action": "put-rows"},
    ]
    assert [finding["level"] for finding in connection["findings"]] == ["ok"]


def test_several_connections_are_checked_in_one_go(cli: Any, config: Path) -> None:
    text = config.read_text()
    second = text.replace("connections.main", 'connections."two.2"').replace('"1234"', '"x"')
    config.write_text(text.replace('"1234"', '"y"') + second)
    result = cli("check", config)
    assert result.exit_code == 2
    found = [line.split(": ")[0] for line in result.stdout.splitlines()[:-1]]
    assert found == [f"{config}:7", f"{config}:27"]


def test_control_characters_reach_no_terminal(cli: Any, config: Path) -> None:
    config.write_text(config.read_text().replace('"acme"', '"\\u001b[31mevil\\u0007"'))
    result = cli("check", config)
    assert "\x1b" not in result.stdout
    assert "\\x1b[31mevil\\x07" in result.stdout


def test_a_folder_is_no_configuration(cli: Any, config: Path) -> None:
    result = cli("check", config.parent)
    assert result.exit_code == 3
    assert "directory" in result.stderr
