"""What breaks the public face is found out before it is released."""

from __future__ import annotations

import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from tests.release.api import FACES, breaks, last_release

ROOT = Path(__file__).parents[2]

FACE = '__all__ = ["Letter", "post"]\nfrom wharfinger.inner import Letter, post\n'
INNER = """
class Letter:
    def send(self, to: str) -> None: ...

def post(letter: Letter, *, fast: bool = False) -> int: ...

def helper() -> None: ...
"""
SYNC = """
__all__ = ["opened"]

def opened(connection: object) -> object: ...
"""
HOOKS = """
__all__ = ["wharfinger_batching", "wharfinger_diagnostics"]

def wharfinger_batching(action: object, outline: object) -> object: ...

def wharfinger_diagnostics() -> object: ...
"""
KIT = '__all__ = ["Contract"]\nfrom wharfinger.testing.inner import Contract\n'
CONTRACT = """
class _Checks:
    def besides(self, request: object) -> object: ...

class Contract(_Checks):
    def answers(self, request: object) -> object: ...
"""
ENGINE = """
from typing import Protocol

__all__ = ["Engine"]

class Engine(Protocol):
    lanes: int

    def publish(self, event: object) -> None: ...
"""
CORE, CONTRACTS = "core/src/wharfinger", "contrib/host/src/wharfinger_host/engines"
FILES = {
    f"{CORE}/__init__.py": FACE,
    f"{CORE}/inner.py": INNER,
    f"{CORE}/sync.py": SYNC,
    f"{CORE}/hookspecs.py": HOOKS,
    f"{CORE}/testing/__init__.py": KIT,
    f"{CORE}/testing/inner.py": CONTRACT,
    "contrib/host/src/wharfinger_host/__init__.py": "",
    f"{CONTRACTS}/__init__.py": "",
    f"{CONTRACTS}/contract.py": ENGINE,
}


@pytest.fixture
def repository(tmp_path):
    """A repository with one release."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "-m", "first")
    _git(tmp_path, "tag", "v0.1.0")
    return tmp_path


def _git(folder, *arguments):
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def _change(repository, file, old, new):
    path = repository / (file if file in FILES else f"{CORE}/{file}")
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
        ("hookspecs.py", "action: object", "settings: object, action: object"),
        ("testing/inner.py", "class _Checks:", "class _Checks:\n    extra: int = 1\n"),
    ],
    ids=[
        "what was never public",
        "a new option",
        "a new name",
        "an argument more that plugins may name",
        "what a class may say more",
    ],
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
        ("sync.py", "opened", "entered", "wharfinger.sync.opened"),
        (
            "hookspecs.py",
            "wharfinger_diagnostics",
            "wharfinger_checks",
            "wharfinger.hookspecs.wharfinger_diagnostics",
        ),
        (
            "hookspecs.py",
            ", outline: object",
            "",
            "wharfinger.hookspecs.wharfinger_batching",
        ),
        ("testing/inner.py", "answers", "replies", "wharfinger.testing.Contract.answers"),
        ("testing/inner.py", "besides", "beside", "wharfinger.testing.Contract.besides"),
        (
            f"{CONTRACTS}/contract.py",
            "event: object",
            "message: object",
            "wharfinger_host.engines.contract.Engine.publish",
        ),
    ],
    ids=[
        "a name gone",
        "an option renamed",
        "an argument more",
        "a method gone",
        "a name of a module gone",
        "a hook renamed",
        "an argument of a hook gone",
        "a method of the kit renamed",
        "a method renamed that comes from a private class",
        "an argument of the lane contract renamed",
    ],
)
def test_what_others_depend_on_is_named_when_it_breaks(repository, file, old, new, name):
    _change(repository, file, old, new)
    found = breaks(repository, "v0.1.0")
    assert name in {each.name.partition("(")[0] for each in found}
    assert all(each.what for each in found)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("lanes: int", "lanes: int\n    beat_s: float", "beat_s"),
        ("event: object", "event: object, fast: bool = False", "publish(fast)"),
        ("event: object", "event: object, fast: bool", "publish"),
    ],
    ids=["an attribute more", "an option more", "an argument more"],
)
def test_what_others_fulfil_breaks_when_it_asks_for_more(repository, old, new, name):
    _change(repository, f"{CONTRACTS}/contract.py", old, new)
    (found,) = breaks(repository, "v0.1.0")
    assert found.name == f"wharfinger_host.engines.contract.Engine.{name}"


def test_a_module_that_goes_takes_what_it_promised_along(repository):
    (repository / CORE / "sync.py").unlink()
    (found,) = breaks(repository, "v0.1.0")
    assert found.name == "wharfinger.sync.opened"


def test_a_module_that_is_new_breaks_nothing(repository):
    folder = repository / "contrib/sfmc-simulator/src/wharfinger_sfmc_simulator"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(SYNC)
    _change(repository, "sync.py", SYNC, SYNC + "\ndef helper() -> None: ...\n")
    assert breaks(repository, "v0.1.0") == []


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


def test_every_module_that_is_compared_is_there_and_promises_something():
    for source, faces in FACES.items():
        for name in faces:
            module = import_module(name)
            assert module.__all__, name
            assert Path(str(module.__file__)).is_relative_to(ROOT / source), name


def test_the_modules_that_the_reference_calls_promised_are_those_that_are_compared():
    page = (ROOT / "docs/reference/public-api.md").read_text()
    (first,) = re.findall(
        r"^These names of `(\S+)` and of `(\S+)` are promised", page, re.MULTILINE
    )
    others = re.findall(r"^\| `(wharfinger[\w.]+)` \|", page, re.MULTILINE)
    assert {*first, *others} == {name for faces in FACES.values() for name in faces}


def test_every_name_that_the_reference_documents_is_in_a_module_that_is_compared():
    pages = "".join(page.read_text() for page in (ROOT / "docs/reference").glob("*.md"))
    found = re.findall(r"^\.\. (?:auto\w+|py:data):: ([\w.]+)\.\w+", pages, re.MULTILINE)
    assert len(found) > 50
    assert set(found) <= {name for faces in FACES.values() for name in faces}
