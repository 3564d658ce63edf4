"""What a configuration says of what workers share: the table ``[shared]``."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from wharfinger import Secret
from wharfinger_host.locate import Path
from wharfinger_host.setting_sources import SettingSourceError, is_reference, resolve
from wharfinger_host.suggest import did_you_mean

if TYPE_CHECKING:
    from wharfinger_host.configuration import Configuration

__all__ = ["SharedConfig", "SharedProblem", "add_shared", "read_shared"]

SharedProblem = tuple[Path, str]
"""The path of what is wrong or looks wrong, and what that is."""

_NAMES = ("store", "key", "workers")
_EXAMPLE = 'store = { env = "WHARFINGER_STORE" }'


@attrs.frozen(kw_only=True)
class SharedConfig:
    """How workers share tenants.

    Attributes:
        store: The URL of the store, which may hold a password; ``sqlite`` for a file beside the
            inbox; empty where only the command line names one.
        keys: Encrypt tokens: the first one seals, all of them open. Without, no token is shared.
        workers: How many workers there are at least. So many share the budget while the store
            cannot be asked, even where fewer of them were seen.
    """

    store: Secret = attrs.field(factory=lambda: Secret(""))
    keys: tuple[Secret, ...] = ()
    workers: int = 1


@attrs.define
class _Reader:
    """Reads the table, and collects what is wrong with it."""

    folder: pathlib.Path
    problems: list[SharedProblem] = attrs.field(factory=list)
    warnings: list[SharedProblem] = attrs.field(factory=list)

    def text(self, path: Path, value: Any, looks_wrong: Callable[[str], str]) -> Secret | None:
        """Fetch a text that stands here or at the place it names."""
        if is_reference(value):
            try:
                return Secret(resolve(value, self.folder))
            except SettingSourceError as error:
                self.problems.append((path, str(error)))
                return None
        if not isinstance(value, str) or not value:
            self.problems.append(
                (path, 'must be a text, or { env = "NAME" }, or { file = "PATH" }.')
            )
            return None
        if warning := looks_wrong(value):
            self.warnings.append((path, warning))
        return Secret(value)


def add_shared(configuration: Configuration, document: Mapping[str, Any]) -> None:
    """Add what a configuration says of it, and what is wrong with that.

    Args:
        configuration: The configuration.
        document: As TOML gave it.
    """
    if "shared" in document:
        found = read_shared(document["shared"], configuration.file.parent)
        configuration.shared, problems, warnings = found
        configuration.problems += [configuration.remark(*problem) for problem in problems]
        configuration.warnings += [configuration.remark(*warning) for warning in warnings]


def read_shared(
    table: Any, folder: pathlib.Path
) -> tuple[SharedConfig | None, list[SharedProblem], list[SharedProblem]]:
    """Read the table, and return what is wrong with it, and what looks wrong.

    Args:
        table: As TOML gave it.
        folder: Relative paths begin here.
    """
    if not isinstance(table, Mapping):
        return None, [(("shared",), f"must be a table: [shared] with {_EXAMPLE}.")], []
    reader = _Reader(folder)
    for name in table:
        if name not in _NAMES:
            message = f"is not known here. It takes {', '.join(_NAMES)}."
            reader.problems.append((("shared", name), message + did_you_mean(name, _NAMES)))
    store = Secret("")
    if "store" in table:
        store = reader.text(("shared", "store"), table["store"], _open_password) or store
    keys = _keys_of(reader, table["key"]) if "key" in table else ()
    workers = table.get("workers", 1)
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        reader.problems.append((("shared", "workers"), "must be a whole number from 1."))
    if reader.problems:
        return None, reader.problems, reader.warnings
    return SharedConfig(store=store, keys=keys, workers=workers), [], reader.warnings


def _keys_of(reader: _Reader, value: Any) -> tuple[Secret, ...]:
    given: Sequence[Any] = value if isinstance(value, list) else [value]
    if not given:
        reader.problems.append((("shared", "key"), "must be one key or more."))
    read = [reader.text(("shared", "key"), each, _open_key) for each in given]
    return tuple(key for key in read if key is not None)


def _open_key(_: str) -> str:
    return 'stands here in clear text. Better: key = { env = "WHARFINGER_STORE_KEY" }.'


def _open_password(url: str) -> str:
    login = url.partition("://")[2].rpartition("@")[0]
    return f"a password stands here in clear text. Better: {_EXAMPLE}." if ":" in login else ""
