"""Every block of code on every page is run by a test, or a table here says why it is not."""

from __future__ import annotations

import argparse
import base64
import importlib.util
import json
import re
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
import typer
import typer.main
from packaging.utils import canonicalize_name
from tests.meta.commands import typed, words_of
from tests.meta.pages import ROOT, Block, blocks, pages
from typer.testing import CliRunner

from wharfinger_host.cli import app
from wharfinger_host.command_page import commands
from wharfinger_sfmc_simulator import cli as simulator

BLOCKS = [block for page in pages() for block in blocks(page)]

# What these tests run, page by page. The other blocks of TOML, JSON and console are run below.
RUN_BY = {
    ("README.md", "python"): "tests/meta/test_docs.py",
    ("docs/how-to/debug-plugins.md", "python"): "tests/meta/test_docs_hosts.py",
    ("docs/how-to/deliver-from-celery.md", "python"): "tests/meta/test_docs_hosts.py",
    ("docs/how-to/deliver-from-fastapi.md", "python"): "tests/meta/test_docs_hosts.py",
    ("docs/how-to/embed-in-a-host.md", "python"): "tests/meta/test_docs_hosts.py",
    ("docs/how-to/observe.md", "python"): "tests/meta/test_telemetry_docs.py",
    ("docs/how-to/observe.md", "yaml"): "tests/meta/test_telemetry_docs.py",
    ("docs/how-to/operate-engines.md", "text"): "tests/meta/test_operations.py",
    ("docs/how-to/operate-engines.md", "yaml"): "tests/meta/test_operations.py",
    ("docs/how-to/receive-events.md", "javascript"): "tests/host/serving/test_page.py",
    ("docs/how-to/receive-events.md", "python"): "tests/host/serving/test_page.py",
    ("docs/how-to/send-to-a-webhook.md", "python"): "tests/webhook/test_page.py",
    ("docs/how-to/send-to-a-webhook.md", "toml"): "tests/webhook/test_page.py",
    ("docs/how-to/test-a-plugin.md", "toml"): "tests/meta/test_testing_docs.py",
    ("docs/how-to/test-with-the-simulator.md", "python"): "tests/meta/test_docs_sfmc.py",
    ("docs/how-to/write-a-plugin.md", "python"): "tests/sfmc_extras/test_page.py",
    ("docs/reference/field-mappings.md", "json"): "tests/core/mapping/segment/test_pages.py",
    ("docs/reference/segment-differences.md", "json"): "tests/core/mapping/segment/test_pages.py",
    ("docs/reference/triggers.md", "python"): "tests/meta/test_docs_reference.py",
    ("docs/reference/triggers.md", "text"): "tests/meta/test_docs_reference.py",
    ("docs/tutorial/first-plugin.md", "text"): "tests/meta/test_docs_first_plugin.py",
}

# There is nothing to run.
NOT_RUN = {
    ("README.md", ""): "a drawing",
    ("docs/how-to/test-a-plugin.md", "text"): "what a failure looks like; its plugin has none",
    ("docs/explanation/capacity.md", "text"): "made by tests/bench/capacity, which compares it",
    ("docs/how-to/observe.md", "text"): "a drawing of the spans that the page's Python prints",
}

# Programs that are not ours, and of which a page shows how to begin.
FOREIGN = {
    ".": "the shell's own",
    "curl": "asks Segment, or is run by the test of its page",
    "docker": "not on every machine; its files are read by the test of their page",
    "export": "the shell's own",
    "cd": "the shell's own",
    "mkdir": "the system's own",
    "pytest": "run by the test of its page",
    "python3": "makes an environment, or runs what needs none; tests are in theirs",
    "grep": "not ours; its input comes from a command that is run",
    "kcat": "not on every machine; it shows what is in a topic",
    "rabbitmqadmin": "RabbitMQ's own",
    "jq": "not on every machine; the fields it reads are those that `undelivered` writes",
    "rabbitmq-upgrade": "RabbitMQ's own",
    "systemctl": "not on every machine; the units are read by the test of their page",
    "openssl": "not on every machine; its output is any text",
    "opentelemetry-instrument": "comes with OpenTelemetry's distribution, which is not installed",
}
# Named to `pip install` and neither ours nor pinned.
NOT_OURS = {"opentelemetry-distro", "opentelemetry-exporter-otlp"}


def _of(*languages: str) -> Any:
    found = [
        block
        for block in BLOCKS
        if block.language in languages and (block.page, block.language) not in RUN_BY
    ]
    return pytest.mark.parametrize("block", found, ids=str)


def test_every_block_has_somebody_who_runs_it():
    run_here = {"toml", "json", "console"}
    kinds = {(block.page, block.language) for block in BLOCKS}
    left_over = {kind for kind in kinds - RUN_BY.keys() - NOT_RUN.keys() if kind[1] not in run_here}
    assert left_over == set()
    assert (RUN_BY.keys() | NOT_RUN.keys()) - kinds == set()
    assert RUN_BY.keys() & NOT_RUN.keys() == set()
    assert len(BLOCKS) > 100


@pytest.mark.parametrize(("kind", "test"), RUN_BY.items(), ids=str)
def test_whoever_is_said_to_run_a_block_reads_that_page(kind, test):
    page, language = kind
    source = (ROOT / test).read_text()
    assert Path(page).name.removesuffix(".md") in source
    assert f'"{language}"' in source or f"```{language}" in source


@_of("json")
def test_json_is_one_value_or_one_on_each_line(block):
    try:
        json.loads(block.text)
    except json.JSONDecodeError:
        for line in block.text.splitlines():
            assert isinstance(json.loads(line), dict)


# Variables whose values have a form.
VALUES = {
    "WHARFINGER_LEDGER": "postgresql://me@db.example/shop",
    "WHARFINGER_STORE": "sqlite:///shared.db",
    "WHARFINGER_STORE_KEY": base64.b64encode(b"k" * 32).decode(),
}

ACCOUNT = """
[connections.shop]
destination = "salesforce-marketing-cloud"

[connections.shop.settings]
account_id = "510001234"
client_id = "0example0client0id000000"
client_secret = { env = "SFMC_CLIENT_SECRET" }
subdomain = "mcexample0subdomain000000000"
"""


@_of("toml")
def test_toml_is_a_configuration_with_nothing_wrong(block, tmp_path, monkeypatch):
    """A part of one is completed; each variable that it names is set."""
    whole = block.text if 'destination = "' in block.text else block.text + ACCOUNT
    for number, variable in enumerate(set(re.findall(r'env = "(\w+)"', whole))):
        monkeypatch.setenv(variable, VALUES.get(variable, f"value-{number}"))
    (tmp_path / "shop.toml").write_text(whole)
    checked = CliRunner().invoke(app, ["check", str(tmp_path / "shop.toml"), "--json"])
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["warnings"] == []


@_of("console")
def test_what_is_typed_is_there_to_be_typed(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = typed(block.text)
    assert lines or block.page == "docs/how-to/check-a-tenant.md", "nothing is typed"
    for line in lines:
        for words in words_of(line.partition("  #")[0]):
            _check(block, words)


def _check(block: Block, words: list[str]) -> None:
    if words[0] in FOREIGN:
        if "wharfinger" in words[1:]:
            _check(block, words[words.index("wharfinger") :])
        return
    assert words[0] in PROGRAMS, f"nobody knows whether `{words[0]}` can be typed"
    PROGRAMS[words[0]](block, words[1:])


def _wharfinger(block: Block, words: list[str]) -> None:
    """Let the command's own parser read the line; nothing is carried out."""
    if words[0].startswith("-"):
        options = {name for each in typer.main.get_command(app).params for name in each.opts}
        assert words[0] in options
        return
    known = commands()
    name = next(n for n in (" ".join(words[:2]), words[0]) if n in known)
    rest = [word for word in words[len(name.split()) :] if not word.startswith("[")]
    if block.page == "docs/reference/command-line.md":
        rest = [{"--mapping": "--mapping=x"}.get(word, word) for word in rest]
    known[name].make_context(name, [{"ID": "1"}.get(word, word) for word in rest])


def _simulator(block: Block, words: list[str]) -> None:
    typer.main.get_command(simulator.main).make_context("simulator", list(words))


def _make(block: Block, words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{re.escape(words[0])}:.*##", makefile, re.MULTILINE)


def _pip(block: Block, words: list[str]) -> None:
    pins = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    ours = {
        tomllib.loads(file.read_text())["project"]["name"]
        for pattern in ("core", "plugins/*", "contrib/*")
        for file in ROOT.glob(f"{pattern}/pyproject.toml")
    }
    known = {canonicalize_name(name) for name in pins | ours | NOT_OURS}
    assert words[0] == "install"
    asked = [re.split(r"[\[=<>]", word)[0] for word in words[1:] if word[0] not in "-."]
    assert {canonicalize_name(name) for name in asked} <= known


def _python(block: Block, words: list[str]) -> None:
    assert words[0] in ("-m", "-c")
    if words[0] == "-c":
        exec(compile(words[1], block.page, "exec"), {})
    else:
        _read_options(words[1], words[2:])


class _ReadError(Exception):
    """Ends a module once its parser has read its options."""


def _read_options(module: str, options: list[str]) -> None:
    """Let a module of ours read its options; nothing is carried out.

    One that reads none before it sets to work is not begun.
    """
    spec = importlib.util.find_spec(module)
    if spec is not None and spec.submodule_search_locations:
        spec = importlib.util.find_spec(f"{module}.__main__")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text()
    if ROOT not in Path(spec.origin).parents or not re.search(
        r"\.parse_args\(|typer\.run\(", source
    ):
        return
    read = argparse.ArgumentParser.parse_args

    def parse_args(parser: argparse.ArgumentParser, given: Sequence[str] | None = None) -> NoReturn:
        read(parser, given)
        raise _ReadError

    def run(function: Callable[..., Any]) -> NoReturn:
        command = typer.Typer()
        command.command()(function)
        typer.main.get_command(command).make_context(module, list(options))
        raise _ReadError

    code = compile(source, spec.origin, "exec")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
        patch.setattr(typer, "run", run)
        patch.setattr(sys, "argv", [module, *options])
        with pytest.raises(_ReadError):
            exec(code, {"__name__": "__main__"})


PROGRAMS: dict[str, Callable[[Block, list[str]], None]] = {
    ".venv/bin/python": _python,
    "make": _make,
    "pip": _pip,
    "python": _python,
    "wharfinger": _wharfinger,
    "wharfinger-sfmc-simulator": _simulator,
}
