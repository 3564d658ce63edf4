from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest

from wharfinger_host.store.store import Store


@attrs.define
class Host:
    """A configuration with an inbox, the command line, and Acme behind it."""

    config: Path
    vendor: Any
    events: Any
    _cli: Callable[..., Any]

    def __call__(self, command: str, *arguments: object) -> Any:
        """Run a command over the configuration."""
        return self._cli(*command.split(), self.config, *arguments)

    def json(self, command: str, *arguments: object) -> Any:
        """Run a command, and return what it says in JSON."""
        result = self(command, *arguments, "--json")
        assert result.exit_code in (0, 1), result.stderr
        return orjson.loads(result.stdout)

    def accept(self, *lines: Any) -> Any:
        """Take events into the inbox."""
        file = self.events.write(self.config.parent / "events.jsonl", *lines)
        result = self("accept", file, "--json")
        assert result.exit_code == 0, result.stderr
        return orjson.loads(result.stdout)

    def run(self) -> Any:
        """Let the worker do what there is to do, and return what it says."""
        return self.json("run", "--once")

    def sql(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the inbox something."""
        with Store(self.config.parent / "inbox.db") as store:
            return store.read(lambda db: db.execute(text, values).fetchall()).result()

    def change(self, text: str, *values: Any) -> None:
        """Change something in the inbox."""
        with Store(self.config.parent / "inbox.db") as store:
            store.write(lambda db: db.execute(text, values)).result()


@pytest.fixture
def host(cli: Any, config: Path, vendor: Any, events: Any) -> Host:
    text = config.read_text().replace(
        "[connections.main.mappings.rows]",
        "[connections.main.mappings.rows]\nbatch = { age_s = 0.01 }",
    )
    config.write_text('[inbox]\nfile = "inbox.db"\n\n' + text)
    return Host(config, vendor, events, cli)
