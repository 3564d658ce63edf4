"""The contract of whatever destination the command line names; see `wharfinger.testing`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import httpx
import pytest

from wharfinger.testing.destination_contract import DestinationContract
from wharfinger.testing.examples import Example
from wharfinger.testing.options import DESTINATION, SETTINGS
from wharfinger.testing.paper import Beside, Besides, Reply

__all__ = ["TestInstalled"]

_KEYS = (
    *("settings", "actions", "harmless", "status_confirms", "may_import", "examples"),
    *("answers", "besides"),
)


class TestInstalled(DestinationContract):
    """Tries the destination of ``--wharfinger-destination`` as ``--wharfinger-settings`` says."""

    _answers: Callable[[httpx.Request], Reply | None]
    _besides: Besides

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
        self.status_confirms = facts.get("status_confirms", ())
        self.may_import = facts.get("may_import", ())
        self.examples = {
            name: Example(**example) for name, example in facts.get("examples", {}).items()
        }
        self._answers = _replies(facts.get("answers", ()))
        self._besides = _replies(facts.get("besides", ()))

    def answers(self, request: httpx.Request) -> Reply:
        """Reply as the file says; ``200 {}`` where it says nothing."""
        reply = self._answers(request)
        return httpx.Response(200, json={}) if reply is None else reply

    def besides(self, request: httpx.Request) -> Beside:
        """Reply as the file says."""
        return self._besides(request)


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


def _replies(
    written: str | Sequence[Mapping[str, Any]],
) -> Callable[[httpx.Request], Reply | None]:
    """Return what replies: a function that is named ``module:function``, or one made of rules."""
    if not isinstance(written, str):
        return lambda request: _by_rule(written, request)
    try:
        named: Callable[[httpx.Request], Reply | None] = resolve_name(written)
    except (ImportError, AttributeError, ValueError) as error:
        raise pytest.UsageError(
            f"{written} is no function that can be imported: {error}"
        ) from error
    return named


def _by_rule(rules: Sequence[Mapping[str, Any]], request: httpx.Request) -> httpx.Response | None:
    """Answer by the first rule whose method, host and path fit."""
    found = {"method": request.method, "host": request.url.host, "path": request.url.path}
    for rule in rules:
        if all(fnmatchcase(found[key], rule.get(key, "*")) for key in found):
            return httpx.Response(
                rule.get("status", 200),
                headers=rule.get("headers"),
                **{key: rule[key] for key in ("json", "text") if key in rule},
            )
    return None
