"""The reference page "The command line", written from the commands themselves.

``python -m wharfinger_host.command_page > docs/reference/command-line.md`` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

import typer

from wharfinger_host.cli import app
from wharfinger_host.exits import MEANINGS

__all__ = ["command_page", "commands"]

_INTRODUCTION: Final = """\
# The command line

What `wharfinger --help` and `wharfinger COMMAND --help` say, as one page; it is written from
the commands.

## What every command does alike

* Results go to standard output, everything else to standard error. With `--json` standard output is
  one JSON document and nothing else.
* Colour is for terminals. `NO_COLOR=1`, or `wharfinger --no-color COMMAND ...`, switches it off;
  output to a pipe or a file has none, and no progress. `--quiet` shows no progress on a terminal
  either.
* A command that changes something asks first; `--yes` answers. Where nobody can be asked, it does
  nothing without `--yes`.
* `-` is standard input wherever events are read. Files of events may be compressed with gzip.
* An existing file is never written over, unless `--force` says so. `demo` renews what an
  earlier demo left in its folder.

| exit code | meaning |
|---|---|
"""
_COMPLETION: Final = """
## Shell completion

`wharfinger --install-completion` sets it up for the shell you are in: Bash, Zsh, Fish or
PowerShell. Open a new shell afterwards. `wharfinger --show-completion` prints the script instead,
for a shell whose start-up files you keep elsewhere:

```console
$ wharfinger --show-completion > ~/.local/share/bash-completion/completions/wharfinger
```

The tab key then completes commands, options and files, the connections and mappings of the
configuration on the line, and destinations, actions and fields as the installed plugins declare
them:

```console
$ wharfinger send wharfinger.toml events.jsonl --mapping <Tab>
contacts  orders  store-visits
```

## Options of `wharfinger` itself

They stand before the command.
"""
_HEAD: Final = "| {} | meaning |\n|---|---|"


def command_page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines()) + "\n"


def commands() -> dict[str, Any]:
    """Return every command that does something, by what is typed: ``"dead-letters list"``."""
    return dict(_leaves(typer.main.get_command(app), ""))


def _leaves(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _leaves(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _lines() -> Iterator[str]:
    yield _INTRODUCTION.rstrip()
    yield from (f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())
    yield _COMPLETION
    yield from _table("option", _options(typer.main.get_command(app)))
    yield "\n## Commands"
    for name, command in commands().items():
        yield from _command(name, command)


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"\n### `{name}`\n"
    yield "\n\n".join(_prose(command.help))
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    words = [_argument(each) for each in arguments]
    yield f"\n```console\n$ wharfinger {' '.join([name, *words])}\n```\n"
    rows = [(f"`{_argument(each)}`", _text(each.help)) for each in arguments]
    yield from _table("argument or option", [*rows, *_options(command)])
    yield f"\n{command.epilog.replace(': ', ': `', 1)}`"


def _prose(text: str) -> Iterator[str]:
    """Give the paragraphs of a help text, each on one line."""
    for paragraph in text.strip().split("\n\n"):
        yield _text(" ".join(paragraph.split()))


def _argument(argument: Any) -> str:
    name = argument.metavar.strip("[].")
    many = "..." if argument.nargs == -1 else ""
    return f"{name}{many}" if argument.required else f"[{name}]{many}"


def _options(command: Any) -> Iterator[tuple[str, str]]:
    for option in command.params:
        if option.param_type_name != "option":
            continue
        names = ", ".join(sorted(option.opts, key=len, reverse=True))
        takes = "" if option.is_flag else f" {option.metavar}"
        default = "" if option.is_flag or option.default in (None, "") else _default(option)
        yield f"`{names}{takes}`", f"{_text(option.help)}{default}"


def _default(option: Any) -> str:
    return f" Default: {option.default}."


def _table(head: str, rows: Any) -> Iterator[str]:
    yield _HEAD.format(head)
    yield from (f"| {name} | {meaning} |" for name, meaning in rows)


def _text(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(command_page())
