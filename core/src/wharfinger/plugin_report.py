"""What became of every plugin that was found, and how that is said."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Literal

import attrs

from wharfinger.discovery import BLOCK

__all__ = ["PluginReport", "PluginStatus", "clash"]


@attrs.define(kw_only=True)
class PluginStatus:
    """What became of one plugin.

    Attributes:
        name: Its entry-point name; blocking and allowing go by it.
        distribution: The installed distribution it came from, or ``""`` if the host gave it.
        version: Version of that distribution, or ``""``.
        state: ``"loaded"``, ``"blocked"``, ``"failed"`` or ``"clashing"``.
        reason: Why it is not plainly loaded, and what to do.
        traceback: Where a failed import or hook broke, or ``""``.
        hooks: Names of the hooks it implements.
        provides: What it gave: ``"action acme/send-note"``.
        notes: What its user may want to know.
    """

    name: str
    distribution: str = ""
    version: str = ""
    state: Literal["loaded", "blocked", "failed", "clashing"] = "loaded"
    reason: str = ""
    traceback: str = ""
    hooks: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """The distribution and its version, for messages."""
        return f"{self.distribution} {self.version}" if self.distribution else "the host itself"

    def fail(self, reason: str, error: BaseException | None = None) -> None:
        """Set the plugin aside."""
        self.state = "failed"
        self.provides = ()
        self.reason = f"{self.origin}: {reason}"
        self.traceback = "".join(traceback.format_exception(error)) if error else ""


@attrs.frozen
class PluginReport:
    """What became of every plugin that was found, sorted by name."""

    plugins: tuple[PluginStatus, ...]

    @property
    def ok(self) -> bool:
        """Whether every plugin is loaded, or blocked on purpose."""
        return all(plugin.state in ("loaded", "blocked") for plugin in self.plugins)


def clash(what: str, owners: Sequence[PluginStatus]) -> str:
    """Say that several plugins give one thing, and what to do.

    Args:
        what: What they give: ``"the destination acme"``.
        owners: The plugins, at least one; of one name where that itself is the clash.
    """
    names = " and ".join(f"{owner.name} ({owner.origin})" for owner in owners)
    text = f"{what[0].upper()}{what[1:]} is given by {names}. Uninstall one of them"
    if owners[0].name == owners[-1].name:
        return f"{text}."
    return f"{text}, or block one by name: {BLOCK}={owners[-1].name}."
