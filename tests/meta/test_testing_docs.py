"""What the pages on the kit say, the kit does."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

import wharfinger.testing

TEST = """
import wharfinger
import wharfinger_postbox

plugins = wharfinger.load_plugins(allow=(), extra=[wharfinger_postbox])
CONFIG = {
    "destination": "postbox",
    "settings": {"api_key": "made-up-key-0123"},
    "mappings": {"letters": {"action": "send-letter", "fields": {"text": "Hello"}}},
}
EVENT = {"type": "track", "context": {"traits": {"address": "Quay 1"}}}
"""


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


def test_the_test_of_the_page_passes(page, tmp_path, run_pytest):
    (code,) = _blocks(page, "python")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["wharfinger.testing"]\n')
    (tmp_path / "test_letters.py").write_text(TEST + code)
    status, output = run_pytest("-o", "asyncio_mode=auto", "test_letters.py")
    assert status == 0, output
    assert "1 passed" in output


def test_the_command_of_the_page_tries_an_installed_plugin(page, tmp_path, run_pytest):
    (toml,) = _blocks(page, "toml")
    (command,) = _blocks(page, "console")
    (tmp_path / "postbox.toml").write_text(toml)
    words = command.replace("\\\n", " ").split()
    assert words[:2] == ["$", "pytest"]
    # The page has one event, which is too few for one check.
    status, output = run_pytest(*words[2:], "-k", "not make_payloads")
    assert status == 0, output
    assert "failed" not in output


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
