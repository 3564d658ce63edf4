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
            # As the command pytest runs: the present folder is on nobody's path.
            [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
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


@pytest.mark.parametrize(("shown", "count"), [("test-a-plugin.md", 26), ("write-a-plugin.md", 1)])
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


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "[examples.send-letter]\nevnts = []",
            "[examples.send-letter] evnts is not known. Known: ev",
        ),
        ("[examples.send-letter]\nevents = 7", "[examples.send-letter] events must be a list."),
        ("[examples]\nsend-letter.events = [7]", "[examples.send-letter] events must be a list of"),
        ("examples = []", "examples must be a table."),
        ("answers = 7", "answers must be a list or text."),
        ("answers = [{ stauts = 200 }]", "[[answers]] no. 1: stauts is not known. Known: method"),
        ("besides = [7]", "[[besides]] no. 1: it must be a table."),
        ('answers = "nobody:answers"', "nobody:answers is no function that can be imported"),
        ('answers = "broken:answers"', "beside this file or from elsewhere (ZeroDivisionError: "),
        ('answers = "string:digits"', 'string:digits is no function. Write "module:function".'),
        ("settings = {", "postbox.toml: "),
    ],
)
def test_what_is_wrong_with_the_file_is_told_once_and_nothing_is_tried(
    run_pytest, tmp_path, written, told
):
    (tmp_path / "postbox.toml").write_text(f"{written}\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    status, output = run_pytest(
        *("-p", "wharfinger.testing", "--pyargs", "wharfinger.testing.installed"),
        *("--wharfinger-destination", "postbox", "--wharfinger-settings", "postbox.toml"),
    )
    assert status == pytest.ExitCode.USAGE_ERROR
    assert output.count("ERROR: --wharfinger-settings postbox.toml: ") == output.count(told) == 1
    assert "Traceback" not in output


def test_a_function_beside_the_file_answers(run_pytest, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "beside.py").write_text("from within import answers\n")
    (folder / "within.py").write_text(
        "import httpx\n\n\ndef answers(request):\n    return httpx.Response(418)\n"
    )
    events = ", ".join(
        f'{{ type = "track", context.traits.address = "Quay {number}" }}' for number in (1, 2)
    )
    (folder / "postbox.toml").write_text(
        f'answers = "beside:answers"\nsettings.api_key = "made-up-key-0123"\n'
        f'[examples.send-letter]\nfields.text = "Hello"\nevents = [{events}]\n'
    )
    _, output = run_pytest(
        *("-p", "wharfinger.testing", "--pyargs", "wharfinger.testing.installed"),
        *("--wharfinger-destination", "postbox", "-k", "what_the_vendor_accepts"),
        *("--wharfinger-settings", "elsewhere/postbox.toml"),
    )
    assert 'the outcome is "unknown" (unexpected-reply)' in output


def test_a_kit_that_is_no_plugin_of_pytest_is_told_once(run_pytest):
    status, output = run_pytest("--pyargs", "wharfinger.testing.installed")
    assert status == pytest.ExitCode.INTERRUPTED
    assert output.count("Give pytest the kit as a plugin: -p wharfinger.testing") == 1


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
    others = ("pytest_", "vendor", "wharfinger_facts")  # what pytest looks for
    names = [name for name in wharfinger.testing.__all__ if not name.startswith(others)]
    assert sorted(listed) == sorted(names)
