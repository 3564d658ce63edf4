"""Settings that a configuration names instead of holding: ``{ env = ... }``, ``{ file = ... }``."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping
from typing import Any

__all__ = ["SettingSourceError", "is_reference", "resolve"]

_MOST_BYTES = 65_536


class SettingSourceError(Exception):
    """A setting cannot be fetched; the message says from where, never what."""


def is_reference(value: Any) -> bool:
    """Tell whether a setting names the place of its value."""
    return isinstance(value, Mapping) and bool({"env", "file"} & value.keys())


def resolve(reference: Mapping[str, Any], folder: pathlib.Path) -> str:
    """Fetch the value that a setting names.

    Args:
        reference: ``{"env": variable}`` or ``{"file": path}``.
        folder: What a relative path starts from: the folder of the configuration.

    Raises:
        SettingSourceError: The reference is malformed, or there is no value at its place.
    """
    if len(reference) != 1:
        raise SettingSourceError("give either { env = ... } or { file = ... }, and nothing else.")
    [(kind, place)] = reference.items()
    if not isinstance(place, str) or not place:
        what = "the name of an environment variable" if kind == "env" else "the path of a file"
        raise SettingSourceError(f"{{ {kind} = ... }} needs {what} in quotes.")
    return _from_environment(place) if kind == "env" else _from_file(folder / place)


def _from_environment(variable: str) -> str:
    if variable not in os.environ:
        raise SettingSourceError(f"the environment variable {variable} is not set.")
    if not (value := os.environ[variable]):
        raise SettingSourceError(f"the environment variable {variable} is empty.")
    return value


def _from_file(file: pathlib.Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no valid path"
        raise SettingSourceError(f"the file {file} cannot be read: {reason}.") from error
    if len(data) > _MOST_BYTES:
        raise SettingSourceError(f"the file {file} is longer than a setting can be.")
    try:
        value = data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # From None: the error holds the bytes of the secret.
        raise SettingSourceError(f"the file {file} is not UTF-8 text.") from None
    if not value:
        raise SettingSourceError(f"the file {file} is empty.")
    return value
