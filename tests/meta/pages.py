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


def texts(page: str | Path, language: str) -> list[str]:
    """Return the text of the blocks of a page in one language."""
    return [block.text for block in blocks(page, language)]


def account_of(text: str, secret: str) -> dict[str, Any]:
    """Read the one connection of a configuration, its secret put in place as a host would."""
    (config,) = tomllib.loads(text)["connections"].values()
    assert set(config["settings"]["client_secret"]) == {"env"}
    return {**config, "settings": {**config["settings"], "client_secret": secret}}
