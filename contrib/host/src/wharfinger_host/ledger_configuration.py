"""Where a configuration has the ledger of an engine's events: in the file, or on a server."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from wharfinger import Secret
from wharfinger_host.configuration import Configuration
from wharfinger_host.inbox_configuration import InboxConfig
from wharfinger_host.setting_sources import SettingSourceError, resolve
from wharfinger_host.store.dialect import Place
from wharfinger_host.store.errors import StoreError

__all__ = ["check_ledger", "fetch_ledger", "place_of"]

_PATH: Final = ("inbox", "ledger")
_PASSWORD: Final = re.compile(r"://[^/@]*:[^/]*@|[?&]password=")


def place_of(inbox: InboxConfig, folder: pathlib.Path) -> pathlib.Path | Place:
    """Return where outcomes and dead letters are kept.

    Args:
        inbox: What the configuration says of it.
        folder: Of the configuration.

    Raises:
        StoreError: The place of the URL has none, or it cannot be used.
    """
    if inbox.ledger is None:
        return inbox.file
    try:
        url = _url_of(inbox.ledger, folder)
    except SettingSourceError as error:
        raise StoreError(f"[inbox] ledger: {error}") from error
    try:
        from wharfinger_host.store.server import Server  # noqa: PLC0415  # most do without psycopg
    except ImportError as error:
        raise StoreError(
            "A ledger in PostgreSQL needs psycopg: pip install 'wharfinger-host[postgresql]'."
        ) from error
    return Server.of(url)


def check_ledger(configuration: Configuration) -> None:
    """Add what is wrong with the ledger of a configuration to its problems; nothing is connected.

    Args:
        configuration: Gets problems and warnings.
    """
    inbox, folder = configuration.inbox, configuration.file.parent
    if inbox is None or inbox.ledger is None:
        return
    if isinstance(inbox.ledger, Secret) and _PASSWORD.search(inbox.ledger.reveal()):
        message = 'has a password in clear text. Better: ledger = { env = "WHARFINGER_LEDGER" }.'
        configuration.warnings.append(configuration.remark(_PATH, message))
    try:
        place_of(inbox, folder)
    except StoreError as error:
        message = str(error).removeprefix("[inbox] ledger").removeprefix(":").strip()
        configuration.problems.append(configuration.remark(_PATH, message))


def fetch_ledger(configuration: Configuration) -> None:
    """Put the URL of the ledger in the place of the name of where it stands, if there is one.

    Args:
        configuration: Gets it, or what is wrong.
    """
    inbox, folder = configuration.inbox, configuration.file.parent
    if inbox is None or inbox.ledger is None:
        return
    try:
        configuration.inbox = attrs.evolve(inbox, ledger=_url_of(inbox.ledger, folder))
    except SettingSourceError as error:
        configuration.problems.append(configuration.remark(_PATH, str(error)))


def _url_of(given: Secret | Mapping[str, Any], folder: pathlib.Path) -> Secret:
    return given if isinstance(given, Secret) else Secret(resolve(given, folder))
