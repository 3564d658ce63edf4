"""What the command line says of the dashboard."""

from __future__ import annotations

import ipaddress
import pathlib

from wharfinger import Secret
from wharfinger_host.dashboard.access import SHORTEST_TOKEN
from wharfinger_host.setting_sources import SettingSourceError, resolve

__all__ = ["OptionError", "is_of_this_machine", "read_token"]


class OptionError(Exception):
    """An option cannot be used; the message says why, never with the token."""


def read_token(text: str) -> Secret:
    """Fetch the token from the place that an option names.

    Args:
        text: ``env:NAME`` or ``file:PATH``; a relative path starts from the current folder.

    Raises:
        OptionError: It is of another form, there is nothing at its place, or it is too short.
    """
    kind, _, place = text.partition(":")
    if kind not in ("env", "file") or not place:
        raise OptionError("must be env:VARIABLE or file:PATH, never the token itself.")
    try:
        token = resolve({kind: place}, pathlib.Path())
    except SettingSourceError as error:
        raise OptionError(str(error)) from None
    if len(token) < SHORTEST_TOKEN:
        raise OptionError(
            f"the token has fewer than {SHORTEST_TOKEN} characters. `openssl rand -hex 16` makes "
            "one."
        )
    return Secret(token)


def is_of_this_machine(host: str) -> bool:
    """Tell whether an address to listen on can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
