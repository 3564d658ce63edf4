"""The table of sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wharfinger import Secret
from wharfinger_host.configuration import read_inbox_configuration
from wharfinger_host.sources import Source, add_sources

INBOX = '[inbox]\nfile = "inbox.db"\n'


def read(tmp_path: Path, text: str) -> tuple[dict[str, Source], list[str], list[str]]:
    file = tmp_path / "c.toml"
    file.write_text(INBOX + text)
    configuration = read_inbox_configuration(file)
    sources = add_sources(configuration)
    return (
        sources,
        [str(each).removeprefix(f"{file}:") for each in configuration.problems],
        [str(each).removeprefix(f"{file}:") for each in configuration.warnings],
    )


def test_a_key_comes_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SHOP_KEY", "abc")
    (tmp_path / "key.txt").write_text("def\n")
    sources, problems, warnings = read(
        tmp_path,
        '[sources.shop]\nwrite_key = { env = "SHOP_KEY" }\n'
        '[sources.app]\nwrite_key = { file = "key.txt" }\nevent_bytes = 100_000\n'
        "batch_bytes = 4_096_000\n",
    )
    assert (problems, warnings) == ([], [])
    assert sources == {
        "shop": Source(name="shop", write_key=Secret("abc")),
        "app": Source(
            name="app", write_key=Secret("def"), event_bytes=100_000, batch_bytes=4_096_000
        ),
    }
    assert (sources["shop"].event_bytes, sources["shop"].batch_bytes) == (32_768, 512_000)


def test_a_key_in_clear_text_works_with_a_warning_that_does_not_show_it(tmp_path: Path) -> None:
    sources, problems, (warning,) = read(tmp_path, '[sources.my-shop]\nwrite_key = "s3cr3t"\n')
    assert problems == []
    assert sources["my-shop"].write_key.reveal() == "s3cr3t"
    assert "s3cr3t" not in warning
    assert 'write_key = { env = "MY_SHOP_WRITE_KEY" }' in warning


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sources = 3", "1: sources: must be tables: [sources.NAME] with write_key."),
        ("[sources]\nshop = 3", "4: sources.shop: must be a table with write_key."),
        ("[sources.shop]", '3: sources.shop: needs write_key = { env = "SHOP_WRITE_KEY" }.'),
        (
            '[sources.shop]\nwrite_key = { env = "NOWHERE" }',
            "4: sources.shop.write_key: the environment variable NOWHERE is not set.",
        ),
        (
            '[sources.shop]\nwrite_key = "a"\nwritekey = "b"',
            (
                "5: sources.shop.writekey: is not known here. It takes write_key, event_bytes, "
                'batch_bytes. Did you mean "write_key"?'
            ),
        ),
        (
            "[sources.shop]\nwrite_key = 7",
            '4: sources.shop.write_key: must be { env = "VARIABLE" }, { file = "PATH" } or a text.',
        ),
        (
            '[sources.shop]\nwrite_key = "a:b"',
            (
                "4: sources.shop.write_key: must be letters, digits and signs of ASCII, "
                "without colons and blanks."
            ),
        ),
        (
            '[sources.shop]\nwrite_key = ""',
            (
                "4: sources.shop.write_key: must be letters, digits and signs of ASCII, "
                "without colons and blanks."
            ),
        ),
        (
            '[sources.shop]\nwrite_key = "a"\nbatch_bytes = 0',
            "5: sources.shop.batch_bytes: must be a whole number from 1.",
        ),
        (
            '[sources.shop]\nwrite_key = "a"\n[sources.app]\nwrite_key = "a"',
            "6: sources.app.write_key: is the key of shop, too. Give each source a key of its own.",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    if text.startswith("sources ="):
        file = tmp_path / "c.toml"
        file.write_text(f"{text}\n{INBOX}")
        configuration = read_inbox_configuration(file)
        add_sources(configuration)
        problems = [str(each).removeprefix(f"{file}:") for each in configuration.problems]
    else:
        _, problems, _ = read(tmp_path, text)
    assert problems == [problem]


def test_check_looks_at_sources_and_other_commands_do_not_mind_them(
    cli: Any, config: Path, vendor: Any, events: Any, tmp_path: Path
) -> None:
    text = config.read_text()
    config.write_text(text + '[sources.shop]\nwrite_key = { env = "NOWHERE" }\n' + INBOX)
    result = cli("check", config)
    assert result.exit_code == 2
    assert "sources.shop.write_key: the environment variable NOWHERE is not set" in result.stdout
    file = events.write(tmp_path / "e.jsonl", events.track(1))
    assert cli("accept", config, file).exit_code == 0
    assert cli("run", config, "--once").exit_code == 0
    assert len(vendor.bodies("/notes")) == 1


def test_a_table_that_is_not_known_is_named_with_what_was_meant(cli: Any, config: Path) -> None:
    config.write_text(config.read_text() + '[source.shop]\nwrite_key = "a"\n')
    result = cli("check", config)
    assert result.exit_code == 2
    assert '[sources.NAME]. Did you mean "sources"?' in result.stdout
