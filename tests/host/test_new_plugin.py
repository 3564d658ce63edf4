"""What ``wharfinger new-plugin`` writes installs, is found, passes the kit, lints and is typed."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import wharfinger
import wharfinger_host
from wharfinger_host.cli import app
from wharfinger_host.scaffold import PluginNameError, naming_of, texts_of, write_plugin

SOURCES = [str(Path(str(package.__file__)).parents[1]) for package in (wharfinger, wharfinger_host)]
LONGEST = "abcdefghijk-mnopqrstuvwx"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(app, ["new-plugin", *arguments])

    return run


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """A plugin, written once; the tests that share it change nothing in it."""
    folder = tmp_path_factory.mktemp("written") / "wharfinger-acme-mail"
    write_plugin(folder, naming_of("acme-mail"))
    return folder


def succeed(*command, cwd, path=()):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*path, *SOURCES]),
        "MYPYPATH": SOURCES[0],
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    run = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def installed(plugin, tmp_path_factory):
    """Install it as a user would, but without a network, and away from everything else."""
    site = str(tmp_path_factory.mktemp("site"))
    quiet = ("--quiet", "--disable-pip-version-check")
    offline = ("--no-index", "--no-deps", "--no-build-isolation")
    succeed("pip", "install", *quiet, *offline, "--target", site, ".", cwd=plugin)
    return site


def test_it_is_found_by_its_entry_point(plugin, installed):
    code = "import sys; from wharfinger_host.cli import main; sys.argv[1:] = {}; main()"
    run = subprocess.run(
        [sys.executable, "-c", code.format(["plugins", "--json"])],
        cwd=plugin.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([installed, *SOURCES])},
        capture_output=True,
        text=True,
        check=True,
    )
    (found,) = (p for p in json.loads(run.stdout)["plugins"] if p["name"] == "acme-mail")
    assert (found["state"], found["distribution"]) == ("loaded", "wharfinger-acme-mail")
    assert found["provides"] == ["destination acme-mail", "action acme-mail/send-event"]


def test_its_tests_and_the_kit_pass(plugin, installed):
    output = succeed("pytest", "-q", "-p", "no:cacheprovider", cwd=plugin, path=[installed])
    assert "30 passed" in output


def test_the_kit_passes_without_a_class_by_the_command_of_the_readme(plugin, installed):
    text = (plugin / "README.md").read_text().replace("\\\n", " ")
    (command,) = re.findall(r"^\$ (pytest -p .*)$", text, re.MULTILINE)
    options = ("-v", "-p", "no:cacheprovider")
    output = succeed(*shlex.split(command), *options, cwd=plugin, path=[installed])
    checks = dict(re.findall(r"::(test_\w+) ([A-Z]+)", output))
    assert set(checks.values()) == {"PASSED"}
    assert checks.keys() >= {
        "test_the_plugin_loads",
        "test_what_the_vendor_accepts_is_delivered",
        "test_a_refused_row_takes_no_other_along",
        "test_statuses_agree_with_the_effect_of_an_action",
        "test_secrets_show_nowhere",
    }


@pytest.fixture(scope="module")
def answer(plugin):
    """Give the results of events, as the imitation of the vendor that comes with it answers."""
    answers = runpy.run_path(str(plugin / "tests/answering.py"))["answers"]

    def answer(*events):
        response = answers(httpx.Request("POST", "https://api.acme-mail.example", json=events))
        assert response.status_code == 200
        return response.json()["results"]

    return answer


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["properties", "total", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(ANYTHING, max_size=4))
def test_the_imitation_answers_whatever_it_is_sent(answer, events):
    results = answer(*events)
    assert len(results) == len(events)
    for result in results:
        told = bool(result.get("reason"))
        assert (result["status"], told) in {("accepted", False), ("refused", True)}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({}, "properties are missing"),
        ({"properties": None}, "total is missing from properties"),
        ({"properties": {"totl": 1}}, "total is missing from properties"),
        ({"properties": {"total": "1"}}, "total is no number"),
        ({"properties": {"total": -0.5}}, "total is negative"),
    ],
)
def test_the_imitation_says_what_an_event_lacks(answer, event, reason):
    accepted, refused = {"status": "accepted"}, {"status": "refused", "reason": reason}
    good = {"properties": {"total": 0}}
    assert answer(good, event, good) == [accepted, refused, accepted]


@pytest.mark.parametrize("name", ["ab", LONGEST])
def test_it_is_formatted_and_has_no_lint_however_long_its_name_is(name, tmp_path):
    folder = tmp_path / "made"
    write_plugin(folder, naming_of(name))
    succeed("ruff", "check", "--no-cache", ".", cwd=folder)
    succeed("ruff", "format", "--no-cache", "--check", ".", cwd=folder)


def test_it_is_typed_strictly(plugin):
    output = succeed("mypy", "--no-incremental", cwd=plugin)
    assert "no issues" in output


def test_the_page_names_every_field_with_its_default(plugin, installed, monkeypatch):
    page = (plugin / "docs/acme-mail.md").read_text()
    monkeypatch.syspath_prepend(installed)
    action = wharfinger.load_plugins().action("acme-mail", "send-event")
    for field in wharfinger.fields_of(action.payload):
        assert f"| `{field.name}` | {field.label}" in page
        assert f"`{action.default_fields[field.name]['@path']}`" in page
    (toml,) = (block for block in page.split("```toml\n")[1:])
    connection = tomllib.loads(toml.partition("```")[0])["connections"]["main"]
    connection["settings"]["api_key"] = "made-up-key-0123456789"
    wharfinger.load_plugins().connect(connection)


def test_nothing_of_a_template_is_left_over():
    for path, text in texts_of(naming_of("acme")).items():
        assert "<<" not in text + path
        assert ">>" not in text + path
        assert not path.endswith(".txt")


def test_the_command_says_what_comes_next(run, tmp_path):
    result = run("acme")
    assert result.exit_code == 0
    assert "cd wharfinger-acme" in result.output
    assert (tmp_path / "wharfinger-acme/src/wharfinger_acme/__init__.py").is_file()


def test_the_folder_can_be_chosen_and_told_as_data(run, tmp_path):
    result = run("acme", "--folder", "elsewhere", "--json")
    told = json.loads(result.stdout)
    assert told["folder"] == "elsewhere"
    assert all((tmp_path / "elsewhere" / file).is_file() for file in told["files"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Acme Mail", 'How about "acme-mail"?'),
        ("Größe", 'How about "grosse"?'),
        ("日本", "lower-case letters and digits"),
        ("9lives", 'How about "lives"?'),
        ("../acme", 'How about "acme"?'),
        ("", "lower-case letters and digits"),
        ("acme\n", 'How about "acme"?'),
        ("wharfinger-acme", 'Say "acme"'),
        ("sfmc", "Choose another name"),
        ("host", "Choose another name"),
        ("a" * 25, "24 are the most"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_what_to_do(run, tmp_path, name, words):
    result = run("--", name)
    assert result.exit_code == 2
    assert words in result.output
    assert "Nothing was written" in result.output
    assert list(tmp_path.iterdir()) == []


def test_the_longest_name_is_taken():
    assert naming_of(LONGEST).slug == LONGEST
    with pytest.raises(PluginNameError):
        naming_of(f"{LONGEST}3")


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_there_is_left_as_it_is(run, tmp_path, kind):
    there = tmp_path / "wharfinger-acme"
    match kind:
        case "file":
            there.write_text("mine")
        case "folder":
            there.mkdir()
        case "link":
            there.symlink_to("nowhere")
    result = run("acme")
    assert result.exit_code == 3
    assert "Nothing was written" in result.output
    assert list(tmp_path.iterdir()) == [there]
    assert kind != "file" or there.read_text() == "mine"
    assert kind != "folder" or list(there.iterdir()) == []


def test_a_folder_above_that_is_not_there_is_an_error(run, tmp_path):
    result = run("acme", "--folder", "no/such/place")
    assert result.exit_code == 3
    assert "no/such: is no folder that is there; make it first" in result.output
    assert "Nothing was written" in result.output
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_whole_is_not_written_at_all(tmp_path, monkeypatch):
    written: list[Path] = []

    def fill_up(file, *arguments, **options):
        if len(written) == 5:
            raise OSError(28, "No space left on device", str(file))
        written.append(file)
        return 0

    monkeypatch.setattr(Path, "write_text", fill_up)
    with pytest.raises(OSError, match="No space left"):
        write_plugin(tmp_path / "acme", naming_of("acme"))
    assert list(tmp_path.iterdir()) == []


def test_others_may_read_what_was_written_as_far_as_they_may_read_new_files(tmp_path):
    before = os.umask(0o027)
    try:
        write_plugin(tmp_path / "acme", naming_of("acme"))
    finally:
        os.umask(before)
    assert (tmp_path / "acme").stat().st_mode & 0o777 == 0o750
