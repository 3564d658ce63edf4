"""What a file says of an installed plugin and of its vendor, in the place of a class."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Final

import attrs
import httpx
import pytest

from wharfinger.testing.examples import Example
from wharfinger.testing.paper import Beside, Reply

__all__ = ["DESTINATION", "SETTINGS", "Facts", "facts_of"]

DESTINATION: Final = "--wharfinger-destination"
SETTINGS: Final = "--wharfinger-settings"

_Replies = Callable[[httpx.Request], Any]

_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(("settings", "examples"), (dict,)),
    **dict.fromkeys(("actions", "harmless", "status_confirms", "may_import"), (list,)),
    **dict.fromkeys(("answers", "besides"), (list, str)),
}
_OF_AN_EXAMPLE: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(("events", "refused"), (list,)),
    "fields": (dict,),
    "trigger": (str,),
}
_OF_A_RULE: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(("method", "host", "path", "text"), (str,)),
    "status": (int,),
    "headers": (dict,),
    "json": (object,),
}
_CALLED: Final = {dict: "a table", list: "a list", str: "text", int: "a whole number"}


class _UnusableError(Exception):
    """What is written cannot be used; says why."""


@attrs.frozen(kw_only=True)
class Facts:
    """What the command line says; see `DestinationContract` for what it means.

    Attributes:
        destination: Slug of the destination.
        given: The attributes of a contract that the file holds, by name.
        answers: Replies to a delivering request; None where no rule fits.
        besides: Replies to a request that delivers nothing; None for one that delivers.
    """

    destination: str
    given: Mapping[str, Any]
    answers: Callable[[httpx.Request], Reply | None]
    besides: Callable[[httpx.Request], Beside]


_KEPT: Final[pytest.StashKey[Facts]] = pytest.StashKey()


def facts_of(config: pytest.Config) -> Facts:
    """Return what the command line says; read once.

    Raises:
        pytest.UsageError: It says nothing that could be used.
    """
    if _KEPT not in config.stash:
        slug, file = (config.getoption(name) for name in (DESTINATION, SETTINGS))
        if not slug:
            raise pytest.UsageError(f"Name the destination that is to be tried: {DESTINATION} SLUG")
        try:
            config.stash[_KEPT] = _read(slug, Path(file) if file else None)
        except (OSError, ValueError, _UnusableError) as error:
            raise pytest.UsageError(f"{SETTINGS} {file}: {error}") from error
    return config.stash[_KEPT]


def _read(slug: str, file: Path | None) -> Facts:
    """Read the file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no TOML.
        _UnusableError: It says what cannot be used.
    """
    written = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
    given = _checked("", written, _KEYS)
    examples = {name: _example(name, each) for name, each in given.pop("examples", {}).items()}
    folder = file.resolve().parent if file else Path.cwd()
    replies = {name: _replies(name, given.pop(name, ()), folder) for name in ("answers", "besides")}
    return Facts(destination=slug, given={**given, "examples": examples}, **replies)


def _checked(where: str, table: Any, known: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    """Return a table whose keys are known and of their kinds."""
    if not isinstance(table, dict):
        raise _UnusableError(f"{where}it must be a table.")
    for key, value in table.items():
        if key not in known:
            raise _UnusableError(f"{where}{key} is not known. Known: {', '.join(known)}.")
        if not isinstance(value, known[key]):
            kinds = " or ".join(_CALLED[kind] for kind in known[key])
            raise _UnusableError(f"{where}{key} must be {kinds}.")
    return dict(table)


def _example(name: str, written: Any) -> Example:
    where = f"[examples.{name}] "
    facts = _checked(where, written, _OF_AN_EXAMPLE)
    for key in ("events", "refused"):
        if not all(isinstance(event, dict) for event in facts.get(key, ())):
            raise _UnusableError(f"{where}{key} must be a list of tables, one per event.")
    return Example(**facts)


def _replies(name: str, written: str | Sequence[Any], folder: Path) -> _Replies:
    """Return what replies: a function that is named ``module:function``, or one made of rules."""
    if isinstance(written, str):
        return _named(name, written, folder)
    rules = [
        _checked(f"[[{name}]] no. {number}: ", rule, _OF_A_RULE)
        for number, rule in enumerate(written, 1)
    ]
    return lambda request: _by_rule(rules, request)


def _named(name: str, written: str, folder: Path) -> _Replies:
    """Look a function up, at first beside the file."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(folder)
            found: _Replies = resolve_name(written)
    except Exception as error:  # a module may fail in any way
        kind = type(error).__name__
        raise _UnusableError(
            f"{name}: {written} is no function that can be imported, beside this file or from "
            f"elsewhere ({kind}: {error})."
        ) from error
    if not callable(found):
        raise _UnusableError(f'{name}: {written} is no function. Write "module:function".')
    return found


def _by_rule(rules: Collection[Mapping[str, Any]], request: httpx.Request) -> httpx.Response | None:
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
