"""What commands do with a store: let connections share what it keeps."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import typer

import wharfinger
from wharfinger_host.configuration import Configuration
from wharfinger_host.shared_configuration import SharedConfig
from wharfinger_host.sharing.contract import KeyProblemError, StoreUrlError
from wharfinger_host.sharing.finding import store_of
from wharfinger_host.sharing.shared import Shared

if TYPE_CHECKING:
    from wharfinger_host.sharing.sealing import Sealer

__all__ = ["add_sharing", "keeps_sharing", "share_by", "shared_of", "sharing_of", "url_of"]


def share_by(plugins: wharfinger.Plugins, configuration: Configuration, url: str) -> None:
    """Let the connections of a configuration share tenants with other workers.

    Args:
        plugins: Make the connections.
        configuration: Has nothing wrong with it, and may have keys.
        url: Of a store, in the place of the one that the configuration names, if it does.

    Raises:
        typer.BadParameter: The URL names no store, or there is no library for it.
    """
    config = configuration.shared or SharedConfig()
    try:
        plugins.share(shared_of(config, url_of(configuration, url)))
    except StoreUrlError as error:
        raise typer.BadParameter(str(error), param_hint="--store") from error
    except KeyProblemError as error:
        raise typer.BadParameter(f"[shared] key: {error}", param_hint="--store") from error


def sharing_of(plugins: wharfinger.Plugins | None) -> Shared | None:
    """Return what connections share; None where they share nothing."""
    found = None if plugins is None else plugins.shared
    return found if isinstance(found, Shared) else None


def keeps_sharing(plugins: wharfinger.Plugins, configuration: Configuration) -> bool:
    """Tell whether a configuration still says what it did when connections began to share."""
    if (shared := sharing_of(plugins)) is None:
        return configuration.shared is None or not configuration.shared.store
    return (configuration.shared or SharedConfig()) == shared.config


def add_sharing(
    plugins: wharfinger.Plugins, configuration: Configuration, *, own_token: bool = False
) -> None:
    """Do the same for the store that a configuration names; what is wrong is added to it.

    Args:
        plugins: Make the connections.
        configuration: Gets what is wrong.
        own_token: Share all but access tokens.
    """
    if (config := configuration.shared) is None:
        return
    try:
        if not config.store:  # the command line may name one
            _sealer_of(config.keys)
            return
        shared = shared_of(config, url_of(configuration))
    except StoreUrlError as error:
        configuration.problems.append(configuration.remark(("shared", "store"), str(error)))
    except KeyProblemError as error:
        configuration.problems.append(configuration.remark(("shared", "key"), str(error)))
    else:
        plugins.share(attrs.evolve(shared, sealer=None) if own_token else shared)


def shared_of(config: SharedConfig, url: str) -> Shared:
    """Return what core asks, not connected yet.

    Args:
        config: Has the keys.
        url: Of the store.

    Raises:
        StoreUrlError: The URL names no store.
        KeyProblemError: A key cannot be used.
    """
    sealer, store = _sealer_of(config.keys), store_of(url)
    return Shared(store=store, sealer=sealer, fewest_workers=config.workers, config=config)


def _sealer_of(keys: Sequence[wharfinger.Secret]) -> Sealer | None:
    if not keys:
        return None
    try:
        from wharfinger_host.sharing.sealing import Sealer  # noqa: PLC0415  # has an extra
    except ModuleNotFoundError as error:
        raise KeyProblemError(
            f"Tokens cannot be encrypted without {error.name}: `pip install "
            "'wharfinger-host[store]'`, or leave the key away and share no tokens."
        ) from error
    return Sealer(keys)


def url_of(configuration: Configuration, url: str = "") -> str:
    """Return the URL of the store, with the file beside the inbox where that is meant.

    Args:
        configuration: May have an inbox.
        url: In the place of the one that the configuration names.

    Raises:
        StoreUrlError: There is no inbox that a file could be beside.
    """
    if not url and configuration.shared is not None:
        url = configuration.shared.store.reveal()
    if url not in ("sqlite", "sqlite:", "sqlite://"):
        return url
    if configuration.inbox is None:
        raise StoreUrlError(
            "There is no inbox that the file could be beside: name one, sqlite:///PATH."
        )
    file: pathlib.Path = configuration.inbox.file.absolute()
    return file.with_name(f"{file.name}.shared").as_uri().replace("file:", "sqlite:", 1)
