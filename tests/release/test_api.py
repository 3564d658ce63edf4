"""What breaks the public face is found out before it is released."""

from __future__ import annotations

import subprocess

import pytest
from tests.release.api import breaks, last_release

FACE = '__all__ = ["Letter", "post"]\nfrom wharfinger.inner import Letter, post\n'
INNER = """
class Letter:
    def send(self, to: str) -> None: ...

def post(letter: Letter, *, fast: bool = False) -> int: ...

def helper() -> None: ...
"""


@pytest.fixture
def repository(tmp_path):
    """A repository with one release, and a function that changes a file of it."""
    package = tmp_path / "core/src/wharfinger"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(FACE)
    (package / "inner.py").write_text(INNER)
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "-m", "first")
    _git(tmp_path, "tag", "v0.1.0")
    return tmp_path


def _git(folder, *arguments):
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def _change(repository, file, old, new):
    path = repository / "core/src/wharfinger" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_nothing_breaks_where_nothing_changed(repository):
    assert breaks(repository, "v0.1.0") == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("inner.py", "def helper() -> None: ...", ""),
        ("inner.py", "fast: bool = False", "fast: bool = False, safe: bool = True"),
        (
            "__init__.py",
            FACE,
            FACE.replace('"post"', '"post", "helper"').replace(" post", " post, helper"),
        ),
    ],
    ids=["what was never public", "a new option", "a new name"],
)
def test_what_nobody_depends_on_may_change(repository, file, old, new):
    _change(repository, file, old, new)
    assert breaks(repository, "v0.1.0") == []


@pytest.mark.parametrize(
    ("file", "old", "new", "name"),
    [
        ("__init__.py", ', "post"]', "]", "wharfinger.post"),
        ("inner.py", "fast: bool", "quick: bool", "wharfinger.post"),
        ("inner.py", "to: str", "to: str, again: bool", "wharfinger.Letter.send"),
        ("inner.py", "def send(self, to: str) -> None: ...", "pass", "wharfinger.Letter.send"),
    ],
    ids=["a name gone", "an option renamed", "an argument more", "a method gone"],
)
def test_what_others_depend_on_is_named_when_it_breaks(repository, file, old, new, name):
    _change(repository, file, old, new)
    found = breaks(repository, "v0.1.0")
    assert name in {each.name.partition("(")[0] for each in found}
    assert all(each.what for each in found)


def test_what_moves_from_one_module_to_another_breaks_nothing(repository):
    package = repository / "core/src/wharfinger"
    (package / "inner.py").rename(package / "other.py")
    _change(repository, "__init__.py", "wharfinger.inner", "wharfinger.other")
    assert breaks(repository, "v0.1.0") == []


def test_the_newest_release_is_the_one_compared_with(repository):
    assert last_release(repository) == "v0.1.0"
    for tag in ("v0.9.0", "v0.10.0", "nightly", "version"):
        _git(repository, "tag", tag)
    assert last_release(repository) == "v0.10.0"


def test_before_the_first_release_there_is_none(tmp_path):
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "first")
    assert last_release(tmp_path) is None
