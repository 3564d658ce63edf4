"""The grammar of paths, and how a path is followed into a value.

``$.a.b``, ``a.b``, ``list[0].n``, ``list.0.n`` and ``a['b c']`` reach what they seem to reach.
A quoted key is taken literally, so ``a['b.c']`` reaches the key ``b.c``. A name in brackets of its
own, as in ``traits.[audience_key]``, is that name. An empty path is the whole event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from wharfinger.model.unset import UNSET

__all__ = ["MAX_LENGTH", "follow", "index_of", "parse_keys", "parse_path", "step", "steps"]

MAX_LENGTH = 1000
"""Most characters of a path; longer ones are refused, so that reading stays quick."""

_EXACT = re.compile(
    r"""
    \[ (?: '(?P<single>.*?)' | "(?P<double>.*?)" ) \]+     # ['any key'], ["any key"]
    | (?: ^ | (?<=\.) ) \[ (?P<name>[^]['".]+) \] (?=[.[]|$)  # [name], where a key may begin
    """,
    re.DOTALL | re.VERBOSE,
)
_SEPARATOR = re.compile(r"""\[(?=['"\d])|\.|(?<=['"\d])\]+""", re.ASCII)
_ROOT = re.compile(r"""\$(?=\[['"\d])""", re.ASCII)
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def parse_path(text: str) -> tuple[str, ...]:
    """Read a path as ``@path`` and ``@arrayPath`` write it.

    Args:
        text: For example ``"$.traits.email"``. As in Segment the first ``$.`` is left out wherever
            it stands, unless a quoted key contains it.
    """
    text = _ROOT.sub("", text, count=1) if _ROOT.match(text) else text
    keys: list[str] = []
    root_seen = False
    for plain, exact in _parts(text):
        if not root_seen and "$." in plain:
            root_seen = True
            keys.extend(_plain_keys(plain.replace("$.", "", 1)))
        else:
            keys.extend(_plain_keys(plain))
        keys.extend(exact)
    return tuple(keys)


def parse_keys(text: str) -> tuple[str, ...]:
    """Read a path as ``@template`` writes it: without ``$.``, which would be a key here."""
    return tuple(key for plain, exact in _parts(text) for key in (*_plain_keys(plain), *exact))


def _parts(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the text up to each key in brackets together with that key, then the rest."""
    start = 0
    for match in _EXACT.finditer(text):
        yield text[start : match.start()], (match[match.lastgroup or 0],)
        start = match.end()
    yield text[start:], ()


def _plain_keys(text: str) -> Iterator[str]:
    for part in _SEPARATOR.split(text):
        if part:
            yield part.replace("'", "").replace('"', "")


def follow(root: Any, keys: tuple[str, ...]) -> Any:
    """Return the value under some keys, or `UNSET`."""
    for key in keys:
        root = step(root, key)
    return root


def step(value: Any, key: str) -> Any:
    """Return what one value has under a key, or `UNSET`.

    Below null, false, 0 and the empty string lies that very value: this is how a path into an
    absent object that is written as null stays null.
    """
    if value is UNSET or value is None:
        return value
    if isinstance(value, dict):
        return value.get(key, UNSET)
    if isinstance(value, (list, tuple)):
        index = index_of(key)
        return value[index] if index is not None and index < len(value) else UNSET
    if isinstance(value, (str, int, float)):
        return UNSET if value else value
    return value.get(key, UNSET) if isinstance(value, Mapping) else UNSET


def steps(value: Any, keys: tuple[str, ...]) -> list[Any]:
    """Return what one value has under each of some keys."""
    return [step(value, key) for key in keys]


def index_of(key: str) -> int | None:
    """Return the list index that a key is; None where it is none."""
    return int(key) if _INDEX.fullmatch(key) else None
