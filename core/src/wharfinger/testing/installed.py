"""The contract of whatever destination the command line names; see `wharfinger.testing`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import httpx
import pytest

from wharfinger.testing.destination_contract import DestinationContract
from wharfinger.testing.examples import Example
from wharfinger.testing.options import DESTINATION, SETTINGS

__all__ = ["TestInstalled"]

_KEYS = ("settings", "actions", "harmless", "may_import", "examples", "answers", "besides")


class TestInstalled(DestinationContract):
    """Tries the destination of ``--wharfinger-destination`` as ``--wharfinger-settings`` says."""

    _answers: Sequence[Mapping[str, Any]] = ()
    _besides: Sequence[Mapping[str, Any]] = ()

    @pytest.fixture(autouse=True)
    def _from_the_command_line(self, request: pytest.FixtureRequest) -> None:
        slug, file = (request.config.getoption(name) for name in (DESTINATION, SETTINGS))
        if not slug:
            raise pytest.UsageError(f"Name the destination that is to be tried: {DESTINATION} SLUG")
        facts = _read(Path(file)) if file else {}
        self.destination = slug
        self.settings = facts.get("settings", {})
        self.actions = facts.get("actions", ())
        self.harmless = facts.get("harmless", DestinationContract.harmless)
        self.may_import = facts.get("may_import", ())
        self.examples = {
            name: Example(**example) for name, example in facts.get("examples", {}).items()
        }
        self._answers, self._besides = facts.get("answers", ()), facts.get("besides", ())

    def answers(self, request: httpx.Request) -> httpx.Response:
        """Reply as the file says; ``200 {}`` where it says nothing."""
        return _reply(self._answers, request) or httpx.Response(200, json={})

    def besides(self, request: httpx.Request) -> httpx.Response | None:
        """Reply as the file says."""
        return _reply(self._besides, request)


def _read(file: Path) -> dict[str, Any]:
    try:
        facts = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise pytest.UsageError(f"{SETTINGS} {file}: {error}") from error
    if unknown := sorted(facts.keys() - set(_KEYS)):
        raise pytest.UsageError(
            f"{SETTINGS} {file}: {', '.join(unknown)} is not known. Known: {', '.join(_KEYS)}."
        )
    return facts


def _reply(rules: Sequence[Mapping[str, Any]], request: httpx.Request) -> httpx.Response | None:
    """Answer by the first rule whose method, host and path fit."""
    for rule in rules:
        wanted = {key: rule.get(key, "*") for key in ("method", "host", "path")}
        found = {"method": request.method, "host": request.url.host, "path": request.url.path}
        if all(fnmatchcase(found[key], pattern) for key, pattern in wanted.items()):
            return httpx.Response(
                rule.get("status", 200),
                headers=rule.get("headers"),
                **{key: rule[key] for key in ("json", "text") if key in rule},
            )
    return None
