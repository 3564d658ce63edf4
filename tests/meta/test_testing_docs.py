"""What the pages on the kit say, the kit does."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from tests.meta.pages import files_of

import wharfinger.testing


@pytest.fixture
def page(root):
    return (root / "docs/how-to/test-a-plugin.md").read_text()


@pytest.fixture
def run_pytest(root, tmp_path):
    """Run pytest in an empty folder, where Postbox is installed."""
    info = tmp_path / "site/wharfinger_postbox-1.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: wharfinger-postbox\nVersion: 1.0.0\n"
    )
    (info / "entry_points.txt").write_text("[wharfinger]\npostbox = wharfinger_postbox\n")
    path = [str(info.parent), str(root / "docs/how-to/postbox/src"), *sys.path]

    def run_pytest(*arguments):
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
            capture_output=True,
            text=True,
            check=False,
        )
        return run.returncode, run.stdout + run.stderr

    return run_pytest


def _blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("shown", "count"), [("test-a-plugin.md", 25), ("write-a-plugin.md", 1)])
def test_the_tests_of_a_page_pass_without_a_plugin_for_async_tests(
    docs, tmp_path, run_pytest, shown, count
):
    files = {
        name: text
        for name, text in files_of(docs / "how-to" / shown).items()
        if name.startswith("tests/")
    }
    (tmp_path / "tests").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    status, output = run_pytest("-p", "no:asyncio")
    assert status == 0, output
    assert f"{count} passed" in output


def test_the_command_of_the_page_tries_an_installed_plugin(page, docs, tmp_path, run_pytest):
    (toml,) = _blocks(page, "toml")
    (command,) = _blocks(page, "console")
    (tmp_path / "postbox.toml").write_text(toml)
    shown = files_of(docs / "how-to/test-a-plugin.md")
    (tmp_path / "answering.py").write_text(shown["answering.py"])
    words = command.replace("\\\n", " ").split()
    assert words[:4] == ["$", "python", "-m", "pytest"]
    status, output = run_pytest(*words[4:])
    assert status == 0, output
    assert re.search(r"^\d+ passed, \d+ skipped in", output, re.MULTILINE)


RULES = """
[settings]
api_key = "made-up-key-0123"

[examples.send-letter]
fields = {{ text = "Hello" }}
events = [
  {{ type = "track", context = {{ traits = {{ address = "Quay 1" }} }} }},
  {{ type = "track", context = {{ traits = {{ address = "Quay 2" }} }} }},
]

[[answers]]
method = "{method}"
path = "/let*"
json = {{ verdicts = ["sent", "sent"] }}

[[answers]]
status = 500
"""


@pytest.mark.parametrize(("method", "outcome"), [("POST", "1 passed"), ("PUT", "1 failed")])
def test_the_first_rule_of_the_file_that_fits_gives_the_reply(
    tmp_path, run_pytest, method, outcome
):
    (tmp_path / "postbox.toml").write_text(RULES.format(method=method))
    _, output = run_pytest(
        *("-p", "wharfinger.testing", "--pyargs", "wharfinger.testing.installed"),
        *("--wharfinger-destination", "postbox", "--wharfinger-settings", "postbox.toml"),
        *("-k", "test_what_the_vendor_accepts"),
    )
    assert outcome in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Name the destination that is to be tried"),
        (("--wharfinger-destination", "nobody"), "no plugin gives it"),
        (
            ("--wharfinger-destination", "postbox", "--wharfinger-settings", "missing.toml"),
            "missing.toml",
        ),
    ],
)
def test_what_is_missing_on_the_command_line_is_told(run_pytest, arguments, words):
    status, output = run_pytest(
        *("-p", "wharfinger.testing", "--pyargs", "wharfinger.testing.installed", *arguments),
        *("-k", "loads"),
    )
    assert status != 0
    assert words in output


def test_an_unknown_key_of_the_file_is_told_with_the_known_ones(run_pytest, tmp_path):
    (tmp_path / "postbox.toml").write_text("answer = []\n")
    _, output = run_pytest(
        *("-p", "wharfinger.testing", "--pyargs", "wharfinger.testing.installed", "-k", "loads"),
        *("--wharfinger-destination", "postbox", "--wharfinger-settings", "postbox.toml"),
    )
    assert "answer is not known" in output
    assert "besides" in output


def test_a_function_of_the_file_that_is_not_there_is_told(run_pytest, tmp_path):
    (tmp_path / "postbox.toml").write_text('answers = "nobody:answers"\n')
    _, output = run_pytest(
        *("-p", "wharfinger.testing", "--pyargs", "wharfinger.testing.installed", "-k", "loads"),
        *("--wharfinger-destination", "postbox", "--wharfinger-settings", "postbox.toml"),
    )
    assert "nobody:answers is no function that can be imported" in output


def test_every_check_is_in_the_reference_and_no_other(root):
    text = (root / "docs/reference/testing.md").read_text()
    listed = re.findall(r"^\| `(test_\w+)` \|", text, re.MULTILINE)
    checks = [
        name for name in vars(wharfinger.testing.DestinationContract) if name.startswith("test_")
    ]
    assert listed == checks


def test_every_name_of_the_kit_is_in_the_reference(root):
    text = (root / "docs/reference/testing.md").read_text()
    listed = re.findall(r"^\.\. auto\w+:: wharfinger\.testing\.(\w+)$", text, re.MULTILINE)
    others = {"pytest_addoption", "vendor"}  # what pytest looks for
    assert sorted(listed) == sorted(set(wharfinger.testing.__all__) - others)
