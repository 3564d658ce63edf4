"""A terminal for the pages: it types what they type, and compares what they show.

What it types goes to the commands themselves, in this process; the simulator answers on loopback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import pytest
import stamina
from tests.meta.commands import typed, words_of
from tests.meta.pages import blocks
from typer.testing import CliRunner

import wharfinger_host.terminal
from wharfinger_host.cli import app
from wharfinger_host.exits import Exit

__all__ = ["SECRET", "SETTINGS", "Terminal", "compare", "terminal", "turns"]

SECRET = "samplesecret000000000001"
SETTINGS = """\
[connections.shop]
destination = "salesforce-marketing-cloud"
route = "{address}"

[connections.shop.settings]
account_id = "510000001"
client_id = "sampleclient000000000001"
client_secret = {{ env = "SFMC_CLIENT_SECRET" }}
subdomain = "mcshop-and-loyalty-sample-00"
"""
_DRAWN = re.compile(r"[─━│├└┌┐┘┬┴┼┤╴→]+")
_MEASURED = re.compile(r"\b[\d.,]+ (?:s|events/s)(?=\W|$)")


@attrs.define
class Terminal:
    """Types the blocks of a page.

    Attributes:
        folder: Where commands run; the files of the page are there.
        environment: Where ``export`` goes.
        replaced: What a page says for what this test has, such as the simulator's address.
        added: Options by the beginning of a line: what answers a question, as nobody is asked where
            there is no terminal, or what lets a command end that goes on until it is told to stop.
        skipped: Beginnings of lines that are not typed; the test says why where it names them.
    """

    folder: Path
    environment: pytest.MonkeyPatch
    replaced: dict[str, str] = attrs.field(factory=dict)
    added: Mapping[str, str] = attrs.field(factory=dict)
    skipped: tuple[str, ...] = ()

    def play(self, page: str) -> int:
        """Type every block of a page; return how many lines were typed."""
        return sum(self.type(block.text, str(block)) for block in blocks(page, "console"))

    def type(self, text: str, where: str = "") -> int:
        """Type one block, and compare what each line shows with what the block shows."""
        count = 0
        for line, shown in turns(text):
            if line.startswith(self.skipped) and self.skipped:
                continue
            self.shows(line, "\n".join(shown), where)
            count += 1
        return count

    def shows(self, line: str, shown: str, where: str = "") -> None:
        """Type a line, and compare what it shows with what a page shows."""
        for old, new in self.replaced.items():
            line, shown = line.replace(old, new), shown.replace(old, new)
        asked = "[y/n]"  # see `added`
        lines = [each for each in shown.splitlines() if asked not in each]
        compare("\n".join(lines), self._run(line), f"{where} {line}")

    def _run(self, line: str) -> str:
        (words,) = words_of(line.partition(" #")[0])
        words += [more for start, more in self.added.items() if line.startswith(start)]
        match words:
            case ["export", assignment]:
                self.environment.setenv(*assignment.split("=", 1))
                return ""
            case ["wharfinger", *arguments]:
                result = CliRunner().invoke(app, arguments, catch_exceptions=False)
                assert result.exit_code != Exit.USAGE, result.output
                return result.output
        raise AssertionError(f"nobody here knows how to type {line}")


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sfmc_address: str
) -> Iterator[Terminal]:
    """A terminal of 80 columns in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(wharfinger_host.terminal, "_WIDTH_OF_A_FILE", 80)
    monkeypatch.setenv("SFMC_CLIENT_SECRET", SECRET)
    for variable in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)
    stamina.set_testing(True, attempts=3)
    yield Terminal(tmp_path, monkeypatch, {"http://127.0.0.1:8025": sfmc_address})
    stamina.set_testing(False)


def turns(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each line that is typed, with the lines shown below it."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    for part, line in zip(parts, typed(text), strict=True):
        yield line, part.splitlines()[1:]


def _words(text: str) -> str:
    """Leave out what the width of a terminal decides, and what was measured."""
    return "".join(_MEASURED.sub("#", _DRAWN.sub(" ", text)).split())


def compare(shown: str, output: str, where: str) -> None:
    """What is shown must be the whole output, but where a line of three dots stands for the rest.

    Where nothing is shown, nothing is compared.
    """
    if not shown.strip():
        return
    stretches = re.split(r"^\s*\.\.\.$", shown, flags=re.MULTILINE)
    pattern = ".*".join(re.escape(_words(stretch)) for stretch in stretches)
    said = _words(output)
    assert re.fullmatch(pattern, said), f"{where}: shows\n{_words(shown)}\nbut it says\n{said}"
