"""Copies of some JSON that are changed in one respect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wharfinger.model.unset import UNSET


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of some JSON in which every scalar and key is changed."""
    if isinstance(value, dict):
        return {change(key): rebuilt(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [rebuilt(item, change) for item in value]
    return change(value)


def directives_changed(value: Any, change: Callable[[str, Any], Any]) -> Any:
    """Return a copy of a mapping in which directives are what ``change`` makes of them."""
    if isinstance(value, list):
        return [directives_changed(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {key: directives_changed(item, change) for key, item in value.items()}
    names = [key for key in inner if key.startswith("@")]
    return change(names[0], inner[names[0]]) if len(names) == len(inner) == 1 else inner


def ordered(value: Any) -> Any:
    """Put the keys that are whole numbers first, as JavaScript does."""
    if isinstance(value, list):
        return [ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    numbers = sorted((key for key in value if is_index(key)), key=int)
    others = [key for key in value if not is_index(key)]
    return {key: ordered(value[key]) for key in (*numbers, *others)}


def is_index(key):
    return key == "0" or (
        key.isascii() and key.isdigit() and key[0] != "0" and int(key) < 2**32 - 1
    )


def without_absent_keys(value):
    if isinstance(value, dict):
        return {key: without_absent_keys(item) for key, item in value.items() if item is not UNSET}
    return [without_absent_keys(item) for item in value] if isinstance(value, list) else value


def without_absent(value):
    if isinstance(value, dict):
        return {key: without_absent(item) for key, item in value.items() if item is not UNSET}
    if isinstance(value, list):
        return [None if item is UNSET else without_absent(item) for item in value]
    return value
