"""What is published must work, and be fit to read, anywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

REGISTRIES = re.compile(
    r"(?:pypi|pythonhosted|npmjs|anaconda)\.(?:org|com)|[-_]index[-_]url", re.IGNORECASE
)
MACHINE_PATHS = re.compile(r"(?<![\w.$}/-])/(?:work|root|home|Users)/\w")
PRIVATE_KEYS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")


@pytest.fixture(scope="module")
def texts(root):
    """Return the text of every file that is or would be tracked, by path."""
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = root / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            found[name] = content.decode("utf-8")
    assert "pyproject.toml" in found
    return found


def _refuse(texts, pattern):
    wrong = [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_no_file_names_a_package_registry(texts):
    _refuse(texts, REGISTRIES)


def test_no_file_holds_a_path_of_one_machine(texts, root):
    _refuse(texts, MACHINE_PATHS)
    for here in {str(root), str(Path.home())} - {"/"}:
        _refuse(texts, re.compile(re.escape(here) + r"\b"))


def test_no_file_holds_a_private_key(texts):
    _refuse(texts, PRIVATE_KEYS)


def test_every_text_file_ends_with_one_newline(texts):
    wrong = [name for name, text in texts.items() if text and not re.search(r"[^\n]\n\Z", text)]
    assert not wrong, "\n".join(wrong)


def test_no_line_ends_with_blanks(texts):
    _refuse(texts, re.compile(r"[ \t]$"))


def test_no_module_grows_beyond_reason(texts):
    long = {
        name: len(text.splitlines())
        for name, text in texts.items()
        if name.endswith(".py") and len(text.splitlines()) > 650
    }
    assert long == {}


def test_the_tests_that_need_servers_are_where_make_looks_for_them(texts):
    lines = re.findall(
        r'pytest (.*) -m "?(?:rabbitmq or )?stores"?$', texts["Makefile"], re.MULTILINE
    )
    assert len(lines) == 2
    marked = [name for name, text in texts.items() if re.search(r"mark\.stores\b", text)]
    assert len(marked) > 3
    for line in lines:
        folders = tuple(f"{folder}/" for folder in line.split())
        assert [name for name in marked if not name.startswith(folders)] == []
