"""The pages of the documentation, and the blocks of code on them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import attrs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@attrs.frozen
class Block:
    """One block of code on a page; what a directive of Sphinx fills in is none."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Return every page whose code is promised to work, as a path from the root."""
    built = {DOCS / "_build", DOCS / "changelog"}
    found = [page for page in sorted(DOCS.rglob("*.md")) if built.isdisjoint(page.parents)]
    return [
        "README.md",
        "CONTRIBUTING.md",
        *(page.relative_to(ROOT).as_posix() for page in found),
    ]


def blocks(page: str | Path, language: str | None = None) -> list[Block]:
    """Return the blocks of a page, or those in one language."""
    path = ROOT / page
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    return [
        Block(
            name,
            text.count("\n", 0, found.start()) + 1,
            found["language"].strip(),
            re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
        )
        for found in _FENCE.finditer(text)
        if not found["language"].startswith("{")
        and (language is None or found["language"].strip() == language)
    ]


_INCLUDE = re.compile(
    r"^```\{literalinclude\} (?P<path>\S+)\n(?P<options>.*?)^```$", re.MULTILINE | re.DOTALL
)


@attrs.frozen
class Included:
    """A file, or a part of one, that a page shows.

    Attributes:
        path: The file it is taken from.
        caption: What the page calls the file.
        text: What is shown.
    """

    path: Path
    caption: str
    text: str


def included(page: str | Path) -> list[Included]:
    """Return what a page shows of files, in its order."""
    path = ROOT / page
    found = []
    for each in _INCLUDE.finditer(path.read_text(encoding="utf-8")):
        options = dict(re.findall(r"^:([\w-]+): +\"?(.*?)\"?$", each["options"], re.MULTILINE))
        file = path.parent / each["path"]
        text = file.read_text(encoding="utf-8")
        if start := options.get("start-after"):
            text = text.partition(f"{start}\n")[2]
        if end := options.get("end-before"):
            text = text.partition(f"{end}\n")[0]
        found.append(Included(file, options.get("caption", ""), text))
    return found


def files_of(page: str | Path) -> dict[str, str]:
    """Return the files that a reader has who writes down what a page shows, by their captions."""
    files: dict[str, str] = {}
    for each in included(page):
        files[each.caption] = files.get(each.caption, "") + each.text
    return files


def texts(page: str | Path, language: str) -> list[str]:
    """Return the text of the blocks of a page in one language."""
    return [block.text for block in blocks(page, language)]


def account_of(text: str, secret: str) -> dict[str, Any]:
    """Read the one connection of a configuration, its secret put in place as a host would."""
    (config,) = tomllib.loads(text)["connections"].values()
    assert set(config["settings"]["client_secret"]) == {"env"}
    return {**config, "settings": {**config["settings"], "client_secret": secret}}
